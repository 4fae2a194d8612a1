"""ViT and DeiT in `timm`, whose names the DeiT authors' files have too: q, k and v are one layer."""

from pvt_viz.checkpoints.names import CLS, DISTILLATION, Family
from pvt_viz.language import N_

_OURS = "stages.0.blocks.{j}."

FAMILY = Family(
    label=N_("ViT or DeiT, timm"),
    network="vit",
    marks=("blocks.0.attn.qkv.weight", "patch_embed.proj.weight", "pos_embed"),
    table={
        "patch_embed.proj": "stages.0.embed.project",
        "pos_embed": "stages.0.positions",
        "cls_token": CLS,
        "dist_token": DISTILLATION,
        "blocks.{j}.norm1": _OURS + "attention_norm",
        "blocks.{j}.attn.qkv": (_OURS + "attention.query", _OURS + "attention.key", _OURS + "attention.value"),
        "blocks.{j}.attn.proj": _OURS + "attention.project",
        "blocks.{j}.norm2": _OURS + "mlp_norm",
        "blocks.{j}.mlp.fc1": _OURS + "mlp.widen",
        "blocks.{j}.mlp.fc2": _OURS + "mlp.narrow",
        "norm": "norm",
        "head": "head",
        "head_dist": "distilled_head",
    },
)
