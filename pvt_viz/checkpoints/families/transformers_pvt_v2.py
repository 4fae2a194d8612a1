"""PVTv2 in `transformers` (PvtV2ForImageClassification, PvtV2Model)."""

from pvt_viz.checkpoints.names import BLOCK, Family

FAMILY = Family(
    label="PVTv2, transformers",
    network="pvt_v2",
    marks=("encoder.layers.0.patch_embedding.proj.weight", "encoder.layers.0.blocks.0.mlp.dwconv.dwconv.weight"),
    body="pvt_v2.",
    table={
        "encoder.layers.{i}.patch_embedding.proj": "stages.{i}.embed.project",
        "encoder.layers.{i}.patch_embedding.layer_norm": "stages.{i}.embed.norm",
        "encoder.layers.{i}.blocks.{j}.layer_norm_1": BLOCK + "attention_norm",
        "encoder.layers.{i}.blocks.{j}.attention.query": BLOCK + "attention.query",
        "encoder.layers.{i}.blocks.{j}.attention.key": BLOCK + "attention.key",
        "encoder.layers.{i}.blocks.{j}.attention.value": BLOCK + "attention.value",
        "encoder.layers.{i}.blocks.{j}.attention.spatial_reduction": BLOCK + "attention.reduce.project",
        "encoder.layers.{i}.blocks.{j}.attention.layer_norm": BLOCK + "attention.reduce.norm",
        "encoder.layers.{i}.blocks.{j}.attention.proj": BLOCK + "attention.project",
        "encoder.layers.{i}.blocks.{j}.layer_norm_2": BLOCK + "mlp_norm",
        "encoder.layers.{i}.blocks.{j}.mlp.dense1": BLOCK + "mlp.widen",
        "encoder.layers.{i}.blocks.{j}.mlp.dwconv.dwconv": BLOCK + "mlp.convolve",
        "encoder.layers.{i}.blocks.{j}.mlp.dense2": BLOCK + "mlp.narrow",
        "encoder.layers.{i}.layer_norm": "stages.{i}.norm",
        "classifier": "head",
    },
    embed_norm_eps=1e-6,  # one for the whole network there
)
