"""A scene is what everything shows: the choice, the picture as the network saw it, the trace. A studio makes scenes.

A studio by itself keeps nothing: a server's keeps in the caches of Streamlit, that of a command line in memory.
"""

import inspect
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import wraps

import torch
from PIL import Image

import pvt_viz
from pvt_viz import Trace, attribution, budget, devices, images
from pvt_viz.attribution import Look
from pvt_viz.checkpoints import BUNDLED, FLEXIBLE, Checkpoint, WeightsError, moments, tiny_imagenet
from pvt_viz.choices.selection import Network, Selection
from pvt_viz.config import PVTConfig, Size
from pvt_viz.figures import truth
from pvt_viz.language import say, tr
from pvt_viz.models import PVT, Weights
from pvt_viz.models.flexible import PSEUDO_INVERSE, Resizing
from pvt_viz.picture import Picture
from pvt_viz.presets import PRESETS
from pvt_viz.scenes import CLASSES, Scenes

DISPLAY_WIDTH = 672  # pixels: three times a 224 px image, sharp on a projector
_CLASSES = {len(names): names for names in (CLASSES, tiny_imagenet.CLASSES)}
"""What networks of ours call their answers, by how many they have."""


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
    studio: "Studio" = field(compare=False, repr=False)
    """Who made it, and whom to ask for more about it."""

    @property
    def private(self) -> bool:
        """Whether picture or weights are one visitor's own."""
        return self.picture.private or self.selection.network.private


class Studio:
    """Makes scenes, and asks their networks. Who keeps things, or has visitors take turns, overrides the first four."""

    def keep(self, function: Callable, *, most: int, private: bool = False) -> Callable:
        """The function, with its `most` recent results kept; what is `private` ends with a visit.

        Arguments whose names begin with "_" do not tell results apart.
        """
        return function

    def turn(self, device: str) -> AbstractContextManager:
        """Within it a network is run on the device."""
        return nullcontext()

    def waiting(self, words: str) -> AbstractContextManager:
        """Within it something takes long; `words` say what."""
        return nullcontext()

    def brought(self, network: Network) -> Checkpoint:
        """The weights of a network that somebody brought."""
        raise KeyError(network.digest)

    def __init__(self):
        self._made: dict[Callable, Callable] = {}
        self.recorded = self.keep(moments.load, most=2)
        self._shared_network = self.keep(self._network, most=4)
        self._own_network = self.keep(self._network, most=2, private=True)
        self._early_network = self.keep(self._early, most=8)
        self._shared_trace = self.keep(self._trace, most=8)
        self._own_trace = self.keep(self._trace, most=1, private=True)
        self._shared_view = self.keep(self._view, most=16)
        self._own_view = self.keep(self._view, most=2, private=True)
        self._outlined = self.keep(self._outline, most=16)
        self._shared_look = self.keep(self._look, most=4)
        self._own_look = self.keep(self._look, most=1, private=True)

    def scene(self, selection: Selection, picture: Picture, moment: int | None = None) -> Scene:
        """The traced scene of a choice. Raises ValueError, with a sentence, for one that is too heavy to trace.

        `moment` is a step of the network's training, where its weights there were recorded; 0 for random ones.
        """
        config = selection.config
        budget.check(config, trace_limit=budget.limit(budget.TRACES), fold_limit=budget.limit(budget.FOLDS))
        network = selection.network
        fitted = Fitted(config, selection.kernels if selection.resized else PSEUDO_INVERSE, network.digest, moment)
        key = (picture.digest, fitted, devices.resolve(selection.device))
        view = self._own_view if picture.private else self._shared_view
        bare = seen = view(picture.digest, config.image_hw, config.crop, picture.image)
        if picture.scenes is not None and selection.outline == "on":
            seen = self._outlined(picture.digest, config.image_hw, config.crop, bare, picture.scenes)
        traced, wait = self._shared_trace, tr("Sending the picture through the network …")
        if picture.private or network.private:
            traced, wait = self._own_trace, tr("Sending your picture through the network …")
        with self.waiting(wait):
            trace = traced(*key, picture.image, network)
        return Scene(selection, picture, seen, bare, trace, (*key, selection.outline), fitted, self)

    def network_of(self, scene: Scene) -> PVT:
        """The network that a scene was traced with."""
        return self._fit(scene.fitted, devices.resolve(scene.selection.device), scene.selection.network)

    @torch.no_grad()
    def run(self, model: PVT, normalised: torch.Tensor, scene: Scene) -> torch.Tensor:
        """Logits (batch, class) of normalised images (batch, 3, H, W), on the CPU, by a network on its device."""
        device = devices.resolve(scene.selection.device)
        with self.turn(device):
            return model(normalised.to(device)).cpu()

    def look(self, scene: Scene) -> Look:
        """What attribution starts from: the maps of a scene, and how its answer depends on them."""
        kept = self._own_look if scene.private else self._shared_look
        with self.waiting(tr("Following the answer back …")):
            return kept(scene.key[:-1], scene)

    def once(self, function: Callable, most: int) -> Callable:
        """A function of a scene's key, choices and the scene, kept for the visit."""
        if function not in self._made:
            self._made[function] = self.keep(function, most=most, private=True)
        return self._made[function]

    def _fit(self, fitted: Fitted, device: str, network: Network) -> PVT:
        if fitted.moment is not None:
            return self._early_network(fitted.config, device, fitted.moment, fitted.kernels)
        return (self._own_network if network.private else self._shared_network)(fitted, device, network)

    def _network(self, fitted: Fitted, device: str, _network: Network) -> PVT:
        """A network: with its weights where some come with it or were brought.

        Else random ones, which borrow every tensor they can from their preset's. Raises WeightsError where what was
        fetched is gone.
        """
        config = fitted.config
        if fitted.digest:
            return self.brought(_network).model(config, fitted.kernels).to(device)
        try:
            if config.name not in BUNDLED:
                return self._random(config).to(device)
            chosen = {field: getattr(config, field) for field in FLEXIBLE}
            found = pvt_viz.load_model(config.name, resize=fitted.kernels, **chosen)
        except WeightsError as error:
            found = self._random(config)
            found.weights = replace(found.weights, problem=error.args[0])
        return found.to(device)

    def _early(self, config: PVTConfig, device: str, step: int, kernels: Resizing) -> PVT:
        """The network as it was after so many steps of its training."""
        classes = _CLASSES[config.num_classes]
        if step == 0:
            found = self._random(config)
            found.weights = replace(found.weights, classes=classes)
            return found.to(device)
        kept = next(moment for moment in self.recorded(config.name) if moment.step == step)
        then = Weights(
            source=say("{network} after {step} steps", network=config.name, step=step), trained=True, classes=classes
        )
        try:
            return Checkpoint(PRESETS[config.name], kept.state, then).model(config, kernels).to(device)
        except (KeyError, RuntimeError) as error:
            raise WeightsError(
                say("The recorded moments of {network} are those of another network.", network=config.name)
            ) from error

    def _random(self, config: PVTConfig) -> PVT:
        preset = PRESETS[config.name]
        if config == preset:
            return pvt_viz.build_model(config)
        home = self._shared_network(Fitted(preset, PSEUDO_INVERSE, "", None), "cpu", Network(preset))
        return pvt_viz.build_model(config, share=home)

    def _view(self, digest: str, image_size: Size, crop: float, _picture: Image.Image) -> Image.Image:
        """What the network sees of a picture, enlarged."""
        return enlarged(_picture, image_size, crop)

    def _outline(self, digest: str, image_size: Size, crop: float, _bare: Image.Image, _scenes: Scenes) -> Image.Image:
        """The same of a drawn scene, which is nobody's own, with the answer outlined."""
        return truth.outline(_bare, _scenes.masks[0].numpy())

    def _trace(self, digest: str, fitted: Fitted, device: str, _picture: Image.Image, _network: Network) -> Trace:
        with self.turn(device):
            model = self._fit(fitted, device, _network)
            found = pvt_viz.trace(model, images.to_tensor(_picture, fitted.config), unlimited=True)
        if not all(values.isfinite().all() for values in (found.logits, found.stages[-1].feature_map)):
            raise ValueError(
                say(
                    "With these weights the numbers of this picture grow until they are none (NaN or infinite): there"
                    " is nothing to show."
                )
            )
        return found

    def _look(self, key: tuple, _scene: Scene) -> Look:
        with self.turn(devices.resolve(_scene.selection.device)):
            return attribution.look(self.network_of(_scene), _scene.trace.image, unlimited=True)


def once(*, most: int) -> Callable[[Callable], Callable]:
    """Of a function of a scene's key, choices, and last the scene itself: the studio keeps `most` recent results."""

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def call(*args):
            scene: Scene = args[-1]
            return scene.studio.once(function, most)(*args)

        return call

    return decorate


def in_memory(function: Callable, most: int) -> Callable:
    """The function, with its `most` recent results kept while the process lasts: for a studio without visitors."""
    names, kept = list(inspect.signature(function).parameters), OrderedDict()

    @wraps(function)
    def call(*args):
        key = tuple(arg for name, arg in zip(names, args, strict=True) if not name.startswith("_"))
        if key not in kept:
            kept[key] = function(*args)
        kept.move_to_end(key)
        while len(kept) > most:
            kept.popitem(last=False)
        return kept[key]

    return call


def enlarged(picture: Image.Image, image_size: Size, crop: float = 1.0) -> Image.Image:
    """The crop that the model sees, enlarged by a whole factor so that grids fall on whole pixels."""
    return images.fit(picture, image_size, scale=max(1, round(DISPLAY_WIDTH / max(image_size))), crop=crop)
