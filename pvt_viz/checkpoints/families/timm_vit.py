"""ViT and DeiT in `timm`, whose names the DeiT authors' files have too: q, k and v are one layer.

DeiT-III calls its LayerScale by another name. DINOv2's authors keep a token besides that is for training alone.
"""

from dataclasses import replace

from pvt_viz.checkpoints.names import CLS, DISTILLATION, POOLED_NORM, REGISTERS, Family
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
        "reg_token": REGISTERS,
        "blocks.{j}.norm1": _OURS + "attention_norm",
        "blocks.{j}.attn.qkv": (_OURS + "attention.query", _OURS + "attention.key", _OURS + "attention.value"),
        "blocks.{j}.attn.proj": _OURS + "attention.project",
        "blocks.{j}.norm2": _OURS + "mlp_norm",
        "blocks.{j}.mlp.fc1": _OURS + "mlp.widen",
        "blocks.{j}.mlp.fc2": _OURS + "mlp.narrow",
        "blocks.{j}.ls1.gamma": _OURS + "attention_scale.gain",
        "blocks.{j}.ls2.gamma": _OURS + "mlp_scale.gain",
        "blocks.{j}.gamma_1": _OURS + "attention_scale.gain",
        "blocks.{j}.gamma_2": _OURS + "mlp_scale.gain",
        "norm": "norm",
        "fc_norm": POOLED_NORM,
        "head": "head",
        "head_dist": "distilled_head",
    },
    grid_alone=True,
    pools=True,
)

DINOV2 = replace(
    FAMILY,
    label=N_("DINOv2, the authors' file"),
    marks=(*FAMILY.marks, "mask_token", "blocks.0.ls1.gamma"),
    table={("register_tokens" if ours == REGISTERS else theirs): ours for theirs, ours in FAMILY.table.items()},
    unused=("mask_token",),
    grid_alone=False,
    pools=False,
)
