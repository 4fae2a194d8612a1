"""The measured settings as points, and what a click on one does."""

from dataclasses import replace

import streamlit as st

from pvt_viz import cost, report
from pvt_viz.attribution import compare
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.config import PVTConfig, get_config
from pvt_viz.figures import tradeoff as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.figures.tradeoff import Point, by_series
from pvt_viz.language import say
from pvt_viz.ui import asked, measured
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.selection import Selection, ratio_words


@st.cache_data(show_spinner=False)
def points() -> list[Point]:
    """Every measured setting of every network that comes with weights."""
    found = []
    for name in BUNDLED:
        of_name = report.load(name)
        for (patch_sizes, reductions), accuracy in of_name.accuracies.items() if of_name else ():
            config = get_config(name, patch_sizes=patch_sizes, reductions=reductions)
            found.append(_point(config, accuracy))
    return found


def now(selection: Selection) -> Point | None:
    """The point that is chosen in the sidebar; None where it was not measured."""
    accuracy = measured.accuracy(selection)
    if accuracy is None:
        return None
    config = selection.config
    return _point(replace(config, image_size=report.load(config.name).side), accuracy)


def described(selection: Selection, axis: str) -> Chart:
    """Every point over one of `AXES`, with the chosen setting marked."""
    found = points()
    return figures.tradeoff(
        found,
        now(selection),
        axis=axis,
        hollow=("flexi_pvt_fixed",),
        caption=say(
            "Accuracy on held-out scenes of the cue task, {count} settings, counted cost (1 MAC = 2 FLOPs).",
            count=len(found),
        ),
    )


def _point(config: PVTConfig, accuracy: float) -> Point:
    counted = cost.analyze(config, image_size=config.image_size)
    entries = sum(shape.map_entries for shape in config.shapes())
    return Point(config.name, config.patch_sizes, config.reductions, accuracy, counted.macs, entries)


def common_weight(one: Scene, other: Scene, stage: int) -> float:
    """How much of a query's weight two settings place alike, in the last block of a stage."""
    return compare.common_weight(*(scene.trace.stages[stage - 1].blocks[-1] for scene in (one, other)))


def go_to(series: str, at: int) -> None:
    """Choose the setting of a point that was clicked: the sidebar takes it over."""
    point = by_series(points())[series][at]
    asked.ask({"model": point.network, **ratio_words(point.patch_sizes, point.reductions)})
