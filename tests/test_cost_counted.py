"""The closed forms against torch's own counter, the model's own parameters, and the published numbers."""

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from configs import small_configs
from pvt_viz import PRESETS, PVTConfig, get_config
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.cost import analyze, parts
from pvt_viz.cost.variants import FULL_EXPLICIT, SRA, variants, what_ifs, without_sra
from pvt_viz.models import PVT


def counted_by_torch(config: PVTConfig, size: tuple[int, int], batch: int, attention: str) -> tuple[int, int]:
    """(FLOPs, parameters) of the real network, on tensors that hold nothing."""
    with torch.device("meta"):
        model = PVT(config).eval()
        images = torch.empty(batch, config.in_channels, *size)
    if attention == "explicit":
        for stage in model.stages:
            for block in stage.blocks:
                block.attention.map.register_forward_hook(lambda *_: None)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(images)
    return counter.get_total_flops(), sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("attention", ["explicit", "fused"])
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_to_the_last_flop(preset, attention):
    config = PRESETS[preset]
    assert config.image_hw == ((128, 128) if preset in BUNDLED else (224, 224))
    report = analyze(config, batch=3, attention=attention)
    assert (report.flops, report.params) == counted_by_torch(config, config.image_hw, 3, attention)


@given(small_configs(), st.integers(1, 3), st.sampled_from(["explicit", "fused"]), st.integers(0, 40))
@example(  # CLS beside a fold, at a size of its own
    {
        "name": "R_4 > 1",
        "image_size": (64, 96),
        "patch_sizes": (3, 2, 2, 1),
        "dims": (4, 6, 8, 8),
        "depths": (1, 2, 1, 2),
        "heads": (1, 2, 2, 4),
        "mlp_ratios": (2, 8, 4, 1),
        "reductions": (5, 3, 2, 3),
        "num_classes": 7,
    },
    2,
    "explicit",
    17,
)
def test_any_network_to_the_last_flop(fields, batch, attention, more_rows):
    try:
        config = PVTConfig(**fields)
    except ValueError:
        assume(False)
    size = (config.image_hw[0] + more_rows, config.image_hw[1])
    if any(s.head_dim == 1 or s.keys == 1 for s in config.shapes(size)):
        attention = "fused"  # a sum over one number is a plain product to einsum, and the counter does not see it
    report = analyze(config, size, batch, attention)
    assert (report.flops, report.params) == counted_by_torch(config, size, batch, attention)
    assert report.macs * 2 == report.flops == sum(row.flops for row in report.rows)
    maps = sum(batch * s.depth * s.heads * s.queries * s.keys for s in config.shapes(size))
    assert report.attention_map_bytes == (4 * maps if attention == "explicit" else 0)
    for row in report.rows:  # what the page prints is what was counted
        assert eval(report.filled(row).replace("·", "*").replace("²", "**2")) == row.macs


@pytest.mark.parametrize(
    "preset, millions, gmacs",
    [
        ("pvt_tiny", 13.2, 1.9),  # the paper's Table 2, whose "GFLOPs" are GMACs
        ("pvt_small", 24.5, 3.8),
        ("pvt_medium", 44.2, 6.7),
        ("pvt_large", 61.4, 9.8),
        ("vit_small_16_paper", 48.8, 9.9),
        ("vit_tiny_16", 5.7, 1.3),  # DeiT-Ti, -S and -B
        ("vit_small_16", 22.1, 4.6),
        ("vit_base_16", 86.6, 17.6),
    ],
)
def test_published_numbers(preset, millions, gmacs):
    report = analyze(PRESETS[preset], 224)
    assert round(report.params / 1e6, 1) == millions
    assert round(report.macs / 1e9, 1) == gmacs


def test_sra_is_64_times_fewer_multiply_adds_at_stage_1_and_a_fold_costs_nc2():
    tiny = PRESETS["pvt_tiny"]
    full, reduced = analyze(without_sra(tiny)), analyze(tiny)
    for i, factor in enumerate((64, 16, 4, 1), 1):
        ours, theirs = (sum(row.macs for row in r.select(stage=i, part=parts.ATTENTION)) for r in (reduced, full))
        assert theirs == factor * ours
        shape = tiny.shapes()[i - 1]
        folds = reduced.select(stage=i, part="fold")
        assert [fold.macs for fold in folds] == [shape.depth * shape.tokens * shape.dim**2] * (factor > 1)
        assert [f.params for f in folds] == [shape.depth * (factor * shape.dim**2 + 3 * shape.dim)] * (factor > 1)
    assert full.params < reduced.params


def test_parameters_depend_on_the_configurations_own_size_alone():
    tiny = PRESETS["pvt_tiny"]
    assert analyze(tiny, 448).params == analyze(tiny).params != analyze(get_config("pvt_tiny", image_size=448)).params


def test_bytes_follow_the_dtype():
    tiny = PRESETS["pvt_tiny"]
    single, half = analyze(tiny), analyze(tiny, dtype="float16")
    for field in ("attention_map_bytes", "activation_bytes", "peak_activation_bytes"):
        assert getattr(single, field) == 2 * getattr(half, field) > 0
    assert single.macs == half.macs


def test_what_ifs_change_the_ratios_and_nothing_else():
    config = get_config("pvt_tiny", reductions=(8, 1, 2, 1), patch_sizes=(8, 2, 2, 1))
    ifs = what_ifs(config)
    assert [c.reductions for c in ifs.values()] == [(8, 1, 2, 1), (1, 1, 1, 1), (8, 1, 1, 1), (1, 1, 2, 1), (1,)]
    assert list(ifs.values())[-1].patch_sizes == (8,)
    assert list(what_ifs(PRESETS["vit_tiny_16"])) == ["as chosen"]


def test_a_vit_has_no_sra_to_show():
    assert SRA not in variants(PRESETS["vit_tiny_16"])
    assert SRA in variants(PRESETS["pvt_tiny"])
    assert FULL_EXPLICIT in variants(PRESETS["vit_tiny_16"])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"batch": 0}, "batch=0"),
        ({"batch": True}, "batch=True"),
        ({"batch": 1.5}, "batch=1.5"),
        ({"attention": "flash"}, "'explicit' or 'fused'"),
        ({"dtype": "int8"}, "float32"),
        ({"image_size": 16}, "R_1 = 8"),
        ({"image_size": 3}, "p_1 = 4"),
        ({"image_size": "large"}, "image_size='large'"),
    ],
)
def test_what_cannot_be_priced_is_answered_with_one_sentence(arguments, words):
    with pytest.raises(ValueError) as caught:
        analyze(PRESETS["pvt_tiny"], **arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
