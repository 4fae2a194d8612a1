"""From random to trained: recorded moments of one training, and a small one that runs while you watch."""

from functools import partial

import streamlit as st

from pvt_viz import report
from pvt_viz.checkpoints import WeightsError
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import learning, plates
from pvt_viz.lesson.evidence import maps
from pvt_viz.ui import calls, controls, parts
from pvt_viz.ui.choosing import pagewords
from pvt_viz.ui.looking import answer, code, explorer, takeaway
from pvt_viz.ui.running import live_training, training
from pvt_viz.words import times

EVERY = 1.0  # seconds between two looks at a training that is on its way

st.title(tr("How it learns where to look"), anchor=False)
name = learning.shown_for(parts.shown())
st.markdown(learning.about(name))
selection = learning.selection(parts.selection(), name)
found = report.load(name)
try:
    steps = learning.steps(calls.studio.recorded(name), found)
except WeightsError as error:
    st.info(spaced(tr(error), tr("`make train` makes them anew.")))
    steps = []

if steps:
    offered = tuple(range(len(steps)))
    pagewords.told("moment", offered)
    chosen = controls.select_slider(
        tr("Step of its training"),
        offered,
        key="moment",
        format_func=lambda i: f"{steps[i]:,}" if i else tr("random"),
        on_change=pagewords.changed,
        args=("moment",),
        help=tr("{count} recorded moments; the last one is the shipped network.", count=len(steps)),
    )
    moment = steps[chosen]
    scene = parts.scene_or_stop(selection, None if moment == steps[-1] else moment)
    answer.show(scene, worth=moment == steps[-1])
    parts.honest_line(scene)
    explorer.show(scene, key="learning_explorer", wall=False)
    st.subheader(tr("Rollout: where the attention that ends in CLS comes from"), anchor=False)
    for column, view in zip(st.columns(4), maps.views(scene.key, "rollout", scene), strict=True):
        with column:
            alt = tr("Rollout on the tokens of stage {stage} after {step} steps.", stage=view.stage, step=moment)
            parts.picture(view.picture, alt=alt)
            parts.colour_scale("magma", "0", f"{view.high:.1%}", tr("stage {stage}, own scale", stage=view.stage))
    if found:
        live_training.curves(
            learning.described(found, moment),
            key="learning",
            setting={"model": name},
        )
    code.show("training")

st.header(tr("Train one yourself"), anchor=False)
tiny = training.TINY
st.markdown(
    tr(
        "A tiny PVT ({parameters:,} parameters, {size} pixels, one block a stage) learns the easier task, **one shape"
        " in a scene**, from nothing, in about a minute on one core. Its attention on the scene below is painted again"
        " as it learns.",
        parameters=live_training.parameters(),
        size=times(tiny.config.image_hw),
    )
)
running = training.current()
polling = running is not None and not running.finished
with st.container(horizontal=True):
    st.button(
        tr("Train again") if running else tr("Train"),
        icon=":material/play_arrow:",
        on_click=training.start,
        disabled=polling,
    )
    st.button(tr("Stop"), icon=":material/stop:", on_click=training.stop, disabled=not polling)
st.fragment(partial(live_training.show, polling), run_every=EVERY if polling else None)()
if steps:
    takeaway.offer(lambda: plates.evidence(scene, "rollout"), key="learning", explorer=lambda: explorer.file(scene))
parts.credit(parts.shown())
