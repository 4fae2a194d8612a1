"""The same weights give the same numbers as `transformers`, and as plain loops where it cannot follow."""

import pytest
import torch

from hf_weights import copy_pvt, copy_vit, pvt_like, vit_like
from pvt_viz import PRESETS, PVTConfig, build_model, get_config, trace
from pvt_viz.checkpoints.load import open_checkpoint
from randomised import randomise
from slow_reference import slow_forward
from source_models import hf_model, save_hf

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


@pytest.fixture(scope="module", params=["pvt_v2_b0", "pvt_v2_b2_li"])
def pvt_v2(request, tmp_path_factory):
    """A preset as `transformers` builds it, and what its folder opens as."""
    config = PRESETS[request.param]
    linear = config.pool is not None
    theirs = hf_model(
        "pvt_v2_linear" if linear else "pvt_v2",
        image_size=224,
        hidden_sizes=list(config.dims),
        depths=list(config.depths),
        num_attention_heads=list(config.heads),
        mlp_ratios=list(config.mlp_ratios),
        sr_ratios=[8, 4, 2, 1] if linear else list(config.reductions),  # linear SRA does not look at them
        attn_implementation="eager",
    )
    opened = open_checkpoint(save_hf(theirs, tmp_path_factory.mktemp(request.param)))
    for field in ("dims", "depths", "heads", "mlp_ratios", "reductions", "patch_sizes", "pool", "n_prefix"):
        assert getattr(opened.config, field) == getattr(config, field), field
    return theirs, opened.model()


@pytest.mark.parametrize("size", [(224, 224), (150, 201)])
def test_pvt_v2_equals_transformers(pvt_v2, size, generator):
    """Also where 32 does not divide the sides: 201 pixels make 51, 26, 13 and 7 columns of tokens."""
    theirs, ours = pvt_v2
    images = torch.randn(2, 3, *size, generator=generator)
    with torch.no_grad():
        expected = theirs(images, output_attentions=True, output_hidden_states=True)
        assert_close(ours(images), expected.logits, "logits of the fused path")
    seen = trace(ours, images)
    assert_close(seen.logits, expected.logits, "logits")
    assert expected.logits.std() > 0.1

    for stage, maps, state in zip(seen.stages, expected.attentions, expected.hidden_states, strict=True):
        assert stage.grid == tuple(-(-side // stage.stride) for side in size)
        for block, attention in zip(stage.blocks, maps, strict=True):
            assert_close(block.attention, attention, f"attention of stage {stage.shape.index}")
        plane = stage.feature_map
        if stage.shape.index == len(seen.stages):  # there the norm is ours only on the way to the answer
            with torch.no_grad():
                plane = ours.norm(plane.movedim(1, -1)).movedim(-1, 1)
        assert_close(plane, state, f"feature map of stage {stage.shape.index}")


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
