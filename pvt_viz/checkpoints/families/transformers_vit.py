"""ViT in `transformers` (ViTForImageClassification, ViTModel), by the names that files on the hub have.

Release 5 renamed the modules; `save_pretrained` still writes these.
"""

from dataclasses import replace

from pvt_viz.checkpoints.names import CLS, DISTILLATION, Family

_LAYER, _OURS = "encoder.layer.{j}.", "stages.0.blocks.{j}."

_MODULE = "layers.{j}."

FAMILY = Family(
    label="ViT, transformers",
    network="vit",
    marks=("embeddings.cls_token", "encoder.layer.0.attention.attention.query.weight"),
    body="vit.",
    table={
        "embeddings.patch_embeddings.projection": "stages.0.embed.project",
        "embeddings.position_embeddings": "stages.0.positions",
        "embeddings.cls_token": CLS,
        "embeddings.distillation_token": DISTILLATION,  # of a DeiT; never there, but missed by its name
        _LAYER + "layernorm_before": _OURS + "attention_norm",
        _LAYER + "attention.attention.query": _OURS + "attention.query",
        _LAYER + "attention.attention.key": _OURS + "attention.key",
        _LAYER + "attention.attention.value": _OURS + "attention.value",
        _LAYER + "attention.output.dense": _OURS + "attention.project",
        _LAYER + "layernorm_after": _OURS + "mlp_norm",
        _LAYER + "intermediate.dense": _OURS + "mlp.widen",
        _LAYER + "output.dense": _OURS + "mlp.narrow",
        "layernorm": "norm",
        "classifier": "head",
    },
    unused=("pooler.",),  # a layer for another use of CLS
    block_norm_eps=1e-12,
)

MODULES = replace(
    FAMILY,
    marks=("embeddings.cls_token", "layers.0.attention.q_proj.weight"),
    table={
        **{theirs: ours for theirs, ours in FAMILY.table.items() if not theirs.startswith(_LAYER)},
        _MODULE + "layernorm_before": _OURS + "attention_norm",
        _MODULE + "attention.q_proj": _OURS + "attention.query",
        _MODULE + "attention.k_proj": _OURS + "attention.key",
        _MODULE + "attention.v_proj": _OURS + "attention.value",
        _MODULE + "attention.o_proj": _OURS + "attention.project",
        _MODULE + "layernorm_after": _OURS + "mlp_norm",
        _MODULE + "mlp.fc1": _OURS + "mlp.widen",
        _MODULE + "mlp.fc2": _OURS + "mlp.narrow",
    },
)
"""By the names of the modules of release 5: what torch.save writes of their state_dict()."""
