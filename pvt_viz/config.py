"""Frozen configurations: the single source of every shape in the project.

A configuration says what a network is made of; `Config.shapes` says what an H×W image becomes inside it. The
model, the trace, the tables and the sliders all read their shapes from here.
"""

import math
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import mul
from typing import ClassVar

from pvt_viz.language import N_, say
from pvt_viz.words import times

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class StageShape:
    """What one stage makes of an image of a given size (paper: Section 3.2 and Figure 3)."""

    index: int
    """i, counted from 1."""
    patch_size: int
    """p_i: side of the square each token covers in the grid below (image pixels for stage 1)."""
    window: int
    """Side of the square of the grid below that a token is made from: p_i, or 2·p_i − 1 where patches overlap."""
    stride: int
    """p_1·…·p_i: side of a token's own square in image pixels."""
    grid: Size
    """(h, w): rows and columns of tokens."""
    rim: Size
    """Rows and columns of image pixels, at the bottom and the right, that no token of this stage covers."""
    reduction: int
    """R_i: side of the square of tokens folded into one key/value."""
    pool: int | None
    """Side of the plane that the tokens are averaged to instead (linear SRA of PVTv2); None where there is a fold."""
    reduced_grid: Size
    """(h', w') = (⌊h/R⌋, ⌊w/R⌋), or (pool, pool): the plane of keys and values."""
    n_prefix: int
    """Tokens that stand before the grid in the sequence: in the last stage those of the configuration, else 0."""
    registers: int = 0
    """The last of those that are registers, which no answer is read from."""
    in_channels: int
    dim: int
    depth: int
    heads: int
    mlp_hidden: int

    @property
    def tokens(self) -> int:
        """N = h·w."""
        return self.grid[0] * self.grid[1]

    @property
    def reduced_tokens(self) -> int:
        """M = h'·w'."""
        return self.reduced_grid[0] * self.reduced_grid[1]

    @property
    def queries(self) -> int:
        """n_prefix + N."""
        return self.n_prefix + self.tokens

    @property
    def keys(self) -> int:
        """n_prefix + M."""
        return self.n_prefix + self.reduced_tokens

    @property
    def head_dim(self) -> int:
        return self.dim // self.heads

    @property
    def reduces(self) -> bool:
        """Whether keys come from a plane of their own: folded or pooled, not the tokens themselves."""
        return self.reduction > 1 or self.pool is not None

    @property
    def unfolded(self) -> Size:
        """Rows and columns of tokens that fill no R×R square and are left out as keys."""
        return self.grid[0] % self.reduction, self.grid[1] % self.reduction

    def tokens_behind(self, row: int, column: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in tokens of what the key at (row, column) is made from; the last two exclusive.

        Pooled windows share tokens with their neighbours where the grid does not divide evenly.
        """
        sides = zip((row, column), self.grid, self.reduced_grid, strict=True)
        if self.pool is None:
            spans = [(at * self.reduction, (at + 1) * self.reduction) for at, _, _ in sides]
        else:
            spans = [(at * below // above, -(-(at + 1) * below // above)) for at, below, above in sides]
        (top, bottom), (left, right) = spans
        return top, left, bottom, right

    def pixels_behind(self, key: int) -> tuple[int, int, int, int]:
        """The same in image pixels, of a key by its index in the sequence; not of one before the grid."""
        return tuple(at * self.stride for at in self.tokens_behind(*divmod(key - self.n_prefix, self.reduced_grid[1])))

    def with_reduction(self, reduction: int) -> "StageShape":
        """The same stage with another R_i (one that its grid allows)."""
        h, w = self.grid
        return replace(self, reduction=reduction, reduced_grid=(h // reduction, w // reduction))

    @property
    def map_entries(self) -> int:
        """Entries of all attention maps of the stage: blocks · heads · queries · keys, for one image."""
        return self.depth * self.heads * self.queries * self.keys

    @property
    def full_map_entries(self) -> int:
        """The same without spatial reduction, where every token is a key."""
        return self.depth * self.heads * self.queries * self.queries


@dataclass(frozen=True, kw_only=True)
class PVTConfig:
    """A Pyramid Vision Transformer (v1, arXiv 2102.12122, Table 1): one entry of every tuple per stage.

    `image_size` is a side or (H, W): the size that pictures are brought to and position embeddings are made for. A
    square is kept as its side.
    """

    name: str
    image_size: int | Size = 224
    in_channels: int = 3
    num_classes: int = 1000
    patch_sizes: tuple[int, ...] = (4, 2, 2, 2)
    dims: tuple[int, ...] = (64, 128, 320, 512)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    heads: tuple[int, ...] = (1, 2, 5, 8)
    mlp_ratios: tuple[float, ...] = (8, 8, 4, 4)
    reductions: tuple[int, ...] = (8, 4, 2, 1)
    qkv_bias: bool = True
    block_norm_eps: float = 1e-6
    """LayerNorm in the blocks and at the end."""
    embed_norm_eps: float = 1e-5
    """LayerNorm in the patch embedding and after the spatial reduction (the authors leave torch's default)."""
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    standardise: bool = False
    """Whether each picture is normalised by its own mean and deviation, over all pixels and channels, instead."""
    crop: float = 1.0
    """What part of a photograph's shorter side the centre crop keeps: 224 of 256 pixels is 0.875."""
    detail: int | None = None
    """Pixels of the shorter side that a picture is reduced to before it is brought to its size: what the pictures of
    training had to show. None: all that it has."""
    n_prefix: int = 1
    """Tokens before the grid in the last stage: CLS; in a DeiT also the distillation token; 0: the mean answers."""

    embed_norm: ClassVar[bool] = True
    """Whether a LayerNorm follows the patch projection."""
    version: ClassVar[int] = 1
    """Of PVT; what the second one changed is in `pvt_viz.models.v2`."""
    pool: ClassVar[int | None] = None
    """Side of the plane that keys are pooled to, whatever the picture."""
    distilled: ClassVar[bool] = False
    """Whether the second token before the grid has a head of its own."""
    registers: ClassVar[int] = 0
    """How many of the tokens before the grid, the last ones, are registers."""
    layer_scale: ClassVar[bool] = False
    """Whether what attention and MLP add is scaled, channel by channel."""
    pooled: ClassVar[bool] = False
    """Whether the mean of the grid's tokens answers although there are tokens before it."""
    norm_last: ClassVar[bool] = False
    """Whether the last norm comes after the mean of the tokens, and not before it."""

    def __post_init__(self):
        for field in ("patch_sizes", "dims", "depths", "heads", "mlp_ratios", "reductions", "mean", "std"):
            object.__setattr__(self, field, _as_tuple(field, getattr(self, field)))
        _check_size("image_size", self.image_size)
        h, w = self.image_hw
        object.__setattr__(self, "image_size", h if h == w else (h, w))  # equal networks are equal configurations
        _check_positive("in_channels", self.in_channels)
        if self.detail is not None:
            _check_positive("detail", self.detail)
        for field in ("num_classes", "n_prefix"):  # without classes it is a backbone
            _check_positive(field, getattr(self, field), least=0)
        for field in ("patch_sizes", "dims", "depths", "heads", "reductions"):
            for value in getattr(self, field):
                _check_positive(field, value)
        if not self.dims:
            raise ValueError(say("dims=() leaves no stage; it needs one entry per stage, at least one."))
        for field in ("patch_sizes", "depths", "heads", "mlp_ratios", "reductions"):
            entries = getattr(self, field)
            if len(entries) != len(self.dims):
                raise ValueError(
                    say(
                        "{field}={entries} has {found} entries; it needs one per stage, {needed} in all.",
                        field=field,
                        entries=entries,
                        found=len(entries),
                        needed=len(self.dims),
                    )
                )
        for field in ("mlp_ratios", "std"):
            _check_numbers(field, getattr(self, field), above_zero=True)
        _check_numbers("mean", self.mean, above_zero=False)
        _check_numbers("crop", (self.crop,), above_zero=True)
        if self.crop > 1:
            raise ValueError(say("crop={crop} is a part of the picture: above 0, at most 1.", crop=self.crop))
        for field in ("block_norm_eps", "embed_norm_eps"):
            _check_numbers(field, (getattr(self, field),), above_zero=True)
        for field in ("mean", "std"):
            entries, needed = getattr(self, field), self.in_channels
            if len(entries) != needed:
                raise ValueError(
                    say(
                        "{field}={entries} needs one entry per channel, {needed}.",
                        field=field,
                        entries=entries,
                        needed=needed,
                    )
                )
        for dim, heads in zip(self.dims, self.heads, strict=True):
            if dim % heads:
                raise ValueError(
                    say(
                        "dims={dims}: {dim} channels cannot be shared evenly by {heads} heads.",
                        dims=self.dims,
                        dim=dim,
                        heads=heads,
                    )
                )
        self.shapes(self.image_size)

    @property
    def image_hw(self) -> Size:
        """`image_size` as (H, W)."""
        return _as_hw(self.image_size)

    @property
    def least_side(self) -> int:
        """Pixels of the smallest square image that leaves every stage a key: the largest R_i·p_1·…·p_i."""
        strides = accumulate(self.patch_sizes, mul)
        return max(r * stride for r, stride in zip(self.reductions, strides, strict=True))

    @property
    def reduces(self) -> bool:
        """Whether any stage has fewer keys than tokens by design: SRA, by folding or by pooling."""
        return max(self.reductions) > 1 or self.pool is not None

    @property
    def by_mean(self) -> bool:
        """Whether the mean of the grid's tokens answers, and not a token before it."""
        return self.pooled or not self.n_prefix

    @property
    def read_from(self) -> slice:
        """The tokens of the last stage's sequence that the answer is read from."""
        if self.by_mean:
            return slice(self.n_prefix, None)
        return slice(0, 2 if self.distilled else 1)

    def grid_over(self, below: Size, p: int) -> Size:
        """Rows and columns of tokens that patches of side p make of a grid: what fills none is dropped, or padded."""
        h, w = below
        return (-(-h // p), -(-w // p)) if self.version == 2 else (h // p, w // p)

    def alike(self, other: "PVTConfig") -> bool:
        """Whether both are the same network, whatever the image size."""
        mine, theirs = vars(self), vars(other)
        return all(mine[field] == theirs[field] for field in mine if field != "image_size")

    def shapes(self, image_size: int | Size | None = None) -> tuple[StageShape, ...]:
        """The shape of every stage for an image of this size (default: the configuration's own).

        Grids floor, as a strided convolution without padding does: a row or column that does not fill a patch,
        or an R×R fold, is dropped. Overlapping patches are padded, and their grids round up. Raises ValueError where
        nothing would be left.
        """
        size = self.image_size if image_size is None else image_size
        _check_size("image_size", size)
        image = below = _as_hw(size)
        stride, channels, stages = 1, self.in_channels, []
        for i, (p, r, dim) in enumerate(zip(self.patch_sizes, self.reductions, self.dims, strict=True)):
            if p > min(below):
                too_large = N_(
                    "patch_sizes={sizes}: p_{stage} = {p} is larger than the {below} tokens of stage {last} below it"
                    " (image {image}); it can be 1 to {most} here."
                )
                if i == 0:
                    too_large = N_(
                        "patch_sizes={sizes}: p_{stage} = {p} is larger than the {below} pixels below it (image"
                        " {image}); it can be 1 to {most} here."
                    )
                raise ValueError(
                    say(
                        too_large,
                        sizes=self.patch_sizes,
                        stage=i + 1,
                        p=p,
                        below=times(below),
                        last=i,
                        image=times(image),
                        most=min(below),
                    )
                )
            stride *= p
            grid = self.grid_over(below, p)
            if r > min(grid):
                raise ValueError(
                    say(
                        "reductions={reductions}: R_{stage} = {r} is larger than the {grid} token grid of stage {stage}"
                        " (image {image}); it can be 1 to {most} here.",
                        reductions=self.reductions,
                        stage=i + 1,
                        r=r,
                        grid=times(grid),
                        image=times(image),
                        most=min(grid),
                    )
                )
            stages.append(
                StageShape(
                    index=i + 1,
                    patch_size=p,
                    window=2 * p - 1 if self.version == 2 else p,
                    stride=stride,
                    grid=grid,
                    rim=(max(0, image[0] - grid[0] * stride), max(0, image[1] - grid[1] * stride)),
                    reduction=r,
                    pool=self.pool,
                    reduced_grid=(self.pool, self.pool) if self.pool else (grid[0] // r, grid[1] // r),
                    n_prefix=self.n_prefix if i == len(self.dims) - 1 else 0,
                    registers=self.registers if i == len(self.dims) - 1 else 0,
                    in_channels=channels,
                    dim=dim,
                    depth=self.depths[i],
                    heads=self.heads[i],
                    mlp_hidden=int(dim * self.mlp_ratios[i]),
                )
            )
            below, channels = grid, dim
        return tuple(stages)


@dataclass(frozen=True, kw_only=True)
class PVTv2Config(PVTConfig):
    """PVTv2 (Wang et al. 2022, arXiv 2106.13797): overlapping patches, a convolution in the MLP, no CLS, no positions.

    `p_i` is the stride of a token; its window is 2·p_i − 1 wide, 7 and 3 in the paper.
    """

    n_prefix: int = 0
    linear: bool = False
    """Linear SRA: keys are pooled to 7×7 whatever the picture, and no R_i is needed."""

    version: ClassVar[int] = 2

    def __post_init__(self):
        super().__post_init__()
        if self.n_prefix:
            raise ValueError(
                say("n_prefix={count}: PVTv2 answers from the mean token, only 0 is valid.", count=self.n_prefix)
            )
        if self.linear and max(self.reductions) > 1:
            raise ValueError(
                say(
                    "reductions={reductions}: linear SRA pools instead of folding, so every R is 1 where linear=True.",
                    reductions=self.reductions,
                )
            )

    @property
    def pool(self) -> int | None:
        """Side of the plane that keys are pooled to, whatever the picture."""
        return 7 if self.linear else None


@dataclass(frozen=True, kw_only=True)
class ViTConfig(PVTConfig):
    """A plain Vision Transformer: a pyramid of one stage whose reduction ratio is 1 (DeiT's shapes)."""

    patch_sizes: tuple[int, ...] = (16,)
    dims: tuple[int, ...] = (384,)
    depths: tuple[int, ...] = (12,)
    heads: tuple[int, ...] = (6,)
    mlp_ratios: tuple[float, ...] = (4,)
    reductions: tuple[int, ...] = (1,)
    distilled: bool = False
    """Whether the distillation token has a head of its own, whose logits are averaged with those of CLS (DeiT)."""
    registers: int = 0
    """How many of the tokens before the grid, the last ones, are registers (Darcet et al. 2024)."""
    layer_scale: bool = False
    """Whether what attention and MLP add is scaled, channel by channel (CaiT, Touvron et al. 2021)."""
    pooled: bool = False
    """Whether the mean of the grid's tokens answers although there is CLS."""
    norm_last: bool = False
    """Whether the last norm comes after that mean, and not before it (`fc_norm` in timm)."""

    embed_norm: ClassVar[bool] = False

    def __post_init__(self):
        super().__post_init__()
        if self.reductions != (1,):
            raise ValueError(
                say(
                    "reductions={reductions}: a ViT has one stage and keeps every key, so only (1,) is valid.",
                    reductions=self.reductions,
                )
            )
        _check_positive("registers", self.registers, least=0)
        if self.registers > self.n_prefix:
            raise ValueError(
                say(
                    "registers={registers} are more than the n_prefix={count} tokens before the grid.",
                    registers=self.registers,
                    count=self.n_prefix,
                )
            )
        if self.norm_last and not self.by_mean:
            raise ValueError(say("norm_last=True needs an answer by the mean: pooled=True or n_prefix=0."))
        if self.distilled and self.pooled:
            raise ValueError(say("pooled=True and distilled=True: either the mean answers, or both tokens do."))
        if self.distilled and self.n_prefix - self.registers != 2:
            raise ValueError(
                say(
                    "n_prefix={count}: with distilled=True it is 2, CLS and the distillation token.",
                    count=self.n_prefix,
                )
            )


def _is_int(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_tuple(field: str, value) -> tuple:
    if not isinstance(value, tuple | list):
        raise ValueError(say("{field}={value!r} should be a tuple with one entry per stage.", field=field, value=value))
    return tuple(value)


def _as_hw(size: int | Size) -> Size:
    return (size, size) if _is_int(size) else tuple(size)


def _check_size(field: str, size) -> None:
    if _is_int(size) and size > 0:
        return
    if isinstance(size, tuple | list) and len(size) == 2 and all(_is_int(side) and side > 0 for side in size):
        return
    raise ValueError(
        say(
            "{field}={size!r} should be a side in pixels, or (height, width): positive whole numbers.",
            field=field,
            size=size,
        )
    )


def _check_positive(field: str, value, *, least: int = 1) -> None:
    if not _is_int(value) or value < least:
        if least:
            raise ValueError(say("{field}: {value!r} should be a positive whole number.", field=field, value=value))
        raise ValueError(say("{field}: {value!r} should be a whole number, 0 or more.", field=field, value=value))


def _check_numbers(field: str, values: tuple, *, above_zero: bool) -> None:
    for value in values:
        valid = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if above_zero and (not valid or value <= 0):
            raise ValueError(say("{field}: {value!r} should be a number above 0.", field=field, value=value))
        if not valid:
            raise ValueError(say("{field}: {value!r} should be a number.", field=field, value=value))
