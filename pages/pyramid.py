"""The landing page: the picture, what every stage attends to, and what the four stages make of it."""

import streamlit as st

from pvt_viz.language import spaced, tr
from pvt_viz.lesson import plates, pyramid, shapes
from pvt_viz.lesson.known import knows_scenes
from pvt_viz.ui import pages, parts
from pvt_viz.ui.looking import answer, code, ending, explorer, known, stage, table
from pvt_viz.words import times

st.title(tr("Pyramid Vision Transformer, on your picture"), anchor=False)
selection = parts.selection()
if len(selection.config.dims) > 1:
    pool = selection.config.pool
    keys = tr(
        "A **token** is a small square of the picture; a **key** is what tokens look at: R×R of them, folded into one."
    )
    if pool:
        keys = tr(
            "A **token** is a small square of the picture; a **key** is what tokens look at: the mean of some of them,"
            " {pool}×{pool} in all.",
            pool=pool,
        )
    point = tr("Point anywhere in the picture: every stage shows what **its** token there attends to.")
    st.markdown(spaced(point, keys))
else:
    st.markdown(
        tr(
            "A plain ViT has one stage: one grid of **tokens**, and every token is a **key** that all the others look"
            " at. Choose a pvt model to see the pyramid that saves most of it."
        )
    )
pages.link("tour", tr("New here? Take the tour: ten steps, ten minutes, with this picture."))
scene = parts.scene_or_none()
if scene:
    if scene.picture.scenes is not None and knows_scenes(scene.trace.weights):
        st.markdown(
            tr(
                "The network's task: one tag has a **white rim**; name the shape of that tag's colour. Change the cue's"
                " colour in the sidebar, and watch the maps and the answer follow."
            )
        )
    answer.show(scene)
    answer.lens(scene)
    known.seen(scene)
    parts.honest_line(scene)
    explorer.show(scene, key="pyramid_explorer", wall=False)
    st.header(tr("What each stage makes of it"), anchor=False)
    views = pyramid.stage_views(scene.key, scene)
    for column, view in zip(st.columns(len(views)), views, strict=True):
        with column:
            stage.show(view, selection.image_size)
    code.show(code.embedding(selection.config), "maps")

st.header(tr("The shapes on the way"), anchor=False)
st.markdown(
    tr(
        "One {size} picture from pixels to logits (b is the batch, 1 here). The patterns are the model's own einops.",
        size=times(selection.image_size),
    )
)
table.show(shapes.tabulated(selection.config))
if scene:
    ending.show(scene, lambda: plates.pyramid(scene), key="pyramid")
