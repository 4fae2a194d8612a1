"""A chart for print and slides, by matplotlib: dark on white, with its title and its caption in the picture."""

import io
import math

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from pvt_viz.figures.chart import GRID, INK, MARK, Chart, Series, place
from pvt_viz.figures.paper_font import points, wrapped
from pvt_viz.words import si

# For the whole process, since a temporary change would reach into other visitors' threads. Text stays text, and
# a dollar sign makes no formula of it; letters are as wide at every scale; the same chart gives the same bytes.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pvt-viz", "pdf.fonttype": 42})
matplotlib.rcParams.update({"text.parse_math": False, "text.hinting": "none"})

SCALES = (1, 2, 4)
WIDTH, HEIGHT = 8.0, 5.0  # inches, of 100 pixels at scale 1
X, Y = 0.14 / WIDTH, 0.14 / HEIGHT  # the margins, in parts of the picture
GAP = 0.02  # between what stands on one another
AXES_WIDTH = 72 * 6.8  # points: what the y axis leaves, or a little less
LABEL = FontProperties(size=8)
DASHES = {"solid": "-", "dash": "--", "dot": ":"}


def png(chart: Chart, scale: int = 1) -> bytes:
    """800×500 pixels, times the scale: 1, 2 or 4."""
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} is not offered; there are {', '.join(map(str, SCALES))}.")
    return _draw(chart, 100 * scale, format="png")


def svg(chart: Chart) -> bytes:
    """The same picture, to be scaled and edited: its texts are texts."""
    return _draw(chart, 100, format="svg", metadata={"Title": chart.title, "Date": None})


def pdf(chart: Chart) -> bytes:
    """The same for a paper, its texts texts, too."""
    return _draw(chart, 100, format="pdf", metadata={"Title": chart.title, "CreationDate": None})


def _draw(chart: Chart, dpi: int, **options) -> bytes:
    """From the top: title, legend, axes, caption; the axes take what the others leave."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    top = 1 - Y
    top -= _size(_text(figure, top, chart.title, va="top", size=12, weight="bold"))[1] + GAP
    top -= _size(_legend(figure, top, chart))[1] + GAP
    bottom = Y + _size(_text(figure, Y, chart.words, va="bottom", size=9))[1] + GAP
    figure.set_layout_engine("constrained", rect=(X, bottom, 1 - 2 * X, top - bottom), w_pad=0, h_pad=0.03)
    axes = _axes(figure, chart)
    (_draw_bars if chart.bars else _draw_lines)(axes, chart)
    out = io.BytesIO()
    figure.savefig(out, **options)
    return out.getvalue()


def _size(artist) -> tuple[float, float]:
    """Width and height, in parts of the picture."""
    box, whole = artist.get_window_extent(), artist.get_figure().bbox
    return box.width / whole.width, box.height / whole.height


def _text(figure: Figure, y: float, words: str, size: float, weight: str = "normal", **place):
    """Words at the left margin, in lines that end before the right one."""
    font = FontProperties(size=size, weight=weight)
    lines = wrapped(words, font, 72 * WIDTH * (1 - 2 * X))
    return figure.text(X, y, "\n".join(lines), fontproperties=font, color=INK, linespacing=1.35, **place)


def _legend(figure: Figure, top: float, chart: Chart):
    """In as many columns as fit."""
    handles = [Patch(**_bar(s)) if s.look == "bar" else Line2D([], [], **_line(s)) for s in chart.entries.values()]
    place = {"loc": "upper left", "bbox_to_anchor": (X, top), "borderpad": 0, "borderaxespad": 0}
    look = {"frameon": False, "fontsize": 9, "labelcolor": INK, "columnspacing": 1.6}
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(handles, list(chart.entries), ncols=columns, **place, **look)
        if columns == 1 or _size(legend)[0] <= 1 - 2 * X:
            return legend
        legend.remove()


def _bar(series: Series) -> dict:
    return {"facecolor": series.colour, "hatch": series.hatch * 2, "hatchcolor": "white", "linewidth": 0}


def _line(series: Series) -> dict:
    if series.look == "line":
        return {"color": series.colour, "linestyle": DASHES[series.dash], "linewidth": 2}
    fill, rim = ("none", series.colour) if series.hollow else (series.colour, "white")
    dot = {"marker": "o", "markersize": 7.5, "markerfacecolor": fill, "markeredgecolor": rim, "markeredgewidth": 1.2}
    return {"color": series.colour, "linestyle": "", "clip_on": False, "zorder": 3, **dot}


def _axes(figure: Figure, chart: Chart):
    axes = figure.add_subplot()
    axes.set_xlabel(chart.x_title, color=INK)
    axes.set_ylabel(chart.y_title, color=INK)
    axes.grid(color=GRID, axis="y" if chart.bars else "both")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MARK)
    axes.tick_params(colors=INK, labelsize=9)
    if chart.log_y:
        axes.set_yscale("log")
        axes.set_ylim(chart.tens[0], chart.tens[-1])
        axes.yaxis.set_major_locator(FixedLocator(chart.tens))
    if chart.log_x:
        axes.set_xscale("log")
    if chart.ticks:
        axes.xaxis.set_major_locator(FixedLocator(chart.ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: si(y, chart.unit)))
    axes.minorticks_off()
    return axes


def _draw_lines(axes, chart: Chart) -> None:
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: place(x)))
    for series in chart.layers:
        axes.plot(series.x, [math.nan if y is None else y for y in chart.heights(series)], **_line(series))
    if not chart.log_y:
        axes.set_ylim(bottom=min([0, *(y for series in chart.series for y in series.y if y is not None)]))
    if chart.mark is not None:
        axes.axvline(chart.mark, color=MARK, linestyle="--", linewidth=1)
        side = {"ha": "right", "xytext": (-4, 0)} if chart.late_mark else {"ha": "left", "xytext": (4, 0)}
        at = {"xy": (chart.mark, 1), "xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
        axes.annotate(chart.mark_label, va="top", size=9, color=INK, **at, **side)


def _draw_bars(axes, chart: Chart) -> None:
    names, width = chart.bars[0].x, 0.8 / len(chart.bars)
    for i, series in enumerate(chart.bars):
        found = [(group, y) for group, y in enumerate(chart.heights(series)) if y is not None]
        spots = [group - 0.4 + (i + 0.5) * width for group, _ in found]
        bars = axes.bar(spots, [y for _, y in found], 0.94 * width, **_bar(series))
        if points("9.99 M", LABEL) * len(names) < AXES_WIDTH * width:
            axes.bar_label(bars, [si(y, "") for _, y in found], padding=2, color=INK, fontproperties=LABEL)
    axes.set_xticks(range(len(names)), names)
    axes.margins(y=0.08)
