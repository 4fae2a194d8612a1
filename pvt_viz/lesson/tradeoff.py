"""Accuracy over cost: the measured settings as points, and what two of them have in common."""

from dataclasses import replace
from functools import cache

from pvt_viz import cost, report
from pvt_viz.attribution import compare
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.choices.selection import Selection
from pvt_viz.config import PVTConfig
from pvt_viz.figures import tradeoff as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.figures.tradeoff import Point
from pvt_viz.language import say, tr
from pvt_viz.lesson import measured
from pvt_viz.presets import get_config
from pvt_viz.report import KINDS, PHOTOGRAPHS, Report
from pvt_viz.scene import Scene


@cache
def points(kind: str) -> list[Point]:
    """Every setting of every network that comes with weights and was measured on pictures of a kind."""
    return [
        _point(get_config(found.name, patch_sizes=patch_sizes, reductions=reductions), found.side, accuracy)
        for found in _reports(kind)
        for (patch_sizes, reductions), accuracy in found.accuracies.items()
    ]


def kinds() -> tuple[str, ...]:
    """Those that something was measured on."""
    return tuple(kind for kind in KINDS if _reports(kind))


def _reports(kind: str) -> list[Report]:
    return [found for found in map(report.load, BUNDLED) if found is not None and found.kind == kind]


def about(kind: str) -> str:
    """What the points are, and that they can be clicked."""
    if kind == PHOTOGRAPHS:
        return tr(
            "Every point is a network **as it answers at one setting** of p₁ and R, measured on photographs that it"
            " never saw. All points of `photo_pvt` are **one set of weights**: in training p₁ and R were drawn anew for"
            " every batch. **Click a point to go there.**"
        )
    return tr(
        "Every point is a network **as it answers at one setting** of p₁ and R, measured on drawn scenes that it"
        " never saw. Filled: `flexi_pvt`, **one set of weights** that has met them all in training. Hollow:"
        " `flexi_pvt_fixed`, the same network trained at p₁ = 4, R = (8, 4, 2, 1) alone. **Click a point to go"
        " there.**"
    )


def unmarked(selection: Selection, kind: str) -> str:
    """Why no point is marked; nothing where one is."""
    if now(selection, kind) is not None:
        return ""
    found = report.load(selection.network.config.name)
    if found is None or found.kind == kind:
        return tr("The setting in the sidebar is not among the measured ones.")
    return tr("The network in the sidebar, {network}, was measured on other pictures.", network=found.name)


def now(selection: Selection, kind: str) -> Point | None:
    """The point that is chosen in the sidebar; None where it was not measured on pictures of this kind."""
    accuracy, found = measured.accuracy(selection), report.load(selection.network.config.name)
    if accuracy is None or found.kind != kind:
        return None
    return _point(selection.config, found.side, accuracy)


def described(selection: Selection, kind: str, axis: str) -> Chart:
    """Every point of a kind over one of `AXES`, with the chosen setting marked."""
    found = points(kind)
    if kind == PHOTOGRAPHS:
        caption = say(
            "Accuracy on held-out photographs, {least:,} or more of them for each of {count} settings, counted cost"
            " (1 MAC = 2 FLOPs).",
            least=min(of_network.changed_on for of_network in _reports(kind)),
            count=len(found),
        )
    else:
        caption = say(
            "Accuracy on held-out scenes of the cue task, {count} settings, counted cost (1 MAC = 2 FLOPs).",
            count=len(found),
        )
    return figures.tradeoff(found, now(selection, kind), axis=axis, hollow=("flexi_pvt_fixed",), caption=caption)


def _point(config: PVTConfig, side: int, accuracy: float) -> Point:
    config = replace(config, image_size=side)
    counted = cost.analyze(config, image_size=config.image_size)
    entries = sum(shape.map_entries for shape in config.shapes())
    return Point(config.name, config.patch_sizes, config.reductions, accuracy, counted.macs, entries)


def common_weight(one: Scene, other: Scene, stage: int) -> float:
    """How much of a query's weight two settings place alike, in the last block of a stage."""
    return compare.common_weight(*(scene.trace.stages[stage - 1].blocks[-1] for scene in (one, other)))
