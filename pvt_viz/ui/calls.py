"""The studio of the server: what a page needs is computed once, and by few threads at a time."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import streamlit as st

from pvt_viz import devices
from pvt_viz.checkpoints import Checkpoint
from pvt_viz.choices.selection import Network, choose
from pvt_viz.picture import Picture
from pvt_viz.scene import Studio
from pvt_viz.ui import kept
from pvt_viz.ui.bringing import weights
from pvt_viz.ui.waiting import waiting

# One forward per core; on an accelerator one at a time (Apple's aborts the process when two threads use it at once).
_turns = {"cpu": threading.BoundedSemaphore(int(os.environ.get("PVT_VIZ_FORWARDS", min(4, os.cpu_count() or 1))))}
_accelerator = threading.BoundedSemaphore(1)


class Server(Studio):
    """Keeps for all visitors what is theirs together, and for one visit what is private."""

    def __init__(self):
        self.shared: list[Callable] = []
        """What keeps for all of them."""
        super().__init__()

    def keep(self, function: Callable, *, most: int, private: bool = False) -> Callable:
        if private:
            return kept.for_visit(most=most)(function)
        found = st.cache_resource(max_entries=most, show_spinner=False)(function)
        self.shared.append(found)
        return found

    def turn(self, device: str) -> AbstractContextManager:
        return _turns.get(device, _accelerator)

    def waiting(self, words: str) -> AbstractContextManager:
        return waiting(words)  # it appears after half a second: never where the result is kept already

    def brought(self, network: Network) -> Checkpoint:
        return weights.checkpoint(network)

    def forget_own(self) -> None:
        """Let go of what was made of this visitor's own picture and weights."""
        for cached in (self._own_network, self._own_trace, self._own_view, self._own_look):
            cached.clear()


studio = Server()


def warm_up() -> None:
    """Load the default model and trace the default picture, so that the first visitor waits for nothing."""
    devices.one_thread_per_forward()
    selection = choose({}, lambda _picture, _crop, side: (side, side), devices.available()).selection
    studio.scene(selection, Picture.of(selection))
