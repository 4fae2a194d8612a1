"""The ways to do attention that are compared, and the same network under other ratios."""

from dataclasses import dataclass, replace
from typing import Literal

from pvt_viz.config import PVTConfig, get_config
from pvt_viz.words import SUBSCRIPTS

Kernel = Literal["explicit", "fused"]


@dataclass(frozen=True)
class Variant:
    """One way to do attention."""

    name: str
    label: str
    reduces: bool
    """With the configuration's R_i; otherwise every R is 1 and every token a key."""
    attention: Kernel
    """explicit: scores and softmax are written out, map by map; fused: the kernel never stores them."""

    def of(self, config: PVTConfig) -> PVTConfig:
        """The network that it runs."""
        return config if self.reduces else without_sra(config)


FULL_EXPLICIT = Variant("full_explicit", "full attention, explicit", reduces=False, attention="explicit")
FULL_FUSED = Variant("full_fused", "full attention, fused", reduces=False, attention="fused")
SRA = Variant("sra", "SRA, fused", reduces=True, attention="fused")
SRA_EXPLICIT = Variant("sra_explicit", "SRA, explicit", reduces=True, attention="explicit")
"""As the paper's authors ran it: there were no fused kernels in 2021."""
ALL = (FULL_EXPLICIT, FULL_FUSED, SRA, SRA_EXPLICIT)
VARIANTS = {variant.name: variant for variant in (FULL_EXPLICIT, FULL_FUSED, SRA)}


def variants(config: PVTConfig) -> tuple[Variant, ...]:
    """Those that differ for this configuration: where every R is 1 there is no SRA to show."""
    return tuple(v for v in VARIANTS.values() if not v.reduces or max(config.reductions) > 1)


def without_sra(config: PVTConfig) -> PVTConfig:
    """The same network with every R = 1."""
    return replace(config, reductions=(1,) * len(config.reductions))


def what_ifs(config: PVTConfig) -> dict[str, PVTConfig]:
    """As chosen, then: no SRA at all, each R_i alone, and a ViT whose patches are as small as stage 1's."""
    ones = without_sra(config)
    found = {"as chosen": config}
    if config != ones:
        found["R = 1 everywhere (PVT without SRA)"] = ones
        for i, r in enumerate(config.reductions):
            if r > 1:
                alone = (*ones.reductions[:i], r, *ones.reductions[i + 1 :])
                found[f"only R{SUBSCRIPTS[i + 1]} = {r}"] = replace(ones, reductions=alone)
    if len(config.dims) > 1:
        p = config.patch_sizes[0]
        found[f"ViT-Small of the paper, patches of {p}×{p}"] = get_config(
            "vit_small_16_paper",
            image_size=config.image_size,
            patch_sizes=(p,),
            in_channels=config.in_channels,
            num_classes=config.num_classes,
            mean=config.mean,
            std=config.std,
        )
    return found
