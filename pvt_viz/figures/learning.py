"""How a training went: loss and accuracy over its steps."""

from collections.abc import Sequence

from pvt_viz.figures.chart import Chart, Series
from pvt_viz.language import say

LOSS, ACCURACY = "#b0417c", "#3a73d6"


def curves(history: Sequence[tuple[int, float, float]], step: int | None, *, caption: str) -> tuple[Chart, Chart]:
    """(loss, accuracy in percent) from rows of (step, loss, accuracy); `step` is marked."""
    steps, losses, accuracies = zip(*history, strict=True)
    mark = {} if step is None else {"mark": max(step, 0), "mark_label": say("step {step:,}", step=step)}
    percents = tuple(100 * accuracy for accuracy in accuracies)
    return (
        _curve(say("Loss"), say("loss"), "", steps, losses, LOSS, caption, mark),
        _curve(
            say("Accuracy on the batches it learns from"),
            say("accuracy"),
            "%",
            steps,
            percents,
            ACCURACY,
            caption,
            mark,
        ),
    )


def _curve(title: str, name: str, unit: str, x, y, colour: str, caption: str, mark: dict) -> Chart:
    return Chart(
        title=title,
        caption=caption,
        x_title=say("step"),
        y_title=name,
        unit=unit,
        series=(Series(name=name, x=tuple(x), y=tuple(y), colour=colour, look="line"),),
        **mark,
    )
