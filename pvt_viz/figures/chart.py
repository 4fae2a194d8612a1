"""A chart of numbers, described once as plain data; `chart_screen` and `chart_paper` draw what is described here."""

import io
import math
from csv import writer
from dataclasses import dataclass, replace

from pvt_viz.language import SOURCE, current, spaced, speaking, tr

INK, GRID, MARK = "#1c2733", "#e3e8ee", "#808080"  # on white paper; the mark is seen on light and on dark
LOOKS = ("bar", "line", "points")
DASHES = ("solid", "dash", "dot")
HATCHES = ("", "/", "\\", "x", "-", "|", "+", ".")  # those that plotly and matplotlib both know


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values y over x: bars over words; a line or points over numbers.

    A y of None says that there is no value: no bar, no point, a gap in the line. `notes` are more words for the hover
    text, one for each x. Series of one `group` share one legend entry, which bears the group's name: so measured points
    go with the line that predicts them. Points may be `hollow`.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float | None, ...]
    colour: str
    look: str
    dash: str = "solid"
    hatch: str = ""
    notes: tuple[str, ...] = ()
    group: str = ""
    hollow: bool = False

    def __post_init__(self) -> None:
        for field, allowed in (("look", LOOKS), ("dash", DASHES), ("hatch", HATCHES)):
            if getattr(self, field) not in allowed:
                offered = ", ".join(map(repr, allowed))
                raise ValueError(f"{field}={getattr(self, field)!r} of series {self.name!r} is not one of {offered}.")
        for field in ("y", "notes") if self.notes else ("y",):
            if len(getattr(self, field)) != len(self.x):
                found = len(getattr(self, field))
                raise ValueError(f"{field} of series {self.name!r} has {found} entries, not {len(self.x)} as x has.")
        if any(isinstance(x, str) != (self.look == "bar") for x in self.x):
            raise ValueError(f"x of series {self.name!r} must be words for bars, and numbers for a line or points.")
        if not all(math.isfinite(v) for v in (*self.x, *self.y) if not isinstance(v, str | None)):
            raise ValueError(f"series {self.name!r} has a number that is not finite; a missing y is None.")

    @property
    def legend(self) -> str:
        return self.group or self.name


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Series on one pair of axes, linear or logarithmic, with the words around them.

    Values are written in `unit` ("B", "MAC", "s"; "" for a bare count) with SI prefixes. `mark` is a place on the x
    axis, drawn as an upright line; `ticks` are the places to label there (empty: chosen to fit). A chart is described
    in English, with sentences that can be said otherwise: `spoken` makes of it one in the reader's `language`.
    """

    title: str
    caption: str
    x_title: str
    y_title: str
    unit: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    mark: float | None = None
    mark_label: str = ""
    ticks: tuple[float, ...] = ()
    setting: str = ""
    language: str = SOURCE

    def __post_init__(self) -> None:
        if not self.series:
            raise ValueError(f"chart {self.title!r} has no series.")
        names = [series.name for series in self.series]
        if len(set(names)) < len(names):
            raise ValueError(f"chart {self.title!r} has two series of one name.")
        if self.bars and (len(self.bars) < len(names) or len({series.x for series in self.bars}) > 1):
            raise ValueError(f"chart {self.title!r} has bars: all its series must be bars, over one and the same x.")
        if self.bars and (self.log_x or self.ticks or self.mark is not None):
            raise ValueError(f"chart {self.title!r} has bars: log_x, ticks and mark need numbers on the x axis.")

    @property
    def words(self) -> str:
        """What stands under the chart where it goes out on its own: the caption, and what it was made for."""
        if not self.setting:
            return self.caption
        with speaking(self.language):  # a file may be made where no reader can be asked
            return spaced(self.caption, tr("{setting}.", setting=self.setting))

    @property
    def bars(self) -> tuple[Series, ...]:
        return tuple(series for series in self.series if series.look == "bar")

    @property
    def layers(self) -> list[Series]:
        """The series from the lowest to the uppermost: points lie on lines."""
        return sorted(self.series, key=lambda series: LOOKS.index(series.look))

    def heights(self, series: Series) -> list[float | None]:
        """y as it can be drawn: a logarithmic axis has no place for zero."""
        return [None if y is None or (self.log_y and y <= 0) else y for y in series.y]

    @property
    def entries(self) -> dict[str, Series]:
        """The legend: what it says, and the series that stands for it there (of a group, the lowest)."""
        found = {}
        for series in self.layers:
            found.setdefault(series.legend, series)
        return found

    @property
    def late_mark(self) -> bool:
        """Whether the mark is in the right half of the x axis, so that its label has to stand to its left."""
        scale = math.log if self.log_x else float
        xs = [scale(x) for series in self.series for x in series.x]
        return scale(self.mark) > (min(xs) + max(xs)) / 2

    @property
    def tens(self) -> list[float]:
        """The powers of ten on a logarithmic y axis, from end to end; bars keep some room below and above."""
        powers = [math.log10(y) for series in self.series for y in self.heights(series) if y is not None] or [0]
        low, high = math.floor(min(powers) - 0.3 * bool(self.bars)), math.ceil(max(powers) + 0.1 * bool(self.bars))
        return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def spoken(chart: Chart) -> Chart:
    """The same with its words in the reader's language."""
    words = ("title", "caption", "x_title", "y_title", "mark_label", "setting")
    return replace(
        chart,
        **{name: tr(getattr(chart, name)) for name in words},
        series=tuple(
            replace(
                series,
                name=tr(series.name),
                group=tr(series.group),
                x=tuple(tr(x) if isinstance(x, str) else x for x in series.x),
                notes=tuple(map(tr, series.notes)),
            )
            for series in chart.series
        ),
        language=current(),
    )


def csv(chart: Chart) -> bytes:
    """One row for each value, as the columns series, x and y (and the setting, if the chart has one).

    UTF-8; numbers as they are, nothing where y is None.
    """
    out = io.StringIO()
    rows = writer(out, lineterminator="\n")
    last = ("setting",) if chart.setting else ()
    values = f"{chart.y_title} ({chart.unit})" if chart.unit else chart.y_title
    rows.writerow(("series", chart.x_title, values, *last))
    last = (chart.setting,) if chart.setting else ()
    for series in chart.series:
        rows.writerows((series.name, x, y, *last) for x, y in zip(series.x, series.y, strict=True))
    return out.getvalue().encode()


def place(x: float) -> str:
    """A number on the x axis in full: 2048."""
    return f"{x:.10g}"
