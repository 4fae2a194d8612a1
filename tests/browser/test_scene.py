"""Scenes, and the pages about what was learnt from them, in a real Chromium against the real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from driving import EXPLORER, open_at, pictures, settle, slider
from pvt_viz import scenes
from pvt_viz.choices.selection import SEEDS_FROM

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ANSWER = re.compile(r"It answers .*, and that is (right|wrong)\.")
WORTH = re.compile(r"At these p and R it is right on [\d.]+% of [\d,]+ held-out scenes, for [\d.]+ MMAC each\.")


def sidebar(page: Page):
    return page.get_by_test_id("stSidebar")


def answer(page: Page):
    return page.get_by_test_id("stMain").get_by_test_id("stMarkdown").filter(has_text="It answers").first


def worth(page: Page):
    return page.get_by_test_id("stMain").get_by_test_id("stCaptionContainer").filter(has_text="At these p and R").first


def healthy(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def place(page: Page, position: int) -> tuple[str, str]:
    explorer = page.locator(EXPLORER).nth(position)
    return explorer.get_attribute("data-x"), explorer.get_attribute("data-y")


def point_at(page: Page, position: int, x: float, y: float) -> None:
    frame = page.locator(EXPLORER).nth(position).locator(".frame.main")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_a_scene_is_drawn_and_its_cue_recoloured(page, address):
    open_at(page, address)
    first = pictures(page)
    number = sidebar(page).get_by_role("spinbutton", name="Scene")
    number.fill("12")
    number.press("Enter")
    page.wait_for_url(re.compile(r"seed=12"))
    colours = scenes.colours(SEEDS_FROM + 12)
    expect(answer(page)).to_contain_text(f"The cue (white rim) is {colours[0]}", timeout=30_000)
    settle(page)
    assert pictures(page)[0] != first[0]
    healthy(page)

    for colour in colours[1:]:
        before, said = pictures(page), answer(page).inner_text()
        sidebar(page).get_by_role("radio", name=colour.capitalize()).click()
        page.wait_for_url(re.compile(f"cue={colour}"))
        expect(answer(page)).to_contain_text(f"The cue (white rim) is {colour}", timeout=30_000)
        expect(answer(page)).to_have_text(ANSWER)
        settle(page)
        assert answer(page).inner_text() != said
        page.wait_for_function(
            f"before => {FIRST_MAP} !== before", arg=before[0], timeout=10_000
        )  # the panel of stage 1
        healthy(page)

    page.reload()
    settle(page)
    expect(answer(page)).to_contain_text(f"The cue (white rim) is {colours[-1]}")
    assert f"cue={colours[-1]}" in page.url


FIRST_MAP = """(() => {
  const hosts = [document];
  while (hosts.length) {
    const host = hosts.pop();
    const found = host.querySelector("[data-testid=attention-explorer] .panel canvas.map");
    if (found) return found.toDataURL();
    for (const element of host.querySelectorAll("*")) if (element.shadowRoot) hosts.push(element.shadowRoot);
  }
})()"""


@pytest.mark.parametrize("name, label, start, stops", [("r1", "R₁", 1, (2, 4, 8, 16)), ("p1", "p₁", 2, (4, 8))])
def test_every_stop_of_a_slider_has_an_answer_and_what_it_is_worth(page, address, name, label, start, stops):
    open_at(page, f"{address}/?{name}={start}")
    said = []

    def look(value: int) -> None:
        expect(slider(page, label)).to_have_attribute("aria-valuetext", str(value))
        settle(page)
        expect(answer(page)).to_have_text(ANSWER)
        expect(worth(page)).to_have_text(WORTH)
        expect(page.get_by_test_id("stMain")).not_to_contain_text("Not trained at")
        healthy(page)
        said.append(worth(page).inner_text())

    look(start)
    for value in stops:
        slider(page, label).focus()
        page.keyboard.press("ArrowRight")
        # The defaults, R₁ = 8 and p₁ = 4, are what a link leaves out.
        is_default = value == {"r1": 8, "p1": 4}[name]
        if is_default:
            page.wait_for_url(lambda url: f"{name}=" not in url)
        else:
            page.wait_for_url(re.compile(f"{name}={value}"))
        expect(worth(page)).not_to_have_text(said[-1], timeout=30_000)
        look(value)
    assert len(set(said)) == 1 + len(stops)  # each costs something else


def test_one_pointer_moves_both_settings(page, address):
    open_at(page, f"{address}/trade-off", explorers=2)
    for x, y in ((0.25, 0.35), (0.75, 0.6)):
        point_at(page, 0, x, y)
        expect(page.locator(EXPLORER).nth(0)).to_have_attribute("data-x", re.compile(rf"^{int(10 * x) / 10}"))
        here = place(page, 0)
        expect(page.locator(EXPLORER).nth(1)).to_have_attribute("data-x", here[0])
        expect(page.locator(EXPLORER).nth(1)).to_have_attribute("data-y", here[1])
        assert float(here[0]) == pytest.approx(x, abs=0.02)
        assert float(here[1]) == pytest.approx(y, abs=0.02)
    point_at(page, 1, 0.4, 0.8)  # and the other way round
    expect(page.locator(EXPLORER).nth(0)).to_have_attribute("data-x", re.compile(r"^0\.(39|40|41)"))
    assert place(page, 0) == place(page, 1)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile(r"view=0\.(39|4)"))
    settle(page, explorers=2)
    for explorer in page.locator(EXPLORER).all():
        expect(explorer).to_have_attribute("data-pinned", "true")
    point_at(page, 0, 0.1, 0.1)  # both stay
    assert place(page, 0) == place(page, 1)
    assert float(place(page, 0)[0]) == pytest.approx(0.4, abs=0.02)


def test_a_click_on_a_point_of_the_chart_goes_there(page, address):
    open_at(page, f"{address}/trade-off", explorers=2)
    before = page.url
    points = page.locator(".js-plotly-plot .points path.point")
    expect(points.first).to_be_visible(timeout=30_000)
    first = page.locator(".js-plotly-plot .trace.scatter").first.locator("path.point").first
    first.scroll_into_view_if_needed()
    box = first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(500)  # plotly hears a click on what it has found under the pointer
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(lambda url: url != before and re.search(r"[?&](p1|r1|r2|r3|model)=", url))
    settle(page, explorers=2)
    healthy(page)
    link = page.url
    page.reload()
    settle(page, explorers=2)
    assert page.url == link


def test_moments_of_a_training_are_painted_anew(page, address):
    open_at(page, f"{address}/learning")
    moment = page.get_by_test_id("stMain").locator("input[aria-label='Step of its training']")
    before = pictures(page)
    moment.focus()
    page.keyboard.press("Home")
    page.wait_for_url(re.compile(r"moment=0"))
    page.wait_for_function(f"before => {FIRST_MAP} !== before", arg=before[0], timeout=30_000)
    settle(page)
    random = pictures(page)
    assert all(a != b for a, b in zip(before, random, strict=True))
    healthy(page)
    moment.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"moment=1"))
    page.wait_for_function(f"before => {FIRST_MAP} !== before", arg=random[0], timeout=30_000)
    settle(page)
    healthy(page)


def test_a_training_is_started_and_stopped(page, address):
    open_at(page, f"{address}/learning")
    main, progress = page.get_by_test_id("stMain"), page.get_by_test_id("stProgress")
    expect(progress).to_contain_text("Nothing is being trained.")
    expect(main.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    main.get_by_role("button", name="Train", exact=True).click()
    expect(progress).to_contain_text(re.compile(r"Training: step [\d,]+ of 1,200"), timeout=120_000)
    expect(page.locator(EXPLORER)).to_have_count(2, timeout=30_000)
    expect(progress).to_contain_text(re.compile(r"step [1-9]"), timeout=60_000)  # by itself
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(progress).to_contain_text(re.compile(r"Stopped after [\d,]+ steps\."), timeout=60_000)
    expect(main.get_by_role("button", name="Train again")).to_be_enabled(timeout=30_000)
    expect(main.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    settle(page, explorers=2)
    healthy(page)
