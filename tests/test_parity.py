"""The same weights give the same numbers as `transformers`, and as plain loops where it cannot follow."""

import pytest
import torch

from hf_weights import copy_pvt, copy_vit, pvt_like, vit_like
from pvt_viz import PVTConfig, build_model, get_config, trace
from randomised import randomise
from slow_reference import slow_forward

TOLERANCE = 1e-4  # absolute


def assert_close(ours, theirs, what):
    error = (ours - theirs).abs().max().item()
    assert error <= TOLERANCE, f"{what}: off by {error:.2e} where values reach {theirs.abs().max():.1f}"


@pytest.mark.parametrize("size", [224, 160])
@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_small"])
def test_pvt_equals_transformers(preset, size, generator):
    # transformers has one LayerNorm eps where the authors have two.
    config = get_config(preset, image_size=size, block_norm_eps=1e-6, embed_norm_eps=1e-6)
    theirs, ours = pvt_like(config), build_model(config)
    randomise(theirs)
    copy_pvt(ours, theirs)
    images = torch.randn(2, 3, size, size, generator=generator)

    with torch.no_grad():
        expected = theirs(images, output_attentions=True, output_hidden_states=True)
        assert_close(ours(images), expected.logits, "logits of the fused path")
    seen = trace(ours, images)
    assert_close(seen.logits, expected.logits, "logits")
    assert expected.logits.std() > 0.1  # a test on zeros would prove nothing

    attentions, states = iter(expected.attentions), iter(expected.hidden_states)
    for stage in seen.stages:
        for block in stage.blocks:
            assert_close(block.attention, next(attentions), f"attention of stage {stage.shape.index}")
            state = next(states)
        plane = state[:, stage.n_prefix :].transpose(1, 2).reshape(stage.feature_map.shape)
        assert_close(stage.feature_map, plane, f"feature map of stage {stage.shape.index}")
    assert next(attentions, None) is None


@pytest.mark.parametrize("preset", ["vit_tiny_16", "vit_small_16_paper"])
def test_vit_equals_transformers(preset, generator):
    config = get_config(preset)
    theirs, ours = vit_like(config), build_model(config)
    randomise(theirs)
    copy_vit(ours, theirs)
    images = torch.randn(2, 3, 224, 224, generator=generator)
    with torch.no_grad():
        expected = theirs(images, output_attentions=True)
    seen = trace(ours, images)
    assert_close(seen.logits, expected.logits, "logits")
    for block, attention in zip(seen.stages[0].blocks, expected.attentions, strict=True):
        assert_close(block.attention, attention, "attention")


@pytest.mark.parametrize(
    "image_size, fields",
    [
        ((38, 61), {}),
        ((40, 40), {"reductions": (3, 2, 1, 1)}),
        ((72, 50), {"reductions": (4, 2, 2, 2), "patch_sizes": (3, 2, 2, 1)}),
        ((48, 33), {"patch_sizes": (4, 1, 3, 2), "reductions": (5, 3, 2, 1)}),
    ],
)
def test_equals_plain_loops(image_size, fields, generator):
    """Any size, floors, R_4 > 1 with CLS, interpolated positions and the authors' two eps, against slow loops."""
    config = PVTConfig(
        **{
            "name": "small",
            "image_size": 64,
            "dims": (8, 12, 16, 20),
            "depths": (1, 2, 1, 1),
            "heads": (1, 2, 4, 5),
            "mlp_ratios": (2, 2, 2, 2),
            "reductions": (2, 2, 1, 1),
            "num_classes": 7,
            "block_norm_eps": 1e-3,  # far apart, so that a swap shows
            "embed_norm_eps": 1e-1,
            **fields,
        }
    )
    model = build_model(config)
    randomise(model)
    images = torch.randn(2, 3, *image_size, generator=generator)
    seen = trace(model, images)
    logits, maps, features = slow_forward(model, images)
    assert_close(seen.logits, logits, "logits")
    for stage, stage_maps, feature in zip(seen.stages, maps, features, strict=True):
        assert_close(stage.feature_map, feature, f"feature map of stage {stage.shape.index}")
        for block, expected in zip(stage.blocks, stage_maps, strict=True):
            assert_close(block.attention, expected, f"attention of stage {stage.shape.index}")
