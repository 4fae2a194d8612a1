"""Networks that come with weights, resized to the p_i, R_i and image size that are asked for."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from pvt_viz.config import PRESETS, PVTConfig, get_config
from pvt_viz.models.flexible import refit
from pvt_viz.models.pvt import PVT, Weights
from pvt_viz.models.segmentation import SegmentationHead

FOLDER = Path(__file__).parents[2] / "assets" / "weights"
BUNDLED = ("flexi_pvt", "flexi_pvt_fixed", "scene_vit")
"""Names that `load_model` knows without a path."""
FORMAT = "pvt-viz 1"
FLEXIBLE = ("image_size", "patch_sizes", "reductions")
"""What may differ from the setting that the weights were kept at."""


class WeightsError(ValueError):
    """A weights file that cannot be used; its text is one sentence."""


def load_model(source: str | Path, /, **overrides) -> PVT:
    """The trained network `source` (a bundled name, or a .safetensors file of ours), in eval mode on the CPU.

    `overrides` are image_size, patch_sizes and reductions: kernels are resized with the pseudo-inverse, position
    embeddings bilinearly (see `flexible.refit`). Raises WeightsError, a ValueError, where the file is missing, damaged
    or not ours, and ValueError for an override that is not valid.
    """
    for field in overrides:
        if field not in FLEXIBLE:
            raise ValueError(f"{field} is fixed by the weights; {', '.join(FLEXIBLE)} can be chosen.")
    path, tensors, about = _read(source)
    kept = about.config
    config = replace(kept, **overrides)
    network = part(tensors, "network")
    try:
        planes = [tuple(network[f"stages.{i}.embed.position"].shape[2:]) for i in range(len(kept.dims))]
        if planes != [shape.grid for shape in kept.shapes()]:
            raise KeyError("position")
        return assemble(network, kept, config, about.weights)
    except (KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{path.name} does not hold the network that it says it holds; fetch it again.") from error


def assemble(state: dict[str, torch.Tensor], kept: PVTConfig, config: PVTConfig, weights: Weights) -> PVT:
    """The network of `config` with weights that are kept at the p_i, R_i and image size of `kept`."""
    with torch.device("meta"):
        model = PVT(config).eval()
    with torch.no_grad():
        model.load_state_dict(refit(state, kept, config), assign=True)
    model.requires_grad_(False)
    model.weights = weights
    return model


def load_segmentation(source: str | Path, /) -> SegmentationHead:
    """The segmentation head that was trained beside the network `source`, in eval mode; raises as `load_model` does."""
    path, tensors, about = _read(source)
    with torch.device("meta"):
        head = SegmentationHead(about.config).eval()
    try:
        head.load_state_dict(part(tensors, "segment"), assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{path.name} does not hold the segmentation head that it should; fetch it again."
        ) from error
    return head.requires_grad_(False)


def part(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """Of tensors named network.… and segment.…, those of one, without its name in front."""
    return {at.removeprefix(f"{name}."): values for at, values in tensors.items() if at.startswith(f"{name}.")}


def save(path: Path, tensors: dict[str, torch.Tensor], config: PVTConfig, weights: Weights) -> None:
    """Write weights as `load_model` reads them: float16, with the configuration that they are kept at beside them.

    `tensors` are named network.… and segment.…; of `weights`, what they were trained on goes along.
    """
    about = {
        "config": asdict(config),
        "classes": weights.classes,
        "trained_patch_sizes": weights.patch_sizes,
        "trained_reductions": weights.reductions,
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
        raise WeightsError(f"No weights come with {source}; there are some for {', '.join(BUNDLED)}.")
    path = FOLDER / f"{source}.safetensors" if source in BUNDLED else Path(source)
    if not path.is_file():
        known = "" if source in BUNDLED else f"; names that come with weights are {', '.join(BUNDLED)}"
        raise WeightsError(f"The weights file {path.name} is not there{known}.")
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in list(file.keys())}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"The weights file {path.name} is damaged; fetch it again.") from error
    if said.get("format") != FORMAT:
        raise WeightsError(f"{path.name} is not a weights file of pvt-viz.")
    try:
        return path, tensors, _about(path, json.loads(said["about"]))
    except WeightsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{path.name} does not say what network it is for in a way that this version knows; fetch it again."
        ) from error


def _about(path: Path, fields: dict) -> _About:
    try:
        config = get_config(fields["config"]["name"], **fields["config"])  # a preset's name tells its class
    except ValueError as error:
        raise WeightsError(f"{path.name} is for a network that this version does not know: {error}") from error
    weights = Weights(
        source=path.name,
        trained=True,
        classes=tuple(fields["classes"]),
        patch_sizes=tuple(map(tuple, fields["trained_patch_sizes"])),
        reductions=tuple(map(tuple, fields["trained_reductions"])),
    )
    return _About(config, weights)
