"""Spatial-reduction attention (SRA): every token asks, but only an R×R times smaller grid of keys answers.

Paper: Section 3.3, Equations 1–4; at R = 1 this is the multi-head attention of a plain ViT.
"""

import torch
from einops import einsum, rearrange
from torch import nn
from torch.nn import functional as F

from pvt_viz.config import StageShape
from pvt_viz.models import v2
from pvt_viz.models.tap import Tap


class SpatialReduction(nn.Module):
    """SR(x) = Norm(Reshape(x, R) W): each R×R square of tokens becomes one (Equation 3 of the paper).

    plane (batch, h, w, channel) -> (batch, h', w', channel), with h' = ⌊h/R⌋ and w' = ⌊w/R⌋.
    """

    def __init__(self, *, dim: int, reduction: int, norm_eps: float):
        super().__init__()
        self.reduction = reduction
        # The same numbers as the authors' convolution with kernel R and stride R, written as the paper does.
        self.project = nn.Linear(reduction**2 * dim, dim)
        self.projected = Tap()  # (batch, h', w', channel)
        self.norm = nn.LayerNorm(dim, eps=norm_eps)

    def forward(self, plane):
        r = self.reduction
        h, w = plane.shape[1] // r * r, plane.shape[2] // r * r  # what fills no square is dropped
        squares = rearrange(plane[:, :h, :w], "b (h r1) (w r2) c -> b h w (r1 r2 c)", r1=r, r2=r)
        return self.norm(self.projected(self.project(squares)))


class Attention(nn.Module):
    """tokens (batch, query, channel) -> (batch, query, channel); keys and values come from the reduced grid."""

    def __init__(self, shape: StageShape, *, norm_eps: float, qkv_bias: bool):
        super().__init__()
        dim = shape.dim
        self.heads = shape.heads
        self.reduce = nn.Identity()
        if shape.pool:
            self.reduce = v2.SpatialReduction(dim=dim, pool=shape.pool, norm_eps=norm_eps)
        elif shape.reduction > 1:
            self.reduce = SpatialReduction(dim=dim, reduction=shape.reduction, norm_eps=norm_eps)
        self.query = nn.Linear(dim, dim, bias=qkv_bias)
        self.key = nn.Linear(dim, dim, bias=qkv_bias)
        self.value = nn.Linear(dim, dim, bias=qkv_bias)
        self.project = nn.Linear(dim, dim)

        self.inputs = Tap()  # (batch, query, channel)
        self.reduced = Tap()  # (batch, h', w', channel)
        self.queries = Tap()  # (batch, head, query, channel)
        self.keys = Tap()  # (batch, head, key, channel)
        self.values = Tap()  # (batch, head, key, channel)
        self.map = Tap()  # (batch, head, query, key); every row sums to 1
        self.mixed = Tap()  # (batch, head, query, channel)

    def forward(self, tokens, grid: tuple[int, int], n_prefix: int):
        tokens = self.inputs(tokens)
        # CLS has no place in the plane: it stays out of the fold, and is a key of its own.
        prefix, plane = tokens[:, :n_prefix], tokens[:, n_prefix:]
        plane = rearrange(plane, "b (h w) c -> b h w c", h=grid[0])
        reduced = rearrange(self.reduced(self.reduce(plane)), "b h w c -> b (h w) c")
        context = torch.cat([prefix, reduced], dim=1) if n_prefix else reduced

        split = "b n (head d) -> b head n d"
        q = self.queries(rearrange(self.query(tokens), split, head=self.heads))
        k = self.keys(rearrange(self.key(context), split, head=self.heads))
        v = self.values(rearrange(self.value(context), split, head=self.heads))

        if self.map.listened:  # only a run that is listened to pays for a map
            scores = einsum(q, k, "b head n d, b head m d -> b head n m") * q.shape[-1] ** -0.5
            mixed = einsum(self.map(scores.softmax(dim=-1)), v, "b head n m, b head m d -> b head n d")
        else:
            mixed = F.scaled_dot_product_attention(q, k, v)
        return self.project(rearrange(self.mixed(mixed), "b head n d -> b n (head d)"))
