"""Our own weights files: the networks that come with the app, and what training writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pvt_viz import places
from pvt_viz.checkpoints.archives import MAX_TEXT
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError
from pvt_viz.config import PVTConfig
from pvt_viz.language import say
from pvt_viz.models.build import tensor_shapes
from pvt_viz.models.pvt import Weights
from pvt_viz.models.segmentation import SegmentationHead
from pvt_viz.presets import PRESETS, get_config

FOLDER = places.WEIGHTS
BUNDLED = ("photo_pvt", "flexi_pvt", "flexi_pvt_fixed", "scene_vit")
"""Names that `load_model` knows without a path."""
FORMAT = "pvt-viz 1"


def read(source: str | Path) -> Checkpoint:
    """The weights `source`: a bundled name, or a .safetensors file of ours.

    Raises WeightsError where the file is missing, damaged or not ours.
    """
    path, tensors, about = _read(source)
    return _whole(tensors, about, path.name)


def is_ours(path: Path) -> bool:
    """Whether a file says that it is of our format."""
    try:
        with path.open("rb") as file:
            return said_in(file.read(MAX_TEXT)).get("format") == FORMAT
    except OSError:
        return False


def said_in(data: bytes) -> dict:
    """What a .safetensors file says of itself, from its first bytes; nothing for another file."""
    length = int.from_bytes(data[:8], "little")
    if data[8:9] != b"{" or length > min(len(data), MAX_TEXT):
        return {}
    try:
        said = json.loads(data[8 : 8 + length]).get("__metadata__")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def received(tensors: Mapping[str, torch.Tensor], said: dict, name: str) -> Checkpoint:
    """The weights in a file of ours that somebody brought, called `name`; raises WeightsError as `read` does."""
    found = _whole({at: values.float() for at, values in tensors.items()}, _about_file(said, name), name)
    for at, values in found.state.items():
        if not values.isfinite().all():
            raise WeightsError(
                say(
                    "{name} holds values in {tensor} that are not numbers: its training has failed.",
                    name=name,
                    tensor=at,
                )
            )
    return replace(found, config=replace(found.config, name=name))


def _whole(tensors: Mapping[str, torch.Tensor], about: "_About", name: str) -> Checkpoint:
    kept, network = about.config, part(tensors, "network")
    if {at: values.shape for at, values in network.items()} != tensor_shapes(kept):
        raise WeightsError(say("{name} does not hold the network that it says it holds; fetch it again.", name=name))
    return Checkpoint(kept, network, about.weights)


def load_segmentation(source: str | Path, /) -> SegmentationHead:
    """The segmentation head that was trained beside the network `source`, in eval mode; raises as `read` does."""
    path, tensors, about = _read(source)
    with torch.device("meta"):
        head = SegmentationHead(about.config).eval()
    try:
        head.load_state_dict(part(tensors, "segment"), assign=True)
    except RuntimeError as error:
        raise WeightsError(
            say("{name} does not hold the segmentation head that it should; fetch it again.", name=path.name)
        ) from error
    return head.requires_grad_(False)


def part(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """Of tensors named network.… and segment.…, those of one, without its name in front."""
    return {at.removeprefix(f"{name}."): values for at, values in tensors.items() if at.startswith(f"{name}.")}


def save(path: Path, tensors: dict[str, torch.Tensor], config: PVTConfig, weights: Weights) -> None:
    """Write weights as `read` reads them: float16, with the configuration that they are kept at beside them.

    `tensors` are named network.… and segment.…; of `weights`, what they were trained on goes along.
    """
    about = {
        "config": asdict(config),
        "classes": weights.classes,
        "trained_patch_sizes": weights.patch_sizes,
        "trained_reductions": weights.reductions,
        "temperature": weights.temperature,
    }
    half = {name: values.detach().cpu().half().contiguous() for name, values in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(half, path, metadata={"format": FORMAT, "about": json.dumps(about)})


@dataclass(frozen=True)
class _About:
    """What a file says of its tensors."""

    config: PVTConfig
    weights: Weights


def _read(source: str | Path) -> tuple[Path, dict[str, torch.Tensor], _About]:
    if source in PRESETS and source not in BUNDLED:
        raise WeightsError(
            say("No weights come with {source}; there are some for {known}.", source=source, known=", ".join(BUNDLED))
        )
    path = FOLDER / f"{source}.safetensors" if source in BUNDLED else Path(source)
    if not path.is_file():
        if source in BUNDLED:
            raise WeightsError(say("The weights file {file} is not there.", file=path.name))
        raise WeightsError(
            say(
                "The weights file {file} is not there; names that come with weights are {known}.",
                file=path.name,
                known=", ".join(BUNDLED),
            )
        )
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in list(file.keys())}
    except (SafetensorError, OSError) as error:
        raise WeightsError(say("The weights file {file} is damaged; fetch it again.", file=path.name)) from error
    return path, tensors, _about_file(said, path.name)


def _about_file(said: dict, name: str) -> _About:
    if said.get("format") != FORMAT:
        raise WeightsError(say("{name} is not a weights file of pvt-viz.", name=name))
    try:
        return _about(name, json.loads(said["about"]))
    except WeightsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(
            say(
                "{name} does not say what network it is for in a way that this version knows; fetch it again.",
                name=name,
            )
        ) from error


def _about(name: str, fields: dict) -> _About:
    try:
        config = get_config(fields["config"]["name"], **fields["config"])  # a preset's name tells its class
    except ValueError as error:
        raise WeightsError(
            say("{name} is for a network that this version does not know: {why}", name=name, why=error.args[0])
        ) from error
    weights = Weights(
        source=name,
        trained=True,
        classes=tuple(fields["classes"]),
        patch_sizes=tuple(map(tuple, fields["trained_patch_sizes"])),
        reductions=tuple(map(tuple, fields["trained_reductions"])),
        temperature=float(fields.get("temperature", 1)),
    )
    return _About(config, weights)
