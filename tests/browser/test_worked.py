"""Boards, and the keys that turn a page, in a real Chromium over a page of their own."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from driving import quiet
from server import serve

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    """The address of tests/helpers/worked_app.py."""
    with serve(tmp_path_factory.mktemp("boards") / "log.txt", script="tests/helpers/worked_app.py") as address:
        yield address


@pytest.fixture
def board(page, boards) -> Locator:
    page.goto(boards)
    first = page.get_by_test_id("worked-board").first
    expect(first.locator(".term")).to_have_count(9, timeout=60_000)
    quiet(page)
    return first


def lit(board: Locator) -> list[str]:
    return board.locator(".term.lit").all_inner_texts()


def outlined(board: Locator) -> str:
    return board.locator("path.box.over").get_attribute("d") or ""


def point_at(page: Page, board: Locator, x: float, y: float) -> None:
    box = board.locator(".frame").bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


DEEPEST = """() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element.innerText ?? "";
}"""


def focused(page: Page) -> str:
    """The text of what has the focus, also within a component."""
    return page.evaluate(DEEPEST)


def position(page: Page) -> float:
    return page.get_by_test_id("stMain").evaluate("main => main.scrollTop")


def test_a_term_and_its_pixels_light_up_together(page, board):
    assert lit(board) == []
    hint = board.locator(".readout").inner_text()
    height = board.bounding_box()["height"]
    board.get_by_role("button", name="key 2").hover()
    assert lit(board) == ["0.20", "0.2·v"]
    assert outlined(board) == "M0.5 0H1V0.5H0.5ZM0.5 0H1V0.5H0.5Z"
    expect(board.locator(".frame")).to_have_class(re.compile(r"\blit\b"))
    assert board.locator(".readout div").all_inner_texts() == ["0.20weights", "0.2·vsum"]
    page.mouse.move(2, 2)
    assert (lit(board), outlined(board), board.locator(".readout").inner_text()) == ([], "", hint)
    assert board.bounding_box()["height"] == height


def test_a_place_lights_the_terms_that_are_closest_about_it(page, board):
    point_at(page, board, 0.25, 0.75)
    assert lit(board) == ["0.30", "0.3·v"]  # and not "all", whose box is the whole picture
    board.get_by_role("button", name="all").hover()
    assert lit(board) == ["all"]
    assert outlined(board) == "M0 0H1V1H0Z"


def test_a_vector_reads_out_its_channels(page, board):
    strip = board.get_by_role("slider")
    box = strip.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5)
    expect(board.locator(".readout")).to_have_text("q, channel 2 of 3: 0.50")
    strip.focus()
    page.keyboard.press("End")
    expect(strip).to_have_attribute("aria-valuetext", "q, channel 3 of 3: 1.00")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(board.locator(".readout")).to_have_text("q, channel 2 of 3: 0.50")


def test_arrow_keys_go_from_term_to_term_and_turn_no_page(page, board):
    cells = board.get_by_role("gridcell")
    assert cells.evaluate_all("cells => cells.map(cell => cell.tabIndex)") == [0, -1, -1, -1]
    cells.first.focus()
    for key, text in (("ArrowRight", "0.20"), ("ArrowDown", "0.40"), ("ArrowDown", "0.40"), ("Home", "0.10")):
        page.keyboard.press(key)
        assert focused(page) == text
        assert text in lit(board)
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert focused(page) == "all"
    for key, text in (("ArrowRight", "0.1·v"), ("End", "0.4·v"), ("ArrowLeft", "0.3·v")):
        page.keyboard.press(key)
        assert focused(page) == text
    page.keyboard.press("r")  # of Streamlit's: run again
    page.keyboard.press("Escape")
    assert lit(board) == []
    expect(page.locator("h1")).to_have_text("Step 0")
    page.keyboard.press("ArrowRight")  # the board has let go of the keys
    expect(page.locator("h1")).to_have_text("Step 1")


def test_a_place_is_chosen_by_mouse_and_keeps_its_ring_when_the_board_comes_back(page, board):
    board.locator(".frame").click(position={"x": 30, "y": 60})
    side = board.locator(".frame").bounding_box()["width"]
    said = page.get_by_text(re.compile(r"Place \(.*\), picked 1 times\."))
    expect(said).to_be_visible()
    assert [float(number) for number in re.findall(r"0\.\d+", said.inner_text())] == pytest.approx(
        [30 / side, 60 / side], abs=0.01
    )
    expect(board.locator(".ring")).to_be_visible()
    ring = board.locator(".ring").get_attribute("style")
    hide = page.get_by_text("Hide", exact=True)
    hide.click()
    expect(page.get_by_test_id("worked-board")).to_have_count(1)
    hide.click()
    expect(page.get_by_test_id("worked-board")).to_have_count(2)
    expect(board.locator(".ring")).to_be_visible()
    assert board.locator(".ring").get_attribute("style") == ring


def test_a_place_is_chosen_by_keyboard(page, board):
    frame = board.get_by_role("application", name="A gradient.")
    frame.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):  # the first goes where the keys begin: in the middle
        page.keyboard.press(key)
    expect(board.locator(".live")).to_have_text("Row 2 of 4, column 2 of 4. weights: 0.10. sum: 0.1·v")
    assert lit(board) == ["0.10", "0.1·v"]
    page.keyboard.press("Enter")
    expect(page.get_by_text("Place (0.375, 0.375), picked 1 times.")).to_be_visible()
    expect(board.locator(".live")).to_have_text("Chosen: Row 2 of 4, column 2 of 4.")


def test_new_numbers_are_drawn_in_place_and_the_focus_stays(page, board):
    board.evaluate("root => root.dataset.same = 'yes'")
    image = board.locator("img").element_handle()
    board.get_by_role("button", name="key 1").focus()
    page.get_by_role("checkbox", name="Change the numbers").evaluate("box => box.click()")  # leaves the focus
    expect(board.get_by_role("button", name="key 1")).to_have_text("0.2·v")
    assert focused(page) == "0.2·v"
    assert lit(board) == ["0.20", "0.2·v"]
    expect(board).to_have_attribute("data-same", "yes")
    assert board.locator("img").evaluate("(now, before) => now === before", image)


def test_a_tap_lights_and_stays(browser, boards):
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(boards)
    board = page.get_by_test_id("worked-board").first
    board.get_by_role("button", name="key 3").tap(timeout=60_000)
    expect(board.locator(".term.lit")).to_have_text(["0.30", "0.3·v"])
    side, rows = board.locator(".side").bounding_box(), board.locator(".rows").bounding_box()
    assert (side["x"], side["width"]) == (rows["x"], rows["width"])  # one above the other
    page.get_by_test_id("stMain").evaluate("main => main.scrollBy(0, 120)")
    expect(board.locator(".frame")).to_be_in_viewport(ratio=1)  # what is lit stays in sight
    second = page.get_by_test_id("worked-board").nth(1)
    assert second.locator(".frame").bounding_box()["width"] == rows["width"]  # one row: nothing to keep in sight
    second.locator(".frame").tap(position={"x": 20, "y": 20})
    expect(second.locator(".term.lit")).to_have_text(["0.5"])
    context.close()


def test_arrows_and_a_remote_turn_the_page_each_time(page, board):
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert page.evaluate("document.activeElement === document.body")  # the first page takes no focus
    for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("PageDown", 3), ("PageUp", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(page.locator("h1")).to_have_text(f"Step {step}")
        quiet(page)


def test_a_turned_page_begins_at_its_heading(page, board):
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 500)")
    assert position(page) > 0
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_have_text("Step 1")
    assert position(page) == 0
    page.get_by_role("button", name="Next").click()
    expect(page.locator("h1")).to_have_text("Step 2")
    expect(page.locator("h1")).to_be_focused()


def test_keys_are_left_to_what_uses_them(page, board):
    users = [
        page.get_by_role("textbox", name="Words"),
        page.get_by_role("slider", name="Number"),
        page.get_by_test_id("stButtonGroup").get_by_role("radio").first,
        board.get_by_role("slider"),
    ]
    for user in users:
        user.focus()
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Next").focus()
    for modifier in ("Control", "Shift", "Meta"):
        page.keyboard.press(f"{modifier}+ArrowRight")
    quiet(page)
    page.keyboard.press("PageDown")
    expect(page.locator("h1")).to_have_text("Step 1")  # one page for the one key that was the page's


def test_a_remote_turns_the_page_from_within_a_board(page, board):
    board.locator(".frame").click()
    expect(page.get_by_text("picked 1 times")).to_be_visible()
    page.keyboard.press("PageDown")
    expect(page.locator("h1")).to_have_text("Step 1")


def test_a_key_held_down_turns_once(page, board):
    for _ in range(4):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    quiet(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("Step 2")


def test_keys_in_quick_succession_all_count(page, board):
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("Step 5", timeout=30_000)


def test_the_keys_take_no_room(page, board):
    gaps = page.evaluate(
        """() => [...document.querySelectorAll(".st-key-turn, .st-key-page_language")]
          .map(element => [getComputedStyle(element).position, element.offsetHeight])"""
    )
    assert gaps == [["absolute", 0]] * 2
    block = page.get_by_test_id("stMain").get_by_test_id("stVerticalBlock").first
    assert page.locator("h1").bounding_box()["y"] == block.bounding_box()["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_boards_are_accessible(page, boards, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(boards)
    board = page.get_by_test_id("worked-board").first
    board.get_by_role("button", name="key 3").focus(timeout=60_000)
    quiet(page)
    result = Axe().run(
        page, context=".stBidiComponent", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    )
    assert result.violations_count == 0, result.generate_report()
    small = board.locator(".term").evaluate_all(
        "terms => terms.filter(term => Math.min(term.offsetWidth, term.offsetHeight) < 24).map(term => term.innerText)"
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
