"""Opened weights at another setting, and the ways to load_model."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from pvt_viz import load_model, trace
from pvt_viz.checkpoints import WeightsError, hub, own
from pvt_viz.checkpoints.load import open_checkpoint, open_files
from pvt_viz.models.flexible import enlargement
from source_models import hf_model, save_hf
from their_networks import gap, refused, source


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Each network in a folder of its own, as load_model takes it."""
    at = {}
    for kind in ("authors v1", "authors v2", "authors v2 linear", "transformers vit", "timm pvt_v2"):
        at[kind] = tmp_path_factory.mktemp("net") / "net.safetensors"
        theirs = source(kind)
        save_file({name: values.contiguous() for name, values in theirs.tensors.items()}, at[kind])
        for name, data in theirs.files.items():
            at[kind].with_name(name).write_bytes(data)
    return at


@pytest.mark.parametrize(
    "resize, kind, overrides",
    [
        ("pseudo-inverse", "authors v1", {"reductions": (4, 2, 1, 1)}),
        ("pseudo-inverse", "authors v1", {"reductions": (16, 8, 4, 2)}),
        ("pseudo-inverse", "authors v1", {"patch_sizes": (8, 2, 2, 1), "image_size": (128, 96)}),
        ("pseudo-inverse", "authors v2", {"reductions": (1, 1, 1, 1)}),
        ("pseudo-inverse", "authors v2", {"reductions": (2, 2, 2, 2), "image_size": (70, 96)}),
        ("pseudo-inverse", "authors v2", {"patch_sizes": (2, 2, 2, 2), "image_size": 64}),
        ("pseudo-inverse", "authors v2", {"patch_sizes": (8, 3, 1, 2), "image_size": 200}),
        ("pseudo-inverse", "authors v2 linear", {"patch_sizes": (8, 2, 2, 2)}),
        ("pseudo-inverse", "timm pvt_v2", {"reductions": (4, 4, 4, 2)}),
        ("pseudo-inverse", "transformers vit", {"patch_sizes": (8,)}),
        ("pseudo-inverse", "transformers vit", {"image_size": (96, 64), "patch_sizes": (32,)}),
        ("bilinear", "authors v1", {"reductions": (16, 8, 4, 2)}),
        ("bilinear", "authors v1", {"patch_sizes": (8, 2, 2, 1), "image_size": (128, 96)}),
        ("bilinear", "authors v2", {"patch_sizes": (8, 3, 1, 2), "image_size": 200}),
        ("bilinear", "authors v2", {"reductions": (1, 1, 1, 1)}),
        ("bilinear", "transformers vit", {"image_size": (96, 64), "patch_sizes": (32,)}),
    ],
)
def test_a_network_at_another_setting_runs(paths, resize, kind, overrides):
    model = load_model(paths[kind], resize=resize, **overrides)
    for field_, value in overrides.items():
        assert getattr(model.config, field_) == value
    seen = trace(model, torch.randn(1, 3, *model.config.image_hw))
    assert seen.logits.isfinite().all()
    assert seen.logits.std() > 0
    assert tuple(stage.shape.reduction for stage in seen.stages) == model.config.reductions


@pytest.mark.parametrize(
    "kind, new", [("authors v1", 8), ("authors v2", 8), ("authors v2", 5), ("transformers vit", 32)]
)
def test_an_enlarged_kernel_says_the_same_of_an_enlarged_patch(paths, kind, new):
    """⟨w', B x⟩ = ⟨w, x⟩ for the window that a token is made from, which in PVTv2 is 2·p − 1 wide."""
    size = new * 32
    whole = load_model(paths[kind])
    rest = whole.config.patch_sizes[1:]
    found = {
        how: load_model(paths[kind], resize=how, patch_sizes=(new, *rest), image_size=size)
        for how in ("pseudo-inverse", "bilinear")
    }
    was, now = (config.shapes()[0].window for config in (whole.config, found["bilinear"].config))
    assert (was, now) == tuple(2 * p - 1 if "v2" in kind else p for p in (whole.config.patch_sizes[0], new))
    patch = torch.randn(3, was, was, generator=torch.Generator().manual_seed(0))
    larger = (enlargement(was, now).float() @ patch.reshape(3, -1).T).reshape(now, now, 3)

    def said(model, pixels):
        return model.stages[0].embed.project(pixels.reshape(1, -1))

    expected = said(whole, patch.movedim(0, -1))
    assert gap(said(found["pseudo-inverse"], larger), expected) < 1e-4 * expected.abs().max()
    assert gap(said(found["bilinear"], larger), expected) > 0.1 * expected.abs().max()


@pytest.mark.parametrize("kind", ["authors v1", "authors v2"])
def test_an_enlarged_fold_says_the_same_of_enlarged_tokens(paths, kind):
    size = 256
    whole = load_model(paths[kind], image_size=size)
    larger = load_model(paths[kind], image_size=size, reductions=(16, 4, 2, 1))
    square = torch.randn(8 * 8, 8, generator=torch.Generator().manual_seed(0))
    folds = [model.stages[0].blocks[0].attention.reduce.project for model in (whole, larger)]
    expected = folds[0](square.reshape(1, -1))
    assert gap(folds[1]((enlargement(8, 16).float() @ square).reshape(1, -1)), expected) < 1e-4 * expected.abs().max()


@pytest.mark.parametrize(
    "kind, overrides, words",
    [
        ("authors v1", {"num_classes": 10}, ["num_classes", "image_size, patch_sizes, reductions"]),
        ("authors v1", {"heads": (1, 1, 1, 1)}, ["heads"]),
        ("authors v2", {"linear": True}, ["linear"]),
        ("authors v2", {"colour": 1}, ["colour"]),
        ("authors v2", {"patch_sizes": (4, 2, 2)}, ["patch_sizes=(4, 2, 2)"]),
        ("authors v2 linear", {"reductions": (2, 1, 1, 1)}, ["reductions=(2, 1, 1, 1)"]),
        ("transformers vit", {"reductions": (2,)}, ["reductions=(2,)"]),
        ("transformers vit", {"image_size": 8}, ["p_1 = 16"]),
        ("authors v1", {"resize": "nearest"}, ["nearest", "bilinear"]),
    ],
)
def test_an_override_that_is_not_valid_is_named(paths, kind, overrides, words):
    refused(lambda: load_model(paths[kind], **overrides), *words, error=ValueError)


def test_nothing_is_asked_of_the_hub_for_what_is_here(paths, monkeypatch, tmp_path):
    def asked(*_, **__):
        raise AssertionError("the hub was asked")

    for call in ("offer", "fetch", "cached"):
        monkeypatch.setattr(hub, call, asked)
    for path in paths.values():
        load_model(path)
        load_model(str(path))
    save_hf(hf_model("vit"), tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    load_model("owner/name")  # a folder here comes before one on the hub
    for name in own.BUNDLED:
        load_model(name)
    refused(lambda: load_model("pvt_tiny"), "pvt_tiny")
    refused(lambda: load_model(tmp_path / "none.pth"), "none.pth")
    refused(lambda: load_model("./none.pth"), "none.pth")
    refused(lambda: load_model("x" * 5000))
    with pytest.raises(AssertionError, match="the hub was asked"):
        load_model("owner/other")


def test_a_file_of_ours_opens_by_upload_too():
    data = (own.FOLDER / "flexi_pvt.safetensors").read_bytes()
    found, bundled = open_files({"mine.safetensors": data}), open_checkpoint("flexi_pvt")
    assert found.config == replace(bundled.config, name="mine.safetensors")
    assert found.weights.classes == bundled.weights.classes
    assert all(torch.equal(values, bundled.state[name]) for name, values in found.state.items())
    for at in (100, len(data) // 2, len(data) - 1):
        with pytest.raises(WeightsError, match=r"mine\.safetensors"):
            open_files({"mine.safetensors": data[:at]})
