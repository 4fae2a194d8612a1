"""The configuration of a network, read from the shapes of its tensors, and the tensors as that network keeps them."""

import math
import re
from collections.abc import Callable, Mapping

import torch
from einops import rearrange
from torch import Tensor

from pvt_viz.checkpoints.beside import Beside
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.names import CLS, DISTILLATION, POOLED_NORM, REGISTERS, Family
from pvt_viz.checkpoints.sentences import label, listed, misfit, missing
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD, PVTConfig, PVTv2Config, Size, ViTConfig
from pvt_viz.images import CHANNELS
from pvt_viz.language import N_, say
from pvt_viz.presets import PRESETS
from pvt_viz.words import times

CONFIGS = {"pvt": PVTConfig, "pvt_v2": PVTv2Config, "vit": ViTConfig}
IMAGENET_CROP = 0.875
"""224 of 256 pixels: how ImageNet's pictures are cut for testing where nothing else is said."""
HEAD_DIM = 64
"""Channels of a head in every published PVT but PVTv2-B0, and in every ViT up to Large."""
MOST_HEADS = 16
"""Those of a ViT-Large; the wider ones (Huge, Giant) have no more."""
USUAL_SIDE = 224
LINEAR = ("project.weight", "mlp.widen.weight", "mlp.narrow.weight")
"""How the names of our linear layers end that others write as convolutions."""


class _Shapes:
    """Questions to the tensors; the answer to one that cannot be answered is a sentence."""

    def __init__(self, tensors: Mapping[str, Tensor], name: str, called: Callable[[str], str]):
        self.tensors, self.name, self.called = tensors, name, called

    def of(self, tensor: str, dims: int) -> tuple[int, ...]:
        found = self.tensors.get(tensor)
        if found is None:
            raise missing(self.name, [self.called(tensor)])
        if found.ndim != dims or 0 in found.shape:
            raise misfit(self.name, self.called(tensor), found)
        return tuple(found.shape)

    def kernel(self, tensor: str) -> tuple[int, int, int]:
        """(out, in, side) of a square kernel."""
        out, channels, height, width = self.of(tensor, 4)
        if height != width:
            raise WeightsError(
                say(
                    "{name} has a kernel of {size} ({tensor}); only square ones open.",
                    name=self.name,
                    size=times((height, width)),
                    tensor=self.called(tensor),
                )
            )
        return out, channels, height

    def rows(self, tensor: str) -> int:
        """How many outputs a linear layer has, which may be written as a 1×1 convolution."""
        found = self.tensors.get(tensor)
        if found is not None and found.ndim == 4 and found.shape[2:] == (1, 1):
            return self.of(tensor, 4)[0]
        return self.of(tensor, 2)[0]

    def count(self, before: str) -> int:
        """How many different numbers follow: stages, or blocks of one. They count from 0, without a gap."""
        found = {int(name.removeprefix(before).split(".")[0]): name for name in self.begin(before)}
        for expected, number in enumerate(sorted(found)):
            if number != expected:
                raise WeightsError(
                    say(
                        "{name} is not complete: {tensor} is there, but nothing with the number before it.",
                        name=self.name,
                        tensor=listed([self.called(found[number])]),
                    )
                )
        return len(found)

    def begin(self, before: str) -> list[str]:
        """The tensors whose names begin so."""
        return [name for name in self.tensors if name.startswith(before)]


def read(
    family: Family, tensors: Mapping[str, Tensor], beside: Beside, name: str, called: Callable[[str], str]
) -> tuple[PVTConfig, list[str]]:
    """The configuration of tensors under our names (as `names.rename` leaves them), and what had to be assumed.

    `called` turns a name of ours into the file's. Raises WeightsError where they are of no network that is known here.
    """
    shapes, notes = _Shapes(tensors, name, called), []
    stages = range(shapes.count("stages."))
    embeds = [shapes.kernel(f"stages.{i}.embed.project.weight") for i in stages]
    dims = tuple(out for out, _, _ in embeds)
    overlap = family.network == "pvt_v2"
    if overlap and any(side % 2 == 0 for _, _, side in embeds):
        raise WeightsError(
            say("{name} has patches of an even side; those of PVTv2 are 2·p − 1 wide, 7 and 3 as a rule.", name=name)
        )
    folds = [_fold(shapes, i) for i in stages]
    linear = overlap and all(folds) and max(folds, default=0) == 1
    _agree(family, dims, embeds, beside, name)
    distilled = shapes.begin("distilled_head.")
    has_head = shapes.begin("head.") or distilled
    if family.network == "pvt" and CLS not in tensors and (has_head or shapes.begin("norm.")):
        raise missing(name, [called(CLS)])  # only a detector's backbone does without
    if distilled and DISTILLATION not in tensors:
        raise WeightsError(
            say(
                "{name} is not complete: it has {tensor}, and {lost} is missing.",
                name=name,
                tensor=called(distilled[0]),
                lost=called(DISTILLATION),
            )
        )
    prefix = tuple(key for key in (CLS, DISTILLATION) if key in tensors)
    registers = shapes.of(REGISTERS, 3)[1] if REGISTERS in tensors else 0
    may_pool = family.pools and not distilled
    if prefix and beside.pool not in (None, "token") and not (may_pool and beside.pool == "avg"):
        raise WeightsError(
            say(
                "{name} answers by {pool}, where one that has {token} can only answer by it.",
                name=name,
                pool=label(beside.pool),
                token=called(CLS),
            )
        )
    channels = embeds[0][1] if embeds else 0
    if channels not in CHANNELS:
        raise WeightsError(
            say(
                "{name} takes pictures of {count} channels ({tensor}); those of 3 open, and of 1 or 4.",
                name=name,
                count=channels,
                tensor=called("stages.0.embed.project.weight"),
            )
        )
    said = _normalisation(beside, channels)
    mean, std = said or (_for_channels(IMAGENET_MEAN, channels, 0.0), _for_channels(IMAGENET_STD, channels, 1.0))
    fields = {
        "patch_sizes": tuple((side + 1) // 2 if overlap else side for _, _, side in embeds),
        "in_channels": channels,
        "dims": dims,
        "depths": tuple(shapes.count(f"stages.{i}.blocks.") for i in stages),
        "heads": _heads(family, dims, beside, notes, name),
        "mlp_ratios": tuple(
            _ratio(shapes.rows(f"stages.{i}.blocks.0.mlp.widen.weight"), dim) for i, dim in enumerate(dims)
        ),
        "reductions": tuple(fold or 1 for fold in folds),
        "num_classes": shapes.of("head.weight", 2)[0] if has_head else 0,
        "qkv_bias": _most_have_biases(tensors),
        "block_norm_eps": beside.norm_eps or family.block_norm_eps,
        "embed_norm_eps": beside.norm_eps or family.embed_norm_eps,
        "mean": mean,
        "std": std,
        "crop": beside.crop or IMAGENET_CROP,
        "n_prefix": len(prefix) + registers,
    }
    if not said:
        notes.append(say("Nothing says how pictures were normalised: ImageNet's mean and deviation are taken."))
    if channels == 1:
        notes.append(say("It takes pictures of one channel: they are given in grey."))
    elif channels > len(IMAGENET_MEAN):
        notes.append(
            say(
                "It takes pictures of {count} channels: what comes after red, green and blue is given as zeros.",
                count=channels,
            )
        )
    if overlap:
        fields |= {"linear": linear, "image_size": beside.image_size or USUAL_SIDE}
    else:
        fields["image_size"] = _trained_size(
            shapes, fields["patch_sizes"], _before(family, len(prefix), registers), prefix, beside, notes
        )
    if family.network == "vit":
        of_the_mean = bool(shapes.begin(f"{POOLED_NORM}.")) and beside.pool != "token"
        scaled = any(name.endswith("_scale.gain") for name in tensors)
        if (registers or scaled) and CLS not in tensors and not of_the_mean and beside.pool != "avg":
            raise missing(name, [called(CLS)])  # where it has no position, nothing else tells that it is gone
        pooled = bool(prefix or registers) and (beside.pool == "avg" or of_the_mean or not prefix)
        fields |= {
            "distilled": bool(distilled),
            "registers": registers,
            "layer_scale": scaled,
            "pooled": pooled,
            "norm_last": of_the_mean,
        }
        if may_pool and has_head and prefix and beside.pool is None and not of_the_mean:
            notes.append(
                say("Nothing says whether the answer is read from CLS or from the mean of all tokens; CLS is taken.")
            )
    try:
        return CONFIGS[family.network](name=name, **fields), notes
    except ValueError as error:
        raise WeightsError(say("{name} makes no network known here: {why}", name=name, why=error.args[0])) from error


def _normalisation(beside: Beside, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """(mean, std) for so many channels, as it is said; None where nothing is, or something for other channels."""
    if beside.mean is None or beside.std is None or len(beside.mean) != len(beside.std):
        return None
    if len(beside.mean) not in (channels, len(IMAGENET_MEAN)):
        return None
    return _for_channels(beside.mean, channels, 0.0), _for_channels(beside.std, channels, 1.0)


def _for_channels(values: tuple[float, ...], channels: int, rest: float) -> tuple[float, ...]:
    """Those of red, green and blue for another count: for grey their mean, and `rest` for a fourth."""
    if len(values) == channels:
        return values
    return (sum(values) / len(values),) if channels == 1 else values + (rest,) * (channels - len(values))


def settle(
    config: PVTConfig, tensors: Mapping[str, Tensor], notes: list[str], called: Callable[[str], str]
) -> dict[str, Tensor]:
    """The same tensors as the network of `config` keeps them, float32; what it keeps in no other form is as it was.

    Raises WeightsError for positions or tokens of another shape.
    """
    out = dict(tensors)
    last = len(config.dims) - 1
    prefix = [(key, out.pop(key)) for key in (CLS, DISTILLATION, REGISTERS) if key in out]
    for key, token in prefix:
        if token.shape != (1, config.registers if key == REGISTERS else 1, config.dims[last]):
            raise misfit(config.name, called(key), token)
    for kind in (".weight", ".bias"):
        if f"{POOLED_NORM}{kind}" in out:
            out[f"norm{kind}"] = out.pop(f"{POOLED_NORM}{kind}")
    if config.version == 2:
        for kind in (".weight", ".bias"):
            if f"stages.{last}.norm{kind}" in out:
                out[f"norm{kind}"] = out.pop(f"stages.{last}.norm{kind}")
    for shape in config.shapes():
        at = f"stages.{shape.index - 1}"
        positions = out.pop(f"{at}.positions", None)
        if positions is None:
            continue
        spare = config.version == 1 and not config.n_prefix and shape.index == last + 1 > 1  # a detector keeps a row
        # A ViT's positions may be for all that stands before the grid, for that without the registers, or for nothing.
        before = {shape.n_prefix, shape.n_prefix - shape.registers, 0} if len(config.dims) == 1 else {shape.n_prefix}
        before |= {shape.n_prefix + 1} if spare else set()
        if positions.shape not in [(1, count + shape.tokens, shape.dim) for count in before]:
            raise misfit(config.name, called(f"{at}.positions"), positions)
        extra = positions.shape[1] - shape.tokens
        if extra > shape.n_prefix:
            notes.append(
                say(
                    "The position of a CLS token that is not there ({tensor}) is left aside.",
                    tensor=called(f"{at}.positions"),
                )
            )
        plane = positions[:, extra:]
        out[f"{at}.embed.position"] = rearrange(plane, "b (h w) c -> b c h w", h=shape.grid[0])
        own = positions[:, : min(extra, shape.n_prefix)]
        none = positions.new_zeros(1, shape.n_prefix - own.shape[1], shape.dim)
        out[f"{at}.embed.prefix_position"] = torch.cat([own, none], dim=1)
        tokens = [token for _, token in prefix] if shape.n_prefix else [positions.new_empty(1, 0, shape.dim)]
        out[f"{at}.embed.prefix"] = torch.cat(tokens, dim=1)
    if not config.num_classes:
        # A backbone has no head, and often no last norm: nothing is read after it, so any will do.
        bare = torch.zeros(config.dims[-1])
        out |= {"head.weight": torch.zeros(0, config.dims[-1]), "head.bias": torch.zeros(0)}
        if "norm.weight" not in out and "norm.bias" not in out:
            out |= {"norm.weight": bare + 1, "norm.bias": bare}
    return {name: _flat(name, values, config).float().contiguous() for name, values in out.items()}


def unsettle(config: PVTConfig, name: str) -> str:
    """What a tensor of the network was before `settle`."""
    if config.version == 2 and name.startswith("norm."):
        return f"stages.{len(config.dims) - 1}.{name}"
    if name.endswith(".embed.prefix"):
        return CLS
    return re.sub(r"\.embed\.(prefix_)?position$", ".positions", name)


def _flat(name: str, values: Tensor, config: PVTConfig) -> Tensor:
    """The kernel of a convolution that does not overlap itself, or is written as one, as a linear layer's.

    One of another side is left as it is, and fits nowhere: laid end to end it might.
    """
    if values.ndim != 4 or not name.endswith(LINEAR):
        return values
    shape = config.shapes()[int(name.split(".")[1])]
    side = shape.window if ".embed." in name else shape.reduction if ".reduce." in name else 1
    return rearrange(values, "o c k1 k2 -> o (k1 k2 c)") if values.shape[2:] == (side, side) else values


def _agree(family: Family, dims: tuple[int, ...], embeds: list[tuple], beside: Beside, name: str) -> None:
    """Raises WeightsError where config.json is of another network: heads and eps would be another's."""
    strides = tuple((side + 1) // 2 if family.network == "pvt_v2" else side for _, _, side in embeds)
    for sentence, said, found in (
        (
            N_(
                "{name} is not what its config.json says: the type {said}, where its tensors are of {found}; choose the"
                " one that belongs to it."
            ),
            beside.network,
            family.network,
        ),
        (
            N_(
                "{name} is not what its config.json says: the widths {said}, where its tensors are of {found}; choose"
                " the one that belongs to it."
            ),
            beside.dims,
            dims,
        ),
        (
            N_(
                "{name} is not what its config.json says: the strides {said}, where its tensors are of {found}; choose"
                " the one that belongs to it."
            ),
            beside.strides,
            strides,
        ),
    ):
        if said is not None and said != found:
            raise WeightsError(say(sentence, name=name, said=said, found=found))


def _fold(shapes: _Shapes, stage: int) -> int:
    """Side of the kernel of a stage's reduction; 0 where it has none."""
    reduce = f"stages.{stage}.blocks.0.attention.reduce."
    # It has four tensors: one that is there alone is too many, three want the fourth.
    return shapes.kernel(f"{reduce}project.weight")[2] if len(shapes.begin(reduce)) > 1 else 0


def _most_have_biases(tensors: Mapping[str, Tensor]) -> bool:
    """Of the layers of queries, keys and values: all have one or none, but for what is missing or too much."""
    found = [re.search(r"attention\.(?:query|key|value)\.(weight|bias)$", name) for name in tensors]
    kinds = [at[1] for at in found if at]
    return 2 * kinds.count("bias") >= kinds.count("weight")


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
        raise WeightsError(
            say("{name} does not say how many heads there are; choose its config.json together with it.", name=name)
        )
    heads = tuple(dim // HEAD_DIM for dim in dims)
    if family.network == "vit" and heads[0] > MOST_HEADS and dims[0] % MOST_HEADS == 0:
        heads = (MOST_HEADS,)
    notes.append(
        say("Nothing says how many heads there are; {heads} are taken, as is usual for so many channels.", heads=heads)
    )
    return heads


def _trained_size(
    shapes: _Shapes,
    patch_sizes: tuple[int, ...],
    before: tuple[int, ...],
    prefix: tuple[str, ...],
    beside: Beside,
    notes: list[str],
) -> int | Size:
    """The image size whose first grid has as many tokens as there are position embeddings."""
    alone = len(patch_sizes) == 1
    rows = shapes.of("stages.0.positions", 3)[1]
    counts = [rows - count for count in before]
    sizes = {count: _size_of(count, patch_sizes[0], beside.image_size) for count in counts}
    fitting = [count for count, size in sizes.items() if size is not None]
    count = next((count for count in fitting if sizes[count] == beside.image_size), (fitting or counts)[0])
    if (size := sizes[count]) is not None:
        if size != beside.image_size:
            notes.append(
                say(
                    "Nothing that fits says what form of picture its {count:,} positions are for; a square is taken, of"
                    " {size} pixels.",
                    count=count,
                    size=times((size, size)),
                )
            )
        return size
    lost = [key for key in (CLS, DISTILLATION) if key not in prefix]
    if alone and lost and _size_of(count - 1, patch_sizes[0], beside.image_size):
        raise missing(shapes.name, [shapes.called(lost[0])])
    raise WeightsError(
        say(
            "{name} has positions for {count} tokens ({tensor}), which is no square; choose its config.json with it.",
            name=shapes.name,
            count=count,
            tensor=shapes.called("stages.0.positions"),
        )
    )


def _before(family: Family, prefix: int, registers: int) -> tuple[int, ...]:
    """How many of stage 1's positions may be for tokens before the grid: the likelier first."""
    if family.network != "vit":
        return (0,)
    return (prefix + registers, prefix, *((0,) if family.grid_alone else ()))


def _size_of(count: int, p: int, said: int | Size | None) -> int | Size | None:
    """The image of `count` patches of side p: as it is said, else a square; None where there is none."""
    if said is not None:
        h, w = (said, said) if isinstance(said, int) else said
        if (h // p) * (w // p) == count > 0:
            return said
    side = math.isqrt(max(count, 0))
    return side * p if side and side * side == count else None
