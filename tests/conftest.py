"""Shared set-up: deterministic hypothesis runs, one torch thread (several processes share the cores), a browser."""

import os
import re
from contextlib import suppress
from functools import cache

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import TimeoutError, sync_playwright
from streamlit.components.v2 import manifest_scanner

from pvt_viz.cost import sweep
from server import launch, profile, serve

os.environ["HF_HUB_OFFLINE"] = "1"
torch.set_num_threads(1)
# Every new AppTest looks through all installed packages for components: a tenth of a second, and always the same.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(autouse=True)
def own_turn(tmp_path_factory, monkeypatch):
    """Tests do not wait for each other's measurements, nor for those of the person who runs them."""
    monkeypatch.setattr(sweep, "LOCKS", tmp_path_factory.mktemp("turn") / "locks")


# A picture that the next run replaces before the browser has asked for it; `page` looks at those that stayed.
TAKEN_BACK = re.compile(r"/media/")
BROKEN = "[...document.images].filter(it => it.complete && !it.naturalWidth).map(it => it.src)"
# On a deep link Streamlit first looks for its server under the page's own path, and says so on the console.
STREAMLITS_OWN_NOISE = re.compile(r"_stcore/(health|host-config)")


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
    opened = profile(playwright, tmp_path_factory.mktemp("profile"), viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


@pytest.fixture
def page(context):
    """A fresh visitor; whatever goes wrong on the console, or is asked of another machine, fails the test."""
    visitor = context.new_page()
    problems, elsewhere = [], []
    visitor.on("console", lambda m: problems.append(f"{m.text} {m.location['url']}") if m.type == "error" else None)
    visitor.on("pageerror", lambda error: problems.append(str(error)))
    visitor.on("request", lambda r: elsewhere.append(r.url) if not is_local(r.url) else None)
    yield visitor
    # The run that takes a picture back brings another one; a test may end before it has.
    with suppress(TimeoutError):
        visitor.wait_for_function(f"{BROKEN}.length == 0", timeout=10_000)
    broken = visitor.evaluate(BROKEN)
    visitor.close()
    noise = (STREAMLITS_OWN_NOISE, *(() if broken else (TAKEN_BACK,)))
    assert [problem for problem in problems if not any(kind.search(problem) for kind in noise)] == []
    assert broken == []
    assert elsewhere == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))


def pytest_make_parametrize_id(val, argname):
    """Bytes are no name: some hold the second that they were made in, and two workers would not find the same tests."""
    return argname if isinstance(val, bytes) else None
