"""The ways to do attention that are compared, and the same network under other ratios."""

from dataclasses import dataclass, replace
from typing import Literal

from pvt_viz.config import PVTConfig
from pvt_viz.language import Sentence, say
from pvt_viz.presets import get_config
from pvt_viz.words import SUBSCRIPTS, times

Kernel = Literal["explicit", "fused"]


@dataclass(frozen=True)
class Variant:
    """One way to do attention."""

    name: str
    label: Sentence
    reduces: bool
    """With the configuration's R_i, or its pool; otherwise every R is 1 and every token a key."""
    attention: Kernel
    """explicit: scores and softmax are written out, map by map; fused: the kernel never stores them."""

    def of(self, config: PVTConfig) -> PVTConfig:
        """The network that it runs."""
        return config if self.reduces else without_sra(config)


FULL_EXPLICIT = Variant("full_explicit", say("full attention, explicit"), reduces=False, attention="explicit")
FULL_FUSED = Variant("full_fused", say("full attention, fused"), reduces=False, attention="fused")
SRA = Variant("sra", say("SRA, fused"), reduces=True, attention="fused")
SRA_EXPLICIT = Variant("sra_explicit", say("SRA, explicit"), reduces=True, attention="explicit")
"""As the paper's authors ran it: there were no fused kernels in 2021."""
ALL = (FULL_EXPLICIT, FULL_FUSED, SRA, SRA_EXPLICIT)
VARIANTS = {variant.name: variant for variant in (FULL_EXPLICIT, FULL_FUSED, SRA)}


def variants(config: PVTConfig) -> tuple[Variant, ...]:
    """Those that differ for this configuration: where every token is a key there is no SRA to show."""
    return tuple(v for v in VARIANTS.values() if not v.reduces or config.reduces)


def without_sra(config: PVTConfig) -> PVTConfig:
    """The same network with every R = 1, and without linear SRA: every token is a key."""
    folding = {"linear": False} if config.pool else {}
    return replace(config, reductions=(1,) * len(config.reductions), **folding)


def counterpart(config: PVTConfig) -> PVTConfig | None:
    """PVTv2's other way to fewer keys: folds for a network that pools, linear SRA for any other.

    The fold is the paper's: in every stage one key for each token of the last (8, 4, 2, 1), as far as the grids allow.
    v1 has one way only: None.
    """
    if config.version == 1:
        return None
    if config.pool is None:
        return replace(config, linear=True, reductions=(1,) * len(config.reductions))
    shapes = config.shapes()
    ratios = tuple(min(shapes[-1].stride // s.stride, *s.grid) for s in shapes)
    return replace(config, linear=False, reductions=ratios)


def what_ifs(config: PVTConfig) -> dict[Sentence, PVTConfig]:
    """As chosen, then: no SRA, each R_i alone, PVTv2's other SRA, and a ViT whose patches are as small as stage 1's."""
    ones = without_sra(config)
    found = {say("as chosen"): config}
    if config != ones:
        family = "PVTv2" if config.version == 2 else "PVT"
        if config.pool:
            found[say("every token a key ({family} without SRA)", family=family)] = ones
        else:
            found[say("R = 1 everywhere ({family} without SRA)", family=family)] = ones
        for i, r in enumerate(config.reductions):
            if r > 1:
                alone = (*ones.reductions[:i], r, *ones.reductions[i + 1 :])
                found[say("only {ratio} = {r}", ratio=f"R{SUBSCRIPTS[i + 1]}", r=r)] = replace(ones, reductions=alone)
    if other := counterpart(config):
        if other.pool:
            found[say("linear SRA, keys pooled to {grid}", grid=times((other.pool, other.pool)))] = other
        else:
            found[say("folds instead of linear SRA, R = {reductions}", reductions=other.reductions)] = other
    if len(config.dims) > 1:
        p = config.patch_sizes[0]
        found[say("ViT-Small of the paper, patches of {patch}", patch=times((p, p)))] = get_config(
            "vit_small_16_paper",
            image_size=config.image_size,
            patch_sizes=(p,),
            in_channels=config.in_channels,
            num_classes=config.num_classes,
            mean=config.mean,
            std=config.std,
        )
    return found
