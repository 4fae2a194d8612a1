"""The table of shapes says what the model really does."""

import inspect

import pytest
import torch

from pvt_viz import attribution, budget, build_model, dataflow, get_config, models, trace


def at(stage, step):
    place, _, name = step.tap.rpartition(".")
    return getattr(stage.blocks[0] if place == "blocks" else stage, name)


def test_every_step_with_a_tap_has_the_traced_shape():
    for preset, fields in [
        ("pvt_tiny", {"image_size": (96, 70), "reductions": (5, 3, 1, 2)}),
        ("vit_tiny_16", {"image_size": 64}),
        ("vit_tiny_16", {"image_size": 64, "n_prefix": 2, "distilled": True}),
        ("vit_tiny_16", {"image_size": 64, "n_prefix": 0}),
        ("pvt_v2_b0", {"image_size": (96, 71), "reductions": (5, 3, 1, 2)}),
        ("pvt_v2_b2_li", {"image_size": (96, 71), "num_classes": 0}),
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
    source = "".join(map(inspect.getsource, (models.pvt, models.attention, models.v1, models.v2)))
    patterns = {value for name, value in vars(dataflow).items() if name.isupper() and isinstance(value, str)}
    assert len(patterns) >= 8
    for pattern in patterns:
        assert f'"{pattern}"' in source, pattern


def test_the_fold_appears_only_where_something_is_folded():
    folds = [s.where[:7] for s in dataflow.steps(get_config("pvt_tiny")) if s.pattern == dataflow.FOLD]
    assert folds == ["stage 1", "stage 2", "stage 3"]


UNTAPPED = {
    "patches": ("embed.project", "input"),
    "windows": ("embed.project", "input"),
    "squares": ("blocks.0.attention.reduce.project", "input"),
    "reduced": ("blocks.0.attention.reduce", "output"),
    "hidden": ("blocks.0.mlp.convolve", "input"),
    "averaged": ("blocks.0.attention.reduce.project", "input"),
}
"""First word of a step -> which module's input or output it is."""


@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_v2_b0", "pvt_v2_b2_li"])
def test_every_other_step_has_the_shape_of_what_its_layer_is_given(preset):
    config = get_config(preset, image_size=(96, 71))
    model, seen = build_model(config), {}
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda _, given, result, name=name: seen.update({(name, "input"): given[0], (name, "output"): result})
        )
    model(torch.zeros(2, 3, *config.image_hw))
    checked = set()
    for step in dataflow.steps(config, batch=2):
        word = step.what.split()[0]
        if word in UNTAPPED:
            module, side = UNTAPPED[word]
            shape = tuple(seen[f"stages.{int(step.where[6]) - 1}.{module}", side].shape)
            if word == "averaged":  # in the plane; its layer takes the channels last
                shape = (shape[0], shape[3], *shape[1:3])
            if word == "reduced":
                shape = (shape[0], shape[1] * shape[2], shape[3])
            assert step.shape == shape, step
            checked.add(word)
    v2 = {"windows", "hidden", "reduced", "averaged" if config.pool else "squares"}
    assert checked == (v2 if config.version == 2 else {"patches", "squares", "reduced"})


def test_the_answer_is_read_where_the_model_reads_it():
    def read(preset, **fields):
        return dataflow.steps(get_config(preset, **fields), batch=2)[-2]

    assert (read("pvt_tiny").what, read("pvt_v2_b0").what) == ("CLS token", "mean token")
    distilled = read("vit_tiny_16", n_prefix=2, distilled=True)
    assert (distilled.what, distilled.shape) == ("CLS and distillation token", (2, 2, 192))
    said = " ".join(f"{step.what} {step.layer}" for step in dataflow.steps(get_config("pvt_v2_b2_li")))
    assert "CLS" not in said
    assert "position" not in said


@pytest.mark.parametrize(
    "preset, fields",
    [
        ("pvt_tiny", {"reductions": (8, 4, 2, 1)}),
        ("pvt_tiny", {"reductions": (1, 3, 1, 2)}),
        ("pvt_tiny", {"n_prefix": 0}),
        ("vit_tiny_16", {"n_prefix": 2, "distilled": True}),
        ("pvt_v2_b0", {"reductions": (8, 3, 2, 2)}),
        ("pvt_v2_b2_li", {}),
    ],
)
def test_trace_bytes_are_what_a_trace_holds(preset, fields):
    config = get_config(preset, image_size=64, **fields)
    seen = trace(build_model(config), torch.zeros(1, 3, 64, 64))
    for stage in seen.stages:
        tensors = [stage.tokens, stage.feature_map]
        for block in stage.blocks:
            tensors += [value for value in vars(block).values() if isinstance(value, torch.Tensor)]
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
        assert sum(storages.values()) == budget.trace_bytes(stage.shape)


@pytest.mark.parametrize("preset, reductions", [("pvt_tiny", (8, 3, 1, 2)), ("pvt_v2_b2_li", (1, 1, 1, 1))])
def test_fold_bytes_are_those_of_the_folds_weights(preset, reductions):
    config = get_config(preset, image_size=64, reductions=reductions)
    model = build_model(config)
    for stage, shape in zip(model.stages, config.shapes(), strict=True):
        weights = [p for name, p in stage.named_parameters() if ".reduce." in name]
        assert sum(p.numel() * 4 for p in weights) == budget.fold_bytes(shape)


def check(config, trace_limit=256_000_000, fold_limit=400_000_000):
    budget.check(config, trace_limit=trace_limit, fold_limit=fold_limit)


def test_a_trace_that_is_too_heavy_is_refused_with_the_smallest_ratio_that_fits():
    def at(ratio):
        return get_config("pvt_tiny", image_size=448, reductions=(ratio, 4, 2, 1))

    with pytest.raises(ValueError, match="stage 1") as caught:
        check(at(1))
    ratio = int(str(caught.value).split("Raise R₁ to ")[1].split()[0])
    check(at(ratio))
    with pytest.raises(ValueError, match="stage 1"):
        check(at(ratio - 1))


def test_a_ratio_that_the_slider_does_not_offer_is_not_advised():
    with pytest.raises(ValueError, match="larger patches"):
        check(get_config("pvt_tiny", image_size=512, patch_sizes=(2, 2, 2, 2)), trace_limit=10_000_000)


def test_folds_that_are_too_heavy_are_refused_though_their_maps_are_tiny():
    config = get_config("pvt_large", image_size=64, patch_sizes=(4, 1, 1, 1), reductions=(16, 16, 16, 16))
    with pytest.raises(ValueError, match="Lower R₃") as caught:
        check(config)
    assert f"{320**2 * 256:,}" in str(caught.value)


def test_linear_sra_is_not_told_to_raise_or_lower_an_r():
    config = get_config("pvt_v2_b2_li", image_size=512)
    with pytest.raises(ValueError, match="larger patches"):
        check(config, trace_limit=10_000_000)
    with pytest.raises(ValueError, match="a smaller network"):
        check(config, fold_limit=1000)


@pytest.mark.parametrize("follow", [trace, attribution.look])
def test_python_has_the_limit_of_the_app_and_may_lift_it(follow, monkeypatch):
    model = build_model(get_config("pvt_tiny", image_size=64))
    images = torch.zeros(3, 3, 64, 64)
    one = sum(map(budget.trace_bytes, model.config.shapes()))
    monkeypatch.setenv(budget.TRACES, str(2.5 * one / 1e6))
    follow(model, images[:2])
    with pytest.raises(ValueError, match=r"Following these 3 pictures .* Follow at most 2 at once\."):
        follow(model, images)
    follow(model, images, unlimited=True)
    with pytest.raises(ValueError, match=r"Following this picture .* choose a smaller image\."):
        follow(model, torch.zeros(1, 3, 128, 128))  # the size of the pictures counts, not the model's


def test_without_a_word_the_limit_is_400_mb():
    model = build_model(get_config("flexi_pvt", image_size=512, reductions=(1, 4, 2, 1)))
    with pytest.raises(ValueError, match=r"this app stops at 400 MB.* Raise R₁ to"):
        trace(model, torch.zeros(1, 3, 512, 512))


def test_a_vit_is_told_to_take_larger_patches():
    with pytest.raises(ValueError, match="larger patches"):
        check(get_config("vit_tiny_16", patch_sizes=(4,)))
