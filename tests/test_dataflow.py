"""The table of shapes says what the model really does."""

import inspect

import pytest
import torch

from pvt_viz import budget, build_model, dataflow, get_config, models, trace


def at(stage, step):
    place, _, name = step.tap.rpartition(".")
    return getattr(stage.blocks[0] if place == "blocks" else stage, name)


def test_every_step_with_a_tap_has_the_traced_shape():
    for preset, fields in [
        ("pvt_tiny", {"image_size": (96, 70), "reductions": (5, 3, 1, 2)}),
        ("vit_tiny_16", {"image_size": 64}),
    ]:
        config = get_config(preset, **fields)
        seen = trace(build_model(config), torch.zeros(2, 3, *config.image_hw))
        steps = dataflow.steps(config, batch=2)
        assert steps[0].shape == tuple(seen.image.shape)
        assert steps[-1].shape == tuple(seen.logits.shape)
        checked = 0
        for stage in seen.stages:
            for step in steps:
                if step.where.startswith(f"stage {stage.shape.index}") and step.tap:
                    assert step.shape == tuple(at(stage, step).shape), step
                    checked += 1
        assert checked == 6 * len(seen.stages)


def test_every_pattern_stands_in_the_models_source():
    source = inspect.getsource(models.pvt) + inspect.getsource(models.attention)
    patterns = {value for name, value in vars(dataflow).items() if name.isupper() and isinstance(value, str)}
    assert len(patterns) >= 7
    for pattern in patterns:
        assert f'"{pattern}"' in source, pattern


def test_the_fold_appears_only_where_something_is_folded():
    folds = [s.where[:7] for s in dataflow.steps(get_config("pvt_tiny")) if s.pattern == dataflow.FOLD]
    assert folds == ["stage 1", "stage 2", "stage 3"]


def test_map_bytes_are_those_of_the_trace():
    config = get_config("pvt_tiny", image_size=64)
    seen = trace(build_model(config), torch.zeros(1, 3, 64, 64))
    for stage in seen.stages:
        held = sum(block.attention.numel() * block.attention.element_size() for block in stage.blocks)
        assert held == budget.stage_bytes(stage.shape)


LIMIT = 256_000_000


def test_a_trace_that_is_too_heavy_is_refused_with_the_smallest_ratio_that_fits():
    def at(ratio):
        return get_config("pvt_tiny", image_size=448, reductions=(ratio, 4, 2, 1))

    with pytest.raises(ValueError, match="stage 1") as caught:
        budget.check(at(1), LIMIT)
    ratio = int(str(caught.value).split("Raise R_1 to ")[1].split()[0])
    budget.check(at(ratio), LIMIT)
    with pytest.raises(ValueError, match="stage 1"):
        budget.check(at(ratio - 1), LIMIT)


def test_a_vit_is_told_to_take_larger_patches():
    with pytest.raises(ValueError, match="larger patches"):
        budget.check(get_config("vit_tiny_16", patch_sizes=(4,)), LIMIT)
