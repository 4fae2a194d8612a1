"""Variants and networks side by side: per stage, and over the image size."""

from dataclasses import dataclass, replace
from functools import lru_cache

from pvt_viz.config import PVTConfig
from pvt_viz.cost import memory, parts
from pvt_viz.cost.counted import BYTES, analyze
from pvt_viz.cost.scope import FORWARD, Scope
from pvt_viz.cost.variants import Kernel, Variant, variants, without_sra
from pvt_viz.language import Sentence, say
from pvt_viz.presets import PRESETS

SIDES = (64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048)
"""Image sizes of a growth curve: multiples of 32, for whose grids every preset's patches come out even."""


@dataclass(frozen=True)
class StageCost:
    """One stage under one variant, for a whole batch."""

    stage: int
    variant: Variant
    attention_macs: int
    """QKᵀ and softmax·V in all blocks: what SRA is meant to cut."""
    layer_macs: int
    """The same with the fold (or the pool) and the projections: all that the attention layers do."""
    peak_bytes: int
    """Extra memory of one attention layer at its worst moment."""


def by_stage(config: PVTConfig, batch: int = 1, dtype: str = "float32") -> tuple[tuple[StageCost, ...], ...]:
    """A tuple per stage, in it one entry per variant that differs for this configuration."""
    columns = []
    for variant in variants(config):
        report = analyze(variant.of(config), batch=batch, attention=variant.attention, dtype=dtype)
        columns.append(
            [
                StageCost(
                    stage=shape.index,
                    variant=variant,
                    attention_macs=sum(r.macs for r in report.select(stage=shape.index, part=parts.ATTENTION)),
                    layer_macs=sum(r.macs for r in report.select(stage=shape.index, part=parts.ATTENTION_LAYER)),
                    peak_bytes=memory.peak(memory.attention(shape, batch, variant.attention)).numbers * BYTES[dtype],
                )
                for shape in report.shapes
            ]
        )
    return tuple(zip(*columns, strict=True))


def figure_6() -> dict[Sentence, PVTConfig]:
    """The transformers of the paper's Figure 6, and PVT-Small without its reduction."""
    vit, small = PRESETS["vit_small_16_paper"], PRESETS["pvt_small"]
    return {
        say("ViT-Small/16 (paper)"): vit,
        say("ViT-Small/32 (paper)"): replace(vit, patch_sizes=(32,)),
        "PVT-Small": small,
        say("PVT-Small without SRA"): without_sra(small),
    }


Curve = tuple[int | None, ...]
"""A value per side; None where the image is too small for the network."""


@lru_cache(maxsize=64)
def growth(network: PVTConfig, scope: Scope = FORWARD, batch: int = 1, sides: tuple[int, ...] = SIDES) -> Curve:
    """MACs at every side of a square image."""
    return tuple(
        scope.macs(replace(network, image_size=side), batch) if side >= network.least_side else None for side in sides
    )


def fold_and_pool() -> dict[str, PVTConfig]:
    """The two networks of the PVTv2 paper that differ in how keys become fewer, and in nothing else that is counted."""
    return {"PVTv2-B2": PRESETS["pvt_v2_b2"], "PVTv2-B2-Li": PRESETS["pvt_v2_b2_li"]}


@lru_cache(maxsize=64)
def attention_growth(
    network: PVTConfig,
    part: tuple[str, ...] = parts.ATTENTION_LAYER,
    batch: int = 1,
    sides: tuple[int, ...] = SIDES,
) -> Curve:
    """MACs of these parts of the attention layers, all stages and blocks together, at every side of a square image."""
    return tuple(
        sum(row.macs for row in analyze(network, side, batch).select(part=part)) if side >= network.least_side else None
        for side in sides
    )


@lru_cache(maxsize=64)
def peaks(network: PVTConfig, scope: Scope, kernel: Kernel, batch: int, dtype: str) -> Curve:
    """Predicted peak in bytes at each of `SIDES`."""
    return tuple(
        scope.peak(replace(network, image_size=side), batch, kernel).numbers * BYTES[dtype]
        if side >= network.least_side
        else None
        for side in SIDES
    )
