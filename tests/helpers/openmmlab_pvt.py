"""PVT, PVTv2 and MiT as mmdetection and mmsegmentation have them, written anew under the names of their tensors.

Theirs is mmdet/models/backbones/pvt.py and mmseg/models/backbones/mit.py; both give the maps of their stages. Attention
is torch's own, whose code shares nothing with that of `authors_pvt`.
"""

import torch
from torch import Tensor, nn, zeros
from torch.nn import functional as F

from authors_pvt import SMALL, to_plane, to_tokens

EPS = 1e-6
"""Of every norm."""


class PatchEmbed(nn.Module):
    def __init__(self, channels: int, dim: int, window: int, stride: int, padding: int):
        super().__init__()
        self.projection = nn.Conv2d(channels, dim, window, stride, padding)
        self.norm = nn.LayerNorm(dim, eps=EPS)

    def forward(self, plane: Tensor) -> tuple[Tensor, tuple[int, int]]:
        plane = self.projection(plane)
        return self.norm(to_tokens(plane)), tuple(plane.shape[2:])


class Positions(nn.Module):
    def __init__(self, side: int, dim: int):
        super().__init__()
        self.side = side
        self.pos_embed = nn.Parameter(zeros(1, side * side, dim))

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        plane = to_plane(self.pos_embed, (self.side, self.side))
        return tokens + to_tokens(F.interpolate(plane, size=grid, mode="bilinear"))


class ReducingAttention(nn.Module):
    def __init__(self, dim: int, heads: int, ratio: int, bias: bool):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, bias=bias)
        self.ratio = ratio
        if ratio > 1:
            self.sr = nn.Conv2d(dim, dim, ratio, ratio)
            self.norm = nn.LayerNorm(dim, eps=EPS)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        context = self.norm(to_tokens(self.sr(to_plane(tokens, grid)))) if self.ratio > 1 else tokens
        queries, context = tokens.transpose(0, 1), context.transpose(0, 1)
        return self.attn(queries, context, context)[0].transpose(0, 1)


class MixFFN(nn.Module):
    def __init__(self, dim: int, hidden: int, mixes: bool):
        super().__init__()
        convolution = [nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)] if mixes else []
        widen, narrow = nn.Conv2d(dim, hidden, 1), nn.Conv2d(hidden, dim, 1)
        self.layers = nn.Sequential(widen, *convolution, nn.GELU(), nn.Dropout(0.1), narrow, nn.Dropout(0.1))

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        return to_tokens(self.layers(to_plane(tokens, grid)))


class EncoderLayer(nn.Module):
    def __init__(self, dim: int, heads: int, ratio: int, hidden: int, mixes: bool, bias: bool):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=EPS)
        self.attn = ReducingAttention(dim, heads, ratio, bias)
        self.norm2 = nn.LayerNorm(dim, eps=EPS)
        self.ffn = MixFFN(dim, hidden, mixes)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens), grid)
        return tokens + self.ffn(self.norm2(tokens), grid)


class OpenMMLabPVT(nn.Module):
    """v1: positions, then blocks; no norm at the end of a stage."""

    windows, paddings, mixes = (4, 2, 2, 2), (0, 0, 0, 0), False

    def __init__(
        self,
        *,
        depths=SMALL["depths"],
        dims=(8, 16, 40, 64),
        heads=(1, 2, 5, 8),
        sr_ratios=(8, 4, 2, 1),
        mlp_ratios=(8, 8, 4, 4),
        img_size=SMALL["img_size"],
        in_chans=3,
        qkv_bias=True,
    ):
        super().__init__()
        self.depths, self.layers, below = depths, nn.ModuleList(), in_chans
        for i, dim in enumerate(dims):
            embed = PatchEmbed(below, dim, self.windows[i], 4 if i == 0 else 2, self.paddings[i])
            first = [] if self.mixes else [Positions(img_size >> i + 2, dim)]
            hidden = dim * mlp_ratios[i]
            blocks = [EncoderLayer(dim, heads[i], sr_ratios[i], hidden, self.mixes, qkv_bias) for _ in range(depths[i])]
            norm = nn.LayerNorm(dim, eps=EPS) if self.mixes else nn.Identity()
            self.layers.append(nn.ModuleList([embed, nn.ModuleList([*first, *blocks]), norm]))
            below = dim
        self.eval()

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """(batch, channel, h, w) for each stage."""
        maps, plane = [], images
        for embed, blocks, norm in self.layers:
            tokens, grid = embed(plane)
            for block in blocks:
                tokens = block(tokens, grid)
            plane = to_plane(norm(tokens), grid)
            maps.append(plane)
        return maps


class OpenMMLabPVTv2(OpenMMLabPVT):
    windows, paddings, mixes = (7, 3, 3, 3), (3, 1, 1, 1), True


def in_a_detector(network: nn.Module) -> dict[str, Tensor]:
    """Its tensors under `backbone.`, with those of a neck and of heads that are not the network's."""
    generator = torch.Generator().manual_seed(1)
    others = {
        "neck.lateral_convs.0.conv.weight": (16, 64, 1, 1),
        "neck.fpn_convs.0.conv.bias": (16,),
        "rpn_head.rpn_conv.weight": (16, 16, 3, 3),
        "roi_head.bbox_head.fc_cls.weight": (9, 16),
        "decode_head.conv_seg.weight": (5, 16, 1, 1),
        "auxiliary_head.convs.0.bn.num_batches_tracked": (),
    }
    return {
        **{f"backbone.{name}": values for name, values in network.state_dict().items()},
        **{name: torch.randn(shape, generator=generator) for name, shape in others.items()},
    }
