"""Weights of other libraries by file and by folder, whatever they are wrapped in and their names begin with."""

import itertools
import re
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file
from torch import nn

from authors_pvt import detector_file, training_file
from pvt_viz import PRESETS, load_model
from pvt_viz.checkpoints.load import open_checkpoint, open_files
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD
from source_models import LABELS, hf_model, quieten, save_hf, save_preprocessor
from their_networks import HEADS_ONLY, Source, refused, same, source, tiny
from timm_models import save_folder, save_training, save_weights, timm_model

PREFIXES = ["", "module.", "backbone.", "module.backbone.", "model."]
WEIGHTS_ONLY = ["authors v1", "authors v2", "transformers vit", "transformers deit with teacher", "timm deit distilled"]


@pytest.mark.parametrize("kind", WEIGHTS_ONLY)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_stands_before_every_name_does_not_matter(kind, prefix):
    theirs = source(kind)
    opened = theirs.open({f"{prefix}{name}": values for name, values in theirs.tensors.items()})
    whole = theirs.open()
    assert opened.config == whole.config
    assert opened.weights == whole.weights
    assert all(torch.equal(values, whole.state[name]) for name, values in opened.state.items())


def as_files(theirs: Source, ending: str, under: str | None, tmp_path) -> dict[str, bytes]:
    path = tmp_path / f"net.{ending}"
    if ending == "safetensors":
        save_file({name: values.contiguous() for name, values in theirs.tensors.items()}, path)
    else:
        torch.save(theirs.tensors if under is None else {under: theirs.tensors, "epoch": 3}, path)
    return {path.name: path.read_bytes(), **theirs.files}


@pytest.mark.parametrize(
    "ending, under", [("safetensors", None), ("pth", None), ("pth", "model"), ("pt", "state_dict"), ("bin", None)]
)
@pytest.mark.parametrize("kind", ["authors v1", "timm deit distilled"])
def test_one_file_by_its_path_and_as_it_was_chosen(kind, ending, under, tmp_path):
    theirs = tiny(kind)
    files = as_files(theirs, ending, under, tmp_path)
    for name, data in theirs.files.items():
        (tmp_path / name).write_bytes(data)
    by_path = open_checkpoint(tmp_path / f"net.{ending}")
    assert by_path.weights.source == f"net.{ending}"
    same(by_path.model(), theirs.model)
    chosen = open_files(files)
    assert chosen.weights == by_path.weights
    assert all(torch.equal(values, by_path.state[name]) for name, values in chosen.state.items())
    same(load_model(str(tmp_path / f"net.{ending}")), theirs.model)


@pytest.mark.parametrize("kind", ["authors v1", "timm deit distilled"])
def test_what_training_left_around_the_weights(kind, tmp_path):
    """The script's arguments among them, an object: they are read as data. And a best result by NumPy."""
    theirs, path = source(kind), tmp_path / "last.pth"
    if "timm" in kind:
        save_training(theirs.model, path, "deit_tiny_distilled_patch16_224")
    else:
        torch.save(training_file(theirs.model) | {"max_accuracy": np.float64(75.1)}, path)
    for name, data in theirs.files.items():
        path.with_name(name).write_bytes(data)
    same(open_checkpoint(path).model(), theirs.model)
    same(open_files({path.name: path.read_bytes(), **theirs.files}).model(), theirs.model)


def test_a_detectors_file(tmp_path):
    torch.save(detector_file(source("authors v2").model), tmp_path / "detector.pth")
    (tmp_path / "config.json").write_bytes(HEADS_ONLY["config.json"])
    opened = open_checkpoint(tmp_path / "detector.pth")
    assert opened.config.num_classes == 0
    assert any("neck" in note and "bbox_head" in note for note in opened.weights.notes)


@cache
def of_transformers(kind: str) -> nn.Module:
    model = hf_model(kind, layer_norm_eps=3e-6)
    quieten(model)
    return model


KEPT = [
    *itertools.product(["pvt", "pvt_v2_linear", "vit", "deit", "deit_with_teacher"], ["safetensors", "bin"]),
    *itertools.product(["vit", "deit", "deit_with_teacher"], ["bin_in_memory"]),  # a PVT has the same names there
]


@pytest.mark.parametrize("kind, weights", KEPT)
def test_a_folder_of_transformers(kind, weights, tmp_path):
    model = of_transformers(kind)
    folder = save_preprocessor(model, save_hf(model, tmp_path / "net", weights=weights))
    opened = open_checkpoint(folder)
    same(opened.model(), model)
    assert opened.weights.classes == LABELS
    assert (opened.config.block_norm_eps, opened.config.embed_norm_eps) == (3e-6, 3e-6)
    assert opened.config.image_size == 64
    assert (opened.config.name, opened.weights.source) == ("net", "net")
    assert opened.weights.notes == ()
    half = 0.5 if kind in ("vit", "deit", "deit_with_teacher") else None
    assert opened.config.mean == ((half,) * 3 if half else IMAGENET_MEAN)
    assert opened.config.std == ((half,) * 3 if half else IMAGENET_STD)
    assert opened.config.crop == (64 / 73 if "deit" in kind else 1)


@pytest.mark.parametrize(
    "name", ["pvt_v2_b0", "pvt_v2_b2_li", "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224"]
)
@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "bin"])
def test_a_folder_of_timm(name, safe, tmp_path):
    model = timm_model(name)
    quieten(model)
    opened = open_checkpoint(save_folder(model, tmp_path / "net", label_names=LABELS, safe=safe))
    same(opened.model(), model)
    assert opened.weights.classes == LABELS
    assert (opened.config.block_norm_eps, opened.config.embed_norm_eps) == (1e-6, 1e-5)
    assert opened.config.image_size == (224 if "pvt" in name else 64)
    assert opened.config.crop == 0.9
    assert opened.config.mean == ((0.5,) * 3 if name.startswith("vit") else IMAGENET_MEAN)
    assert opened.weights.notes == ()


def test_a_vit_of_timm_by_its_weights_alone(tmp_path):
    model = timm_model("vit_tiny_patch16_224", embed_dim=192, num_heads=3)
    opened = open_checkpoint(save_weights(model, tmp_path / "net.pth", under="state_dict"))
    assert opened.config.heads == PRESETS["vit_tiny_16"].heads
    same(opened.model(), model)


def sharded(tmp_path):
    model = hf_model("vit")
    save_hf(model, tmp_path, max_shard_size="300KB")
    index = tmp_path / "model.safetensors.index.json"
    return model, index, sorted(tmp_path.glob("model-*.safetensors"))


def test_a_folder_in_several_parts(tmp_path):
    model, _, parts = sharded(tmp_path)
    assert len(parts) > 2
    same(open_checkpoint(tmp_path).model(), model)
    parts[1].unlink()
    refused(lambda: open_checkpoint(tmp_path), parts[1].name)


def test_a_tensor_in_two_parts_is_not_taken_from_either(tmp_path):
    _, _, parts = sharded(tmp_path)
    save_file({"vit.layernorm.bias": torch.ones(128)}, parts[0])
    save_file({"vit.layernorm.bias": torch.zeros(128)}, parts[1])
    refused(lambda: open_checkpoint(tmp_path), "vit.layernorm.bias", "more than one")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weight_map": {}}',
        '{"weight_map": []}',
        '{"weight_map": {"a": 1, "b": "c"}}',
        '{"weight_map": {"a": "../model-00001-of-00003.safetensors"}}',
        '{"weight_map": {"a": "/etc/hostname"}}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_a_damaged_index(text, tmp_path):
    _, index, _ = sharded(tmp_path)
    index.write_text(text)
    refused(lambda: open_checkpoint(tmp_path), index.name)


def test_a_folder_without_weights(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    refused(lambda: open_checkpoint(tmp_path), "model.safetensors", "pytorch_model.bin")


def test_one_weights_file_at_a_time():
    refused(lambda: open_files({"config.json": b"{}"}), "0 of these files")
    refused(lambda: open_files({"a.pth": b"", "b.pth": b""}), "2 of these files")
    refused(lambda: open_files({}), "0 of these files")


def test_the_name_of_a_chosen_file_is_only_a_name(tmp_path):
    theirs = source("authors v1")
    [data, *_] = as_files(theirs, "safetensors", None, tmp_path).values()
    opened = open_files({"../<b>`x`\n[y](z).safetensors": data, **theirs.files})
    assert re.fullmatch(r"[\w.+ -]+", opened.weights.source)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", ["authors v1", "transformers deit with teacher", "timm pvt_v2"])
def test_numbers_of_another_precision(kind, dtype, tmp_path):
    theirs = tiny(kind)
    rounded = {name: values.to(dtype) for name, values in theirs.tensors.items()}
    opened = open_files({"net.safetensors": save(rounded), **theirs.files})
    expected = theirs.open({name: values.float() for name, values in rounded.items()})
    assert {values.dtype for values in opened.state.values()} == {torch.float32}
    assert all(torch.equal(values, expected.state[name]) for name, values in opened.state.items())
    torch.save(rounded, tmp_path / "net.pth")
    again = open_files({"net.pth": (tmp_path / "net.pth").read_bytes(), **theirs.files})
    assert all(torch.equal(values, again.state[name]) for name, values in opened.state.items())
