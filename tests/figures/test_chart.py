"""One description, four formats: each shows the words and the numbers it was given."""

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from csv import reader
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from pvt_viz.figures import chart_paper, chart_screen
from pvt_viz.figures.chart import Chart, Series, csv
from pvt_viz.words import PREFIXES, megabytes, si

STAGES = ("stage 1", "stage 2", "stage 3", "stage 4")
SIDES = (64, 224, 512, 2048)
VIOLET, TEAL, OCHRE = "#6f57d9", "#3e959c", "#b08d2c"
BARS = Chart(
    title="What attention costs",
    caption="MACs of one image, R² < $R$; " + "a long remark that takes more than one line " * 5,
    x_title="stage",
    y_title="cost",
    unit="MAC",
    series=(
        Series(name="full", x=STAGES, y=(3.9e8, 98_000_001, 2.5e7, 1 / 3), colour=VIOLET, look="bar"),
        Series(
            name="SRA, <fused>",
            x=STAGES,
            y=(123456789.125, None, 0, 1e5),
            colour=TEAL,
            look="bar",
            hatch="/",
            notes=("R = 8", "R = 4", "R = 2", "R = 1"),
        ),
    ),
)
LINES = Chart(
    title="Cost over image size",
    caption="Points were measured.",
    x_title="side of the image (px)",
    y_title="cost",
    unit="s",
    series=(
        Series(name="SRA, measured", group="SRA", x=(64, 512), y=(0.0021, None), colour=VIOLET, look="points"),
        Series(name="SRA, predicted", group="SRA", x=SIDES, y=(0.002, 0.01, 0.1, 2.0), colour=VIOLET, look="line"),
        Series(name="full", x=SIDES, y=(0.004, 0.07, 0.0, 90.0), colour=OCHRE, look="line", dash="dash"),
    ),
    log_x=True,
    log_y=True,
    mark=224,
    mark_label="224 px",
    ticks=SIDES,
)
CHARTS = {
    "bars": BARS,
    "bars, logarithmic": replace(BARS, log_y=True),
    "lines": LINES,
    "lines, linear": replace(LINES, log_x=False, log_y=False, mark=None, ticks=()),
}
every_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


@pytest.mark.parametrize(
    "value,unit,words",
    [
        (1.94e9, "MAC", "1.94 GMAC"),
        (39_300_000, "B", "39.3 MB"),
        (0.0125, "s", "12.5 ms"),
        (0, "B", "0 B"),
        (0.0, "", "0"),
        (999.4, "B", "999 B"),
        (999.6e6, "MAC", "1 GMAC"),
        (99.96e3, "", "100 k"),
        (-2.5e-6, "s", "-2.5 µs"),
    ],
)
def test_si(value, unit, words):
    assert si(value, unit) == words


@given(st.floats(1e-29, 9e32), st.sampled_from(("B", "MAC", "s")), st.sampled_from((1, -1)))
def test_si_can_be_read_back(size, unit, sign):
    words = si(sign * size, unit)
    number, prefix = re.fullmatch(rf"(-?[\d.]+) ([{PREFIXES.replace(' ', '')}]?){unit}", words).groups()
    thousands = PREFIXES.index(prefix or " ") - PREFIXES.index(" ")
    assert float(number) * 1000.0**thousands == pytest.approx(sign * size, rel=0.005001)
    assert 1 <= abs(float(number)) < 1000
    assert len(number) <= 5
    assert len(re.sub(r"\D", "", number)) <= 3


def test_megabytes_are_whole_bytes_with_a_prefix():
    assert [megabytes(b) for b in (0, 12.3, 65536, 999_999, 2e9)] == ["0 B", "12 B", "65.5 kB", "1 MB", "2 GB"]


@pytest.mark.parametrize(
    "change,sentence",
    [
        ({"y": (1.0,)}, "y of series 'full' has 1 entries, not 4 as x has."),
        ({"notes": ("one",)}, "notes of series 'full' has 1 entries, not 4 as x has."),
        ({"look": "pie"}, "look='pie' of series 'full' is not one of 'bar', 'line', 'points'."),
        ({"dash": "wavy"}, "dash='wavy' of series 'full' is not one of 'solid', 'dash', 'dot'."),
        ({"hatch": "?"}, r"hatch='\?' of series 'full' is not one of"),
        ({"x": (1, 2, 3, 4)}, "x of series 'full' must be words for bars, and numbers for a line or points."),
        ({"look": "line"}, "x of series 'full' must be words for bars, and numbers for a line or points."),
        ({"y": (1, 2, 3, float("nan"))}, "series 'full' has a number that is not finite; a missing y is None."),
    ],
)
def test_bad_series_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(BARS.series[0], **change)


@pytest.mark.parametrize(
    "series,change,sentence",
    [
        ((), {}, "has no series."),
        ((LINES.series[2], LINES.series[2]), {}, "has two series of one name."),
        ((BARS.series[0], LINES.series[0]), {}, "all its series must be bars, over one and the same x."),
        ((BARS.series[0], replace(BARS.series[1], x=STAGES[::-1])), {}, "over one and the same x."),
        (BARS.series, {"mark": 2}, "need numbers on the x axis."),
    ],
)
def test_bad_charts_are_refused(series, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(BARS, series=series, **change)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match=r"scale=3 is not offered; there are 1, 2, 4\."):
        chart_paper.png(BARS, 3)


@every_chart
def test_csv_reads_back_to_the_same_numbers(chart):
    head, *rows = reader(io.StringIO(csv(chart).decode("utf-8")))
    assert head == ["series", chart.x_title, f"cost ({chart.unit})"]
    read = iter(rows)
    for series in chart.series:
        for x, y in zip(series.x, series.y, strict=True):
            name, x_read, y_read = next(read)
            assert name == series.name
            assert (x_read if isinstance(x, str) else float(x_read)) == x
            assert (float(y_read) if y_read else None) == y
    assert next(read, None) is None


def test_the_screen_shows_the_numbers():
    full, sra = chart_screen.figure(BARS).data
    assert tuple(full.x) == STAGES
    assert tuple(full.y) == BARS.series[0].y
    assert tuple(sra.y) == BARS.series[1].y
    assert sra.marker.color == TEAL
    assert sra.marker.pattern.shape == "/"
    assert sra.hovertext[0] == "SRA, &lt;fused&gt;<br>stage 1<br>cost: 123 MMAC<br>R = 8"
    assert [text.strip() for text in full.text] == ["390 M", "98 M", "25 M", "333 m"]


def test_zero_has_no_place_on_a_logarithmic_axis_and_the_rest_keeps_its_own():
    chart = replace(BARS, log_y=True)
    figure = chart_screen.figure(chart)
    assert tuple(figure.data[1].y) == (123456789.125, None, None, 1e5)
    low, high = figure.layout.yaxis.range
    assert 10**low < 1 / 3 < 3.9e8 < 10**high
    assert figure.layout.yaxis.ticktext[-1] == "1 GMAC"
    nothing = replace(chart, series=tuple(replace(s, y=(0, None, 0, None)) for s in chart.series))
    low, high = chart_screen.figure(nothing).layout.yaxis.range
    assert low < high
    assert chart_paper.png(nothing)


def test_points_lie_on_lines_and_share_their_legend_entry():
    figure = chart_screen.figure(LINES)
    assert [trace.mode for trace in figure.data] == ["lines", "lines", "markers"]
    assert [(t.name, t.showlegend) for t in figure.data] == [("SRA", True), ("full", True), ("SRA", False)]
    assert figure.data[0].legendgroup == figure.data[2].legendgroup != figure.data[1].legendgroup
    assert figure.data[2].hovertext[0] == "SRA, measured<br>side of the image (px): 64<br>cost: 2.1 ms"
    texts = svg_texts(LINES)
    assert texts.count("SRA") == texts.count("full") == 1


def test_the_mark_stands_at_its_x_with_its_label_where_there_is_room():
    layout = chart_screen.figure(LINES).layout
    assert layout.shapes[0].x0 == layout.shapes[0].x1 == 224
    assert 10 ** layout.annotations[0].x == pytest.approx(224)
    assert layout.annotations[0].xanchor == "left"
    assert chart_screen.figure(replace(LINES, mark=1024)).layout.annotations[0].xanchor == "right"
    assert list(layout.xaxis.ticktext) == ["64", "224", "512", "2048"]


@every_chart
def test_the_figure_keeps_its_size_and_its_place_between_reruns(chart):
    one = chart_screen.figure(chart).layout
    doubled = tuple(replace(s, y=tuple(y and 2 * y for y in s.y)) for s in chart.series)
    other = chart_screen.figure(replace(chart, series=doubled)).layout
    assert one.height == other.height == 380
    assert one.uirevision == other.uirevision
    assert one.uirevision is not None
    assert one.template.layout.font.color == other.template.layout.font.color
    assert one.font.color is None  # the page's own, light or dark
    assert one.paper_bgcolor is None


@every_chart
def test_the_html_file_needs_nothing_from_elsewhere(chart):
    page = chart_screen.html(chart).decode("utf-8")
    seen = Tags()
    seen.feed(page)
    assert seen.fetched == []
    assert chart.title in seen.text
    assert chart.caption in seen.text
    assert "Plotly.newPlot" in page
    assert len(page) > 3_000_000  # plotly.js itself
    call = page[page.rindex("Plotly.newPlot(") :]
    decoder = json.JSONDecoder()
    data, _ = decoder.raw_decode(call, call.index("["))
    assert {tuple(trace["y"]) for trace in data} == {tuple(chart.heights(series)) for series in chart.series}


class Tags(HTMLParser):
    """What a browser would fetch, and what it would show as text outside of scripts."""

    def __init__(self):
        super().__init__()
        self.fetched, self.text, self.inside = [], "", ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data):
        if self.inside == "style":
            self.fetched += re.findall(r"@import|url\(", data)
        elif self.inside != "script":
            self.text += data


@pytest.mark.parametrize("scale", chart_paper.SCALES)
@every_chart
def test_png_has_its_size_its_colours_and_a_white_rim(chart, scale):
    picture = Image.open(io.BytesIO(chart_paper.png(chart, scale)))
    assert picture.size == (800 * scale, 500 * scale)
    pixels = np.asarray(picture.convert("RGB"))
    rim = 8 * scale  # what runs into it would be cut off
    for edge in (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:]):
        assert (edge == 255).all()
    for series in chart.series:
        rows, columns = np.nonzero((pixels == ImageColor.getrgb(series.colour)).all(axis=-1))
        assert len(rows) > 100 * scale
        assert columns.max() > 150 * scale  # beyond the legend's first sample: in the axes
        assert rows.max() > 250 * scale
    caption = pixels[-30 * scale :, : 200 * scale]
    assert (caption < 100).any()


def test_bars_are_as_high_as_their_numbers():
    """Linear: measured in pixels, one bar is half as high as the other."""
    series = Series(name="one", x=("a", "b"), y=(2e6, 1e6), colour=VIOLET, look="bar")
    pixels = np.asarray(Image.open(io.BytesIO(chart_paper.png(replace(BARS, series=(series,)), 2))).convert("RGB"))
    violet = (pixels[:, 160:] == ImageColor.getrgb(VIOLET)).all(axis=-1)  # to the right of the legend
    heights = violet.sum(axis=0)
    assert heights.max() > 500
    assert heights[heights > 50].min() * 2 == pytest.approx(heights.max(), abs=4)


def svg_texts(chart: Chart) -> list[str]:
    root = ElementTree.fromstring(chart_paper.svg(chart))
    return ["".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")]


@every_chart
def test_svg_keeps_its_words_as_text(chart):
    texts = svg_texts(chart)
    assert chart.title in texts
    assert " ".join(chart.caption.split()) in " ".join(texts)
    assert chart.x_title in texts
    assert chart.y_title in texts
    assert chart_paper.svg(chart).decode("utf-8").count(chart.series[0].colour) > 1


@every_chart
def test_the_same_chart_gives_the_same_bytes(chart):
    for draw in (chart_paper.svg, chart_paper.png, chart_screen.html, csv):
        assert draw(chart) == draw(chart)


def test_sixteen_threads_draw_the_same_picture():
    charts = [BARS, LINES] * 8
    with ThreadPoolExecutor(16) as pool:
        pictures = list(pool.map(chart_paper.png, charts))
    assert set(pictures[::2]) == {chart_paper.png(BARS)}
    assert set(pictures[1::2]) == {chart_paper.png(LINES)}


def test_hollow_points_are_rings_in_their_own_colour():
    dots = Series(name="recorded", x=(64.0, 224.0), y=(1e8, 2e9), colour=OCHRE, look="points", hollow=True)
    chart = replace(LINES, series=(dots,), mark=None)
    [trace] = chart_screen.figure(chart).data
    assert trace.marker.symbol == "circle-open"
    filled = replace(chart, series=(replace(dots, hollow=False),))

    def ink(drawn) -> int:
        pixels = np.asarray(Image.open(io.BytesIO(chart_paper.png(drawn))).convert("RGB")).astype(int)
        return int((np.abs(pixels - ImageColor.getrgb(OCHRE)).sum(axis=-1) < 30).sum())

    assert 0 < ink(chart) < ink(filled)
