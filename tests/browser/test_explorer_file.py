"""The explorer as one file of HTML, opened from disk in a real Chromium without a network."""

import base64
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import pvt_viz
from accessible import PANELS, RULES
from explored import picture, traced
from pvt_viz import language
from pvt_viz.widgets.attention_explorer import pack, source, standalone

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EVIL = "</title></script><script>alert(1)</script><img src='http://example.org/' onerror='alert(2)'>\"&amp;"


@pytest.fixture(scope="module")
def trace() -> pvt_viz.Trace:
    return traced("pvt_tiny", (70, 102))  # leaves a rim at every stage


@pytest.fixture
def visit(browser, tmp_path):
    """Opens a document from disk, offline. Nothing may be said on the console, and nothing asked for elsewhere."""
    contexts, said, asked = [], [], []

    def opened(document: str, fragment: str = "", width: int = 1280, scheme: str = "light", **options) -> Page:
        file = tmp_path / "explorer.html"
        file.write_text(document, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
        contexts.append(context)
        context.set_offline(True)
        visitor = context.new_page()
        visitor.on("console", lambda message: said.append(message.text))
        visitor.on("pageerror", lambda error: said.append(str(error)))
        visitor.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        visitor.on("request", lambda r: asked.append(r.url))
        visitor.goto(file.as_uri() + fragment)
        return visitor

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    own = (tmp_path / "explorer.html").as_uri()
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []


def colours(page: Page) -> list[int]:
    """How many different colours each panel's map has."""
    return page.eval_on_selector_all(
        PANELS,
        """all => all.map((map) => {
          const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
          return new Set(new Uint32Array(data.buffer)).size;
        })""",
    )


def pictures(page: Page) -> list[str]:
    return page.eval_on_selector_all(PANELS, "all => all.map(one => one.toDataURL())")


def wheres(page: Page) -> list[str]:
    return page.locator(".panel .where").all_inner_texts()


def test_people_point_pin_and_choose_without_a_server(visit, trace):
    page = visit(standalone.page(pack(trace, picture((140, 204))), title="A lesson", caption="Read & point."))
    expect(page.locator("h1")).to_have_text("A lesson")
    expect(page.locator("header p")).to_have_text("Read & point.")
    box = page.locator(".frame.main").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page.locator(".where").first).to_have_text("Query: token row 6, column 6 of 17×25")
    assert min(colours(page)) > 2
    before = pictures(page)

    page.locator(".frame.main").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".where").first).to_have_text("Query: token row 6, column 7 of 17×25")
    page.keyboard.press("Enter")
    expect(page.locator(".pvt")).to_have_attribute("data-pinned", "true")
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"])
    page.locator(".panel[data-stage='4'] .head").select_option(label="3")
    pinned = pictures(page)
    assert pinned[0] != before[0]
    expect(page.locator(".row[data-stage='4'] .tile[data-head='2']")).to_have_attribute("aria-pressed", "true")
    said, view = wheres(page), page.locator(".pvt").get_attribute("data-view")

    page.wait_for_function("view => decodeURIComponent(location.hash) === `#view=${view}`", arg=view)
    page.reload()
    expect(page.locator(".pvt")).to_have_attribute("data-view", view)
    assert (wheres(page), pictures(page)) == (said, pinned)


def test_a_link_to_a_place_opens_on_it_and_a_broken_one_on_the_whole(visit, trace):
    document = standalone.page(pack(trace, picture((70, 102))), title="A lesson")
    page = visit(document, "#view=0.750,0.250~s2~b1.2.2.2~hm.m.m.m~c0~dk~xs")
    expect(page.locator(".pvt")).to_have_attribute("data-view", re.compile(r"^0\.750,0\.250~s2~b1\..*~dk~xs$"))
    page.goto(page.url.partition("#")[0] + "#view=%3Cscript%3E~~s9~%")
    expect(page.locator(".pvt")).to_have_attribute("data-view", re.compile(r"^-~s.~.*~dq~xo$"))


def test_a_finger_pins_and_lets_go(visit, trace):
    page = visit(standalone.page(pack(trace, picture((70, 102))), title="Touch"), width=400, has_touch=True)
    frame = page.locator(".panel[data-stage='2'] .frame")
    frame.tap(position={"x": 20, "y": 20})
    expect(page.locator(".pvt")).to_have_attribute("data-pinned", "true")
    page.locator(".chip").tap()
    expect(page.locator(".pvt")).to_have_attribute("data-pinned", "false")


def test_strangers_words_stay_words(visit, trace):
    document = standalone.page(pack(trace, picture((70, 102)), alt=EVIL), title=EVIL, caption=EVIL)
    page = visit(document)
    expect(page.locator(".pvt")).to_have_attribute("data-painted", re.compile(r"\d"))
    assert page.title() == page.locator("h1").inner_text() == page.locator("header p").inner_text() == EVIL
    assert page.locator(".frame.main img").get_attribute("alt") == EVIL
    assert page.locator("script").count() == 2


def test_the_policy_lets_nothing_else_run_or_load(browser, trace, tmp_path):
    document = standalone.page(pack(trace, picture((70, 102))), title="Closed")
    smuggled = (
        "<script>document.title = 'run'</script><img src='http://127.0.0.1:9/x.png'><style>h1 { color: red }</style>"
    )
    (tmp_path / "explorer.html").write_text(document.replace("</footer>", smuggled + "</footer>"), encoding="utf-8")
    with browser.new_context() as context:
        page = context.new_page()
        refused = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto((tmp_path / "explorer.html").as_uri())
        expect(page.locator(".pvt")).to_have_attribute("data-painted", re.compile(r"\d"))
        assert page.title() == "Closed"
        assert len([words for words in refused if "Content Security Policy" in words]) == 3


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (400, "dark")])
def test_nobody_is_shut_out(visit, trace, width, scheme):
    page = visit(standalone.page(pack(trace, picture((140, 204)), alt="Noise"), title="A lesson"), "", width, scheme)
    page.locator(".frame.main").focus()
    page.keyboard.press("Enter")  # with a pin, and what it says, on screen
    expect(page.locator(".chip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options=RULES).response
    assert [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]] == []
    assert "target-size" in {rule["id"] for rule in found["passes"]}
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 27)"
    assert dark == (scheme == "dark")


def test_a_notebook_s_frame_paints_and_keeps_its_hands_off_the_address(visit, trace):
    page = visit(f"<!doctype html><title>A notebook</title>{trace._repr_html_()}")
    inside = page.frame_locator("iframe")
    expect(inside.locator(".pvt")).to_have_attribute("data-painted", re.compile(r"\d"))
    before = page.url
    inside.locator(".frame.main").click(position={"x": 40, "y": 40})
    expect(inside.locator(".pvt")).to_have_attribute("data-pinned", "true")
    assert page.url == before
    painted = inside.locator(PANELS).last.evaluate("map => map.toDataURL().length")
    assert painted > 100


# Text that is shown and attributes that are read out, but for what stands in brackets; brackets may hold brackets.
UNTRANSLATED = """() => {
  const said = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_ALL);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE && node.parentElement.tagName !== "NOSCRIPT") said.push(node.data);
    for (const name of ["title", "aria-label", "alt"]) said.push(node.getAttribute?.(name) ?? "");
  }
  let depth = 0;
  const outside = (text) => [...text].filter((one) => {
    depth += one === "⟦" ? 1 : 0;
    const out = depth === 0;
    depth -= one === "⟧" ? 1 : 0;
    return out;
  }).join("");
  return [said.filter((text) => /\\p{L}/u.test(outside(text))), said.filter((text) => text.includes("⟦")).length];
}"""


@pytest.mark.parametrize("name, size, budget", [("pvt_tiny", (70, 102), 10**7), ("vit_tiny_16", (72, 70), 70_000)])
def test_every_word_is_in_the_reader_s_language(visit, marked, name, size, budget):
    blob = pack(traced(name, size), picture(size), budget_bytes=budget)
    page = visit(standalone.page(blob, title="⟦A lesson⟧"))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"

    def check() -> None:
        page.wait_for_timeout(600)  # until what is read out has been written, too
        left, translated = page.evaluate(UNTRANSLATED)
        assert left == []
        assert translated > 40

    check()
    for choice in ("⟦Who looks at this place?⟧", "⟦one scale for all stages⟧"):
        page.get_by_label(choice).check(force=True)
    page.locator(".frame.main").focus()
    page.keyboard.press("Enter")
    check()
    box = page.locator(".frame.main").bounding_box()
    for x, y in [(0.5, 0.999), (0.999, 0.5), (0.999, 0.999)]:  # on the rim
        page.mouse.click(box["x"] + x * box["width"] - 1, box["y"] + y * box["height"] - 1)
        check()


def test_another_language_rewrites_what_is_on_screen_and_keeps_the_place(visit, trace):
    english = pack(trace, picture((70, 102)))
    with language.speaking("zh"):
        chinese = pack(trace, picture((70, 102)), words={"Stage {number}": "阶段 {number}", "Grid lines": "网格线"})
    page = visit(
        f"<!doctype html><main>{source.read(source.MARKUP)}</main><script type='module'>{source.read(*source.SCRIPTS)}"
        "window.show = (text) => attentionExplorer({ parentElement: document.querySelector('main'), name: 'one',"
        " data: Uint8Array.from(atob(text), (one) => one.charCodeAt(0)), setStateValue() {} });</script>"
    )
    names, lines = page.locator(".panel .name"), page.locator(".check span")

    def show(blob: bytes) -> None:
        page.evaluate("text => void show(text)", base64.b64encode(blob).decode())

    show(english)
    page.locator(".frame.main").click(position={"x": 40, "y": 30})
    place = page.locator(".pvt").get_attribute("data-view")
    for blob, words in [(chinese, ("阶段 4", "网格线")), (english, ("Stage 4", "Grid lines"))]:
        show(blob)
        assert (names.last.inner_text(), lines.inner_text()) == words
        assert page.locator(".pvt").get_attribute("data-view") == place
