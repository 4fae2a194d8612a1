"""The landing page: the picture, what every stage attends to, and what the four stages make of it."""

import streamlit as st

from pvt_viz import dataflow
from pvt_viz.ui import explorer, figures, parts

st.title("Pyramid Vision Transformer, on your picture", anchor=False)
scene = parts.scene_or_stop()
st.markdown(
    "Point anywhere in the picture: every stage shows what **its** token there attends to. Early stages have many"
    " small tokens and fold them, R×R at a time, into few keys; late stages have few large ones."
)
parts.honest_line(scene.trace)
explorer.show(scene, key="pyramid_explorer", wall=False)

st.header("What each stage makes of it", anchor=False)
for column, view in zip(st.columns(len(scene.trace.stages)), figures.stage_views(scene.key, scene), strict=True):
    shape = view.shape
    with column:
        st.subheader(f"Stage {shape.index}", anchor=False)
        parts.picture(
            view.grid,
            alt=f"The picture with the {parts.times(shape.grid)} tokens of stage {shape.index} drawn over it.",
        )
        st.markdown(
            f"**{parts.times(shape.grid)}** tokens of {shape.stride}×{shape.stride} px, **{shape.dim}** channels each."
        )
        if view.line_step > 1:
            st.caption(f"Every {view.line_step}th line is drawn: all of them would hide the picture.")
        if any(shape.rim):
            st.caption(f"Hatched: the last {parts.times(shape.rim)} px (rows×columns) fill no token and are dropped.")
        parts.picture(
            view.colours,
            alt=f"Feature map of stage {shape.index}: its three strongest principal components as red, green, blue.",
            caption="Features: three principal components as red, green and blue; colours are of this stage alone.",
        )
        parts.picture(view.lengths, alt=f"Length of each token's feature vector at the end of stage {shape.index}.")
        parts.colour_scale("viridis", f"{view.low:.1f}", f"{view.high:.1f}", "L2 norm, own scale")

st.header("The shapes on the way", anchor=False)
h, w = scene.selection.image_size
st.markdown(
    f"One {h}×{w} picture from pixels to logits (b is the batch, 1 here). The patterns are the model's own einops."
)
st.table(
    [
        {
            "where": step.where,
            "tensor": step.what,
            "shape": "×".join(map(str, step.shape)),
            "made by": f"`{step.pattern}` {step.layer}" if step.pattern else step.layer,
        }
        for step in dataflow.steps(scene.trace.config)
    ],
    alt="Shapes of every tensor from the image to the logits.",
)
if scene.picture.credit:
    st.caption(f"Photograph: {scene.picture.credit}")
