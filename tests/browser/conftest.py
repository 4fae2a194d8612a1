"""A server, a browser, and a visitor whom nothing may be said to on the console."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError, sync_playwright

from server import launch, profile, serve

# A picture that the next run replaces before the browser has asked for it; `page` looks at those that stayed.
TAKEN_BACK = re.compile(r"/media/")
BROKEN = "[...document.images].filter(it => it.complete && !it.naturalWidth).map(it => it.src)"
# On a deep link Streamlit first looks for its server under the page's own path, and says so on the console.
STREAMLITS_OWN_NOISE = re.compile(r"_stcore/(health|host-config)")
SCREEN = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright):
    """For those who must share nothing with others, or have another kind of device."""
    opened = launch(playwright)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def context(playwright, tmp_path_factory):
    """One browser profile for all visitors: Streamlit's scripts are fetched and compiled only once."""
    opened = profile(playwright, tmp_path_factory.mktemp("profile"), viewport=SCREEN)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tab(context):
    """Where one visitor after the other looks: a new tab would be a new process, which takes as long as the page."""
    return context.new_page()


@pytest.fixture
def page(tab):
    """A fresh visitor; whatever goes wrong on the console, or is asked of another machine, fails the test."""
    problems, elsewhere = [], []
    listeners = {
        "console": lambda m: problems.append(f"{m.text} {m.location['url']}") if m.type == "error" else None,
        "pageerror": lambda error: problems.append(str(error)),
        "request": lambda r: elsewhere.append(r.url) if not is_local(r.url) else None,
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    yield tab
    # The run that takes a picture back brings another one; a test may end before it has.
    with suppress(TimeoutError):
        tab.wait_for_function(f"{BROKEN}.length == 0", timeout=10_000)
    broken = tab.evaluate(BROKEN)
    tab.evaluate("location.protocol === 'about:' || sessionStorage.clear()")
    tab.goto("about:blank")
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    tab.set_viewport_size(SCREEN)
    tab.emulate_media(media="null", color_scheme="null", reduced_motion="null")
    noise = (STREAMLITS_OWN_NOISE, *(() if broken else (TAKEN_BACK,)))
    assert [problem for problem in problems if not any(kind.search(problem) for kind in noise)] == []
    assert broken == []
    assert elsewhere == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))
