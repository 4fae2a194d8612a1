"""From random to trained: which network, which moments of its training, and its curves."""

from collections.abc import Sequence
from dataclasses import replace

from pvt_viz.checkpoints import moments
from pvt_viz.checkpoints.moments import Moment
from pvt_viz.choices.selection import NETWORKS, Selection
from pvt_viz.figures import learning as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import say, tr
from pvt_viz.lesson import measured
from pvt_viz.picture import Picture
from pvt_viz.report import PHOTOGRAPHS, SCENES, Report

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
