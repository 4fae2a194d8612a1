"""DeiT in `transformers`: a ViT with a distillation token, which in …WithTeacher has a head of its own."""

from dataclasses import replace

from pvt_viz.checkpoints.families import transformers_vit
from pvt_viz.checkpoints.names import DISTILLATION, Family


def _distilled(vit: Family) -> Family:
    """The same with the second token."""
    return replace(
        vit,
        label="DeiT, transformers",
        marks=("embeddings.distillation_token", *vit.marks),
        body="deit.",
        table={
            **vit.table,
            "embeddings.distillation_token": DISTILLATION,
            "cls_classifier": "head",
            "distillation_classifier": "distilled_head",
        },
    )


FAMILY, MODULES = map(_distilled, (transformers_vit.FAMILY, transformers_vit.MODULES))
