"""The networks of PVT's authors, written anew in plain PyTorch, under the tensor names of their checkpoints.

Their code is github.com/whai362/PVT: classification/pvt.py and pvt_v2.py give logits, the backbones in detection/ the
maps of four stages. Nothing of `pvt_viz` is used here but the shape of a configuration, so that agreement means
something. At the end: what their files hold besides weights.
"""

from argparse import Namespace

import torch
from torch import Tensor, cat, nn, zeros
from torch.nn import functional as F

SMALL = {
    "depths": (1, 2, 1, 1),
    "dims": (8, 16, 20, 32),
    "img_size": 64,
    "num_classes": 7,
}
"""Fields of a network that runs in milliseconds. Heads stay the authors' own: no checkpoint says how many there are."""


def to_plane(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """(batch, h·w, channel) -> (batch, channel, h, w)"""
    return tokens.transpose(1, 2).unflatten(2, grid)


def to_tokens(plane: Tensor) -> Tensor:
    """(batch, channel, h, w) -> (batch, h·w, channel)"""
    return plane.flatten(2).transpose(1, 2)


class PatchEmbed(nn.Module):
    """A strided convolution and a LayerNorm; a window wider than its stride is padded by half of it."""

    def __init__(self, channels: int, dim: int, window: int, stride: int, eps: float):
        super().__init__()
        padding = window // 2 if window > stride else 0
        self.proj = nn.Conv2d(channels, dim, window, stride, padding)
        self.norm = nn.LayerNorm(dim, eps=eps)

    def forward(self, plane: Tensor) -> tuple[Tensor, tuple[int, int]]:
        plane = self.proj(plane)
        return self.norm(to_tokens(plane)), tuple(plane.shape[2:])


class Attention(nn.Module):
    """Keys and values come from the tokens, from their R×R squares, or (linear) from their 7×7 average."""

    def __init__(self, dim: int, heads: int, sr_ratio: int, qkv_bias: bool, linear: bool, eps: float):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        self.kv = nn.Linear(dim, 2 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.pool = nn.AdaptiveAvgPool2d(7) if linear else nn.Identity()
        self.act = nn.GELU() if linear else nn.Identity()
        self.sr = None
        if linear or sr_ratio > 1:
            side = 1 if linear else sr_ratio
            self.sr = nn.Conv2d(dim, dim, side, side)
            self.norm = nn.LayerNorm(dim, eps=eps)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        source = tokens
        if self.sr is not None:
            source = self.act(self.norm(to_tokens(self.sr(self.pool(to_plane(tokens, grid))))))
        keys, values = (self._heads(half) for half in self.kv(source).chunk(2, dim=-1))
        queries = self._heads(self.q(tokens))
        scores = queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5
        return self.proj((scores.softmax(dim=-1) @ values).transpose(1, 2).flatten(2))

    def _heads(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class DepthwiseConv(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        return to_tokens(self.dwconv(to_plane(tokens, grid)))


class Mlp(nn.Module):
    """v2 has a depthwise convolution before the GELU, and where attention is linear a ReLU before that."""

    def __init__(self, dim: int, hidden: int, version: int, linear: bool):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)
        self.relu = nn.ReLU() if linear else nn.Identity()
        self.dwconv = DepthwiseConv(hidden) if version == 2 else None

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        tokens = self.relu(self.fc1(tokens))
        if self.dwconv is not None:
            tokens = self.dwconv(tokens, grid)
        return self.fc2(F.gelu(tokens))


class Block(nn.Module):
    def __init__(self, dim, heads, mlp_ratio, sr_ratio, *, version, qkv_bias, linear, block_eps, embed_eps):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=block_eps)
        self.attn = Attention(dim, heads, sr_ratio, qkv_bias, linear, embed_eps)
        self.norm2 = nn.LayerNorm(dim, eps=block_eps)
        self.mlp = Mlp(dim, int(dim * mlp_ratio), version, linear)

    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens), grid)
        return tokens + self.mlp(self.norm2(tokens), grid)


class Pyramid(nn.Module):
    """What both versions share: `patch_embed1..4` and `block1..4`."""

    version: int
    windows: tuple[int, ...]

    def __init__(
        self,
        *,
        depths=(2, 2, 2, 2),
        dims=(64, 128, 320, 512),
        heads=(1, 2, 5, 8),
        mlp_ratios=(8, 8, 4, 4),
        sr_ratios=(8, 4, 2, 1),
        img_size=224,
        num_classes=1000,
        linear=False,
        qkv_bias=True,
        in_chans=3,
        block_eps=1e-6,
        embed_eps=1e-5,
    ):
        super().__init__()
        self.depths, self.img_size, self.linear = depths, img_size, linear
        eps = {"block_eps": block_eps, "embed_eps": embed_eps}
        kind = {"version": self.version, "qkv_bias": qkv_bias, "linear": linear}
        for i, dim in enumerate(dims):
            below = in_chans if i == 0 else dims[i - 1]
            embed = PatchEmbed(below, dim, self.windows[i], stride=4 if i == 0 else 2, eps=embed_eps)
            blocks = [Block(dim, heads[i], mlp_ratios[i], sr_ratios[i], **kind, **eps) for _ in range(depths[i])]
            setattr(self, f"patch_embed{i + 1}", embed)
            setattr(self, f"block{i + 1}", nn.ModuleList(blocks))
        self.head = nn.Linear(dims[-1], num_classes) if num_classes else nn.Identity()
        self.eval()

    @property
    def stages(self) -> list[tuple[int, PatchEmbed, nn.ModuleList]]:
        numbers = range(1, len(self.depths) + 1)
        return [(i, getattr(self, f"patch_embed{i}"), getattr(self, f"block{i}")) for i in numbers]


class AuthorsPVT(Pyramid):
    """v1: disjoint patches, a position embedding for every stage, CLS at the last one.

    Where the grid is not the one trained at, positions are interpolated. (The authors compare the *number* of tokens
    with that of stage 1 instead, which comes to the same on every square picture.)
    """

    version = 1
    windows = (4, 2, 2, 2)

    def __init__(self, **fields):
        super().__init__(**fields)
        for i, embed, _ in self.stages:
            last, dim = i == len(self.depths), embed.proj.out_channels
            side = self.img_size // 2 ** (i + 1)
            setattr(self, f"pos_embed{i}", nn.Parameter(zeros(1, side * side + last, dim)))
        self.cls_token = nn.Parameter(zeros(1, 1, dim))
        self.norm = nn.LayerNorm(dim, eps=fields.get("block_eps", 1e-6))

    def positions(self, stage: int, grid: tuple[int, int]) -> Tensor:
        """Those of the grid; the row of CLS, which stands first in the last stage, is left out."""
        rows = getattr(self, f"pos_embed{stage}")
        rows = rows[:, 1:] if stage == len(self.depths) else rows
        side = self.img_size // 2 ** (stage + 1)
        if grid == (side, side):
            return rows
        return to_tokens(F.interpolate(to_plane(rows, (side, side)), size=grid, mode="bilinear"))

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """The detection backbone: no CLS, no norm at the end; (batch, channel, h, w) for each stage."""
        maps, plane = [], images
        for i, embed, blocks in self.stages:
            tokens, grid = embed(plane)
            tokens = tokens + self.positions(i, grid)
            for block in blocks:
                tokens = block(tokens, grid)
            plane = to_plane(tokens, grid)
            maps.append(plane)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        plane = images
        for i, embed, blocks in self.stages:
            tokens, grid = embed(plane)
            tokens = tokens + self.positions(i, grid)
            if i == len(self.depths):
                first = self.cls_token + getattr(self, f"pos_embed{i}")[:, :1]
                tokens = cat([first.expand(len(images), -1, -1), tokens], dim=1)
            for block in blocks:
                tokens = block(tokens, grid)
            if i < len(self.depths):
                plane = to_plane(tokens, grid)
        return self.head(self.norm(tokens)[:, 0])


class AuthorsPVTv2(Pyramid):
    """v2: overlapping patches, no positions, no CLS, a norm at the end of every stage, the mean token answers."""

    version = 2
    windows = (7, 3, 3, 3)

    def __init__(self, **fields):
        super().__init__(**fields)
        for i, embed, _ in self.stages:
            norm = nn.LayerNorm(embed.proj.out_channels, eps=fields.get("block_eps", 1e-6))
            setattr(self, f"norm{i}", norm)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """The detection backbone; (batch, channel, h, w) for each stage."""
        maps, plane = [], images
        for i, embed, blocks in self.stages:
            tokens, grid = embed(plane)
            for block in blocks:
                tokens = block(tokens, grid)
            plane = to_plane(getattr(self, f"norm{i}")(tokens), grid)
            maps.append(plane)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.feature_maps(images)[-1].mean(dim=(2, 3)))


def authors_like(config, **fields) -> AuthorsPVT | AuthorsPVTv2:
    """The authors' network of one of our PVT configurations; `fields` replace some of it."""
    network = AuthorsPVTv2 if config.version == 2 else AuthorsPVT
    return network(
        **{
            "depths": config.depths,
            "dims": config.dims,
            "heads": config.heads,
            "mlp_ratios": config.mlp_ratios,
            "sr_ratios": config.reductions,
            "img_size": config.image_size,
            "num_classes": config.num_classes,
            "linear": config.pool is not None,
            "qkv_bias": config.qkv_bias,
            "in_chans": config.in_channels,
            "block_eps": config.block_norm_eps,
            "embed_eps": config.embed_norm_eps,
            **fields,
        }
    )


Network = AuthorsPVT | AuthorsPVTv2
HEADS = ("head.", "cls_token", "norm.")
"""How the names begin of what classifies and a backbone lacks (v2's `norm1..4` are not among them)."""


def backbone_state(network: Network) -> dict[str, Tensor]:
    """What the detection backbones keep. In v1 `pos_embed4` still has a first row for CLS, which nothing reads."""
    return {name: values for name, values in network.state_dict().items() if not name.startswith(HEADS)}


def detector_state(network: Network) -> dict[str, Tensor]:
    """A whole detector's: the backbone under `backbone.`, among parts that are not the network's."""
    foreign = torch.Generator().manual_seed(1)
    last = network.patch_embed4.proj.out_channels
    neck = {
        "neck.lateral_convs.0.conv.weight": (16, last, 1, 1),
        "neck.lateral_convs.0.conv.bias": (16,),
        "bbox_head.retina_cls.weight": (9, 16, 3, 3),
        "bbox_head.retina_cls.bias": (9,),
    }
    return {
        **{f"backbone.{name}": values for name, values in backbone_state(network).items()},
        **{name: torch.randn(shape, generator=foreign) for name, shape in neck.items()},
    }


def detector_file(network: Network) -> dict:
    """As mmcv saves it, with notes and the optimizer's state beside the weights."""
    return {
        "meta": {"mmdet_version": "2.13.0", "epoch": 12, "iter": 87960, "CLASSES": ("person", "bicycle"), "config": ""},
        "state_dict": detector_state(network),
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
    }


def training_file(network: Network) -> dict:
    """As classification/main.py saves it. `args` is an `argparse.Namespace`, which a careful reader does not build."""
    return {
        "model": network.state_dict(),
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        "lr_scheduler": {"base_values": [0.001], "metric": None},
        "epoch": 299,
        "scaler": {},
        "args": Namespace(model="pvt_tiny", lr=0.001, nb_classes=1000),
    }
