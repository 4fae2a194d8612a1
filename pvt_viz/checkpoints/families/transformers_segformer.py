"""SegFormer's encoder, MiT, in `transformers`: PVTv2 but for widths and MLP ratios, with one eps for all of its norms.

SegformerModel, SegformerForImageClassification, and what SegformerForSemanticSegmentation has beside its decode head.
"""

from dataclasses import replace

from pvt_viz.checkpoints.names import BLOCK, Family
from pvt_viz.language import N_

_LAYER, _MODULE = "encoder.block.{i}.{j}.", "stages.{i}.blocks.{j}."

FAMILY = Family(
    label=N_("SegFormer's MiT, transformers"),
    network="pvt_v2",
    marks=("encoder.patch_embeddings.0.proj.weight", "encoder.block.0.0.mlp.dwconv.dwconv.weight"),
    body="segformer.",
    table={
        "encoder.patch_embeddings.{i}.proj": "stages.{i}.embed.project",
        "encoder.patch_embeddings.{i}.layer_norm": "stages.{i}.embed.norm",
        _LAYER + "layer_norm_1": BLOCK + "attention_norm",
        _LAYER + "attention.self.query": BLOCK + "attention.query",
        _LAYER + "attention.self.key": BLOCK + "attention.key",
        _LAYER + "attention.self.value": BLOCK + "attention.value",
        _LAYER + "attention.self.sr": BLOCK + "attention.reduce.project",
        _LAYER + "attention.self.layer_norm": BLOCK + "attention.reduce.norm",
        _LAYER + "attention.output.dense": BLOCK + "attention.project",
        _LAYER + "layer_norm_2": BLOCK + "mlp_norm",
        _LAYER + "mlp.dense1": BLOCK + "mlp.widen",
        _LAYER + "mlp.dwconv.dwconv": BLOCK + "mlp.convolve",
        _LAYER + "mlp.dense2": BLOCK + "mlp.narrow",
        "encoder.layer_norm.{i}": "stages.{i}.norm",
        "classifier": "head",
    },
    beside=("decode_head.",),
    block_norm_eps=1e-5,
)

MODULES = replace(
    FAMILY,
    marks=("stages.0.patch_embeddings.proj.weight", "stages.0.blocks.0.mlp.dwconv.dwconv.weight"),
    table={
        "stages.{i}.patch_embeddings.proj": "stages.{i}.embed.project",
        "stages.{i}.patch_embeddings.layer_norm": "stages.{i}.embed.norm",
        _MODULE + "layernorm_before": BLOCK + "attention_norm",
        _MODULE + "attention.q_proj": BLOCK + "attention.query",
        _MODULE + "attention.k_proj": BLOCK + "attention.key",
        _MODULE + "attention.v_proj": BLOCK + "attention.value",
        _MODULE + "attention.sequence_reduction.sequence_reduction": BLOCK + "attention.reduce.project",
        _MODULE + "attention.sequence_reduction.layer_norm": BLOCK + "attention.reduce.norm",
        _MODULE + "attention.o_proj": BLOCK + "attention.project",
        _MODULE + "layernorm_after": BLOCK + "mlp_norm",
        _MODULE + "mlp.fc1": BLOCK + "mlp.widen",
        _MODULE + "mlp.dwconv.dwconv": BLOCK + "mlp.convolve",
        _MODULE + "mlp.fc2": BLOCK + "mlp.narrow",
        "stages.{i}.layer_norm": "stages.{i}.norm",
        "classifier": "head",
    },
)
"""By the names of the modules of release 5."""
