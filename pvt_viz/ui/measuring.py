"""Measurements for visitors: one at a time, the others in line; what was measured stays with the visit."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pvt_viz.cost import sweep
from pvt_viz.cost.task import Measurement, Task

MOST_BYTES = int(float(os.environ.get("PVT_VIZ_MEASURE_LIMIT_MB", 4000)) * 1e6)
"""What one measurement may take on the CPU of a shared server; a GPU's own memory is its limit."""
MOST_SECONDS = float(os.environ.get("PVT_VIZ_MEASURE_SECONDS", 30))
"""What one run may take, as far as the runs before it tell."""
ABANDONED = 30
"""Seconds after its visitor has gone (a closed tab, not another page) at which a sweep ends."""

Results = dict[tuple[Task, str], Measurement]
"""By task and device."""


class Sweep:
    """One visitor's list of tasks on its way; a thread of its own works on it, the page reads how far it is."""

    def __init__(self, tasks: tuple[Task, ...], device: str, results: Results, there: Callable[[], bool]):
        """`there` tells whether the visitor is."""
        self.tasks, self.device, self.results, self._there = tasks, device, results, there
        self.done = 0
        self.running = False
        self.finished = False
        self.problem = ""
        """Why it ended before its time, in a sentence."""
        self._stop = False
        self._seen = time.monotonic()
        """When the visitor was last there."""
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        self._stop = True

    def look(self) -> str:
        """What is going on, in words."""
        if self.running:
            at = min(self.done, len(self.tasks) - 1)
            first = "" if self.done else "Starting. "
            return f"{first}Measuring {at + 1} of {len(self.tasks)}: {self.tasks[at].label}"
        before = _line.ahead_of(self)
        if before:
            return f"In line: {before} {'visitor measures' if before == 1 else 'visitors measure'} before you."
        return "In line: another program is measuring on this machine."

    def stopped(self) -> bool:
        now = time.monotonic()
        if self._there():
            self._seen = now
        return self._stop or now - self._seen > ABANDONED

    def _work(self) -> None:
        try:
            with _line.turn(self) as mine, sweep.turn(self.stopped) as free:
                if not (mine and free):
                    return
                self.running = True
                cap = MOST_BYTES if self.device == "cpu" else None
                for point in sweep.run(
                    self.tasks, device=self.device, most_bytes=cap, most_seconds=MOST_SECONDS, stopped=self.stopped
                ):
                    self.results[point.task, self.device] = point
                    self.done += 1
        except Exception as error:  # no process to be had, the device is gone: the visitor reads why
            self.problem = f"The measurement could not go on ({error})"
        finally:
            self.finished = True


class _Line:
    """First come, first served."""

    def __init__(self):
        self._waiting: list[Sweep] = []
        self._moved = threading.Condition()

    @contextmanager
    def turn(self, one: Sweep) -> Iterator[bool]:
        """Waits; False where it was stopped before its turn came."""
        with self._moved:
            self._waiting.append(one)
            while self._waiting[0] is not one and not one.stopped():
                self._moved.wait(timeout=0.2)
            first = self._waiting[0] is one
        try:
            yield first and not one.stopped()
        finally:
            with self._moved:
                self._waiting.remove(one)
                self._moved.notify_all()

    def ahead_of(self, one: Sweep) -> int:
        with self._moved:
            return self._waiting.index(one) if one in self._waiting else 0


_line = _Line()


def results() -> Results:
    """All that was measured on this visit; the latest of each task and device."""
    return st.session_state.setdefault("measured", {})


def current() -> Sweep | None:
    """This visit's sweep, if one is on its way."""
    found = st.session_state.get("sweep")
    return None if found is None or found.finished else found


def outcome() -> tuple[float, str]:
    """How far the last sweep came, from 0 to 1, and how it ended, in words."""
    last = st.session_state.get("sweep")
    if last is None:
        return 0.0, "Nothing is being measured."
    done, count = last.done, len(last.tasks)
    ended = last.problem or ("Done" if done == count else "Stopped")
    return done / count, f"{ended}: {done} of {count} measured."


def start(tasks: tuple[Task, ...], device: str) -> None:
    """Begin; a sweep of this visit that was on its way is stopped."""
    stop()
    st.session_state["sweep"] = Sweep(tasks, device, results(), _visitor())


def _visitor() -> Callable[[], bool]:
    """Whether this visit is still connected; a script that runs without a server is its own visitor."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    return partial(runtime.get_instance().is_active_session, context.session_id)


def stop() -> None:
    if running := current():
        running.stop()


def forget() -> None:
    """Stop, and drop all that was measured."""
    stop()
    st.session_state["measured"] = {}
    st.session_state["sweep"] = None
