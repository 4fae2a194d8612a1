"""What people do in a browser, and how to wait until the app has answered."""

import re

from playwright.sync_api import Locator, Page, expect

from server import on_scene

EXPLORER = "[data-testid=attention-explorer]"
PATHS = ("", "attention", "reduction", "evidence", "trade-off", "learning", "cost", "reference")
"""Every page but the tour, by what stands in the address."""
LONG = 30_000
"""Milliseconds; on a busy machine."""


def open_at(page: Page, url: str, explorers: int = 1) -> None:
    """On a drawn scene where the link names no picture, and whatever network comes with it."""
    open_link(page, on_scene(url), explorers)


def open_link(page: Page, url: str, explorers: int = 1) -> None:
    page.goto(url)
    expect(page.locator("h1")).to_be_visible(timeout=LONG)
    settle(page, explorers)


def quiet(page: Page) -> None:
    """Until the script has run, and every picture is there: the next run takes those before it off the server."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=LONG)
    # The first stands where an element is still to come, the second marks one that is about to go, and is pale.
    for coming_or_going in ("[data-testid=stSkeleton]", "[data-stale=true]"):
        expect(page.locator(coming_or_going)).to_have_count(0, timeout=LONG)
    page.wait_for_function("[...document.images].every(image => image.complete)")


def settle(page: Page, explorers: int = 1) -> None:
    """The same, and every explorer has painted: so many of them, if any are asked for."""
    quiet(page)
    if explorers:
        expect(page.locator(EXPLORER)).to_have_count(explorers, timeout=LONG)
        for explorer in page.locator(EXPLORER).all():
            expect(explorer).to_have_attribute("data-painted", re.compile(r"\d+"), timeout=LONG)


def pictures(page: Page) -> list[str]:
    """What the panels' maps look like, as data URLs."""
    return page.eval_on_selector_all(f"{EXPLORER} .panel canvas.map", "all => all.map(one => one.toDataURL())")


def slider(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stSidebar").locator(f"input[aria-label='{label}']")
