"""What people do, in a real Chromium against the real server."""

import re

import pytest
from playwright.sync_api import Page, expect

from driving import EXPLORER, open_at, open_link, pictures, settle, slider
from visits import photograph

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHOTO = "picture=cat&model=pvt_tiny"
"""A photograph of 224 pixels and every R: what the app opens on by itself is smaller, and offers powers of two."""


def root(page: Page, name: str) -> str:
    return page.locator(EXPLORER).get_attribute(name)


def readouts(page: Page) -> list[str]:
    return page.locator(f"{EXPLORER} .panel .where").all_inner_texts()


def point(page: Page, x: float, y: float) -> None:
    box = page.locator(f"{EXPLORER} .frame.main").bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def slide(page: Page, label: str, key: str) -> None:
    slider(page, label).focus()
    page.keyboard.press(key)
    page.wait_for_timeout(300)
    settle(page)


def test_a_container_can_ask_whether_the_server_is_well(page, address):
    assert page.request.get(f"{address}/health").json() == {"status": "ok"}


def test_a_deep_link_opens_its_page_and_the_whole_menu(page, address):
    """On a fresh server, too: test_tour.py."""
    open_at(page, f"{address}/reduction?r1=4")
    expect(page.locator("h1")).to_contain_text("Spatial-reduction attention")
    names = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
    assert [name.split("\n")[-1] for name in names] == [
        *("Pyramid", "Tour", "Attention", "Reduction", "Evidence", "Trade-off", "Learning", "Cost", "Reference")
    ]
    assert "r1=4" in page.url


def test_a_photograph_goes_through_and_four_panels_answer(page, address, tmp_path):
    open_at(page, f"{address}/?{PHOTO}")
    assert len(pictures(page)) == 4
    expect(page.get_by_test_id("stAppViewContainer")).to_contain_text("Photograph: Chelsea")
    before = pictures(page)
    file = tmp_path / "holiday.jpg"
    file.write_bytes(photograph(640, 480))
    page.get_by_test_id("stSidebar").get_by_role("radio", name="Upload").click()
    uploader = page.get_by_test_id("stFileUploader").filter(has_text="Upload a picture")  # not that of weights
    uploader.locator("input[type=file]").set_input_files(file)
    expect(uploader).to_contain_text(file.name)
    settle(page)
    expect(page.get_by_test_id("stAppViewContainer")).not_to_contain_text("Photograph: Chelsea")
    after = pictures(page)
    assert all(a != b for a, b in zip(before, after, strict=True))

    point(page, 0.2, 0.2)
    one, said = pictures(page), readouts(page)
    point(page, 0.8, 0.7)
    page.wait_for_timeout(300)
    assert all(a != b for a, b in zip(one, pictures(page), strict=True))
    assert all(a != b for a, b in zip(said, readouts(page), strict=True))
    assert "holiday" not in page.url


def test_pointing_never_calls_the_server(page, address):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_at(page, f"{address}/attention?{PHOTO}")
    page.wait_for_timeout(500)
    sent.clear()
    for i in range(40):
        point(page, i / 40, 0.5)
    page.wait_for_timeout(500)
    assert sent == []
    assert int(root(page, "data-painted")) > 10


def test_moving_r1_changes_the_shapes_and_a_reload_finds_them_again(page, address):
    open_at(page, f"{address}/?{PHOTO}")
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("7×7 keys")
    slide(page, "R₁", "ArrowLeft")
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("8×8 keys")
    assert "r1=7" in page.url
    expect(page.get_by_test_id("stTable")).to_contain_text("1×8×8×3136")
    page.reload()
    settle(page)
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("8×8 keys")
    assert "r1=7" in page.url


def test_a_pin_goes_into_the_link_and_to_the_other_pages(page, address):
    open_at(page, f"{address}/attention?{PHOTO}")
    point(page, 0.2695, 0.7679)  # 0.7679·56 is a hair below 43, its three decimals are a hair above
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(re.compile(r"view=0\.2"))
    settle(page)
    assert root(page, "data-pinned") == "true"
    said, seen = readouts(page), pictures(page)
    point(page, 0.9, 0.1)
    page.wait_for_timeout(300)  # words follow the maps within 80 ms
    assert pictures(page) == seen
    assert readouts(page) == said

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Reduction").click()
    expect(page.locator("h1")).to_contain_text("Spatial-reduction attention")
    settle(page)
    expect(page.get_by_test_id("stMarkdown").filter(has_text="Followed below")).to_contain_text(
        re.compile("row 4[34], column 16")
    )
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Attention").click()
    expect(page.locator("h1")).to_contain_text("look at?")
    settle(page)
    assert root(page, "data-pinned") == "true"
    page.reload()
    settle(page)
    assert root(page, "data-pinned") == "true"
    assert readouts(page) == said


def test_the_menu_keeps_the_state(page, address):
    open_at(page, f"{address}/?{PHOTO}")
    slide(page, "R₁", "ArrowLeft")
    page.wait_for_url(re.compile("r1=7"))
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Attention").click()
    expect(page.locator("h1")).to_contain_text("look at?")
    settle(page)
    page.wait_for_url(re.compile("attention.*r1=7"))
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Pyramid").click()
    expect(page.locator("h1")).to_contain_text("Pyramid")
    settle(page)
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("8×8 keys")


def test_back_leads_from_a_page_of_the_menu_to_the_page_before(page, address):
    """In one step, with the choice as it was; the order of a link's words is kept, another would be another entry."""
    link = f"{address}/?size=64&r1=2&picture=scene"
    open_link(page, link)
    page.wait_for_function("window.pvtVizManners")
    for title in ("Reduction", "Evidence"):
        page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
        page.wait_for_url(re.compile(rf"{title.lower()}\?size=64&r1=2&picture=scene$"))
        page.get_by_test_id("stMain").locator("h1").wait_for()
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)
        page.go_back()
        page.wait_for_url(link)
        settle(page)
        assert slider(page, "R₁").get_attribute("aria-valuetext") == "2"


@pytest.mark.parametrize("gap", [30, 250])
def test_quick_presses_all_count(page, address, gap):
    open_at(page, f"{address}/attention?{PHOTO}&size=128")
    for label in ("R₁", "R₂"):
        slider(page, label).focus()
        for _ in range(3):
            page.keyboard.press("ArrowLeft")
            page.wait_for_timeout(gap)
    page.wait_for_url(re.compile("r1=5.*r2=1"))
    page.wait_for_timeout(1_500)
    settle(page)
    assert slider(page, "R₁").get_attribute("aria-valuetext") == "5"
    assert slider(page, "R₂").get_attribute("aria-valuetext") == "1"
    assert "r1=5" in page.url
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("6×6 keys")


def test_quick_clicks_leave_the_last_pin(page, address):
    open_at(page, f"{address}/attention")
    for x in (0.1, 0.3, 0.5, 0.7, 0.9):
        point(page, x, 0.5)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(50)
    page.wait_for_url(re.compile(r"view=0\.9|view=0\.89"))
    page.wait_for_timeout(1_500)
    settle(page)
    assert root(page, "data-x").startswith(("0.89", "0.9"))
    assert re.search(r"view=0\.(9|89)", page.url)


def test_the_defaults_reach_an_explorer_that_is_on_screen(page, address):
    open_at(page, f"{address}/attention?size=64&r1=4")
    page.locator(EXPLORER).get_by_role("radio", name="one scale for all stages").check(force=True)
    page.wait_for_url(re.compile("~xs"))
    settle(page)
    page.get_by_role("button", name="Back to the defaults").click()
    page.wait_for_url(re.compile(r"/attention$"))
    settle(page)
    expect(page.locator(EXPLORER)).to_have_attribute("data-view", re.compile("~xo$"))
    page.locator(EXPLORER).get_by_role("radio", name="one scale for all stages").check(force=True)
    page.wait_for_url(re.compile("~xs"))  # heard, though it is what was said before the reset


def test_the_back_button_undoes_a_slider(page, address):
    open_at(page, f"{address}/?{PHOTO}")
    slide(page, "R₁", "ArrowLeft")
    slide(page, "R₁", "ArrowLeft")
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("9×9 keys")
    page.go_back()
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("8×8 keys")
    page.go_back()
    expect(page.locator(f"{EXPLORER} .panel").first).to_contain_text("7×7 keys")
    settle(page)


def test_keyboard_alone_moves_pins_and_turns_the_question_round(page, address):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_at(page, f"{address}/attention")
    page.locator(f"{EXPLORER} .frame.main").focus()
    before = readouts(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{EXPLORER} .panel .where").first).not_to_have_text(before[0])
    sent.clear()
    page.keyboard.press("r")  # Streamlit's own shortcut would run the script again
    page.wait_for_timeout(500)
    assert sent == []
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("view="))
    settle(page)
    assert root(page, "data-pinned") == "true"
    page.keyboard.press("Escape")
    assert root(page, "data-pinned") == "false"
    page.locator(EXPLORER).get_by_role("radio", name="Who looks at this place?").check(force=True)
    assert root(page, "data-direction") == "k"
    expect(page.locator(f"{EXPLORER} [aria-live=polite]")).not_to_be_empty()


def edges(page: Page, selector: str) -> list[float]:
    """Left, top, right and bottom of an element of the last panel, in fractions of its picture."""
    return page.locator(f"{EXPLORER} .panel").last.evaluate(
        """(panel, selector) => {
          const [frame, box] = [".frame", selector].map((name) => panel.querySelector(name).getBoundingClientRect());
          const across = (x) => (x - frame.left) / frame.width;
          const down = (y) => (y - frame.top) / frame.height;
          return [across(box.left), down(box.top), across(box.right), down(box.bottom)];
        }""",
        selector,
    )


def test_pooled_keys_are_found_where_they_are_painted(page, address):
    open_at(page, f"{address}/attention?picture=cat&model=pvt_v2_b2_li&size=256")
    panels = page.locator(f"{EXPLORER} .panel")
    expect(panels.first).to_contain_text("64×64 tokens, pooled to 7×7 keys")
    assert "CLS" not in panels.last.inner_text()
    assert edges(page, "canvas.map") == pytest.approx([0, 0, 1, 1], abs=1e-4)
    # 64 rows of tokens to 7 of keys: windows of 10, each sharing a row with the next.
    windows = ["1–10", "10–19", "19–28", "28–37", "37–46", "46–55", "55–64"]
    point(page, 0.5, 0.5)
    page.wait_for_timeout(300)
    words = panels.first.locator(".top").inner_text()
    assert len(re.findall("rows", words)) == 3
    assert set(re.findall(r"\d+–\d+", words)) <= set(windows)
    page.locator(EXPLORER).get_by_role("radio", name="Who looks at this place?").check(force=True)
    where = panels.first.locator(".where")
    for pixel, row in [(36, 1), (37, 2), (73, 2), (74, 3), (255, 7)]:  # a key is 36.6 pixels high
        point(page, 0.2, (pixel + 0.3) / 256)
        expect(where).to_have_text(f"Key: row {row}, column 2 of 7×7")


def test_tokens_that_reach_over_the_edge_stay_in_the_picture(page, address):
    open_at(page, f"{address}/attention?picture=cat&model=pvt_v2_b0&size=112")
    expect(page.locator(f"{EXPLORER} .panel").last).to_contain_text("4×4 tokens")  # of 32 pixels: 128 in all
    point(page, 0.99, 0.99)
    page.wait_for_timeout(300)
    assert page.locator(f"{EXPLORER} .panel .where").last.inner_text() == "Query: token row 4, column 4 of 4×4"
    assert edges(page, ".mark i") == pytest.approx([96 / 112, 96 / 112, 1, 1], abs=1e-3)
    clipped = page.locator(f"{EXPLORER} .panel canvas.map").last.evaluate("map => getComputedStyle(map).clipPath")
    assert clipped == "inset(0px 12.5% 12.5% 0px)"
    assert page.locator(f"{EXPLORER} .panel").last.locator(".rim:visible").count() == 0
    page.locator(f"{EXPLORER} .frame.main").focus()
    page.locator(EXPLORER).get_by_role("radio", name="Stage 4").check(force=True)
    page.locator(f"{EXPLORER} .frame.main").focus()
    page.keyboard.press("ArrowDown")  # the last row stays the last, at its middle within the picture
    page.wait_for_timeout(300)
    assert float(root(page, "data-y")) == pytest.approx(104 / 112, abs=1e-3)


def test_no_listener_piles_up_over_thirty_reruns(page, address):
    # A page of ours and little else: Streamlit's expanders, on the pages of a PVT, keep some of their own.
    open_at(page, f"{address}/attention?size=64&model=vit_tiny_16")
    client = page.context.new_cdp_session(page)

    def listeners() -> int:
        client.send("HeapProfiler.collectGarbage")
        client.send("Performance.enable")
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(int(metric["value"]) for metric in metrics if metric["name"] == "JSEventListeners")

    def own_listeners() -> int:
        found = client.send("Runtime.evaluate", {"expression": f"({FIND_EXPLORER})()"})["result"]["objectId"]
        return len(client.send("DOMDebugger.getEventListeners", {"objectId": found})["listeners"])

    def rerun(times: int) -> None:
        """Other patches, other maps: the explorer paints anew every time."""
        slider(page, "p₁").focus()
        for i in range(times):
            before = root(page, "data-painted")
            page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
            page.locator(f"{EXPLORER}:not([data-painted='{before}'])").wait_for(timeout=30_000)
        settle(page)

    rerun(4)
    own, everywhere = own_listeners(), listeners()
    assert own > 0
    rerun(30)
    assert own_listeners() == own
    assert root(page, "data-instances") == "1"
    most = everywhere + 25  # Streamlit's own come and go, on a busy machine slowly; thirty of ours would stay
    for _ in range(30):
        if listeners() <= most:
            break
        page.wait_for_timeout(500)
    assert listeners() <= most


FIND_EXPLORER = """() => {
  const hosts = [document];
  while (hosts.length) {
    const host = hosts.pop();
    const found = host.querySelector("[data-testid=attention-explorer]");
    if (found) return found;
    for (const element of host.querySelectorAll("*")) if (element.shadowRoot) hosts.push(element.shadowRoot);
  }
}"""
