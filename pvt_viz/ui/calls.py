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
from pvt_viz.checkpoints import BUNDLED, FLEXIBLE, Checkpoint, WeightsError, moments, tiny_imagenet
from pvt_viz.choices.selection import Network, Selection, choose
from pvt_viz.config import PRESETS, PVTConfig, Size
from pvt_viz.figures import truth
from pvt_viz.language import say, tr
from pvt_viz.models import PVT, Weights
from pvt_viz.models.flexible import PSEUDO_INVERSE, Resizing
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import kept, weights
from pvt_viz.ui.uploads import Picture

DISPLAY_WIDTH = 672  # pixels: three times a 224 px image, sharp on a projector
_CLASSES = {len(names): names for names in (CLASSES, tiny_imagenet.CLASSES)}
"""What networks of ours call their answers, by how many they have."""
# One forward per core; on an accelerator one at a time (Apple's aborts the process when two threads use it at once).
_turns = {"cpu": threading.BoundedSemaphore(int(os.environ.get("PVT_VIZ_FORWARDS", min(4, os.cpu_count() or 1))))}
_accelerator = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class Fitted:
    """Which network is run: equal for equal weights at equal p_i, R_i and size."""

    config: PVTConfig
    kernels: Resizing
    """How they were resized, where they had to be."""
    digest: str
    """Of the file of weights that somebody brought; nothing for a preset."""
    moment: int | None


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
    fitted: Fitted
    """The network that was run."""

    @property
    def private(self) -> bool:
        """Whether picture or weights are one visitor's own."""
        return self.picture.private or self.selection.network.private


def scene(selection: Selection, picture: Picture, moment: int | None = None) -> Scene:
    """The traced scene of a choice. Raises ValueError, with a sentence, for one that is too heavy to trace.

    `moment` is a step of the network's training, where its weights there were recorded; 0 for random ones.
    """
    config = selection.config
    budget.check(config, trace_limit=budget.limit(budget.TRACES), fold_limit=budget.limit(budget.FOLDS))
    network = selection.network
    fitted = Fitted(config, selection.kernels if selection.resized else PSEUDO_INVERSE, network.digest, moment)
    key = (picture.digest, fitted, devices.resolve(selection.device))
    bare = seen = shown(picture.image, config.image_hw, config.crop)
    if picture.scenes is not None and selection.outline == "on":
        seen = truth.outline(bare, picture.scenes.masks[0].numpy())
    traced, wait = _shared_trace, tr("Sending the picture through the network …")
    if picture.private or network.private:
        traced, wait = _private_trace, tr("Sending your picture through the network …")
    with st.spinner(wait):  # it appears after half a second: never where the trace is kept already
        trace = traced(*key, picture.image, network)
    return Scene(selection, picture, seen, bare, trace, (*key, selection.outline), fitted)


def shown(picture: Image.Image, image_size: Size, crop: float = 1.0) -> Image.Image:
    """The crop that the model sees, enlarged by a whole factor so that grids fall on whole pixels."""
    return images.fit(picture, image_size, scale=max(1, round(DISPLAY_WIDTH / max(image_size))), crop=crop)


@st.cache_resource(max_entries=4, show_spinner=False)
def _shared(fitted: Fitted, device: str, _network: Network) -> PVT:
    """A network, shared by all visitors: with its weights where some come with it or were fetched.

    Else random ones, which borrow every tensor they can from their preset's. Raises WeightsError where what was fetched
    is gone.
    """
    config = fitted.config
    if fitted.digest:
        return weights.checkpoint(_network).model(config, fitted.kernels).to(device)
    try:
        if config.name not in BUNDLED:
            return _random(config).to(device)
        chosen = {field: getattr(config, field) for field in FLEXIBLE}
        found = pvt_viz.load_model(config.name, resize=fitted.kernels, **chosen)
    except WeightsError as error:
        found = _random(config)
        found.weights = replace(found.weights, problem=error.args[0])
    return found.to(device)


@kept.for_visit(most=2)
def _own(fitted: Fitted, device: str, _network: Network) -> PVT:
    """A network with the visitor's own weights; it ends with the visit."""
    return weights.checkpoint(_network).model(fitted.config, fitted.kernels).to(device)


@st.cache_resource(max_entries=8, show_spinner=False)
def _early(config: PVTConfig, device: str, step: int, kernels: Resizing) -> PVT:
    """The network as it was after so many steps of its training."""
    classes = _CLASSES[config.num_classes]
    if step == 0:
        found = _random(config)
        found.weights = replace(found.weights, classes=classes)
        return found.to(device)
    kept = next(moment for moment in recorded(config.name) if moment.step == step)
    then = Weights(
        source=say("{network} after {step} steps", network=config.name, step=step), trained=True, classes=classes
    )
    try:
        return Checkpoint(PRESETS[config.name], kept.state, then).model(config, kernels).to(device)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(
            say("The recorded moments of {network} are those of another network.", network=config.name)
        ) from error


def _model(fitted: Fitted, device: str, network: Network) -> PVT:
    if fitted.moment is not None:
        return _early(fitted.config, device, fitted.moment, fitted.kernels)
    return (_own if network.private else _shared)(fitted, device, network)


@st.cache_resource(max_entries=2, show_spinner=False)
def recorded(name: str) -> list[moments.Moment]:
    """The moments of a training; raises WeightsError where they are missing or damaged."""
    return moments.load(name)


def _random(config: PVTConfig) -> PVT:
    preset = PRESETS[config.name]
    if config == preset:
        return pvt_viz.build_model(config)
    return pvt_viz.build_model(config, share=_shared(Fitted(preset, PSEUDO_INVERSE, "", None), "cpu", Network(preset)))


def _trace(digest: str, fitted: Fitted, device: str, _picture: Image.Image, _network: Network) -> Trace:
    with _turns.get(device, _accelerator):
        found = pvt_viz.trace(
            _model(fitted, device, _network), images.to_tensor(_picture, fitted.config), unlimited=True
        )
    if not all(values.isfinite().all() for values in (found.logits, found.stages[-1].feature_map)):
        raise ValueError(
            say(
                "With these weights the numbers of this picture grow until they are none (NaN or infinite): there is"
                " nothing to show."
            )
        )
    return found


_shared_trace = st.cache_resource(max_entries=8, show_spinner=False)(_trace)
# A visitor's own picture or weights, and what was made of them, end with the visit.
_private_trace = kept.for_visit(most=1)(_trace)


def forget_own() -> None:
    """Let go of what was made of this visitor's own picture and weights."""
    for cached in (_own, _private_trace, _private_look):
        cached.clear()


def model_of(scene: Scene) -> PVT:
    """The network that a scene was traced with."""
    return _model(scene.fitted, devices.resolve(scene.selection.device), scene.selection.network)


@torch.no_grad()
def run(model: PVT, normalised: torch.Tensor, scene: Scene) -> torch.Tensor:
    """Logits (batch, class) of normalised images (batch, 3, H, W), on the CPU, by a network on the scene's device."""
    device = devices.resolve(scene.selection.device)
    with _turns.get(device, _accelerator):
        return model(normalised.to(device)).cpu()


def look(scene: Scene) -> Look:
    """What attribution starts from: the maps of a scene, and how its answer depends on them."""
    kept = _private_look if scene.private else _shared_look
    with st.spinner(tr("Following the answer back …")):
        return kept(scene.key[:-1], scene)


def _look(key: tuple, _scene: Scene) -> Look:
    device = devices.resolve(_scene.selection.device)
    with _turns.get(device, _accelerator):
        return attribution.look(model_of(_scene), _scene.trace.image, unlimited=True)


_shared_look = st.cache_resource(max_entries=4, show_spinner=False)(_look)
_private_look = kept.for_visit(most=1)(_look)


def warm_up() -> None:
    """Load the default model and trace the default picture, so that the first visitor waits for nothing."""
    devices.one_thread_per_forward()
    selection = choose({}, lambda _picture, _crop, side: (side, side), devices.available()).selection
    scene(selection, Picture.of(selection))
