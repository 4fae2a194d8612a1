"""Patch embedding and MLP of PVT v1, and of a plain ViT. Axes: `b` batch, `c` channel, `h w` token grid."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.models.flexible import resize_plane


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

    def forward(self, tokens, _grid: tuple[int, int]):
        return self.narrow(F.gelu(self.widen(tokens)))
