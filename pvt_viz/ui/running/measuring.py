"""Measurements for visitors: one at a time, the others in line; what was measured stays with the visit."""

import os
from collections.abc import Callable

import streamlit as st

from pvt_viz.cost import sweep
from pvt_viz.cost.task import Measurement, Task
from pvt_viz.language import tr, tr_n
from pvt_viz.ui.running import job
from pvt_viz.ui.running.job import Job

MOST_BYTES = int(float(os.environ.get("PVT_VIZ_MEASURE_LIMIT_MB", 4000)) * 1e6)
"""What one measurement may take on the CPU of a shared server; a GPU's own memory is its limit."""
MOST_SECONDS = float(os.environ.get("PVT_VIZ_MEASURE_SECONDS", 30))
"""What one run may take, as far as the runs before it tell."""
Results = dict[tuple[Task, str], Measurement]
"""By task and device."""


class Sweep(Job):
    """One visitor's list of tasks on its way."""

    NOUN = "measurement"

    def __init__(self, tasks: tuple[Task, ...], device: str, results: Results, there: Callable[[], bool]):
        self.tasks, self.device, self.results = tasks, device, results
        self.done = 0
        super().__init__(there)

    def look(self) -> str:
        """What is going on, in words."""
        if self.running:
            at = min(self.done, len(self.tasks) - 1)
            doing = {"number": at + 1, "of": len(self.tasks), "task": self.tasks[at].label}
            if self.done:
                return tr("Measuring {number} of {of}: {task}", **doing)
            return tr("Starting. Measuring {number} of {of}: {task}", **doing)
        before = self.ahead()
        if before:
            return tr_n(
                "In line: {count} visitor measures before you.",
                "In line: {count} visitors measure before you.",
                before,
            )
        return tr("In line: another program is measuring on this machine.")

    def work(self) -> None:
        with sweep.turn(self.stopped) as free:
            if not free:
                return
            self.running = True
            cap = MOST_BYTES if self.device == "cpu" else None
            for point in sweep.run(
                self.tasks, device=self.device, most_bytes=cap, most_seconds=MOST_SECONDS, stopped=self.stopped
            ):
                self.results[point.task, self.device] = point
                self.done += 1


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
        return 0.0, tr("Nothing is being measured.")
    done, count = last.done, len(last.tasks)
    if last.problem:
        said = tr("{problem}: {done} of {of} measured.", problem=last.problem, done=done, of=count)
    elif done == count:
        said = tr("Done: {done} of {of} measured.", done=done, of=count)
    else:
        said = tr("Stopped: {done} of {of} measured.", done=done, of=count)
    return done / count, said


def start(tasks: tuple[Task, ...], device: str) -> None:
    """Begin; a sweep of this visit that was on its way is stopped."""
    stop()
    st.session_state["sweep"] = Sweep(tasks, device, results(), job.visitor())


def stop() -> None:
    if running := current():
        running.stop()


def forget() -> None:
    """Stop, and drop all that was measured."""
    stop()
    st.session_state["measured"] = {}
    st.session_state["sweep"] = None
