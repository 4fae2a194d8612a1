"""Whose files open here: a table of names each."""

from pvt_viz.checkpoints.families import (
    authors_pvt,
    authors_pvt_v2,
    openmmlab,
    timm_pvt_v2,
    timm_vit,
    transformers_deit,
    transformers_dinov2,
    transformers_pvt,
    transformers_pvt_v2,
    transformers_segformer,
    transformers_vit,
)

FAMILIES = (
    authors_pvt.FAMILY,
    authors_pvt_v2.FAMILY,
    transformers_pvt.FAMILY,
    transformers_pvt_v2.FAMILY,
    transformers_segformer.FAMILY,
    transformers_segformer.MODULES,
    transformers_deit.FAMILY,  # before the ViT, whose marks it has too
    transformers_deit.MODULES,
    transformers_vit.FAMILY,
    transformers_vit.MODULES,
    *transformers_dinov2.FAMILIES,
    timm_pvt_v2.FAMILY,
    timm_vit.DINOV2,  # before the ViT, whose marks it has too
    timm_vit.FAMILY,
    openmmlab.PVT,
    openmmlab.BESIDE,
    openmmlab.PVT_V2,
)
