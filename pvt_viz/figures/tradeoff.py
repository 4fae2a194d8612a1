"""Accuracy over cost, one point for each setting of p_i and R_i."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvt_viz.figures.chart import Chart, Series
from pvt_viz.language import N_, say

# Told apart as in the Cost page's charts; filled against hollow tells the two networks apart.
COLOURS = {2: "#77818c", 4: "#3a73d6", 8: "#b08a1e"}
ELSE = "#b0417c"


@dataclass(frozen=True)
class Point:
    """One network at one setting."""

    network: str
    patch_sizes: tuple[int, ...]
    reductions: tuple[int, ...]
    accuracy: float
    macs: int
    entries: int
    """Of all attention maps of one picture."""

    @property
    def series(self) -> str:
        return f"{self.network}, p₁ = {self.patch_sizes[0]}"


AXES = {
    N_("MACs"): (N_("million MACs for one picture"), lambda point: point.macs / 1e6),
    N_("attention entries"): (
        N_("thousand attention entries for one picture"),
        lambda point: point.entries / 1e3,
    ),
}
"""What the x axis can be: its title, and a point's place on it."""


def tradeoff(points: Sequence[Point], now: Point | None, *, axis: str, hollow: Sequence[str], caption: str) -> Chart:
    """One series for each network and p_1; networks in `hollow` are drawn so, and the place of `now` is marked."""
    title, place = AXES[axis]
    series = [
        Series(
            name=name,
            x=tuple(round(place(point), 3) for point in of_name),
            y=tuple(round(100 * point.accuracy, 2) for point in of_name),
            colour=COLOURS.get(of_name[0].patch_sizes[0], ELSE) if len(of_name[0].reductions) > 1 else ELSE,
            look="points",
            hollow=of_name[0].network in hollow,
            notes=tuple(f"p = {point.patch_sizes}, R = {point.reductions}" for point in of_name),
        )
        for name, of_name in by_series(points).items()
    ]
    return Chart(
        title=say("Accuracy over cost"),
        caption=caption,
        x_title=title,
        y_title=say("accuracy"),
        unit="%",
        log_x=True,
        ticks=_ticks([x for one in series for x in one.x]),
        series=tuple(series),
        mark=None if now is None else round(place(now), 3),
        mark_label="" if now is None else say("now: {accuracy:.1%}", accuracy=now.accuracy),
    )


def _ticks(xs: Sequence[float]) -> tuple[float, ...]:
    """1, 2 and 5 in every power of ten, from the last one below the values to the first above them."""
    steps = [factor * 10.0**power for power in range(-1, 8) for factor in (1, 2, 5)]
    first = max(i for i, step in enumerate(steps) if step <= min(xs))
    last = min(i for i, step in enumerate(steps) if step >= max(xs))
    return tuple(steps[first : last + 1])


def by_series(points: Sequence[Point]) -> dict[str, list[Point]]:
    """The points of each series, in order."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    return found
