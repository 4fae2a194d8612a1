"""WCAG 2.2 AA on every page: axe-core finds nothing, and the keyboard's focus can be seen and is not caught."""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accessible import TAGS
from driving import PATHS, quiet
from pvt_viz.ui.tour import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FRAME = {"scrollable-region-focusable": ".stTable > div"}
"""Rules that Streamlit's own frame breaks, each with the elements of it that may: an entry that is not needed fails.

A table too wide for a phone scrolls in a box that Streamlit draws, and lets nobody give a tabindex to. Browsers of
2024 and later take the focus to it all the same (Chromium 130, Firefox).
"""
EXAMINE = """async ([options, frame]) => {
  // Where axe cannot tell what is behind a text (another element's margin lies over it, or it is drawn in an SVG), its
  // ground is taken to be that of the first opaque element around it.
  const up = (element) => element.parentElement ?? element.getRootNode().host ?? null;
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return colour.startsWith("color(") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (colour) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const contrast = (text) => {
    const layers = [];
    const style = getComputedStyle(text);
    const ink = parse(text instanceof SVGElement ? style.fill : style.color);
    for (let element = text; element; element = up(element)) {
      const { backgroundColor, opacity } = getComputedStyle(element);
      ink[3] *= opacity;
      if (layers.at(-1)?.[3] !== 1) layers.push(parse(backgroundColor));
    }
    const ground = layers.reduceRight((below, top) => over(top, below), [255, 255, 255, 1]);
    const [a, b] = [light(over(ink, ground)), light(ground)];
    return Math.max(a, b) / Math.min(a, b);
  };
  // Charts are drawn anew for another width and another theme.
  const still = () => new Promise((done) => {
    const watch = new MutationObserver(() => wait());
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (watch.disconnect(), done()), 300);
    };
    watch.observe(document.body, { subtree: true, childList: true, attributeFilter: ["class"] });
    wait();
  });
  const whole = ({ nodes }) => nodes.every(({ element }) => element.isConnected);
  let violations, incomplete;
  do {
    await still();
    ({ violations, incomplete } = await axe.run(document, options));
  } while (![...violations, ...incomplete].every(whole));
  const found = { ours: [], frames: [] };
  for (const { id, nodes } of violations)
    for (const { element, html } of nodes) {
      if (id in frame && element.matches(frame[id])) found.frames.push(id);
      else found.ours.push(`${id}: ${html.slice(0, 300)}`);
    }
  for (const { element, html } of incomplete.find(({ id }) => id === "color-contrast")?.nodes ?? [])
    if (contrast(element) < 4.5) found.ours.push(`contrast ${contrast(element).toFixed(2)}: ${html.slice(0, 300)}`);
  return found;
}"""


@pytest.fixture(scope="module")
def visitor(context: BrowserContext) -> Iterator[Page]:
    """One who wants no motion: what is examined is then at its end."""
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(AXE)
    yield page
    page.close()


@pytest.fixture(scope="module")
def frames() -> set[str]:
    """Entries of FRAME that were needed."""
    return set()


def unfold(page: Page) -> None:
    """Open everything that folds on a page, and its last menu of files."""
    expect(page.get_by_test_id("stMain").locator("h1")).to_be_visible(timeout=30_000)
    quiet(page)
    page.evaluate("document.querySelectorAll('[data-testid=stMain] summary').forEach(summary => summary.click())")
    expect(page.locator("[data-testid=stMain] details:not([open])")).to_have_count(0)
    menus = page.get_by_test_id("stMain").locator(".stPopover button")
    if menus.count():
        menus.last.click()
        expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    quiet(page)


def recolour(page: Page, scheme: str) -> None:
    """Until Streamlit has taken the scheme over: it draws the page anew, and what is pressed meanwhile may be lost."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
    quiet(page)


def stretch(page: Page, width: int, scheme: str) -> None:
    """A window as high as the page: axe judges no colour of what is scrolled away."""
    recolour(page, scheme)
    for _ in range(2):  # some of it is laid out by the window's height
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": width, "height": max(height, 800)})


@pytest.mark.parametrize("path", PATHS)
def test_a_page_shuts_nobody_out_and_fits_the_screen(visitor, address, frames, path):
    # On a phone the sidebar is folded away; it is the same on every page, and seen in the dark on the first.
    wide, narrow = ("light", "dark") if path else ("dark", "light")
    visitor.set_viewport_size({"width": 1280, "height": 800})
    visitor.emulate_media(color_scheme=wide)
    visitor.goto(f"{address}/{path}")
    unfold(visitor)
    examine(visitor, frames, 1280, wide)
    examine(visitor, frames, 400, narrow)


def test_the_tour_shuts_nobody_out_and_fits_the_screen(visitor, address, frames):
    """Its steps are of a kind: the second half is seen as a phone shows it in the dark."""
    visitor.emulate_media(color_scheme="light")
    visitor.set_viewport_size({"width": 1280, "height": 800})
    visitor.goto(f"{address}/tour")
    half = len(STEPS) // 2
    for number, step in enumerate(STEPS):
        width, scheme = (1280, "light") if number < half else (400, "dark")
        expect(visitor.get_by_test_id("stMain").locator("h1")).to_have_text(step.title, timeout=30_000)
        unfold(visitor)
        examine(visitor, frames, width, scheme)
        if step is not STEPS[-1]:
            visitor.keyboard.press("Escape")  # the menu goes first
            expect(visitor.get_by_test_id("stPopoverBody")).to_have_count(0)
            visitor.set_viewport_size({"width": width, "height": 800})
            quiet(visitor)
            visitor.get_by_test_id("stMain").get_by_role("button", name="Next").click()


def examine(page: Page, frames: set[str], width: int, scheme: str) -> None:
    """Nothing found by axe, and nothing that reaches over the edge of the screen."""
    page.mouse.move(0, 0)  # what is pointed at has other colours
    stretch(page, width, scheme)
    options = {"runOnly": TAGS, "resultTypes": ["violations", "incomplete"], "elementRef": True}
    found = page.evaluate(EXAMINE, [options, FRAME])
    frames.update(found["frames"])
    assert found["ours"] == [], f"{width} px, {scheme}"
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    for drawn in page.locator("[data-testid=attention-explorer], .js-plotly-plot, [data-testid=worked-board]").all():
        box = drawn.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_the_list_of_what_streamlit_breaks_is_needed(frames):
    assert frames == set(FRAME)


FOCUSED = """async () => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (element === document.body) return null;
  // Streamlit draws the rim of a field or of a slider's thumb around an input of no size, or beside it.
  const near = [element, element.parentElement, element.closest("label"), ...element.parentElement.children];
  for (let around = element, i = 0; i < 4 && around; i++, around = around.parentElement) near.push(around);
  const look = () => near.filter(Boolean).map((one) => {
    const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(one);
    const before = getComputedStyle(one, "::before").boxShadow;
    return [outlineStyle === "auto" ? "" : outlineStyle + outlineWidth, boxShadow, borderColor, before];
  }).join();
  const settled = () => new Promise((done) => setTimeout(done, 20)); // Streamlit's fields hear of it a little later
  await settled();
  const focused = look();
  element.blur();
  await settled();
  const seen = look() !== focused;
  element.focus();
  element.dataset.visits = Number(element.dataset.visits ?? 0) + 1;
  return { seen, visits: element.dataset.visits, html: element.outerHTML.slice(0, 200) };
}"""


@pytest.mark.parametrize("path", ["tour?step=embedding", "cost"])
def test_the_keyboard_goes_everywhere_and_its_focus_can_be_seen(visitor, address, path):
    visitor.set_viewport_size({"width": 1280, "height": 800})
    visitor.goto(f"{address}/{path}")
    expect(visitor.get_by_test_id("stMain").locator("h1")).to_be_visible(timeout=30_000)
    quiet(visitor)
    reached = []
    for _ in range(150):
        visitor.keyboard.press("Tab")
        focused = visitor.evaluate(FOCUSED)
        if focused is None:  # beyond the last of them: the browser's own buttons
            break
        reached.append(focused)
    assert focused is None
    assert [one["html"] for one in reached if not one["seen"]] == []
    assert [one["html"] for one in reached if one["visits"] != "1"] == []
    main = visitor.get_by_test_id("stMain")
    for kind in ("summary", ".stPopover button", ".stDownloadButton button", "a[href]"):
        expect(main.locator(f"{kind}:not([data-visits]):visible")).to_have_count(0)


def test_nothing_moves_for_those_who_want_no_motion(visitor, address):
    visitor.goto(f"{address}/cost")
    summary = visitor.get_by_test_id("stMain").locator("summary").last
    expect(summary).to_be_visible(timeout=30_000)
    quiet(visitor)
    slow = """() => [...document.querySelectorAll("*")].filter((one) => {
      const { transitionDuration, transitionDelay, animationName, animationDuration } = getComputedStyle(one);
      const times = `${transitionDuration}, ${transitionDelay}, ${animationName === "none" ? "0s" : animationDuration}`;
      return times.split(", ").some((time) => parseFloat(time) > 0.001);
    }).map((one) => one.outerHTML.slice(0, 200))"""
    assert visitor.evaluate(slow) == []
    heights = summary.evaluate("""async (summary) => {
      const found = [];
      summary.click();
      for (let i = 0; i < 20; i++) {
        await new Promise(requestAnimationFrame);
        if (summary.parentElement.open) found.push(summary.parentElement.getBoundingClientRect().height);
      }
      return found;
    }""")
    assert len(set(heights[1:])) == 1, heights
