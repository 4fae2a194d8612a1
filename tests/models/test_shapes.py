"""Presets, published counts, and shapes for any size, p and R."""

import inspect
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from configs import small_configs
from hf_weights import pvt_like, vit_like
from pvt_viz import PRESETS, PVTConfig, build_model, get_config, trace
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.models import PVT
from pvt_viz.scenes import CLASSES


def count(preset: str) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in PVT(PRESETS[preset]).parameters())


@pytest.mark.parametrize(
    "preset, parameters",
    [
        ("pvt_tiny", 13_229_288),
        ("pvt_small", 24_485_864),
        ("pvt_medium", 44_208_104),
        ("pvt_large", 61_369_320),
        ("pvt_v2_b0", 3_666_760),
        ("pvt_v2_b1", 14_009_000),
        ("pvt_v2_b2", 25_362_856),
        ("pvt_v2_b2_li", 22_553_512),
        ("pvt_v2_b3", 45_238_696),
        ("pvt_v2_b4", 62_556_072),
        ("pvt_v2_b5", 81_956_008),
        ("vit_tiny_16", 5_717_416),
        ("vit_small_16", 22_050_664),
        ("vit_base_16", 86_567_656),
    ],
)
def test_parameter_counts_are_the_published_ones(preset, parameters):
    assert count(preset) == parameters


@pytest.mark.parametrize(
    "preset, parameters",
    [("photo_pvt", 3_948_232), ("flexi_pvt", 1_269_858), ("flexi_pvt_fixed", 1_269_858), ("scene_vit", 179_378)],
)
def test_parameter_counts_of_ours(preset, parameters):
    """As their model cards state them; the test against `transformers` below counts them by other code."""
    assert count(preset) == parameters


def test_every_preset_has_its_count_tested():
    published = {"pvt_tiny", "pvt_small", "pvt_medium", "pvt_large", "vit_tiny_16", "vit_small_16", "vit_base_16"}
    published |= {"pvt_v2_b2_li", *(f"pvt_v2_b{i}" for i in range(6))}
    assert set(PRESETS) == published | {"vit_small_16_paper", *BUNDLED}
    assert set(BUNDLED) == {"photo_pvt", "flexi_pvt", "flexi_pvt_fixed", "scene_vit"}


def test_the_networks_that_are_compared_are_alike():
    flexible, fixed = (PRESETS[name] for name in ("flexi_pvt", "flexi_pvt_fixed"))
    assert replace(fixed, name="flexi_pvt") == flexible
    for name in ("flexi_pvt", "flexi_pvt_fixed", "scene_vit"):
        config = PRESETS[name]
        assert (config.image_hw, config.num_classes, config.standardise) == ((128, 128), len(CLASSES), True)


@pytest.mark.parametrize(
    "preset, millions",
    [
        ("pvt_tiny", 13.2),
        ("pvt_small", 24.5),
        ("pvt_medium", 44.2),
        ("pvt_large", 61.4),
        ("vit_small_16_paper", 48.8),
    ],
)
def test_parameters_as_the_paper_prints_them(preset, millions):
    assert round(count(preset) / 1e6, 1) == millions


@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_medium", "photo_pvt", "flexi_pvt", "scene_vit"])
def test_parameters_equal_transformers(preset):
    like = vit_like if preset == "scene_vit" else pvt_like
    with torch.device("meta"):
        assert count(preset) == sum(p.numel() for p in like(PRESETS[preset]).parameters())


def test_keys_and_values_are_7x7_at_every_stage_of_224():
    assert [s.reduced_grid for s in get_config("pvt_tiny").shapes()] == [(7, 7)] * 4


@given(small_configs(), st.integers(1, 2), st.integers(0, 9), st.integers(0, 9))
def test_every_array_has_the_shape_the_config_says(fields, batch, more_rows, more_columns):
    try:
        config = PVTConfig(**fields)
    except ValueError:  # a grid that p or R does not fit: see the table of sentences below
        assume(False)
    height, width = config.image_hw[0] + more_rows, config.image_hw[1] + more_columns
    seen = trace(build_model(config), torch.zeros(batch, 3, height, width))
    assert seen.logits.shape == (batch, 5)
    covered = 1
    for stage, shape in zip(seen.stages, config.shapes((height, width)), strict=True):
        covered *= shape.patch_size
        (h, w), n = stage.grid, stage.n_prefix
        assert (stage.shape, shape.stride) == (shape, covered)
        assert 0 <= height - h * covered == shape.rim[0]
        assert 0 <= width - w * covered == shape.rim[1]
        assert stage.tokens.shape == (batch, n + h * w, shape.dim)
        assert stage.feature_map.shape == (batch, shape.dim, h, w)
        assert len(stage.blocks) == shape.depth
        for block in stage.blocks:
            rows, columns = block.reduced_grid
            assert (rows, columns) == (h // shape.reduction, w // shape.reduction)
            assert block.attention.shape == (batch, shape.heads, n + h * w, n + rows * columns)
            assert block.queries.shape == (batch, shape.heads, n + h * w, shape.head_dim)
            assert block.keys.shape == block.values.shape == (batch, shape.heads, n + rows * columns, shape.head_dim)
            assert block.reduced.shape == (batch, shape.dim, rows, columns)
            torch.testing.assert_close(block.attention.sum(-1), torch.ones_like(block.attention[..., 0]))
            for key in range(n, shape.keys):
                top, left, bottom, right = block.footprint(key)
                assert 0 <= top < bottom <= height
                assert 0 <= left < right <= width
                assert bottom - top == right - left == shape.reduction * covered
    assert [s.n_prefix for s in seen.stages] == [0] * (len(seen.stages) - 1) + [1]


def test_keys_and_values_are_4x4_at_every_stage_of_our_128():
    assert [s.reduced_grid for s in get_config("flexi_pvt").shapes()] == [(4, 4)] * 4
    assert [s.grid for s in get_config("scene_vit").shapes()] == [(16, 16)]


def test_footprints_tile_the_covered_plane():
    block = trace(build_model(get_config("pvt_tiny", image_size=64)), torch.zeros(1, 3, 64, 64)).stages[0].blocks[0]
    assert [block.footprint(k) for k in range(4)] == [
        (0, 0, 32, 32),
        (0, 32, 32, 64),
        (32, 0, 64, 32),
        (32, 32, 64, 64),
    ]


def test_cls_has_no_footprint():
    block = trace(build_model(get_config("pvt_tiny", image_size=64)), torch.zeros(1, 3, 64, 64)).stages[3].blocks[0]
    assert block.footprint(1) == (0, 0, 32, 32)
    for key in (0, -1, 5):
        with pytest.raises(ValueError, match=rf"key={key} "):
            block.footprint(key)


PER_STAGE = ("patch_sizes", "dims", "depths", "heads", "mlp_ratios", "reductions")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: get_config("pvt_huge"), ["pvt_huge", "pvt_tiny"]),
        (lambda: get_config("pvt_tiny", patches=3), ["patches", "patch_sizes"]),
        (lambda: get_config("pvt_tiny", reductions=(8, 4, 2)), ["reductions=(8, 4, 2)", "4"]),
        (lambda: get_config("pvt_tiny", reductions=(8, 4, 2, 0)), ["reductions", "0", "positive"]),
        (lambda: get_config("pvt_tiny", reductions=(57, 4, 2, 1)), ["R_1 = 57", "1 to 56"]),
        (lambda: get_config("pvt_tiny", reductions=8), ["reductions=8", "tuple"]),
        (lambda: get_config("pvt_tiny", patch_sizes=(4, 2, 2, 15)), ["p_4 = 15", "1 to 14"]),
        (lambda: get_config("pvt_tiny", image_size=0), ["image_size=0"]),
        (lambda: get_config("pvt_tiny", image_size=(224, "a")), ["image_size"]),
        (lambda: get_config("pvt_tiny", image_size=16), ["R_1 = 8", "1 to 4", "image 16×16"]),
        (lambda: get_config("pvt_tiny", heads=(1, 2, 3, 8)), ["320", "3 heads"]),
        (lambda: get_config("vit_tiny_16", reductions=(2,)), ["reductions=(2,)", "(1,)"]),
        (lambda: get_config("pvt_tiny", mlp_ratios=(-1, 8, 4, 4)), ["mlp_ratios", "-1", "above 0"]),
        (lambda: get_config("pvt_tiny", mlp_ratios=(8, 8, 4, "a")), ["mlp_ratios", "'a'"]),
        (lambda: get_config("pvt_tiny", block_norm_eps="x"), ["block_norm_eps", "'x'"]),
        (lambda: get_config("pvt_tiny", std=(0, 1, 1)), ["std", "0", "above 0"]),
        (lambda: get_config("pvt_tiny", mean=(float("nan"), 1, 1)), ["mean", "nan"]),
        (lambda: PVTConfig(name="none", **dict.fromkeys(PER_STAGE, ())), ["dims=()", "at least one"]),
        (lambda: get_config(["pvt_tiny"]), ["['pvt_tiny']", "pvt_tiny"]),
    ],
)
def test_a_bad_argument_is_answered_with_one_sentence_that_names_it(make, words):
    with pytest.raises(ValueError) as caught:
        make()
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_configs_are_frozen():
    with pytest.raises(AttributeError):
        PRESETS["pvt_tiny"].dims = ()


def test_changing_one_ratio_leaves_every_other_weight_alone():
    one, two = (build_model(get_config("pvt_tiny", image_size=64, reductions=(r, 4, 2, 1))) for r in (8, 4))
    two = dict(two.named_parameters())
    changed = {
        name for name, p in one.named_parameters() if p.shape != two[name].shape or not torch.equal(p, two[name])
    }
    assert changed == {f"stages.0.blocks.{j}.attention.reduce.project.weight" for j in range(2)}


def test_models_do_not_know_the_trace():
    from pvt_viz import models

    for module in (models.pvt, models.attention, models.build):
        assert "tracing" not in inspect.getsource(module)
