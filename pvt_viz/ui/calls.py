"""Cached calls into the core: what a page needs is computed once, and by few threads at a time."""

import os
import threading
from dataclasses import dataclass

import streamlit as st
from PIL import Image

import pvt_viz
from pvt_viz import Trace, budget, devices, images
from pvt_viz.config import PRESETS, PVTConfig, Size
from pvt_viz.ui.selection import DEFAULTS, LARGEST_REDUCTION, Selection, choose
from pvt_viz.ui.uploads import Picture

DISPLAY_WIDTH = 672  # pixels: three times a 224 px image, sharp on a projector
# One forward per core; on an accelerator one at a time (Apple's aborts the process when two threads use it at once).
_turns = {"cpu": threading.BoundedSemaphore(int(os.environ.get("PVT_VIZ_FORWARDS", min(4, os.cpu_count() or 1))))}
_accelerator = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class Scene:
    """Everything a page shows: the choice, the picture as the model saw it (enlarged), and the trace."""

    selection: Selection
    picture: Picture
    shown: Image.Image
    trace: Trace
    key: tuple
    """Equal for equal scenes."""


def _limit(name: str, default: int) -> int:
    """Bytes, from an environment variable in MB."""
    return int(float(os.environ.get(name, default)) * 1e6)


def scene(selection: Selection, picture: Picture) -> Scene:
    """The traced scene of a choice. Raises ValueError, with a sentence, for one that is too heavy to trace."""
    config = selection.config
    budget.check(
        config,
        trace_limit=_limit("PVT_VIZ_TRACE_LIMIT_MB", 400),
        fold_limit=_limit("PVT_VIZ_FOLD_LIMIT_MB", 400),
        largest_reduction=LARGEST_REDUCTION,
    )
    device = devices.resolve(selection.device)
    traced = _private_trace if picture.private else _shared_trace
    key = (picture.digest, config, device)
    return Scene(selection, picture, shown(picture.image, config.image_hw), traced(*key, picture.image), key)


def shown(picture: Image.Image, image_size: Size) -> Image.Image:
    """The crop that the model sees, enlarged by a whole factor so that grids fall on whole pixels."""
    return images.fit(picture, image_size, scale=max(1, round(DISPLAY_WIDTH / max(image_size))))


@st.cache_resource(max_entries=4, show_spinner=False)
def model(config: PVTConfig, device: str) -> pvt_viz.models.PVT:
    """A network, shared by all visitors; it borrows every tensor it can from its preset's."""
    preset = PRESETS[config.name]
    return pvt_viz.build_model(config, share=None if config == preset else model(preset, "cpu")).to(device)


def _trace(digest: str, config: PVTConfig, device: str, _picture: Image.Image) -> Trace:
    with _turns.get(device, _accelerator):
        return pvt_viz.trace(model(config, device), images.to_tensor(_picture, config))


_shared_trace = st.cache_resource(max_entries=6, show_spinner="Sending the picture through the network …")(_trace)
# A visitor's own picture, and what was made of it, ends with the visit.
_private_trace = st.cache_resource(
    max_entries=1, scope="session", show_spinner="Sending your picture through the network …"
)(_trace)


def warm_up() -> None:
    """Load the default model and trace the default picture, so that the first visitor waits for nothing."""
    devices.one_thread_per_forward()
    picture = Picture.sample(DEFAULTS["picture"])
    side = DEFAULTS["size"]
    scene(choose({}, lambda *_: (side, side), devices.available()).selection, picture)
