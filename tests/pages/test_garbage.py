"""What a run of a page leaves: nothing of it is tied into a ring that only a collection of garbage would free."""

import gc

import pytest
from PIL import Image
from torch import Tensor

from pvt_viz import Trace
from pvt_viz.scene import Scene
from visits import PAGES, healthy, visit


@pytest.fixture
def rings():
    """What a collection finds, kept instead of freed."""

    def found() -> list:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        return gc.garbage

    gc.collect()
    gc.freeze()  # what the tests before have left need not be looked at every time
    gc.disable()
    yield found
    gc.enable()
    gc.unfreeze()
    gc.garbage.clear()


@pytest.mark.parametrize("page", PAGES)
def test_a_run_is_freed_as_soon_as_it_is_over(rings, page):
    """A function that stands in a page holds the page's names, and they hold it: with it every picture and trace."""
    app = visit(page, picture="scene", size="64")
    rings().clear()
    for _ in range(2):
        healthy(app.run())
    found = rings()
    assert found  # of Streamlit's own
    assert [names["__file__"] for names in found if isinstance(names, dict) and "__builtins__" in names] == []
    assert [one for one in found if isinstance(one, (Scene, Trace, Tensor, Image.Image))] == []
