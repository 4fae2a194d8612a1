"""A tiny network that trains while its visitor watches, in a process of its own."""

import subprocess
import sys
import threading
from collections.abc import Callable

import streamlit as st

from pvt_viz import places
from pvt_viz.checkpoints import Checkpoint
from pvt_viz.language import say, tr, tr_n
from pvt_viz.models import PVT, Weights
from pvt_viz.pipe import receive, send
from pvt_viz.scenes import CLASSES
from pvt_viz.train.live import TINY, Progress
from pvt_viz.ui.running import job
from pvt_viz.ui.running.job import Job

TICK = 0.2  # seconds between two looks at whether to stop


class Training(Job):
    """One visitor's training on its way."""

    NOUN = "training"

    def __init__(self, seed: int, there: Callable[[], bool]):
        self.seed = seed
        self.progress: Progress | None = None
        self.history: list[tuple[int, float, float]] = []
        super().__init__(there)

    def look(self) -> str:
        """What is going on, in words."""
        if self.progress and self.running:
            return tr("Training: step {step:,} of {steps:,}", step=self.progress.step, steps=self.progress.steps)
        if self.running:
            return tr("Starting a process for it …")
        return tr_n(
            "In line: {count} visitor comes before you.", "In line: {count} visitors come before you.", self.ahead()
        )

    def outcome(self) -> str:
        """How it ended, in words."""
        if self.problem:
            return tr(self.problem)
        if self.progress is None:
            return tr("Stopped before it began.")
        if self.progress.step == self.progress.steps:
            return tr("Done after {steps:,} steps.", steps=self.progress.step)
        return tr("Stopped after {steps:,} steps.", steps=self.progress.step)

    @property
    def fraction(self) -> float:
        return self.progress.step / self.progress.steps if self.progress else 0.0

    def work(self) -> None:
        self.running = True
        process = subprocess.Popen(
            [sys.executable, "-m", "pvt_viz.train.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=places.ABOVE,
        )
        ended = threading.Event()
        threading.Thread(target=self._end_when_stopped, args=(process, ended), daemon=True).start()
        try:
            send(process.stdin, self.seed)
            for progress in receive(process.stdout):
                self.history.extend(progress.history)
                self.progress = progress
            if process.wait() and not self.stopped():
                raise RuntimeError(say("its process ended"))
        finally:
            ended.set()
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    def _end_when_stopped(self, process: subprocess.Popen, ended: threading.Event) -> None:
        while not ended.wait(TICK):
            if self.stopped():
                process.kill()
                return


def network(progress: Progress) -> PVT:
    """The tiny network as it is at that moment."""
    state = {name: values.float() for name, values in progress.state.items()}
    source = say("trained here, step {step}", step=progress.step)
    weights = Weights(source=source, trained=progress.step > 0, classes=CLASSES)
    return Checkpoint(TINY.config, state, weights).model()


def current() -> Training | None:
    """This visit's training, on its way or at its end."""
    return st.session_state.get("training")


def start() -> None:
    """Begin; a training of this visit that was on its way is stopped. Every one starts from other random weights."""
    before = current()
    stop()
    st.session_state["training"] = Training(before.seed + 1 if before else 1, job.visitor())


def stop() -> None:
    if (running := current()) and not running.finished:
        running.stop()
