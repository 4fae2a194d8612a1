"""DINOv2 in `transformers` (Dinov2Model, Dinov2WithRegistersModel): a ViT with LayerScale, and registers if it has any.

A …ForImageClassification reads CLS and the mean side by side, by a head twice as wide, which no network here has.
"""

from dataclasses import replace

from pvt_viz.checkpoints.families import transformers_vit
from pvt_viz.checkpoints.names import REGISTERS, Family

_LAYER, _OURS = "encoder.layer.{j}.", "stages.0.blocks.{j}."
_SHARED = {
    _LAYER + "norm1": _OURS + "attention_norm",
    _LAYER + "layer_scale1.lambda1": _OURS + "attention_scale.gain",
    _LAYER + "norm2": _OURS + "mlp_norm",
    _LAYER + "mlp.fc1": _OURS + "mlp.widen",
    _LAYER + "mlp.fc2": _OURS + "mlp.narrow",
    _LAYER + "layer_scale2.lambda1": _OURS + "mlp_scale.gain",
}


def _dinov2(body: str, attention: dict[str, str], query: str, more: dict[str, str]) -> Family:
    """`attention`: their names for its layers; `query` is the first of them in a file."""
    embeddings = {
        theirs: ours for theirs, ours in transformers_vit.FAMILY.table.items() if not theirs.startswith(_LAYER)
    }
    return replace(
        transformers_vit.FAMILY,
        label="DINOv2, transformers",
        marks=("embeddings.cls_token", "encoder.layer.0.layer_scale1.lambda1", query, *more),
        body=body,
        table={**embeddings, **more, **_SHARED, **attention},
        unused=("embeddings.mask_token",),
        block_norm_eps=1e-6,
    )


_HUB = {
    theirs: ours for theirs, ours in transformers_vit.FAMILY.table.items() if theirs.startswith(_LAYER + "attention.")
}
_MODULES = {
    _LAYER + f"attention.{theirs}_proj": _OURS + f"attention.{ours}"
    for theirs, ours in (("q", "query"), ("k", "key"), ("v", "value"), ("o", "project"))
}
_REGISTERS = {"embeddings.register_tokens": REGISTERS}

FAMILIES = tuple(
    _dinov2(body, names, f"encoder.layer.0.attention.{query}.weight", more)
    for body, more in (("dinov2_with_registers.", _REGISTERS), ("dinov2.", {}))
    for names, query in ((_HUB, "attention.query"), (_MODULES, "q_proj"))
)
"""With registers first, whose files have the marks of the others too; by the hub's names and by those of release 5."""
