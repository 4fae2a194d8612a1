"""What is done before the first visitor comes, and between two runs of a page: modules loaded, garbage collected.

Threads that import the same module at the same time may see one that is only half there, and a visitor would read that
the page could not be drawn. So whatever a page imports, and its libraries import when they are first used, is there
before anybody is.
"""

import asyncio
import gc
import importlib
import pkgutil
import threading
import time
from contextlib import contextmanager

from PIL import Image

from pvt_viz import figures, lesson, reference, ui
from pvt_viz.language import LANGUAGES, catalogue
from pvt_viz.ui import calls

ROOMS = (figures, lesson, reference, ui)
"""What pages are made of."""
SCRIPT = "pvt_viz.ui.shell"
"""Of theirs, the one that is run and not imported."""
LAZY = (
    "babel.messages.extract",
    "babel.messages.jslexer",
    "encodings.gb18030",
    "pandas",
    "plotly.animation",
    "plotly.graph_objs._bar",
    "plotly.graph_objs._deprecations",
    "plotly.graph_objs._layout",
    "plotly.graph_objs._scatter",
    "plotly.io._json",
    "pyarrow.pandas_compat",
    "pyarrow.vendored.version",
    "pydoc",
    "streamlit.components.v2.manifest_scanner",
    "streamlit.emojis",
    "streamlit.material_icon_names",
    "streamlit.runtime.scriptrunner.magic_funcs",
)
"""What libraries import when they are first used; `tests/ui/test_ready.py` finds what is missing here."""
CHARTS = (
    *("bar", "bar.marker", "scatter", "scatter.marker", "scatter.unselected"),
    *("layout", "layout.shape", "layout.xaxis", "layout.yaxis"),
)
"""Packages of `plotly.graph_objs` whose modules are imported one by one, as a chart asks for them."""
IDLE, BUSY, SELDOM = 0.5, 4.0, 60.0
"""Seconds from one collection to the next where no page is run, where there always is one, and where there was none.

The last is for what leaves something without a run of a page: a part of one that is drawn anew, a training.
"""


def make() -> None:
    """Load all modules, and what the visitors share: the default network and picture, and both languages."""
    load()
    calls.warm_up()
    for language in LANGUAGES:
        catalogue(language)
    # What is loaded by now stays, and need not be looked at again.
    gc.collect()
    gc.freeze()


def load() -> None:
    """Import what pages import, and what their libraries import when they are first used."""
    own = [found.name for room in ROOMS for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
    for name in (*own, *LAZY):
        if name != SCRIPT:
            importlib.import_module(name)
    for name in CHARTS:
        package = importlib.import_module(f"plotly.graph_objs.{name}")
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    Image.init()  # every format that Pillow knows


class Garbage:
    """Collects it when nobody waits, in place of Streamlit and of Python.

    Streamlit would after every run, and every visitor would wait for that of every other: a quarter of all work.
    """

    def __init__(self):
        self._running = self._runs = 0
        self._counting = threading.Lock()

    @contextmanager
    def run(self):
        """Around a run of a page."""
        with self._counting:
            self._running += 1
            self._runs += 1
        try:
            yield
        finally:
            with self._counting:
                self._running -= 1

    async def collect(self) -> None:
        """For ever: soon after a run if no other is on its way, and after some seconds if there always is one."""
        # The oldest generation is ours to collect: its turn comes after so many of the middle one's.
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, 1_000_000)
        collected, last = self._runs, time.monotonic()
        while True:
            await asyncio.sleep(IDLE)
            waited, left = time.monotonic() - last, collected != self._runs
            if waited >= SELDOM or (left and (not self._running or waited >= BUSY)):
                collected, last = self._runs, time.monotonic()
                gc.collect()


garbage = Garbage()
