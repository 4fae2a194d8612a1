"""The Cost page in a real Chromium: sliders, files, and measurements that two visitors ask for at once."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from driving import quiet
from pvt_viz import PRESETS
from pvt_viz.cost import analyze
from pvt_viz.words import si

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def open_at(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("h1")).to_contain_text("What attention costs", timeout=30_000)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=30_000)
    quiet(page)


def metric(page: Page, label: str):
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def progress(page: Page):
    return page.get_by_test_id("stProgress")


def button(page: Page, name: str):
    return page.get_by_test_id("stMain").get_by_role("button", name=name)


def test_a_slider_moves_every_number(page, address):
    open_at(page, f"{address}/cost?model=pvt_tiny")
    tiny = PRESETS["pvt_tiny"]
    expect(metric(page, "One forward")).to_have_text(si(analyze(tiny).macs, "MAC"))
    page.get_by_role("slider", name="Image size, px").focus()
    page.keyboard.press("ArrowRight")
    expect(metric(page, "One forward")).to_have_text(si(analyze(tiny, 240).macs, "MAC"))
    page.get_by_role("radio", name="FLOP").click()
    expect(metric(page, "One forward")).to_have_text(si(analyze(tiny, 240).flops, "FLOP"))
    page.wait_for_url(re.compile(r"side=240.*unit=FLOP"))
    page.reload()
    expect(metric(page, "One forward")).to_have_text(si(analyze(tiny, 240).flops, "FLOP"), timeout=30_000)


def test_a_chart_is_taken_away_in_every_format(page, address):
    open_at(page, f"{address}/cost?model=pvt_tiny")
    page.get_by_test_id("stPopover").first.get_by_role("button").click()

    def taken(name: str) -> bytes:
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("button", name=name, exact=True).click()
        return download.value.path().read_bytes()

    for scale in (1, 2, 4):
        assert Image.open(io.BytesIO(taken(f"PNG, {scale}×"))).size == (800 * scale, 500 * scale)
    assert "Attention per stage" in "".join(ElementTree.fromstring(taken("SVG")).itertext())
    assert b"Plotly.newPlot" in taken("Interactive HTML")
    rows = list(csv.DictReader(io.StringIO(taken("Numbers (CSV)").decode())))
    assert sum(int(row["QKᵀ and softmax·V (MAC)"]) for row in rows if row["series"] == "SRA, fused") == (
        analyze(PRESETS["pvt_tiny"]).attention_macs
    )


def test_what_was_done_on_this_page_changes_no_control_of_the_others(page, address):
    page.goto(f"{address}/?model=pvt_tiny&size=320&crop=whole&picture=coffee")
    sidebar = page.get_by_test_id("stSidebar")
    size = sidebar.get_by_role("slider", name="Image size, px")
    expect(size).to_have_attribute("aria-valuetext", "320", timeout=30_000)
    quiet(page)
    sidebar.get_by_role("link", name="Cost").click()
    expect(page.locator("h1")).to_contain_text("What attention costs", timeout=30_000)
    quiet(page)
    page.get_by_role("radio", name="FLOP").click()
    page.wait_for_url(re.compile(r"unit=FLOP"))
    for _ in range(3):
        page.get_by_role("slider", name="Batch").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(500)
        quiet(page)
    sidebar.get_by_role("link", name="Pyramid").click()
    expect(size).to_have_attribute("aria-valuetext", "320", timeout=30_000)
    quiet(page)
    sidebar.get_by_role("slider", name="R₁").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile(r"r1=7"))
    quiet(page)
    assert "size=320" in page.url
    assert "crop=whole" in page.url
    assert "picture=coffee" in page.url
