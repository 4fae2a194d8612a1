"""The closed forms against torch's own counter, the model's own parameters, and the published numbers."""

from dataclasses import replace

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from configs import small_configs, small_v2_configs
from pvt_viz import PRESETS, PVTConfig, get_config
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.config import PVTv2Config, ViTConfig
from pvt_viz.cost import analyze, parts
from pvt_viz.cost.compare import attention_growth, fold_and_pool
from pvt_viz.cost.variants import FULL_EXPLICIT, SRA, counterpart, variants, what_ifs, without_sra
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
    check_to_the_last_flop(config, batch, attention, more_rows)


@given(small_v2_configs(), st.integers(1, 3), st.sampled_from(["explicit", "fused"]), st.integers(0, 40))
@example(  # windows that reach over the edge, at a size of its own
    {
        "name": "rounded up",
        "image_size": (61, 45),
        "patch_sizes": (3, 2, 2),
        "dims": (4, 6, 8),
        "depths": (1, 2, 1),
        "heads": (1, 2, 2),
        "mlp_ratios": (2, 8, 4),
        "reductions": (5, 3, 2),
        "num_classes": 7,
    },
    2,
    "explicit",
    17,
)
@example(  # more keys than tokens
    {
        "name": "pooled to more than there is",
        "image_size": (20, 12),
        "patch_sizes": (4, 1),
        "dims": (4, 6),
        "depths": (2, 1),
        "heads": (2, 3),
        "mlp_ratios": (2, 3),
        "reductions": (1, 1),
        "linear": True,
        "num_classes": 0,
    },
    3,
    "explicit",
    0,
)
def test_any_v2_network_to_the_last_flop(fields, batch, attention, more_rows):
    try:
        config = PVTv2Config(**fields)
    except ValueError:
        assume(False)
    check_to_the_last_flop(config, batch, attention, more_rows)


@pytest.mark.parametrize("attention", ["explicit", "fused"])
@pytest.mark.parametrize(
    "fields",
    [
        {"n_prefix": 0},
        {"n_prefix": 2},
        {"n_prefix": 2, "distilled": True},
        {"num_classes": 0},
        {"num_classes": 0, "n_prefix": 2, "distilled": True},
    ],
    ids=str,
)
def test_tokens_before_the_grid_and_heads_to_the_last_flop(fields, attention):
    small = {"name": "small", "image_size": 48, "dims": (24,), "depths": (2,), "heads": (3,), "num_classes": 7}
    check_to_the_last_flop(ViTConfig(**small | fields), 2, attention, 16)


@pytest.mark.parametrize("n_prefix", [0, 1, 2])
def test_a_pyramid_of_v1_with_any_tokens_before_its_last_grid(n_prefix):
    config = get_config("pvt_tiny", image_size=96, reductions=(5, 3, 2, 2), n_prefix=n_prefix)
    check_to_the_last_flop(config, 2, "explicit", 16)


def check_to_the_last_flop(config: PVTConfig, batch: int, attention: str, more_rows: int) -> None:
    """For a size that is not the configuration's own."""
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


LAYERS = (
    "linear",
    "layer_norm",
    "gelu",
    "relu",
    "conv2d",
    "adaptive_avg_pool2d",
    "mean",
    "scaled_dot_product_attention",
)


def written_by_torch(config: PVTConfig, batch: int) -> int:
    """Numbers in the results of all layers of a real forward with fused attention."""
    written = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal written
            result = func(*args, **(kwargs or {}))
            if func._schema.name.removeprefix("aten::") in LAYERS:
                written += result.numel()
            return result

    with torch.device("meta"):
        model, images = PVT(config).eval(), torch.empty(batch, config.in_channels, *config.image_hw)
    with torch.inference_mode(), Watch():  # which shows whole layers, and not what they are made of
        model(images)
    return written


@pytest.mark.parametrize(
    "config",
    [
        *(get_config(f"pvt_v2_{name}", image_size=size) for name in ("b0", "b2_li") for size in (224, (75, 130))),
        get_config("pvt_tiny", n_prefix=0),
        get_config("pvt_tiny"),
        get_config("vit_tiny_16", n_prefix=2, distilled=True),
    ],
    ids=lambda config: f"{config.name}-{config.image_hw}-{config.n_prefix}",
)
def test_what_the_layers_write_is_what_a_forward_writes(config):
    report = analyze(config, batch=2, attention="fused")
    positioned = sum(2 * s.queries * s.dim for s in report.shapes) if config.version == 1 else 0
    assert report.activation_bytes == 4 * (written_by_torch(config, 2) + positioned)


@pytest.mark.parametrize(
    "preset, millions, gmacs",
    [
        ("pvt_tiny", 13.2, 1.9),  # the paper's Table 2, whose "GFLOPs" are GMACs
        ("pvt_small", 24.5, 3.8),
        ("pvt_medium", 44.2, 6.7),
        ("pvt_large", 61.4, 9.8),
        ("pvt_v2_b0", 3.7, 0.6),  # PVTv2, Table 2, which prints 3.4 M (without the head) for B0 and 13.1 M for B1;
        ("pvt_v2_b1", 14.0, 2.1),  # others count 14.0 M, too, in the authors' weights
        ("pvt_v2_b2_li", 22.6, 3.9),
        ("pvt_v2_b2", 25.4, 4.0),
        ("pvt_v2_b3", 45.2, 6.9),
        ("pvt_v2_b4", 62.6, 10.1),
        ("pvt_v2_b5", 82.0, 11.7),  # there 11.8: the authors' counter has norms and biases
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


def test_the_what_ifs_of_v2_have_its_other_way_to_fewer_keys():
    fold, pool = fold_and_pool().values()
    for config, other in ((fold, pool), (pool, fold)):
        ifs = list(what_ifs(config).values())
        assert ifs[0] == config
        assert (ifs[1].linear, ifs[1].reductions) == (False, (1, 1, 1, 1))
        assert without_sra(config).alike(ifs[1])
        assert any(other.alike(replace(c, name=other.name)) for c in ifs)
    assert sum("R = 1" in name for name in what_ifs(pool)) == 0
    assert [c.reductions for c in what_ifs(fold).values()][2:5] == [(8, 1, 1, 1), (1, 4, 1, 1), (1, 1, 2, 1)]
    assert counterpart(PRESETS["pvt_tiny"]) is None
    small = get_config("pvt_v2_b2_li", image_size=12, patch_sizes=(4, 2, 2, 1))
    assert counterpart(small).reductions == (3, 2, 1, 1)  # 4 tokens of stage 1 to one of stage 4, but it has 3 only


def test_at_224_a_pool_and_folds_differ_in_the_folds_alone():
    fold, pool = map(analyze, fold_and_pool().values())
    for shape in fold.shapes:
        for part in ("q, k, v projections", *parts.ATTENTION, "output projection"):
            [ours], [theirs] = (report.select(stage=shape.index, part=part) for report in (fold, pool))
            assert (ours.macs, ours.params) == (theirs.macs, theirs.params)
        folds = sum(row.macs for row in fold.select(stage=shape.index, part="fold"))
        [pooled] = pool.select(stage=shape.index, part="pool")
        assert folds == (shape.depth * shape.tokens * shape.dim**2 if shape.index < 4 else 0)
        assert pooled.macs == shape.depth * 49 * shape.dim**2


def test_keys_of_folds_grow_with_the_picture_and_those_of_a_pool_do_not():
    fold, pool = fold_and_pool().values()
    sides = (224, 448, 896)
    folded, pooled = (attention_growth(network, parts.ATTENTION, 1, sides) for network in (fold, pool))
    once = folded[0]
    assert folded == (once, 16 * once, 16**2 * once)
    assert pooled == (once, 4 * once, 4**2 * once)
    assert attention_growth(pool, parts.ATTENTION, 3, sides) == tuple(3 * macs for macs in pooled)


def test_a_vit_has_no_sra_to_show():
    assert SRA not in variants(PRESETS["vit_tiny_16"])
    assert SRA in variants(PRESETS["pvt_tiny"])
    assert SRA in variants(PRESETS["pvt_v2_b2_li"])
    assert SRA not in variants(get_config("pvt_v2_b0", reductions=(1, 1, 1, 1)))
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
