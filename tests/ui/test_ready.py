"""What is there before the first visitor: every module that a page needs, and a collection of garbage that waits."""

import asyncio
import gc
import subprocess
import sys

import pytest

from loops import run
from pvt_viz import places
from pvt_viz.ui import ready

LATE = f"""
import sys

sys.path.insert(0, {str(places.ABOVE / "tests" / "helpers")!r})
from visits import PAGES, healthy, visit
from pvt_viz.ui import ready

ready.make()
before = set(sys.modules)
for page in PAGES:
    healthy(visit(page))
    healthy(visit(page, picture="scene"))
healthy(visit(lang="zh"))
print(*sorted(set(sys.modules) - before))
"""


def test_no_page_imports_anything():
    done = subprocess.run([sys.executable, "-c", LATE], cwd=places.ABOVE, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.fixture
def collections(monkeypatch):
    """Times at which garbage was collected; nothing takes long here."""
    found = []
    monkeypatch.setattr(ready, "IDLE", 0.01)
    monkeypatch.setattr(ready, "BUSY", 0.2)
    monkeypatch.setattr(ready.gc, "collect", lambda: found.append(1))
    thresholds = gc.get_threshold()
    yield found
    gc.set_threshold(*thresholds)


def collected(garbage: ready.Garbage, seconds: float, during=None) -> None:
    """Let it collect for so long."""

    async def wait():
        task = asyncio.create_task(garbage.collect())
        await asyncio.sleep(0)
        if during:
            during()
        await asyncio.sleep(seconds)
        task.cancel()

    run(wait())


def test_garbage_is_collected_once_after_a_run_and_never_without_one(collections):
    garbage = ready.Garbage()
    collected(garbage, 0.1)
    assert collections == []

    def runs():
        for _ in range(3):
            with garbage.run():
                pass

    collected(garbage, 0.1, runs)
    assert collections == [1]


def test_it_waits_for_a_run_but_not_for_ever(collections):
    garbage = ready.Garbage()
    with garbage.run():
        collected(garbage, 0.1, lambda: garbage.run().__enter__())
        assert collections == []
        collected(garbage, 0.5, lambda: garbage.run().__enter__())
        assert collections == [1]


def test_a_run_that_fails_is_over(collections):
    garbage = ready.Garbage()

    def fails():
        with pytest.raises(ZeroDivisionError), garbage.run():
            raise ZeroDivisionError

    collected(garbage, 0.1, fails)
    assert collections == [1]


def test_now_and_then_without_a_run(collections, monkeypatch):
    monkeypatch.setattr(ready, "SELDOM", 0.05)
    collected(ready.Garbage(), 0.5)
    assert collections
