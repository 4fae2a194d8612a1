"""The app as a person meets it: the real server, a real browser, the component's own marks."""

import re
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.timing import percentile
from tests.helpers.server import launch, serve

MOVES = 200
EXPLORER = "[data-testid=attention-explorer]"
MEASURES = "name => performance.getEntriesByName(name).map(entry => entry.duration)"


def report() -> None:
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "log.txt") as address, sync_playwright() as p:
        browser = launch(p)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        _pointer(page, address)
        _slider(page, address)
        browser.close()


def _pointer(page: Page, address: str) -> None:
    page.goto(f"{address}/attention?model=pvt_small")
    box = _explorer(page).locator(".frame.main").bounding_box()
    for i in range(MOVES):
        page.mouse.move(box["x"] + (i + 0.5) / MOVES * box["width"], box["y"] + (i * 7 % MOVES) / MOVES * box["height"])
        page.wait_for_timeout(20)
    page.wait_for_timeout(500)
    print(f"pointer to paint, pvt_small at 224×224, every panel and every head, {MOVES} moves")
    for name, words in (("pointer-to-paint", "until the frame is out"), ("repaint", "our own work in it")):
        taken = page.evaluate(MEASURES, f"pvt-explorer:{name}")[-MOVES:]
        p50, p95 = percentile(taken, 0.5), percentile(taken, 0.95)
        print(f"  {words}: p50 {p50 / 16:.2f}, p95 {p95 / 16:.2f} of 16 ms ({p50:.1f} and {p95:.1f} ms)")


def _slider(page: Page, address: str) -> None:
    page.goto(f"{address}/?picture=cat&model=pvt_tiny")
    panel = _explorer(page).locator(".panel").first
    thumb = page.get_by_test_id("stSidebar").locator("input[aria-label='R₁']")
    fresh, again = [], []
    for taken, keys in ((fresh, ["ArrowLeft"] * 6), (again, ["ArrowRight"] * 6)):
        for key in keys:
            before = panel.locator(".shape").inner_text()
            thumb.focus()
            start = time.perf_counter()
            page.keyboard.press(key)
            expect(panel.locator(".shape")).not_to_have_text(before, timeout=20_000)
            taken.append(time.perf_counter() - start)
            page.wait_for_timeout(1_500)
    new, old = percentile(fresh, 0.5), percentile(again, 0.5)
    print("from a key on the R₁ slider to new maps on the landing page, pvt_tiny, median")
    print(
        f"  a setting nobody has opened yet: {new * 1e3:.0f} ms; opened before: {old * 1e3:.0f} ms ({new / old:.1f}×)"
    )


def _explorer(page: Page):
    explorer = page.locator(EXPLORER)
    expect(explorer).to_have_attribute("data-painted", re.compile(r"\d+"), timeout=60_000)
    page.wait_for_timeout(1_000)
    return explorer
