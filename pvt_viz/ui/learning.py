"""What the Learning page shows: which moments there are, and a training that is on its way."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import pvt_viz
from pvt_viz import images
from pvt_viz.checkpoints import moments
from pvt_viz.checkpoints.moments import Moment
from pvt_viz.choices.selection import NETWORKS, Network, Selection
from pvt_viz.figures import learning as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import say, tr
from pvt_viz.models.flexible import PSEUDO_INVERSE
from pvt_viz.picture import Picture
from pvt_viz.report import PHOTOGRAPHS, SCENES, Report
from pvt_viz.scene import Fitted, Scene, enlarged
from pvt_viz.train.live import SIDE
from pvt_viz.ui import answer, calls, charts, explorer, measured, training

NAMES = {SCENES: "flexi_pvt", PHOTOGRAPHS: "photo_pvt"}
"""The networks whose trainings were recorded, by what they know."""


def shown_for(picture: Picture) -> str:
    """The one to look at a picture; that of scenes where the moments of the other are not there."""
    name = NAMES[measured.kind_of(picture)]
    return name if moments.path_of(name).is_file() else NAMES[SCENES]


def about(name: str) -> str:
    """What the page shows, and in which order that network learns."""
    if name == NAMES[PHOTOGRAPHS]:
        return tr(
            "The same photograph, seen by `photo_pvt` **on its way from random to trained**. It learns to tell 200"
            " kinds of things apart, on coarse grids for the most part and later more and more on finer ones; p₁ and R"
            " are drawn anew for every batch."
        )
    return tr(
        "The same scene, seen by `flexi_pvt` **on its way from random to trained**. First it learns shapes, one to a"
        " picture; then that the tag with the white rim is the cue; then to do it at every p₁ and R."
    )


def selection(chosen: Selection, name: str) -> Selection:
    """What is chosen in the sidebar, for a recorded network: its own p and R unless it is that network."""
    if chosen.model == name:
        return chosen
    network = NETWORKS[name]
    home = network.config
    return replace(chosen, model=name, network=network, patch_sizes=home.patch_sizes, reductions=home.reductions)


def steps(recorded: Sequence[Moment], found: Report | None) -> list[int]:
    """Steps of which the weights are at hand: 0 for random, and at the end those that ship."""
    kept = [moment.step for moment in recorded]
    last = found.training.steps if found else kept[-1] + 1
    return [0, *(step for step in kept if step < last), last]


@st.cache_data(show_spinner=False)
def tiny_parameters() -> int:
    return pvt_viz.cost.analyze(training.TINY.config, image_size=SIDE).params


def described(found: Report, moment: int | None) -> tuple[Chart, Chart]:
    """Loss and accuracy over the recorded training, with a step of it marked."""
    history = found.training.history
    counts = {"steps": found.training.steps, "each": history[0][0]}
    if found.kind == PHOTOGRAPHS:
        caption = say(
            "{steps:,} steps, means over {each} each, on photographs as training changes them: cropped, in another"
            " light, and some of them mixed with others.",
            **counts,
        )
    else:
        caption = say(
            "{steps:,} steps, means over {each} each. It jumps where the task grows harder: the cue, the other tags,"
            " then every p₁ and R, then the hardest of them.",
            **counts,
        )
    return figures.curves(history, moment, caption=caption)


def live(polling: bool) -> None:
    """Redrawn by itself while a training is on its way."""
    running = training.current()
    if running is None:
        st.progress(0.0, text=tr("Nothing is being trained."))
        return
    st.progress(running.fraction, text=running.outcome() if running.finished else running.look())
    if running.progress is not None:
        scene = _scene(running)
        answer.show(scene, worth=False)
        explorer.show(scene, key="training_explorer", wall=False)
    if len(running.history) > 1:
        curves(
            figures.curves(running.history, None, caption=say("Of this training, as it goes.")),
            key="live",
            setting={"model": training.TINY.name, "seed": str(running.seed)},
        )
    if polling and running.finished:
        st.rerun()  # the whole page once more, which then no longer polls


def curves(found: tuple[Chart, Chart], *, key: str, setting: dict[str, str]) -> None:
    """Loss and accuracy side by side, on a phone one under the other."""
    with st.container(key=f"wide_{key}"):
        for column, chart in zip(st.columns(2), found, strict=True):
            with column:
                charts.show(
                    chart,
                    key=f"{key}_{chart.y_title}",
                    alt=tr("Line: {quantity} over the steps of the training.", quantity=chart.y_title),
                    setting=setting,
                )


def _scene(running: training.Training) -> Scene:
    """The visitor's scene number as the easier task draws it, seen by the network as it is now."""
    chosen = st.session_state["scene_of"][0]
    picture = Picture.scene((SIDE, SIDE), chosen.seed, chosen.clutter, None, task="single")
    config = training.TINY.config
    traced = pvt_viz.trace(training.network(running.progress), images.to_tensor(picture.image, config))
    shown = enlarged(picture.image, config.image_hw)
    shape = {"patch_sizes": config.patch_sizes, "reductions": config.reductions, "image_size": config.image_hw}
    seen = replace(chosen, model=config.name, network=Network(config), size=SIDE, **shape)
    key = ("training", running.seed, running.progress.step, picture.digest)
    return Scene(seen, picture, shown, shown, traced, key, Fitted(config, PSEUDO_INVERSE, "", None), calls.studio)
