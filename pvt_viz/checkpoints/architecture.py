"""The configuration of a network, read from the shapes of its tensors, and the tensors as that network keeps them."""

import math
from collections.abc import Callable, Mapping

import torch
from einops import rearrange
from torch import Tensor

from pvt_viz.checkpoints.beside import Beside
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.names import CLS, DISTILLATION, Family
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD, PRESETS, PVTConfig, PVTv2Config, Size, ViTConfig
from pvt_viz.words import times

CONFIGS = {"pvt": PVTConfig, "pvt_v2": PVTv2Config, "vit": ViTConfig}
IMAGENET_CROP = 0.875
"""224 of 256 pixels: how ImageNet's pictures are cut for testing where nothing else is said."""
HEAD_DIM = 64
"""Channels of a head in every published PVT and ViT but PVTv2-B0."""
USUAL_SIDE = 224


class _Shapes:
    """Questions to the tensors; the answer to one that cannot be answered is a sentence."""

    def __init__(self, tensors: Mapping[str, Tensor], name: str, say: Callable[[str], str]):
        self.tensors, self.name, self.say = tensors, name, say

    def of(self, tensor: str, dims: int) -> tuple[int, ...]:
        found = self.tensors.get(tensor)
        if found is None or found.ndim != dims or 0 in found.shape:
            raise WeightsError(f"{self.name} is not complete: {self.say(tensor)} is missing, or of another form.")
        return tuple(found.shape)

    def kernel(self, tensor: str) -> tuple[int, int, int]:
        """(out, in, side) of a square kernel."""
        out, channels, height, width = self.of(tensor, 4)
        if height != width:
            raise WeightsError(f"{self.name} has kernels of {times((height, width))}; only square ones are known here.")
        return out, channels, height

    def count(self, before: str) -> int:
        """How many different numbers follow: stages, or blocks of one."""
        found = {name.removeprefix(before).split(".")[0] for name in self.tensors if name.startswith(before)}
        return len({number for number in found if number.isdigit()})


def read(
    family: Family, tensors: Mapping[str, Tensor], beside: Beside, name: str, say: Callable[[str], str]
) -> tuple[PVTConfig, list[str]]:
    """The configuration of tensors under our names (as `names.rename` leaves them), and what had to be assumed.

    `say` turns a name of ours into the file's. Raises WeightsError where they are of no network that is known here.
    """
    shapes, notes = _Shapes(tensors, name, say), []
    stages = range(shapes.count("stages."))
    embeds = [shapes.kernel(f"stages.{i}.embed.project.weight") for i in stages]
    dims = tuple(out for out, _, _ in embeds)
    overlap = family.network == "pvt_v2"
    if overlap and any(side % 2 == 0 for _, _, side in embeds):
        raise WeightsError(f"{name} has patches of an even side; those of PVTv2 are 2·p − 1 wide, 7 and 3 as a rule.")
    folds = [_fold(shapes, i) for i in stages]
    linear = overlap and all(folds) and max(folds, default=0) == 1
    prefix = tuple(key for key in (CLS, DISTILLATION) if key in tensors)
    fields = {
        "patch_sizes": tuple((side + 1) // 2 if overlap else side for _, _, side in embeds),
        "in_channels": embeds[0][1] if embeds else 0,
        "dims": dims,
        "depths": tuple(shapes.count(f"stages.{i}.blocks.") for i in stages),
        "heads": _heads(family, dims, beside, notes, name),
        "mlp_ratios": tuple(
            _ratio(shapes.of(f"stages.{i}.blocks.0.mlp.widen.weight", 2)[0], dim) for i, dim in enumerate(dims)
        ),
        "reductions": tuple(fold or 1 for fold in folds),
        "num_classes": shapes.of("head.weight", 2)[0] if "head.weight" in tensors else 0,
        "qkv_bias": "stages.0.blocks.0.attention.query.bias" in tensors,
        "block_norm_eps": beside.norm_eps or family.block_norm_eps,
        "embed_norm_eps": beside.norm_eps or family.embed_norm_eps,
        "mean": beside.mean if beside.says_normalisation else IMAGENET_MEAN,
        "std": beside.std if beside.says_normalisation else IMAGENET_STD,
        "crop": beside.crop or IMAGENET_CROP,
        "n_prefix": len(prefix),
    }
    if not beside.says_normalisation:
        notes.append("Nothing says how pictures were normalised: ImageNet's mean and deviation are taken.")
    if overlap:
        fields |= {"linear": linear, "image_size": beside.image_size or USUAL_SIDE}
    else:
        fields["image_size"] = _trained_size(shapes, fields["patch_sizes"], len(prefix), beside)
    if family.network == "vit":
        fields["distilled"] = "distilled_head.weight" in tensors
    try:
        return CONFIGS[family.network](name=name, **fields), notes
    except ValueError as error:
        raise WeightsError(f"{name} holds tensors that make no network known here: {error}") from error


def settle(config: PVTConfig, tensors: Mapping[str, Tensor], notes: list[str]) -> dict[str, Tensor]:
    """The same tensors as the network of `config` keeps them, float32; what it keeps in no other form is as it was."""
    out = dict(tensors)
    prefix = [out.pop(key).reshape(1, 1, -1) for key in (CLS, DISTILLATION) if key in out]
    last = len(config.dims) - 1
    if config.version == 2:
        for kind in (".weight", ".bias"):
            if f"stages.{last}.norm{kind}" in out:
                out[f"norm{kind}"] = out.pop(f"stages.{last}.norm{kind}")
    for shape in config.shapes():
        at = f"stages.{shape.index - 1}"
        positions = out.pop(f"{at}.positions", None)
        if positions is None:
            continue
        extra = positions.shape[1] - shape.tokens
        if extra > shape.n_prefix:
            notes.append("The position of a CLS token that is not there is left aside.")
        plane = positions[:, extra:]
        out[f"{at}.embed.position"] = rearrange(plane, "b (h w) c -> b c h w", h=shape.grid[0])
        out[f"{at}.embed.prefix_position"] = positions[:, : shape.n_prefix]
        tokens = torch.cat(prefix, dim=1) if shape.n_prefix else positions.new_empty(1, 0, shape.dim)
        out[f"{at}.embed.prefix"] = tokens
    if not config.num_classes:
        # A backbone has no head, and often no last norm: nothing is read after it, so any will do.
        bare = torch.zeros(config.dims[-1])
        out |= {"head.weight": torch.zeros(0, config.dims[-1]), "head.bias": torch.zeros(0)}
        out = {"norm.weight": bare + 1, "norm.bias": bare} | out
    return {name: _flat(name, values).float().contiguous() for name, values in out.items()}


def _flat(name: str, values: Tensor) -> Tensor:
    """The kernel of a convolution that does not overlap itself, or is written as one, as a linear layer's."""
    if values.ndim == 4 and name.endswith("project.weight"):
        return rearrange(values, "o c k1 k2 -> o (k1 k2 c)")
    return values


def _fold(shapes: _Shapes, stage: int) -> int:
    """Side of the kernel of a stage's reduction; 0 where it has none."""
    name = f"stages.{stage}.blocks.0.attention.reduce.project.weight"
    return shapes.kernel(name)[2] if name in shapes.tensors else 0


def _ratio(hidden: int, dim: int) -> float:
    """The ratio that gives so many hidden channels, rounding down."""
    ratio = hidden / dim
    while int(dim * ratio) < hidden:
        ratio = math.nextafter(ratio, math.inf)
    return ratio


def _heads(family: Family, dims: tuple[int, ...], beside: Beside, notes: list[str], name: str) -> tuple[int, ...]:
    """No tensor tells how many heads share the channels: config.json does, or a preset of these widths, or a habit."""
    if beside.heads is not None and len(beside.heads) == len(dims):
        return beside.heads
    for preset in PRESETS.values():
        if type(preset) is CONFIGS[family.network] and preset.dims == dims:
            return preset.heads
    if any(dim % HEAD_DIM for dim in dims):
        raise WeightsError(f"{name} does not say how many heads there are; choose its config.json together with it.")
    heads = tuple(dim // HEAD_DIM for dim in dims)
    notes.append(f"Nothing says how many heads there are: {HEAD_DIM} channels each are taken, so {heads}.")
    return heads


def _trained_size(shapes: _Shapes, patch_sizes: tuple[int, ...], prefix: int, beside: Beside) -> int | Size:
    """The image size whose first grid has as many tokens as there are position embeddings."""
    count = shapes.of("stages.0.positions", 3)[1] - (prefix if len(patch_sizes) == 1 else 0)
    p, said = patch_sizes[0], beside.image_size
    if said is not None:
        h, w = (said, said) if isinstance(said, int) else said
        if (h // p) * (w // p) == count:
            return said
    side = math.isqrt(max(count, 0))
    if not side or side * side != count:
        raise WeightsError(
            f"{shapes.name} has positions for {count} tokens, which is no square; choose its config.json with it."
        )
    return side * p
