"""Cached calls into the core: what a page needs is computed once, and by few threads at a time."""

import os
import threading
from dataclasses import dataclass, replace

import streamlit as st
import torch
from PIL import Image

import pvt_viz
from pvt_viz import Trace, attribution, budget, devices, images
from pvt_viz.attribution import Look
from pvt_viz.checkpoints import BUNDLED, FLEXIBLE, Checkpoint, WeightsError, moments
from pvt_viz.config import PRESETS, PVTConfig, Size
from pvt_viz.figures import truth
from pvt_viz.models import Weights
from pvt_viz.scenes import CLASSES
from pvt_viz.ui.selection import LARGEST_REDUCTION, Selection, choose
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
    """With the answer outlined, where that is asked for."""
    bare: Image.Image
    """Without."""
    trace: Trace
    key: tuple
    """Equal for equal scenes."""
    moment: int | None = None
    """The step of its training that the network is shown at; None for the end."""


def _limit(name: str, default: int) -> int:
    """Bytes, from an environment variable in MB."""
    return int(float(os.environ.get(name, default)) * 1e6)


def scene(selection: Selection, picture: Picture, moment: int | None = None) -> Scene:
    """The traced scene of a choice. Raises ValueError, with a sentence, for one that is too heavy to trace.

    `moment` is a step of the network's training, where its weights there were recorded; 0 for random ones.
    """
    config = selection.config
    budget.check(
        config,
        trace_limit=_limit("PVT_VIZ_TRACE_LIMIT_MB", 400),
        fold_limit=_limit("PVT_VIZ_FOLD_LIMIT_MB", 400),
        largest_reduction=LARGEST_REDUCTION,
    )
    device = devices.resolve(selection.device)
    traced = _private_trace if picture.private else _shared_trace
    key = (picture.digest, config, device, moment)
    bare = seen = shown(picture.image, config.image_hw)
    if picture.scenes is not None and selection.outline == "on":
        seen = truth.outline(bare, picture.scenes.masks[0].numpy())
    return Scene(selection, picture, seen, bare, traced(*key, picture.image), (*key, selection.outline), moment)


def shown(picture: Image.Image, image_size: Size) -> Image.Image:
    """The crop that the model sees, enlarged by a whole factor so that grids fall on whole pixels."""
    return images.fit(picture, image_size, scale=max(1, round(DISPLAY_WIDTH / max(image_size))))


@st.cache_resource(max_entries=4, show_spinner=False)
def model(config: PVTConfig, device: str) -> pvt_viz.models.PVT:
    """A network, shared by all visitors: with its weights where some come with it.

    Else random ones, which borrow every tensor they can from their preset's.
    """
    if config.name not in BUNDLED:
        return _random(config).to(device)
    try:
        fitted = {field: getattr(config, field) for field in FLEXIBLE}
        return pvt_viz.load_model(config.name, **fitted).to(device)
    except WeightsError as error:
        found = _random(config)
        found.weights = replace(found.weights, problem=str(error))
        return found.to(device)


@st.cache_resource(max_entries=8, show_spinner=False)
def _early(config: PVTConfig, device: str, step: int) -> pvt_viz.models.PVT:
    """The network as it was after so many steps of its training."""
    if step == 0:
        found = _random(config)
        found.weights = replace(found.weights, classes=CLASSES)
        return found.to(device)
    kept = next(moment for moment in recorded(config.name) if moment.step == step)
    weights = Weights(source=f"{config.name} after {step} steps", trained=True, classes=CLASSES)
    try:
        return Checkpoint(PRESETS[config.name], kept.state, weights).model(config).to(device)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"The recorded moments of {config.name} are those of another network.") from error


def _network(config: PVTConfig, device: str, moment: int | None) -> pvt_viz.models.PVT:
    return model(config, device) if moment is None else _early(config, device, moment)


@st.cache_resource(max_entries=1, show_spinner=False)
def recorded(name: str) -> list[moments.Moment]:
    """The moments of a training; raises WeightsError where they are missing or damaged."""
    return moments.load(name)


def _random(config: PVTConfig) -> pvt_viz.models.PVT:
    preset = PRESETS[config.name]
    return pvt_viz.build_model(config, share=None if config == preset else model(preset, "cpu"))


def _trace(digest: str, config: PVTConfig, device: str, moment: int | None, _picture: Image.Image) -> Trace:
    with _turns.get(device, _accelerator):
        return pvt_viz.trace(_network(config, device, moment), images.to_tensor(_picture, config))


_shared_trace = st.cache_resource(max_entries=8, show_spinner="Sending the picture through the network …")(_trace)
# A visitor's own picture, and what was made of it, ends with the visit.
_private_trace = st.cache_resource(
    max_entries=1, scope="session", show_spinner="Sending your picture through the network …"
)(_trace)


def model_of(scene: Scene) -> pvt_viz.models.PVT:
    """The network that a scene was traced with."""
    config, device = scene.selection.config, devices.resolve(scene.selection.device)
    return _network(config, device, scene.moment)


@torch.no_grad()
def run(model: pvt_viz.models.PVT, normalised: torch.Tensor, scene: Scene) -> torch.Tensor:
    """Logits (batch, class) of normalised images (batch, 3, H, W), on the CPU, by a network on the scene's device."""
    device = devices.resolve(scene.selection.device)
    with _turns.get(device, _accelerator):
        return model(normalised.to(device)).cpu()


def look(scene: Scene) -> Look:
    """What attribution starts from: the maps of a scene, and how its answer depends on them."""
    kept = _private_look if scene.picture.private else _shared_look
    return kept(scene.key[:-1], scene)


def _look(key: tuple, _scene: Scene) -> Look:
    device = devices.resolve(_scene.selection.device)
    with _turns.get(device, _accelerator):
        return attribution.look(model_of(_scene), _scene.trace.image)


_shared_look = st.cache_resource(max_entries=4, show_spinner="Following the answer back …")(_look)
_private_look = st.cache_resource(max_entries=1, scope="session", show_spinner="Following the answer back …")(_look)


def warm_up() -> None:
    """Load the default model and trace the default picture, so that the first visitor waits for nothing."""
    devices.one_thread_per_forward()
    selection = choose({}, lambda _picture, _crop, side: (side, side), devices.available()).selection
    scene(selection, Picture.of(selection))
