"""PVTv2 in `timm`: as the authors wrote it, but for stages counted from 0 that hold their own patch embedding."""

from pvt_viz.checkpoints.names import BLOCK, Family

FAMILY = Family(
    label="PVTv2, timm",
    network="pvt_v2",
    marks=("stages.0.blocks.0.mlp.dwconv.weight", "patch_embed.proj.weight"),
    table={
        "patch_embed.proj": "stages.0.embed.project",
        "patch_embed.norm": "stages.0.embed.norm",
        "stages.{i}.downsample.proj": "stages.{i}.embed.project",
        "stages.{i}.downsample.norm": "stages.{i}.embed.norm",
        "stages.{i}.blocks.{j}.norm1": BLOCK + "attention_norm",
        "stages.{i}.blocks.{j}.attn.q": BLOCK + "attention.query",
        "stages.{i}.blocks.{j}.attn.kv": (BLOCK + "attention.key", BLOCK + "attention.value"),
        "stages.{i}.blocks.{j}.attn.proj": BLOCK + "attention.project",
        "stages.{i}.blocks.{j}.attn.sr": BLOCK + "attention.reduce.project",
        "stages.{i}.blocks.{j}.attn.norm": BLOCK + "attention.reduce.norm",
        "stages.{i}.blocks.{j}.norm2": BLOCK + "mlp_norm",
        "stages.{i}.blocks.{j}.mlp.fc1": BLOCK + "mlp.widen",
        "stages.{i}.blocks.{j}.mlp.dwconv": BLOCK + "mlp.convolve",
        "stages.{i}.blocks.{j}.mlp.fc2": BLOCK + "mlp.narrow",
        "stages.{i}.norm": "stages.{i}.norm",
        "head": "head",
    },
)
