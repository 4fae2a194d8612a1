"""PVT, PVTv2 and MiT as mmdetection and mmsegmentation write them: backbones, without a head.

A stage is three modules: 0 its patch embedding, 1 what works on tokens, 2 the norm at its end, which v1 does not have.
Attention is a `torch.nn.MultiheadAttention` with q, k and v in one, and the layers of the MLP are 1×1 convolutions. In
v1 the positions are the first module of 1, and the blocks come after it.
"""

from dataclasses import replace

from pvt_viz.checkpoints.names import BLOCK, POSITIONS, Family
from pvt_viz.language import N_

_BLOCK = "layers.{i}.1.{j}."
_SHARED = {
    "layers.{i}.0.projection": "stages.{i}.embed.project",
    "layers.{i}.0.norm": "stages.{i}.embed.norm",
    _BLOCK + "norm1": BLOCK + "attention_norm",
    _BLOCK + "attn.attn.in_proj_": (BLOCK + "attention.query", BLOCK + "attention.key", BLOCK + "attention.value"),
    _BLOCK + "attn.attn.out_proj": BLOCK + "attention.project",
    _BLOCK + "attn.sr": BLOCK + "attention.reduce.project",
    _BLOCK + "attn.norm": BLOCK + "attention.reduce.norm",
    _BLOCK + "norm2": BLOCK + "mlp_norm",
    _BLOCK + "ffn.layers.0": BLOCK + "mlp.widen",
}

PVT = Family(
    label="PVT, mmdetection",
    network="pvt",
    marks=("layers.0.0.projection.weight", "layers.0.1.0.pos_embed", "layers.0.1.1.attn.attn.in_proj_weight"),
    first_block=1,
    table={
        **_SHARED,
        "layers.{i}.1.0.pos_embed": POSITIONS,
        _BLOCK + "ffn.layers.3": BLOCK + "mlp.narrow",
    },
    embed_norm_eps=1e-6,  # one for the whole network there
)

BESIDE = replace(
    PVT,
    marks=("layers.0.0.projection.weight", "layers.0.0.pos_embed", "layers.0.1.0.attn.attn.in_proj_weight"),
    first_block=0,
    table={("layers.{i}.0.pos_embed" if ours == POSITIONS else theirs): ours for theirs, ours in PVT.table.items()},
)
"""The same with the positions in the patch embedding."""

PVT_V2 = Family(
    label="PVTv2, mmdetection",
    mit=N_("SegFormer's MiT, mmsegmentation"),
    network="pvt_v2",
    marks=("layers.0.0.projection.weight", "layers.0.1.0.attn.attn.in_proj_weight", "layers.0.1.0.ffn.layers.4.weight"),
    table={
        **_SHARED,
        _BLOCK + "ffn.layers.1": BLOCK + "mlp.convolve",
        _BLOCK + "ffn.layers.4": BLOCK + "mlp.narrow",
        "layers.{i}.2": "stages.{i}.norm",
    },
    embed_norm_eps=1e-6,
)
