"""Work that goes on while a visitor looks: one job at a time on this server, the others in line."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pvt_viz.language import N_, Sentence, say

ABANDONED = 30
"""Seconds after its visitor has gone (a closed tab, not another page) at which a job ends."""

FAILED = {
    "work": N_("The work could not go on ({error})"),
    "training": N_("The training could not go on ({error})"),
    "measurement": N_("The measurement could not go on ({error})"),
    "fetch": N_("The fetch could not go on ({error})"),
}
"""By the noun for the work."""


class Job:
    """One visitor's work on its way; a thread of its own does it, the page reads how far it is."""

    NOUN = "work"
    line: "Line"
    """Whom it waits for."""

    def __init__(self, there: Callable[[], bool]):
        """`there` tells whether the visitor is."""
        self._there = there
        self.running = False
        self.finished = False
        self.problem = ""
        """Why it ended before its time, in a sentence."""
        self._stop = False
        self._seen = time.monotonic()
        """When the visitor was last there."""
        threading.Thread(target=self._run, daemon=True).start()

    def work(self) -> None:
        """To be done once its turn has come; sets `running` as soon as it begins, looks at `stopped` as it goes."""
        raise NotImplementedError

    def stop(self) -> None:
        self._stop = True

    def stopped(self) -> bool:
        now = time.monotonic()
        if self._there():
            self._seen = now
        return self._stop or now - self._seen > ABANDONED

    def ahead(self) -> int:
        """How many visitors come first."""
        return self.line.ahead_of(self)

    def _run(self) -> None:
        try:
            with self.line.turn(self) as mine:
                if mine:
                    self.work()
        except Exception as error:  # no process to be had, the device is gone: the visitor reads why
            said = error.args[0] if error.args and isinstance(error.args[0], Sentence) else str(error)
            self.problem = say(FAILED[self.NOUN], error=said)
        finally:
            self.finished = True


class Line:
    """First come, first served."""

    def __init__(self):
        self._waiting: list[Job] = []
        self._moved = threading.Condition()

    @contextmanager
    def turn(self, one: Job) -> Iterator[bool]:
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

    def ahead_of(self, one: Job) -> int:
        with self._moved:
            return self._waiting.index(one) if one in self._waiting else 0


Job.line = Line()  # those who compute; a job that waits for something else has a line of its own


def visitor() -> Callable[[], bool]:
    """Whether this visit is still connected; a script that runs without a server is its own visitor."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    return partial(runtime.get_instance().is_active_session, context.session_id)
