"""The landing page: the picture, what every stage attends to, and what the four stages make of it."""

import streamlit as st

from pvt_viz import dataflow
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import answer, explorer, figures, parts
from pvt_viz.words import times


def show_stage(view: figures.StageView) -> None:
    shape = view.shape
    st.subheader(f"Stage {shape.index}", anchor=False)
    parts.picture(
        view.grid,
        alt=f"The picture with the {times(shape.grid)} tokens of stage {shape.index} drawn over it.",
    )
    st.markdown(f"**{times(shape.grid)}** tokens of {shape.stride}×{shape.stride} px, **{shape.dim}** channels each.")
    for sentence in figures.overlap(shape, selection.image_size):
        st.caption(sentence)
    if view.line_step > 1:
        st.caption(f"One line in {view.line_step} is drawn: all of them would hide the picture.")
    if any(shape.rim):
        st.caption(
            f"Hatched: {shape.rim[0]} rows (bottom) and {shape.rim[1]} columns (right) of pixels fill no token and"
            " are dropped."
        )
    parts.picture(
        view.colours,
        alt=f"Feature map of stage {shape.index}: its three strongest principal components as red, green, blue.",
        caption="Features: three principal components as red, green and blue; colours are of this stage alone.",
    )
    parts.picture(view.lengths, alt=f"Length of each token's feature vector at the end of stage {shape.index}.")
    parts.colour_scale("viridis", f"{view.low:.1f}", f"{view.high:.1f}", "L2 norm, own scale")


st.title("Pyramid Vision Transformer, on your picture", anchor=False)
selection = parts.selection()
if len(selection.config.dims) > 1:
    pool = selection.config.pool
    keys = f"the mean of some of them, {pool}×{pool} in all" if pool else "R×R of them, folded into one"
    st.markdown(
        "Point anywhere in the picture: every stage shows what **its** token there attends to. A **token** is a small"
        f" square of the picture; a **key** is what tokens look at: {keys}."
    )
else:
    st.markdown(
        "A plain ViT has one stage: one grid of **tokens**, and every token is a **key** that all the others look at."
        " Choose a pvt model to see the pyramid that saves most of it."
    )
scene = parts.scene_or_none()
if scene:
    if scene.picture.scenes is not None and scene.trace.weights.classes == CLASSES:
        st.markdown(
            "The network's task: one tag has a **white rim**; name the shape of that tag's colour. Change the cue's"
            " colour in the sidebar, and watch the maps and the answer follow."
        )
    answer.show(scene)
    answer.lens(scene)
    parts.honest_line(scene)
    explorer.show(scene, key="pyramid_explorer", wall=False)
    st.header("What each stage makes of it", anchor=False)
    views = figures.stage_views(scene.key, scene)
    for column, view in zip(st.columns(len(views)), views, strict=True):
        with column:
            show_stage(view)

st.header("The shapes on the way", anchor=False)
h, w = selection.image_size
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
        for step in dataflow.steps(selection.config)
    ],
    alt="Shapes of every tensor from the image to the logits.",
)
if scene:
    parts.credit(scene.picture)
