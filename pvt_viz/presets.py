"""The networks that have names: the papers' own, the ViTs beside them, and those that come with weights."""

from dataclasses import replace

from pvt_viz.config import PVTConfig, PVTv2Config, ViTConfig
from pvt_viz.language import say

_SCENES = {"image_size": 128, "num_classes": 10, "standardise": True}


def _scene_pvt(name: str) -> PVTConfig:
    return PVTConfig(name=name, dims=(24, 48, 96, 160), heads=(1, 2, 4, 5), mlp_ratios=(4, 4, 4, 4), **_SCENES)


_PHOTOS = {"image_size": 128, "num_classes": 200, "detail": 64}
"""Of networks that know photographs: Tiny-ImageNet's pictures are 64 pixels wide."""

PRESETS: dict[str, PVTConfig] = {
    config.name: config
    for config in (
        # The paper's Table 1 prints 3 blocks for stage 2 of Small and Medium; only 4 gives its parameter counts.
        PVTConfig(name="pvt_tiny", depths=(2, 2, 2, 2)),
        PVTConfig(name="pvt_small", depths=(3, 4, 6, 3)),
        PVTConfig(name="pvt_medium", depths=(3, 4, 18, 3)),
        PVTConfig(name="pvt_large", depths=(3, 8, 27, 3)),
        # PVTv2's own table (its Table 1); B0 is half as wide.
        PVTv2Config(name="pvt_v2_b0", depths=(2, 2, 2, 2), dims=(32, 64, 160, 256)),
        PVTv2Config(name="pvt_v2_b1", depths=(2, 2, 2, 2)),
        PVTv2Config(name="pvt_v2_b2", depths=(3, 4, 6, 3)),
        PVTv2Config(name="pvt_v2_b3", depths=(3, 4, 18, 3)),
        PVTv2Config(name="pvt_v2_b4", depths=(3, 8, 27, 3)),
        PVTv2Config(name="pvt_v2_b5", depths=(3, 6, 40, 3), mlp_ratios=(4, 4, 4, 4)),
        PVTv2Config(name="pvt_v2_b2_li", depths=(3, 4, 6, 3), linear=True, reductions=(1, 1, 1, 1)),
        ViTConfig(name="vit_tiny_16", dims=(192,), heads=(3,)),
        ViTConfig(name="vit_small_16", dims=(384,), heads=(6,)),
        ViTConfig(name="vit_base_16", dims=(768,), heads=(12,)),
        # The baseline of the PVT paper (48.8 M): wider, shallower, and without biases on q, k and v.
        ViTConfig(name="vit_small_16_paper", dims=(768,), depths=(8,), heads=(8,), mlp_ratios=(3,), qkv_bias=False),
        # Ours, small enough to be trained on a CPU: the networks that come with weights (pvt_viz.train).
        PVTConfig(
            name="photo_pvt",
            dims=(32, 64, 160, 256),
            depths=(2, 2, 4, 2),
            mlp_ratios=(4, 4, 4, 4),
            **_PHOTOS,
        ),
        _scene_pvt("flexi_pvt"),
        _scene_pvt("flexi_pvt_fixed"),
        ViTConfig(name="scene_vit", patch_sizes=(8,), dims=(56,), depths=(4,), heads=(4,), **_SCENES),
    )
}


def get_config(name: str, /, **overrides) -> PVTConfig:
    """The preset `name` with some fields replaced; ValueError names what is wrong and what would be valid."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(say("name={name!r} is not a preset; there are {known}.", name=name, known=", ".join(PRESETS)))
    fields = PRESETS[name].__dataclass_fields__
    for field in overrides:
        if field not in fields:
            raise ValueError(
                say(
                    "{field} is not a field of a configuration; there are {known}.",
                    field=field,
                    known=", ".join(fields),
                )
            )
    return replace(PRESETS[name], **overrides)
