"""The tour as people take it, in a real Chromium against the real server: by keyboard, by mouse and by link."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from driving import open_at, quiet
from pvt_viz.language import speaking, tr
from pvt_viz.ui.tour import STEPS
from server import serve

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

KEYS = [step.key for step in STEPS]


def board(page: Page, container: str = "") -> Locator:
    """The last board on the page, or within the container of this key."""
    return (page.locator(f".st-key-{container}") if container else page).get_by_test_id("worked-board").last


def answer(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-verdict_{key}")


def press(page: Page, key: str) -> None:
    """Reveal: the button goes away."""
    button = page.locator(f".st-key-{key} button")
    button.click()
    expect(button).to_have_count(0)
    quiet(page)


def turn(page: Page, key: str, title: str) -> None:
    page.keyboard.press(key)
    expect(page.locator("h1")).to_have_text(title, timeout=30_000)
    quiet(page)


def test_the_arrow_keys_lead_through_all_steps_in_a_narrow_window_in_chinese(page, address):
    with speaking("zh"):
        titles = [tr(step.title) for step in STEPS]
    assert not set(titles) & {step.title for step in STEPS}
    page.set_viewport_size({"width": 400, "height": 800})
    open_at(page, f"{address}/tour?lang=zh", explorers=0)
    for key, title in zip(KEYS, titles, strict=True):
        if key != KEYS[0]:
            turn(page, "ArrowRight", title)
            expect(page).to_have_url(re.compile(rf"[?&]step={key}(&|$)"))
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        if page.locator(f".st-key-skip_{key}").count():
            press(page, f"skip_{key}")
        assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth") <= 400, key
        assert page.evaluate(TOO_WIDE) == [], key
        page.evaluate("document.activeElement.blur()")
    turn(page, "ArrowRight", titles[-1])  # there is none after it
    turn(page, "ArrowLeft", titles[-2])
    expect(page).to_have_url(re.compile(f"step={KEYS[-2]}"))


TOO_WIDE = """() => [...document.querySelectorAll(
    "[data-testid=stMain] :is(h1, p, img, .stPlotlyChart, .stBidiComponent)")]
  .filter((one) => one.clientWidth > 1) // has a place in the page
  .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 200))"""


def test_a_guess_is_made_and_revealed_by_mouse(page, address):
    open_at(page, f"{address}/tour", explorers=0)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    question = page.locator(".st-key-guess_patches")
    track = question.get_by_test_id("stSlider").bounding_box()
    thumb = question.get_by_role("slider").bounding_box()
    height = question.bounding_box()["height"]
    page.mouse.click(track["x"] + track["width"] / 4, thumb["y"] + thumb["height"] / 2)
    quiet(page)
    expect(answer(page, "patches")).not_to_contain_text("1,024")
    press(page, "show_patches")
    expect(answer(page, "patches")).to_contain_text(re.compile(r"You guessed 2,\d{3}; it is 1,024, which is less\."))
    assert question.bounding_box()["height"] == height  # nothing below it moves
    expect(board(page).locator(".term").last).to_be_visible()
    assert "1,024" in board(page).locator(".term").all_inner_texts()


def test_a_place_is_guessed_by_a_click(page, address):
    open_at(page, f"{address}/tour?step=fold", explorers=0)
    show = page.locator(".st-key-show_fold button")
    expect(show).to_be_disabled()
    frame = board(page, "guess_fold").locator(".frame")
    side = frame.bounding_box()["width"]
    frame.click(position={"x": 0.3 * side, "y": 0.3 * side})  # key 6 of 4 rows of 4
    expect(show).to_be_enabled()
    press(page, "show_fold")
    expect(answer(page, "fold")).to_contain_text("You clicked right into it.")
    expect(board(page, "guess_fold").locator(".mark.over")).to_have_attribute(
        "d", re.compile(r"^M0\.25 0\.25H0\.5V0\.5")
    )


def test_lines_are_those_of_the_keys_and_arrow_keys_go_by_tokens(page, address):
    open_at(page, f"{address}/tour?step=fold&size=112", explorers=0)  # 28×28 tokens, of which 24×24 fill squares
    shown = board(page)
    expect(shown.locator(".term").first).to_be_visible()
    lines = shown.locator("path.lines.over").get_attribute("d")
    places = {round(float(place), 3) for place in re.findall(r"M0 ([\d.]+)H", lines)}
    assert places == {round(n * 8 / 28, 3) for n in (1, 2, 3)}
    assert {round(float(end), 3) for end in re.findall(r"H([\d.]+)", lines)} == {round(24 / 28, 3)}
    shown.locator(".frame").focus()
    for _ in range(2):  # the first goes where the keys begin: in the middle
        page.keyboard.press("ArrowRight")
    expect(shown.locator(".live")).to_contain_text("Row 15 of 28, column 16 of 28")


def test_a_step_is_chosen_from_the_list(page, address):
    open_at(page, f"{address}/tour?step=fold&r1=4", explorers=0)
    page.locator(".st-key-step").get_by_role("combobox").click()
    title = STEPS[KEYS.index("cost")].title
    page.get_by_role("option", name=title).click()
    expect(page.locator("h1")).to_have_text(title)
    page.wait_for_url(re.compile("step=cost"))
    quiet(page)
    page.get_by_role("link", name="Cost page").click()
    page.wait_for_url(re.compile(r"/cost\?"))
    expect(page.locator("h1")).not_to_have_text(title)
    quiet(page)
    expect(page).to_have_url(re.compile("r1=4"))  # what was chosen goes along


def test_a_link_to_the_presenters_step_is_the_first_visit_of_a_fresh_server(page, tmp_path):
    title = STEPS[KEYS.index("fused")].title
    with serve(tmp_path / "log.txt") as fresh:
        page.goto(f"{fresh}/tour?step=fused&presenter=on")
        presented(page, title)
        page.reload()
        presented(page, title)
        page.get_by_role("switch", name="Presenter").focus()
        turn(page, "PageUp", STEPS[KEYS.index("fused") - 1].title)  # a remote, with the focus still on the switch


def presented(page: Page, title: str) -> None:
    """Large, without sidebar; words and question on one screen, the figure on the next."""
    expect(page.locator("h1")).to_have_text(title, timeout=30_000)
    quiet(page)
    expect(page.get_by_test_id("stSidebar")).not_to_be_visible()
    expect(page.get_by_role("switch", name="Presenter")).to_be_checked()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "21.6px"
    page.wait_for_function("""() => { // what the page begins with gets its style a moment later
      const [words, figure] = [".st-key-wide_tour_words", ".stPlotlyChart"].map(
        (one) => document.querySelector(one)?.getBoundingClientRect());
      if (!words || !figure) return false;
      return words.bottom <= innerHeight && innerHeight <= figure.top && figure.height <= innerHeight;
    }""")
    expect(page.get_by_role("link", name="Measure both kernels")).to_be_visible()


def test_the_menu_at_the_end_of_a_page_opens_where_it_has_room(page, address):
    open_at(page, f"{address}/tour?step=beyond", explorers=0)
    page.locator(".st-key-tour_files button").click()
    menu = page.get_by_test_id("stPopoverBody")
    expect(menu.get_by_role("button", name="Numbers (NPZ)")).to_be_visible(timeout=30_000)
    assert menu.evaluate("menu => menu.scrollHeight - menu.clientHeight") <= 0
    box = menu.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 800


def test_a_term_lights_its_pixels_by_mouse_and_by_keyboard(page, address):
    open_at(page, f"{address}/tour?step=stages", explorers=0)
    press(page, "skip_stages")
    shown = board(page)
    keys_square, grid = shown.locator(".term[data-group=key3]"), shown.locator(".term[data-group=keys3]")
    keys_square.hover()
    expect(keys_square).to_have_class(re.compile(r"\blit\b"))
    expect(shown.locator("path.box.over")).to_have_attribute("d", "M0.5 0.5H0.75V0.75H0.5Z")  # 32 px of 128
    expect(shown.locator(".frame")).to_have_class(re.compile(r"\blit\b"))
    page.mouse.move(2, 2)
    expect(keys_square).not_to_have_class(re.compile(r"\blit\b"))
    keys_square.focus()
    page.keyboard.press("ArrowRight")
    expect(grid).to_be_focused()
    expect(grid).to_have_class(re.compile(r"\blit\b"))
    assert shown.locator("path.box.over").get_attribute("d").count("M") == 16  # every key
    expect(page.locator("h1")).to_have_text(STEPS[KEYS.index("stages")].title)  # the arrow turned no page
