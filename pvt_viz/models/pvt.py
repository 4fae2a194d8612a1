"""The Pyramid Vision Transformer: four stages, each a patch embedding and a few encoder blocks.

With one stage and R = 1 the same code is a plain ViT (`ViTConfig`). Axes: `b` batch, `c` channel, `h w` token grid.
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.models.attention import Attention
from pvt_viz.models.flexible import resize_plane
from pvt_viz.models.tap import Tap
from pvt_viz.words import SUBSCRIPTS


class PatchEmbedding(nn.Module):
    """map below (batch, channel, H, W) -> tokens (batch, query, channel): cut, project, add CLS and position.

    Paper: Section 3.2. Position embeddings are kept as a plane, (1, channel, h, w), and interpolated bilinearly when
    the grid at hand is another one; CLS has its own.
    """

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.patch_size = shape.patch_size
        self.project = nn.Linear(shape.patch_size**2 * shape.in_channels, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=config.embed_norm_eps) if config.embed_norm else nn.Identity()
        self.position = nn.Parameter(torch.empty(1, shape.dim, *shape.grid))
        self.prefix = nn.Parameter(torch.empty(1, shape.n_prefix, shape.dim))
        self.prefix_position = nn.Parameter(torch.empty(1, shape.n_prefix, shape.dim))

    def forward(self, below, grid: tuple[int, int]):
        p = self.patch_size
        h, w = grid
        below = below[..., : h * p, : w * p]  # what fills no patch is dropped
        patches = rearrange(below, "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", p1=p, p2=p)
        tokens = self.norm(self.project(patches)) + self.position_for(grid)
        if self.prefix.shape[1]:
            prefix = (self.prefix + self.prefix_position).expand(len(tokens), -1, -1)
            tokens = torch.cat([prefix, tokens], dim=1)
        return tokens

    def position_for(self, grid: tuple[int, int]):
        """(1, query, channel) for this grid."""
        return rearrange(resize_plane(self.position, grid), "b c h w -> b (h w) c")


class MLP(nn.Module):
    """Two linear layers with a GELU between them, applied to every token alone."""

    def __init__(self, shape: StageShape):
        super().__init__()
        self.widen = nn.Linear(shape.dim, shape.mlp_hidden)
        self.narrow = nn.Linear(shape.mlp_hidden, shape.dim)

    def forward(self, tokens):
        return self.narrow(F.gelu(self.widen(tokens)))


class Block(nn.Module):
    """Encoder layer, norms first: attention mixes tokens, the MLP works on each; both are added to the stream."""

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.dim, eps=config.block_norm_eps)
        self.attention = Attention(shape, norm_eps=config.embed_norm_eps, qkv_bias=config.qkv_bias)
        self.mlp_norm = nn.LayerNorm(shape.dim, eps=config.block_norm_eps)
        self.mlp = MLP(shape)

    def forward(self, tokens, grid: tuple[int, int], n_prefix: int):
        tokens = tokens + self.attention(self.attention_norm(tokens), grid, n_prefix)
        return tokens + self.mlp(self.mlp_norm(tokens))


class Stage(nn.Module):
    """One resolution of the pyramid: map below (batch, channel, H, W) -> tokens (batch, query, channel)."""

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.embed = PatchEmbedding(shape, config)
        self.tokens = Tap()  # (batch, query, channel), right after the patch embedding
        self.blocks = nn.ModuleList(Block(shape, config) for _ in range(shape.depth))
        self.feature_map = Tap()  # (batch, channel, h, w), at the stage's end and without CLS

    def forward(self, below, shape: StageShape):
        tokens = self.tokens(self.embed(below, shape.grid))
        for block in self.blocks:
            tokens = block(tokens, shape.grid, shape.n_prefix)
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


class PVT(nn.Module):
    """images (batch, 3, H, W), float32 and normalised -> logits (batch, class).

    The image may have any size that leaves every stage a token; ValueError says what does not fit.
    """

    def __init__(self, config: PVTConfig):
        super().__init__()
        self.config = config
        self.weights = Weights(source="as torch initialises layers", trained=False)
        self.stages = nn.ModuleList(Stage(shape, config) for shape in config.shapes())
        self.norm = nn.LayerNorm(config.dims[-1], eps=config.block_norm_eps)
        self.head = nn.Linear(config.dims[-1], config.num_classes)

    def forward(self, images):
        return self.head(self.encode(images)[0])

    def encode(self, images):
        """images -> CLS after the last norm (batch, channel), and every stage's map (batch, channel, h, w)."""
        if images.ndim != 4 or images.shape[1] != self.config.in_channels:
            raise ValueError(
                f"images has the shape {tuple(images.shape)}; it should be"
                f" (batch, {self.config.in_channels}, height, width)."
            )
        planes = [images]
        for stage, shape in zip(self.stages, self.config.shapes(tuple(images.shape[-2:])), strict=True):
            tokens, plane = stage(planes[-1], shape)
            planes.append(plane)
        return self.norm(tokens[:, 0]), tuple(planes[1:])
