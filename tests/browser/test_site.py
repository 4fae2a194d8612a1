"""The exported site, opened from disk in a real Chromium without a network; its calculator against `cost.analyze`."""

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accessible import PANELS, RULES
from pvt_viz import cost
from pvt_viz.choices.view import View
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.presets import PRESETS
from pvt_viz.site import build, calculator, visit
from pvt_viz.words import si

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PRICE = """async ([source, networks, forms, settings]) => {
  const { price } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const byName = Object.fromEntries(networks.map((network) => [network.name, network]));
  return settings.map(([name, setting]) => {
    const { params, macs, attention, maps, wrong } = price(byName[name], setting, forms);
    return wrong ? null : [params, macs, attention, maps];
  });
}"""
FORMS = {"maps": calculator.MAPS, "params": calculator.PARAMS, "attention": parts.ATTENTION}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return build.write(visit.scene("scene:3", "scene_vit", size=64), View(), tmp_path_factory.mktemp("site"))


@pytest.fixture
def visitor(browser, site):
    """Opens the page offline. Nothing may be said on the console, and nothing asked for but files."""
    contexts, said, asked = [], [], []

    def opened(width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((site.parent.as_uri(), "data:", "blob:"))] == []


def totals(page: Page) -> list[str]:
    return page.locator("#totals b").all_inner_texts()


def expected(config: PVTConfig, batch: int = 1) -> list[str]:
    report = cost.analyze(config, batch=batch)
    return [
        si(report.params, ""),
        si(report.macs, "MAC"),
        si(report.attention_macs, "MAC"),
        si(4 * batch * sum(shape.map_entries for shape in report.shapes), "B"),
    ]


def settings() -> tuple[list[tuple[str, dict]], list[list[int] | None]]:
    """Four of every preset, those that do not fit among them, and what `cost.analyze` says of each."""
    chance = random.Random(6)
    asked, answers = [], []
    for name, preset in PRESETS.items():
        for _ in range(4):
            folds = len(preset.dims) > 1 and preset.pool is None
            side, batch = chance.choice((64, 100, 128, 224, 350)), chance.choice((1, 3, 16))
            patches = [chance.choice((2, 4, 5, 8)), *(chance.choice((1, 2, 2, 3)) for _ in preset.dims[1:])]
            reductions = [chance.choice((1, 2, 3, 4, 8)) if folds else r for r in preset.reductions]
            asked.append((name, {"side": side, "batch": batch, "patches": patches, "reductions": reductions}))
            try:
                config = replace(preset, image_size=side, patch_sizes=tuple(patches), reductions=tuple(reductions))
            except ValueError:
                answers.append(None)
                continue
            report = cost.analyze(config, batch=batch)
            maps = batch * sum(shape.map_entries for shape in report.shapes)
            answers.append([report.params, report.macs, report.attention_macs, maps])
    return asked, answers


def test_the_browser_counts_as_cost_analyze_does(visitor):
    asked, answers = settings()
    source = (build.FOLDER / "calculator.js").read_text(encoding="utf-8")
    found = visitor().evaluate(PRICE, [source, calculator.networks(), FORMS, asked])
    for (name, setting), here, there in zip(asked, found, answers, strict=True):
        assert here == there, (name, setting)
    assert sum(answer is not None for answer in answers) >= 40
    assert None in answers


def test_what_is_typed_is_priced_and_what_does_not_fit_is_said(visitor):
    page = visitor()
    form, wrong = page.locator("#calculator-form"), page.locator("#wrong")
    assert totals(page) == expected(replace(PRESETS["scene_vit"], image_size=64))
    form.get_by_label("Model").select_option("pvt_tiny")
    assert totals(page) == expected(PRESETS["pvt_tiny"])

    form.get_by_label("Image size, px").fill("320")
    form.get_by_label("R₁").fill("5")
    form.get_by_label("Batch").fill("3")
    priced = totals(page)
    assert priced == expected(replace(PRESETS["pvt_tiny"], image_size=320, reductions=(5, 4, 2, 1)), batch=3)
    form.get_by_label("R₄").fill("40")
    expect(wrong).to_contain_text("Stage 4: p = 2 or R = 40 does not fit 20×20 below it and 10×10 tokens.")
    assert totals(page) == priced
    form.get_by_label("R₄").fill("2")
    expect(wrong).to_have_text("")
    assert totals(page) == expected(replace(PRESETS["pvt_tiny"], image_size=320, reductions=(5, 4, 2, 2)), batch=3)
    form.get_by_label("Count in").select_option("FLOP")
    assert page.locator("#totals b").nth(1).inner_text().endswith("FLOP")


def test_the_explorer_in_the_frame_paints_and_answers(visitor):
    frame = visitor().frame_locator("iframe")
    expect(frame.locator(".pvt")).to_have_attribute("data-painted", re.compile(r"\d"))
    before = frame.locator(PANELS).first.evaluate("map => map.toDataURL()")
    box = frame.locator(".frame.main")
    box.click(position={"x": 20, "y": 20})
    expect(frame.locator(".pvt")).to_have_attribute("data-pinned", "true")
    assert frame.locator(PANELS).first.evaluate("map => map.toDataURL()") != before


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (400, "dark")])
def test_nobody_is_shut_out(visitor, width, scheme):
    page = visitor(width, scheme)
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Not into the frame, where axe cannot tell one file from another; test_explorer_file.py looks at what is in it.
    found = Axe().run(page, options={**RULES, "iframes": False}).response
    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []
    assert {"target-size", "color-contrast"} <= {rule["id"] for rule in found["passes"]}
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 27)"
    assert dark == (scheme == "dark")
