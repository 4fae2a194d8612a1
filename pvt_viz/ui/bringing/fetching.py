"""A model that comes from the hub while its visitor looks; what has come is kept, also when the visitor goes."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pvt_viz.checkpoints import WeightsError, hub
from pvt_viz.language import say
from pvt_viz.ui.running import job
from pvt_viz.ui.running.job import Job, Line


class Fetch(Job):
    """One visitor's fetch on its way.

    `done` of `total` bytes are here. `state` is "running" (also in line for it), "done" (then `folder` is where),
    "failed" or "stopped"; `sentence` says the same to a reader.
    """

    NOUN = "fetch"
    line = Line()  # not that of those who compute: this waits for the network, they for the processor

    def __init__(self, offer: hub.Offer, there: Callable[[], bool]):
        """`there` tells whether the visitor is."""
        self.offer = offer
        self.id = offer.id
        self.done, self.total = offer.already, offer.bytes
        self.folder: Path | None = None
        super().__init__(there)

    @property
    def state(self) -> str:
        if not self.finished:
            return "running"
        if self.problem:
            return "failed"
        return "done" if self.folder else "stopped"

    @property
    def sentence(self) -> str:
        state, done, total = self.state, self.done / 1e6, self.total / 1e6
        if state == "failed":
            return self.problem
        if state == "done":
            return say("{id} is here: {total:,.1f} MB.", id=self.id, total=total)
        if state == "stopped":
            return say("Stopped after {done:,.1f} of {total:,.1f} MB, which are kept.", done=done, total=total)
        if not self.running:
            return say("In line: an earlier fetch from the hub is not done yet.")
        return say("Fetching {id}: {done:,.1f} of {total:,.1f} MB", id=self.id, done=done, total=total)

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 1.0

    def work(self) -> None:
        self.running = True
        try:
            self.folder = hub.fetch(self.offer, self._progress, self.stopped)
        except hub.Stopped:
            pass
        except WeightsError as error:
            self.problem = error.args[0]

    def _progress(self, done: int, _total: int) -> None:
        self.done = done


def current() -> Fetch | None:
    """This visit's fetch, on its way or at its end."""
    return st.session_state.get("fetch")


def let_go() -> Fetch:
    """The same, at its end: what it brought has been taken, and it is not spoken of again."""
    return st.session_state.pop("fetch")


def start(offer: hub.Offer) -> Fetch:
    """Begin. A fetch of this visit that was on its way is stopped, unless it is this very one."""
    before = current()
    asked = (offer.id, offer.commit)
    if before and before.state == "running" and not before.stopped() and (before.id, before.offer.commit) == asked:
        return before
    stop()
    st.session_state["fetch"] = Fetch(offer, job.visitor())
    return st.session_state["fetch"]


def stop() -> None:
    if (running := current()) and not running.finished:
        running.stop()
