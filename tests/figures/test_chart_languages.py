"""Charts in another language: words are said otherwise, numbers and their CSV are not; pictures have the letters."""

import gettext
import io
import re

import pytest
from matplotlib.font_manager import FontProperties

from pvt_viz import language
from pvt_viz.figures import chart_paper, chart_screen, paper_font
from pvt_viz.figures.chart import Chart, Series, csv, spoken
from pvt_viz.language import say, speaking
from pvt_viz.ui.looking import charts

WORDS = {"cost of {count} networks": "{count} 个网络的代价", "measured": "实测", "stage {stage}": "阶段 {stage}"}
CHART = Chart(
    title=say("cost of {count} networks", count=2),
    caption=say("measured"),
    x_title="stage",
    y_title="cost",
    unit="MAC",
    series=tuple(
        Series(
            name=name,
            x=tuple(say("stage {stage}", stage=i) for i in (1, 2)),
            y=(1e9, 2e9),
            colour="#3a73d6",
            look="bar",
        )
        for name in (say("measured"), "flexi_pvt")
    ),
    setting="pvt_tiny",
)
chinese_font = pytest.mark.skipif(not paper_font.can_write("zh"), reason="no font with Chinese characters")


@pytest.fixture(autouse=True)
def some_words(monkeypatch):
    """A catalogue of three messages."""

    class Few(gettext.NullTranslations):
        def gettext(self, message):
            return WORDS.get(message, message)

    plain = language.catalogue
    monkeypatch.setattr(language, "catalogue", lambda name: Few() if name == "zh" else plain(name))


def in_chinese() -> Chart:
    with speaking("zh"):
        return spoken(CHART)


def test_a_chart_is_said_in_the_readers_language_and_stays_as_it_was():
    said = in_chinese()
    assert said.title == "2 个网络的代价"
    assert [series.name for series in said.series] == ["实测", "flexi_pvt"]
    assert said.series[0].x == ("阶段 1", "阶段 2")
    assert said.words.startswith("实测pvt_tiny")  # no blank between sentences
    assert CHART.words == "measured pvt_tiny."
    assert spoken(CHART) == CHART
    assert csv(CHART).decode().splitlines()[1] == "measured,stage 1,1000000000.0,pvt_tiny"


def test_the_html_file_says_its_language():
    assert '<html lang="zh">' in chart_screen.html(in_chinese())[:200].decode()
    assert '<html lang="en">' in chart_screen.html(CHART)[:200].decode()


def test_pdf_is_the_same_each_time_and_its_texts_are_texts():
    pdf = chart_paper.pdf(CHART)
    assert pdf.startswith(b"%PDF")
    assert pdf == chart_paper.pdf(CHART)
    assert b"CreationDate" not in pdf
    assert b"/FontFile2" in pdf  # TrueType, not outlines
    assert b"/Subtype /Type3" not in pdf


@chinese_font
def test_pictures_have_every_letter(caplog, recwarn):
    for draw in (chart_paper.png, chart_paper.svg, chart_paper.pdf):
        assert draw(in_chinese())
    assert not [str(warning.message) for warning in recwarn if "Glyph" in str(warning.message)]
    assert not [record for record in caplog.records if "findfont" in record.message]
    assert "2 个网络的代价" in chart_paper.svg(in_chinese()).decode()


def test_lines_end_before_the_margin_in_either_language():
    font, room = FontProperties(size=9), 200.0
    english = "Fused kernels multiply as much, and never store the map. " * 4
    chinese = "融合内核的乘法次数相同（1 MAC = 2 FLOPs），但从不保存注意力图；这就是区别。" * 4
    for words in (english, chinese):
        lines = paper_font.wrapped(words, font, room)
        assert len(lines) > 3
        assert all(paper_font.points(line, font) <= room for line in lines)
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", words)
        assert not [line for line in lines if line[0] in "，。；）" or line[-1] == "（"]
    assert all(line in english for line in paper_font.wrapped(english, font, room))


@pytest.mark.parametrize("font", [True, False])
def test_without_a_font_for_them_pictures_are_in_english_and_that_is_said(monkeypatch, font):
    monkeypatch.setattr(charts, "can_write", lambda _language: font)
    shown = {}

    class Menu(io.StringIO):
        open = True

    class Page:
        caption = staticmethod(lambda words: shown.update(caption=words))
        popover = container = staticmethod(lambda *_, **__: Menu())

        @staticmethod
        def download_button(label, make, **_):
            shown[label] = make.args[0]

    monkeypatch.setattr(charts, "st", Page)
    with speaking("zh"):
        charts._files.__wrapped__(CHART, "key", "name")
    assert ("caption" in shown) == (not font)
    for label in ("PNG, 2×", "SVG", "PDF"):
        assert shown[label].title == ("2 个网络的代价" if font else CHART.title)
    assert shown["Interactive HTML"].title == "2 个网络的代价"
    assert shown["Numbers (CSV)"] is CHART
