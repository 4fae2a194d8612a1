"""DeiT in `transformers`: a ViT with a distillation token, which in …WithTeacher has a head of its own."""

from pvt_viz.checkpoints.families import transformers_vit
from pvt_viz.checkpoints.names import DISTILLATION, Family

FAMILY = Family(
    label="DeiT, transformers",
    network="vit",
    marks=("embeddings.distillation_token", *transformers_vit.FAMILY.marks),
    body="deit.",
    table={
        **transformers_vit.FAMILY.table,
        "embeddings.distillation_token": DISTILLATION,
        "cls_classifier": "head",
        "distillation_classifier": "distilled_head",
    },
    unused=transformers_vit.FAMILY.unused,
    block_norm_eps=1e-12,
)
