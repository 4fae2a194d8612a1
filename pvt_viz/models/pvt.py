"""The Pyramid Vision Transformer: four stages, each a patch embedding and a few encoder blocks.

With one stage and R = 1 the same code is a plain ViT (`ViTConfig`); with the parts of `v2` it is PVTv2. Axes:
`b` batch, `c` channel, `h w` token grid.
"""

from dataclasses import dataclass

from einops import rearrange
from torch import nn

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import say
from pvt_viz.models import v1, v2
from pvt_viz.models.attention import Attention
from pvt_viz.models.scale import LayerScale
from pvt_viz.models.tap import Tap
from pvt_viz.words import SUBSCRIPTS


def _parts(config: PVTConfig):
    """The module with this version's patch embedding and MLP."""
    return v2 if config.version == 2 else v1


class Block(nn.Module):
    """Encoder layer, norms first: attention mixes tokens, the MLP works on each; both are added to the stream."""

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.dim, eps=config.block_norm_eps)
        self.attention = Attention(shape, norm_eps=config.embed_norm_eps, qkv_bias=config.qkv_bias)
        self.mlp_norm = nn.LayerNorm(shape.dim, eps=config.block_norm_eps)
        self.mlp = _parts(config).MLP(shape)
        self.attention_scale, self.mlp_scale = (
            LayerScale(shape.dim) if config.layer_scale else nn.Identity() for _ in range(2)
        )

    def forward(self, tokens, grid: tuple[int, int], n_prefix: int):
        tokens = tokens + self.attention_scale(self.attention(self.attention_norm(tokens), grid, n_prefix))
        return tokens + self.mlp_scale(self.mlp(self.mlp_norm(tokens), grid))


class Stage(nn.Module):
    """One resolution of the pyramid: map below (batch, channel, H, W) -> tokens (batch, query, channel)."""

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.embed = _parts(config).PatchEmbedding(shape, config)
        self.tokens = Tap()  # (batch, query, channel), right after the patch embedding
        self.blocks = nn.ModuleList(Block(shape, config) for _ in range(shape.depth))
        # PVTv2 also normalises between stages; at the very end both versions do, in `PVT.norm`.
        between = config.version == 2 and shape.index < len(config.dims)
        self.norm = nn.LayerNorm(shape.dim, eps=config.block_norm_eps) if between else nn.Identity()
        self.feature_map = Tap()  # (batch, channel, h, w), at the stage's end and without CLS

    def forward(self, below, shape: StageShape):
        tokens = self.tokens(self.embed(below, shape.grid))
        for block in self.blocks:
            tokens = block(tokens, shape.grid, shape.n_prefix)
        tokens = self.norm(tokens)
        plane = rearrange(tokens[:, shape.n_prefix :], "b (h w) c -> b c h w", h=shape.grid[0])
        return tokens, self.feature_map(plane)


@dataclass(frozen=True)
class Weights:
    """Where a model's numbers come from; a page that shows attention says so while `trained` is False."""

    source: str
    trained: bool
    classes: tuple[str, ...] = ()
    """What the logits are called, where that is known."""
    patch_sizes: tuple[tuple[int, ...], ...] = ()
    """Per stage, the p_i that they were trained at, in order."""
    reductions: tuple[tuple[int, ...], ...] = ()
    """Per stage, the R_i that they were trained at, in order."""
    temperature: float = 1.0
    """What the head was divided by, so that probabilities are about as often right as they say."""
    family: str = ""
    """Whose file they came in, where that was not ours."""
    notes: tuple[str, ...] = ()
    """What was assumed or left aside when they were opened, in sentences."""
    place: str = ""
    """What they lay under in a file with other sets beside them."""
    others: tuple[str, ...] = ()
    """Where those lay."""
    problem: str = ""
    """Why they are random, where they should not be: a sentence."""

    def untrained(self, config: PVTConfig) -> tuple[str, ...]:
        """Every p_i and R_i of a configuration that these trained weights have never met: "p₁ = 16"."""
        chosen = {"p": (config.patch_sizes, self.patch_sizes), "R": (config.reductions, self.reductions)}
        return tuple(
            f"{letter}{SUBSCRIPTS[i]} = {value}"
            for letter, (values, met) in chosen.items()
            for i, (value, known) in enumerate(zip(values, met, strict=False), 1)
            if value not in known
        )


def _head(config: PVTConfig) -> nn.Linear:
    """One row of weights per class; torch warns of drawing numbers for none of them, so it draws for one."""
    head = nn.Linear(config.dims[-1], config.num_classes or 1)
    if not config.num_classes:
        head.weight, head.bias, head.out_features = nn.Parameter(head.weight[:0]), nn.Parameter(head.bias[:0]), 0
    return head


class PVT(nn.Module):
    """images (batch, 3, H, W), float32 and normalised -> logits (batch, class).

    The image may have any size that leaves every stage a token; ValueError says what does not fit.
    """

    def __init__(self, config: PVTConfig):
        super().__init__()
        self.config = config
        self.weights = Weights(source=say("as torch initialises layers"), trained=False)
        self.stages = nn.ModuleList(Stage(shape, config) for shape in config.shapes())
        self.norm = nn.LayerNorm(config.dims[-1], eps=config.block_norm_eps)
        self.head = _head(config)
        if config.distilled:
            self.distilled_head = _head(config)

    def forward(self, images):
        return self.read(self.encode(images)[0])

    def encode(self, images):
        """images -> tokens of the last stage (batch, query, channel), and every stage's map (batch, channel, h, w)."""
        if images.ndim != 4 or images.shape[1] != self.config.in_channels:
            raise ValueError(
                say(
                    "images has the shape {shape}; it should be (batch, {channels}, height, width).",
                    shape=tuple(images.shape),
                    channels=self.config.in_channels,
                )
            )
        planes = [images]
        for stage, shape in zip(self.stages, self.config.shapes(tuple(images.shape[-2:])), strict=True):
            tokens, plane = stage(planes[-1], shape)
            planes.append(plane)
        return tokens, tuple(planes[1:])

    def read(self, tokens):
        """last tokens (batch, query, channel) -> logits (batch, class), of CLS or of the mean of the grid's tokens."""
        n = self.config.n_prefix
        if self.config.norm_last:
            return self.head(self.norm(tokens[:, n:].mean(dim=1)))
        if self.config.by_mean:
            return self.head(self.norm(tokens[:, n:]).mean(dim=1))
        tokens = self.norm(tokens[:, :n])
        logits = self.head(tokens[:, 0])
        # DeiT asks both of its tokens, and takes the mean of what they say.
        return (logits + self.distilled_head(tokens[:, 1])) / 2 if self.config.distilled else logits
