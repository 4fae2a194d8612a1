"""From random to trained: recorded moments of one training, and a small one that runs while you watch."""

from functools import partial

import streamlit as st

from pvt_viz import report
from pvt_viz.checkpoints import WeightsError
from pvt_viz.figures import learning as figures
from pvt_viz.ui import answer, evidence, explorer, learning, pagewords, parts, training
from pvt_viz.words import times

EVERY = 1.0  # seconds between two looks at a training that is on its way

st.title("How it learns where to look", anchor=False)
st.markdown(
    "The same scene, seen by `flexi_pvt` **on its way from random to trained**. First it learns shapes, one to a"
    " picture; then that the tag with the white rim is the cue; then to do it at every p₁ and R."
)
selection = learning.selection(parts.selection())
found = report.load(learning.NAME)
try:
    steps = learning.steps(found)
except WeightsError as error:
    st.info(f"{error} `make train` makes them anew.")
    steps = []

if steps:
    offered = tuple(range(len(steps)))
    pagewords.told("moment", offered)
    chosen = st.select_slider(
        "Step of its training",
        offered,
        key="moment",
        format_func=lambda i: f"{steps[i]:,}" if i else "random",
        on_change=pagewords.changed,
        args=("moment",),
        help="Eight recorded moments; the last one is the shipped network.",
    )
    moment = steps[chosen]
    scene = parts.scene_or_stop(selection, None if moment == steps[-1] else moment)
    answer.show(scene, worth=moment == steps[-1])
    parts.honest_line(scene)
    explorer.show(scene, key="learning_explorer", wall=False)
    st.subheader("Rollout: where the attention that ends in CLS comes from", anchor=False)
    for column, view in zip(st.columns(4), evidence.maps(scene.key, "rollout", scene), strict=True):
        with column:
            parts.picture(view.picture, alt=f"Rollout on the tokens of stage {view.stage} after {moment} steps.")
            parts.colour_scale("magma", "0", f"{view.high:.1%}", f"stage {view.stage}, own scale")
    if found:
        learning.curves(
            figures.curves(
                found.training.history,
                moment,
                caption=f"{found.training.steps:,} steps, means over {found.training.history[0][0]} each. It jumps"
                " where the task grows harder: the cue, the other tags, then every p₁ and R, then the hardest of them.",
            ),
            key="learning",
            setting={"model": learning.NAME},
        )

st.header("Train one yourself", anchor=False)
tiny = training.TINY
st.markdown(
    f"A tiny PVT ({learning.tiny_parameters():,} parameters, {times(tiny.config.image_hw)} pixels, one block a"
    " stage) learns the easier task, **one shape in a scene**, from nothing, in about a minute on one core. Its"
    " attention on the scene below is painted again as it learns."
)
running = training.current()
polling = running is not None and not running.finished
with st.container(horizontal=True):
    st.button(
        "Train again" if running else "Train",
        icon=":material/play_arrow:",
        on_click=training.start,
        disabled=polling,
    )
    st.button("Stop", icon=":material/stop:", on_click=training.stop, disabled=not polling)
st.fragment(partial(learning.live, polling), run_every=EVERY if polling else None)()
parts.credit(st.session_state["scene_of"][1])
