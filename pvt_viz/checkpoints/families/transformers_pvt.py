"""PVT v1 in `transformers` (PvtForImageClassification, PvtModel)."""

from pvt_viz.checkpoints.names import BLOCK, CLS, POSITIONS, Family

FAMILY = Family(
    label="PVT, transformers",
    network="pvt",
    marks=("encoder.patch_embeddings.0.position_embeddings", "encoder.block.0.0.attention.self.query.weight"),
    body="pvt.",
    table={
        "encoder.patch_embeddings.{i}.projection": "stages.{i}.embed.project",
        "encoder.patch_embeddings.{i}.layer_norm": "stages.{i}.embed.norm",
        "encoder.patch_embeddings.{i}.position_embeddings": POSITIONS,
        "encoder.patch_embeddings.{i}.cls_token": CLS,
        "encoder.block.{i}.{j}.layer_norm_1": BLOCK + "attention_norm",
        "encoder.block.{i}.{j}.attention.self.query": BLOCK + "attention.query",
        "encoder.block.{i}.{j}.attention.self.key": BLOCK + "attention.key",
        "encoder.block.{i}.{j}.attention.self.value": BLOCK + "attention.value",
        "encoder.block.{i}.{j}.attention.self.sequence_reduction": BLOCK + "attention.reduce.project",
        "encoder.block.{i}.{j}.attention.self.layer_norm": BLOCK + "attention.reduce.norm",
        "encoder.block.{i}.{j}.attention.output.dense": BLOCK + "attention.project",
        "encoder.block.{i}.{j}.layer_norm_2": BLOCK + "mlp_norm",
        "encoder.block.{i}.{j}.mlp.dense1": BLOCK + "mlp.widen",
        "encoder.block.{i}.{j}.mlp.dense2": BLOCK + "mlp.narrow",
        "encoder.layer_norm": "norm",
        "classifier": "head",
    },
    embed_norm_eps=1e-6,  # one for the whole network there
)
