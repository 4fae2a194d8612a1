"""A chart for the screen, by plotly: on the page, and as a file that works offline."""

import math
from functools import lru_cache
from html import escape

import plotly.graph_objects as go
from plotly.io import to_html

from pvt_viz.figures.chart import GRID, INK, MARK, Chart, Series, place
from pvt_viz.words import si

HEIGHT = 380  # pixels, always: a chart that changes its height moves the page
EDGE = "#ffffff"  # around points and in hatches: tells them from their own colour on either page
FIGURE_SPACE = "\u2007"  # as wide as a digit: texts of one width fit over their bars all together, or not at all
WHITE = {"font": {"family": "sans-serif", "color": INK}, "paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff"}
WHITE_AXIS = {"gridcolor": GRID, "linecolor": MARK, "zeroline": False, "ticklabelstandoff": 5}
PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; color: #1c2733; background: #fff; max-width: 960px; margin: 0 auto; padding: 16px }}
h1 {{ font-size: 1.3rem }}
p {{ font-size: 0.9rem }}
</style>
</head>
<body>
<h1>{title}</h1>
{chart}
<p>{caption}</p>
</body>
</html>
"""


@lru_cache(maxsize=64)
def figure(chart: Chart) -> go.Figure:
    """For a page that writes title and caption itself; its theme gives ground and text their colours.

    Kept, since plotly's checks take most of the time: not to be changed.
    """
    return go.Figure(**_spec(chart))


def html(chart: Chart) -> bytes:
    """One file with everything in it, plotly.js too (about 5 MB): dark on white, as wide as the window lets it be."""
    spec = _spec(chart)
    spec["layout"] |= {**WHITE, "dragmode": "zoom"}
    for axis in ("xaxis", "yaxis"):
        spec["layout"][axis] |= WHITE_AXIS
    drawn = to_html(spec, full_html=False, div_id="chart", validate=False, config={"displaylogo": False})
    words = {"title": escape(chart.title), "caption": escape(chart.words)}
    return PAGE.format(language=chart.language, chart=drawn, **words).encode()


def _spec(chart: Chart) -> dict:
    data = [_trace(chart, series) for series in chart.layers]
    across = {"automargin": True, "tickangle": 0, "showgrid": False}  # a grid line would be drawn over the mark
    layout = {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "uirevision": "chart",  # zoom and hidden series outlive a redraw
        "hovermode": "closest",
        "dragmode": False,  # on a phone, a finger on the chart scrolls the page
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "tracegroupgap": 0},
        "xaxis": {"title": {"text": escape(chart.x_title), "standoff": 18}, **across},
        "yaxis": {"title": {"text": escape(chart.y_title), "standoff": 18}, "automargin": True, "rangemode": "tozero"},
    }
    if chart.bars:
        layout["xaxis"] |= {"type": "category"}
        layout |= {"bargap": 0.2, "bargroupgap": 0.06, "uniformtext": {"mode": "hide", "minsize": 9}}
    elif chart.log_x:
        layout["xaxis"] |= {"type": "log", "dtick": 1}
    if chart.ticks:
        layout["xaxis"] |= {"tickvals": chart.ticks, "ticktext": [place(tick) for tick in chart.ticks]}
    if chart.log_y:
        ends = [math.log10(chart.tens[0]), math.log10(chart.tens[-1])]
        ticks = {"tickvals": chart.tens, "ticktext": [si(ten, chart.unit) for ten in chart.tens]}
        layout["yaxis"] |= {"type": "log", "range": ends, **ticks}
    else:
        # Follows the zoom, as fixed ticks could not. The prefix comes with the number, so no space before the unit.
        layout["yaxis"] |= {"tickformat": "~s", "ticksuffix": chart.unit}
    if chart.mark is not None:
        layout |= _mark(chart)
    return {"data": data, "layout": layout}


def _trace(chart: Chart, series: Series) -> dict:
    heights = chart.heights(series)
    trace = {
        "name": escape(series.legend),
        "legendgroup": series.legend,
        "showlegend": chart.entries[series.legend] is series,
        "x": series.x,
        "y": heights,
        "hoverinfo": "text",
        "hovertext": _hover(chart, series),
    }
    if series.look == "bar":
        pattern = {"shape": series.hatch, "fillmode": "overlay", "fgcolor": EDGE, "size": 8, "solidity": 0.3}
        marker = {"color": series.colour, "pattern": pattern, "line": {"width": 0}}
        texts = ["" if y is None else si(y, "").center(7, FIGURE_SPACE) for y in heights]
        shown = {"text": texts, "textposition": "outside", "textangle": 0, "cliponaxis": False}
        return {"type": "bar", "marker": marker, **shown, **trace}
    if series.look == "line":
        line = {"color": series.colour, "dash": series.dash, "width": 2.5}
        return {"type": "scatter", "mode": "lines", "line": line, **trace}
    rim = {"width": 2.5} if series.hollow else {"color": EDGE, "width": 1.5}
    marker = {"color": series.colour, "size": 10, "line": rim, "symbol": "circle-open" if series.hollow else "circle"}
    still = {"unselected": {"marker": {"opacity": 1}}}  # a click on a point does not pale the others
    return {"type": "scatter", "mode": "markers", "marker": marker, "cliponaxis": False, **still, **trace}


def _hover(chart: Chart, series: Series) -> list[str]:
    notes = series.notes or ("",) * len(series.x)
    texts = []
    for x, y, note in zip(series.x, series.y, notes, strict=True):
        where = x if isinstance(x, str) else f"{chart.x_title}: {place(x)}"
        amount = "" if y is None else f"{chart.y_title}: {si(y, chart.unit)}"
        texts.append("<br>".join(escape(line) for line in (series.name, where, amount, note) if line))
    return texts


def _mark(chart: Chart) -> dict:
    line = {"line": {"color": MARK, "dash": "dash", "width": 1.5}, "layer": "below"}
    ends = {"x0": chart.mark, "x1": chart.mark, "y0": 0, "y1": 1, "yref": "paper"}
    at = {"x": math.log10(chart.mark) if chart.log_x else chart.mark, "y": 1, "yref": "paper", "yanchor": "top"}
    side = {"xanchor": "right", "xshift": -4} if chart.late_mark else {"xanchor": "left", "xshift": 4}
    label = {"text": escape(chart.mark_label), "showarrow": False}
    return {"shapes": [{"type": "line", **ends, **line}], "annotations": [{**label, **at, **side}]}
