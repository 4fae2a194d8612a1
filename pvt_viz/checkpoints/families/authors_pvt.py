"""PVT v1 by its authors' names (whai362/PVT, classification/pvt.py): stages count from 1, K and V are one layer."""

from pvt_viz.checkpoints.names import BLOCK, CLS, POSITIONS, Family
from pvt_viz.language import N_

FAMILY = Family(
    label=N_("PVT, the authors' file"),
    network="pvt",
    marks=("pos_embed1", "block1.0.attn.kv.weight"),
    first_stage=1,
    table={
        "patch_embed{i}.proj": "stages.{i}.embed.project",
        "patch_embed{i}.norm": "stages.{i}.embed.norm",
        "pos_embed{i}": POSITIONS,
        "cls_token": CLS,
        "block{i}.{j}.norm1": BLOCK + "attention_norm",
        "block{i}.{j}.attn.q": BLOCK + "attention.query",
        "block{i}.{j}.attn.kv": (BLOCK + "attention.key", BLOCK + "attention.value"),
        "block{i}.{j}.attn.proj": BLOCK + "attention.project",
        "block{i}.{j}.attn.sr": BLOCK + "attention.reduce.project",
        "block{i}.{j}.attn.norm": BLOCK + "attention.reduce.norm",
        "block{i}.{j}.norm2": BLOCK + "mlp_norm",
        "block{i}.{j}.mlp.fc1": BLOCK + "mlp.widen",
        "block{i}.{j}.mlp.fc2": BLOCK + "mlp.narrow",
        "norm": "norm",
        "head": "head",
    },
)
