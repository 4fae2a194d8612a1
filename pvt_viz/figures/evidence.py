"""What interventions do to accuracy, as a chart."""

from collections.abc import Sequence

from pvt_viz.figures.chart import Chart, Series
from pvt_viz.language import say
from pvt_viz.report import Intervention

LOOKS = {
    "off": {"colour": "#77818c", "hatch": "/"},
    "uniform": {"colour": "#b08a1e", "hatch": "x"},
    "swapped": {"colour": "#b0417c", "hatch": ""},
}
UNTOUCHED = {"colour": "#3a73d6", "hatch": ""}


def interventions(found: Sequence[Intervention], untouched: float, *, caption: str) -> Chart:
    """For each kind a bar at each stage, in percent, beside the untouched network's."""
    stages = sorted({row.stage for row in found})
    places = tuple(say("stage {stage}", stage=stage) for stage in stages)
    accuracy = {(row.kind, row.stage): 100 * row.accuracy for row in found}
    bars = [
        Series(name=kind, x=places, y=tuple(round(accuracy[kind, stage], 1) for stage in stages), look="bar", **look)
        for kind, look in LOOKS.items()
    ]
    same = Series(
        name=say("untouched"), x=places, y=(round(100 * untouched, 1),) * len(places), look="bar", **UNTOUCHED
    )
    return Chart(
        title=say("Accuracy with one stage's attention changed"),
        caption=caption,
        x_title=say("changed stage"),
        y_title=say("accuracy"),
        unit="%",
        series=(same, *bars),
    )
