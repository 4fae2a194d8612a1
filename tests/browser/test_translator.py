"""Pages in a browser that translates them: it puts elements of its own in the place of texts, or around them."""

import pytest
from playwright.sync_api import Page, expect

from driving import PATHS, open_at, open_link, quiet

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PRESSES = 9
CONTROLS = (
    ":is([role=slider], [role=radio], [role=checkbox], input[type=range], input[type=radio], input[type=checkbox])"
)
TRANSLATE = """
() => {
  window.replaced ??= [];
  window.rounds = (window.rounds ?? 0) + 1;
  const walker = document.createTreeWalker(document.getElementById("root"), NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const [i, text] of texts.entries()) {
    if (!text.data.trim() || text.parentElement.closest("font, style, script, svg, textarea")) continue;
    const outer = document.createElement("font"), inner = outer.appendChild(document.createElement("font"));
    const wrapped = (i + window.rounds) % 2;
    if (!wrapped) inner.textContent = text.data;
    const way = Math.floor(i / 2) % 2 && !wrapped;
    if (way) text.parentNode.insertBefore(outer, text), text.remove();
    else text.replaceWith(outer);
    if (wrapped) inner.append(text);
    else window.replaced.push([text, outer, text.data]);
  }
  return texts.length;
}
"""
STALE = """
() => window.replaced
  .filter(([text, outer, then]) => outer.isConnected && (text.data !== then || text.isConnected))
  .map(([text, outer, then]) => [then, text.data])
"""
"""Texts that stand there as they were, though the page has changed them since."""


@pytest.fixture
def faults(page: Page) -> list[str]:
    """What went wrong in the browser."""
    found = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def healthy(page: Page, faults: list[str]) -> None:
    shown = page.locator("#root").inner_text()
    assert "NotFoundError" not in shown
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert faults == []
    assert page.evaluate(STALE) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_translated_page_goes_on_when_controls_are_pressed(page, address, faults, path):
    open_at(page, f"{address}/{path}", explorers=0)
    there = page.locator(f"#root {CONTROLS}:not(:disabled)")
    expect(there.first).to_be_attached(timeout=90_000)  # widgets come last, and late where a core is busy
    for press in range(PRESSES):
        assert page.evaluate(TRANSLATE) > 50
        control = there.nth((press * 7 + press // 3) % there.count())
        ranged = control.evaluate("it => it.type === 'range' || it.getAttribute('role') === 'slider'")
        control.focus()
        page.keyboard.press(("ArrowLeft", "ArrowRight")[press % 2] if ranged else "Space")
        page.wait_for_timeout(150)  # as people press: mostly before the page has answered
        if press % 4 == 3:
            quiet(page)
    quiet(page)
    healthy(page, faults)


def test_a_translated_tour_shows_the_texts_of_its_step(context, page, address, faults):
    open_link(page, f"{address}/tour", explorers=0)
    for _ in range(3):
        page.evaluate(TRANSLATE)
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        quiet(page)
    healthy(page, faults)
    afresh = context.new_page()
    afresh.goto(page.url)
    said = None
    for _ in range(60):
        last, said = said, [there.get_by_test_id("stMain").inner_text() for there in (page, afresh)]
        if said == last and said[0] == said[1]:
            break
        page.wait_for_timeout(500)
    afresh.close()
    assert said[0] == said[1]
