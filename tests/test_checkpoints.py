"""Weights of other libraries: whole, under our names and with the same answers, or one sentence about what is wrong.

The files are made on the spot by the libraries themselves, or by the authors' network written anew.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save, save_file
from torch import Tensor, nn

from authors_pvt import (
    SMALL,
    AuthorsPVT,
    AuthorsPVTv2,
    backbone_state,
    detector_file,
    detector_state,
    training_file,
)
from pvt_viz import PRESETS, load_model, trace
from pvt_viz.checkpoints import Checkpoint, WeightsError, foreign, hub, labels, own
from pvt_viz.checkpoints.load import open_checkpoint, open_files
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD
from pvt_viz.models import PVT
from pvt_viz.models.flexible import enlargement
from randomised import randomise
from source_models import LABELS, hf_model, hub_names, quieten, save_hf, save_old_preprocessor, save_preprocessor
from timm_models import save_folder, save_training, save_weights, timm_model

TOLERANCE = 1e-4  # absolute
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
WIDE = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
HEADS_ONLY = {"config.json": b'{"num_attention_heads": [1, 2, 5, 8]}'}
"""What must lie beside the authors' small networks, whose widths no preset has."""


@dataclass(frozen=True)
class Source:
    """A network of another library, its tensors as a file of it has them, and what lies beside that file."""

    model: nn.Module
    tensors: dict[str, Tensor]
    files: dict[str, bytes] = field(default_factory=dict)
    family: str = ""

    def open(self, tensors=None, files=None) -> Checkpoint:
        return foreign.checkpoint(
            self.tensors if tensors is None else tensors, self.files if files is None else files, "net"
        )


def authors(network, **fields) -> Source:
    model = network(**{**SMALL, **fields})
    randomise(model)
    quieten(model)
    return Source(model, dict(model.state_dict()), HEADS_ONLY, "the authors' file")


def hf(kind: str, *, modules: bool = False, **fields) -> Source:
    model = hf_model(kind, **fields)
    quieten(model)
    state = model.state_dict()
    config = json.dumps(model.config.to_dict()).encode()
    return Source(model, dict(state if modules else hub_names(state)), {"config.json": config}, "transformers")


def timm(name: str, **fields) -> Source:
    model = timm_model(name, **fields)
    quieten(model)
    heads = [1, 2, 5, 8] if name.startswith("pvt") else [2]
    config = {"architecture": name, "model_args": {"num_heads": heads}}
    return Source(model, dict(model.state_dict()), {"config.json": json.dumps(config).encode()}, "timm")


CLASSIFIERS = {
    "authors v1": lambda: authors(AuthorsPVT),
    "authors v1 without biases": lambda: authors(AuthorsPVT, qkv_bias=False, mlp_ratios=(2.7, 1, 3, 0.5)),
    "authors v1, other folds": lambda: authors(AuthorsPVT, sr_ratios=(4, 1, 2, 1)),
    "authors v1 for other pictures": lambda: authors(AuthorsPVT, img_size=96),
    "authors v2": lambda: authors(AuthorsPVTv2),
    "authors v2 without biases": lambda: authors(AuthorsPVTv2, qkv_bias=False, mlp_ratios=(1.3, 2, 0.9, 4)),
    "authors v2 linear": lambda: authors(AuthorsPVTv2, linear=True),
    "transformers pvt": lambda: hf("pvt"),
    "transformers pvt, its own": lambda: hf(
        "pvt", mlp_ratios=[2, 1, 3, 1], sequence_reduction_ratios=[5, 3, 2, 1], qkv_bias=False, layer_norm_eps=1e-4
    ),
    "transformers pvt_v2": lambda: hf("pvt_v2"),
    "transformers pvt_v2, its own": lambda: hf(
        "pvt_v2", patch_sizes=[5, 3, 7, 3], strides=[3, 2, 4, 2], sr_ratios=[3, 2, 1, 1], layer_norm_eps=1e-4
    ),
    "transformers pvt_v2 linear": lambda: hf("pvt_v2_linear"),
    "transformers vit": lambda: hf("vit"),
    "transformers vit, modules": lambda: hf("vit", modules=True),
    "transformers vit, its own": lambda: hf("vit", patch_size=8, intermediate_size=77, qkv_bias=False),
    "transformers vit, eps": lambda: hf("vit", layer_norm_eps=1e-5),
    "transformers deit": lambda: hf("deit"),
    "transformers deit, modules": lambda: hf("deit", modules=True),
    "transformers deit with teacher": lambda: hf("deit_with_teacher"),
    "transformers deit with teacher, modules": lambda: hf("deit_with_teacher", modules=True),
    "timm pvt_v2": lambda: timm("pvt_v2_b0"),
    "timm pvt_v2 linear": lambda: timm("pvt_v2_b2_li"),
    "timm vit": lambda: timm("vit_tiny_patch16_224"),
    "timm vit, its own": lambda: timm("vit_tiny_patch16_224", patch_size=8, mlp_ratio=2.3, qkv_bias=False),
    "timm vit without cls": lambda: timm("vit_tiny_patch16_224", class_token=False, global_pool="avg", fc_norm=False),
    "timm deit": lambda: timm("deit_tiny_patch16_224"),
    "timm deit distilled": lambda: timm("deit_tiny_distilled_patch16_224"),
}


def headless(network, **fields) -> Source:
    whole = authors(network, **fields)
    return Source(whole.model, backbone_state(whole.model), HEADS_ONLY, whole.family)


def detector(network, **fields) -> Source:
    whole = authors(network, **fields)
    return Source(whole.model, detector_state(whole.model), HEADS_ONLY, whole.family)


BACKBONES = {
    "authors v1 backbone": lambda: headless(AuthorsPVT),
    "authors v2 backbone": lambda: headless(AuthorsPVTv2),
    "authors v2 linear backbone": lambda: headless(AuthorsPVTv2, linear=True),
    "authors v1 detector": lambda: detector(AuthorsPVT),
    "authors v2 detector": lambda: detector(AuthorsPVTv2),
    "transformers PvtModel": lambda: hf("headless_pvt"),
    "transformers PvtV2Model": lambda: hf("headless_pvt_v2"),
    "transformers PvtV2Backbone": lambda: hf("pvt_v2_backbone"),
    "transformers ViTModel": lambda: hf("headless_vit"),
    "transformers DeiTModel": lambda: hf("headless_deit"),
}
KINDS = {**CLASSIFIERS, **BACKBONES}
ONE_OF_EACH = [
    "authors v1",
    "authors v2 linear",
    "authors v1 detector",
    "authors v2 backbone",
    "transformers pvt",
    "transformers pvt_v2",
    "transformers PvtModel",
    "transformers vit",
    "transformers deit with teacher",
    "transformers deit with teacher, modules",
    "timm pvt_v2",
    "timm deit distilled",
]


@cache
def source(kind: str) -> Source:
    return KINDS[kind]()


@torch.no_grad()
def logits_of(model, images=IMAGES) -> Tensor:
    answer = model(images)
    return getattr(answer, "logits", answer)


def gap(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return (one - other).abs().max().item()


def same(ours: PVT, theirs: nn.Module, images: Tensor = IMAGES) -> None:
    expected = logits_of(theirs, images)
    assert expected.std() > 0.1, "a test on zeros would prove nothing"
    assert gap(logits_of(ours, images), expected) < TOLERANCE


def refused(action, *words: str, error=WeightsError) -> str:
    """The one sentence of `error` itself that `action` ends with; it has all of the words."""
    with pytest.raises(error) as caught:
        action()
    message = str(caught.value)
    assert type(caught.value) is error
    assert "\n" not in message
    assert message.endswith("."), message
    for word in words:
        assert word in message, message
    return message


def untouched(named: str, opened: Checkpoint) -> bool:
    """Whether the notes say that a tensor was left aside, by its name or by what it begins with."""
    return any(
        re.search(rf"\b{re.escape(word)}[ ,.)]", " ".join(opened.weights.notes))
        for word in (named, named.split(".")[0])
    )


# The same answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_network_answers_as_in_the_library_it_came_from(kind):
    theirs = source(kind)
    images = torch.nn.functional.pad(IMAGES, [0, 32, 0, 32]) if "other pictures" in kind else IMAGES
    opened = theirs.open()
    same(opened.model(), theirs.model, images)
    assert opened.config.num_classes == 7
    assert opened.config.image_size == images.shape[-1] or opened.config.version == 2
    assert theirs.family in opened.weights.family
    assert opened.weights.trained
    assert opened.weights.problem == ""
    assert opened.weights.patch_sizes == tuple((p,) for p in opened.config.patch_sizes)
    assert opened.weights.reductions == tuple((r,) for r in opened.config.reductions)
    model = opened.model()
    assert not model.training
    assert {(p.dtype, p.requires_grad) for p in model.parameters()} == {(torch.float32, False)}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_wrong_eps_would_have_shown(kind):
    opened = source(kind).open()
    model, before = opened.model(), logits_of(opened.model())
    for norm in model.modules():
        if isinstance(norm, nn.LayerNorm):
            norm.eps *= 10 if norm.eps > 1e-7 else 1e6
    assert gap(logits_of(model), before) > 10 * TOLERANCE


@pytest.mark.parametrize("kind", [kind for kind in CLASSIFIERS if "pvt_v2" in kind or "authors" in kind])
def test_a_pyramid_answers_the_same_on_a_picture_that_is_not_square(kind):
    theirs = source(kind)
    same(theirs.open().model(), theirs.model, WIDE)


@pytest.mark.parametrize("images", [IMAGES, WIDE], ids=["square", "wide"])
@pytest.mark.parametrize("kind", [kind for kind in BACKBONES if "authors" in kind or "PvtV2Backbone" in kind])
@torch.no_grad()
def test_a_backbone_gives_the_same_maps(kind, images):
    theirs = source(kind)
    opened = theirs.open()
    assert opened.config.num_classes == 0
    ours = opened.model()
    maps = list(ours.encode(images)[1])
    if opened.config.version == 2:  # the last norm is ours only on the way to the answer
        maps[-1] = ours.norm(maps[-1].movedim(1, -1)).movedim(-1, 1)
    given = theirs.model
    expected = given.feature_maps(images) if hasattr(given, "feature_maps") else given(images).feature_maps
    for plane, other in zip(maps, expected, strict=True):
        assert other.std() > 0.05
        assert gap(plane, other) < TOLERANCE
    assert ours(images).shape == (len(images), 0)


@pytest.mark.parametrize("kind", [kind for kind in BACKBONES if kind.endswith("Model")])
@torch.no_grad()
def test_a_model_without_a_head_gives_the_same_tokens(kind):
    theirs = source(kind)
    ours = theirs.open().model()
    tokens = ours.norm(ours.encode(IMAGES)[0])
    expected = theirs.model(IMAGES).last_hidden_state
    if expected.ndim == 4:
        expected = expected.flatten(2).transpose(1, 2)
    assert expected.std() > 0.1
    assert gap(tokens, expected) < TOLERANCE


@pytest.mark.parametrize("images", [WIDE, WIDE.transpose(2, 3)], ids=["wide", "tall"])
def test_a_vit_that_was_trained_on_pictures_that_are_not_square(images):
    size = list(images.shape[-2:])
    for theirs in (hf("vit", image_size=size), hf("deit_with_teacher", image_size=size)):
        opened = theirs.open()
        assert opened.config.image_size == tuple(size)
        same(opened.model(), theirs.model, images)
        refused(lambda theirs=theirs: theirs.open(files={}), "position_embeddings", "config.json")


def test_timms_folder_tells_of_pictures_that_are_not_square(tmp_path):
    model = timm_model("vit_tiny_patch16_224", img_size=(64, 96))
    opened = open_checkpoint(save_folder(model, tmp_path))
    assert opened.config.image_size == (64, 96)
    same(opened.model(), model, WIDE)


class WidePVT(AuthorsPVT):
    """Positions for 64×96 pixels."""

    def __init__(self):
        super().__init__(**SMALL)
        for i, embed, _ in self.stages:
            rows = (64 >> i + 1) * (96 >> i + 1) + (i == 4)
            setattr(self, f"pos_embed{i}", nn.Parameter(torch.zeros(1, rows, embed.proj.out_channels)))
        randomise(self)

    def positions(self, stage, grid):
        return getattr(self, f"pos_embed{stage}")[:, stage == 4 :]


def test_a_pvt_that_was_trained_on_pictures_that_are_not_square():
    theirs = WidePVT()
    said = {"num_attention_heads": [1, 2, 5, 8], "image_size": [64, 96]}
    opened = foreign.checkpoint(theirs.state_dict(), {"config.json": json.dumps(said).encode()}, "net")
    assert opened.config.image_size == (64, 96)
    same(opened.model(), theirs, WIDE)
    refused(lambda: foreign.checkpoint(theirs.state_dict(), HEADS_ONLY, "net"), "pos_embed1", "config.json")


@pytest.mark.parametrize("side", [49, 64, 70])
def test_grids_that_leave_pixels_over(side):
    """49 = 3·16 + 1: a picture side that the patches do not fill."""
    theirs = hf("vit", image_size=side)
    opened = theirs.open()
    assert opened.config.image_size == side
    same(opened.model(), theirs.model, torch.randn(1, 3, side, side))


# Files, folders, wrappers and prefixes -------------------------------------------------------------

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
    theirs = source(kind)
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
    """The script's arguments among them, an object: a reader that takes none says so."""
    theirs, path = source(kind), tmp_path / "last.pth"
    if "timm" in kind:
        save_training(theirs.model, path, "deit_tiny_distilled_patch16_224")
    else:
        torch.save(training_file(theirs.model), path)
    for name, data in theirs.files.items():
        path.with_name(name).write_bytes(data)
    opened, message = None, ""
    try:
        opened = open_checkpoint(path)
    except WeightsError as error:
        message = str(error)
    if opened is None:
        assert re.fullmatch(r"last\.pth .*argparse\.Namespace[^\n]*\.", message)
    else:
        same(opened.model(), theirs.model)
    kept = torch.load(path, weights_only=False)
    torch.save({key: value for key, value in kept.items() if key != "args"}, path)
    same(open_checkpoint(path).model(), theirs.model)


def test_a_detectors_file(tmp_path):
    torch.save(detector_file(source("authors v2").model), tmp_path / "detector.pth")
    (tmp_path / "config.json").write_bytes(HEADS_ONLY["config.json"])
    opened = open_checkpoint(tmp_path / "detector.pth")
    assert opened.config.num_classes == 0
    assert any("neck" in note and "bbox_head" in note for note in opened.weights.notes)


@pytest.mark.parametrize("weights", ["safetensors", "bin", "bin_in_memory"])
@pytest.mark.parametrize("kind", ["pvt", "pvt_v2_linear", "vit", "deit", "deit_with_teacher"])
def test_a_folder_of_transformers(kind, weights, tmp_path):
    model = hf_model(kind, layer_norm_eps=3e-6)
    quieten(model)
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
    theirs = source(kind)
    rounded = {name: values.to(dtype) for name, values in theirs.tensors.items()}
    opened = open_files({"net.safetensors": save(rounded), **theirs.files})
    expected = theirs.open({name: values.float() for name, values in rounded.items()})
    assert {values.dtype for values in opened.state.values()} == {torch.float32}
    assert all(torch.equal(values, expected.state[name]) for name, values in opened.state.items())
    torch.save(rounded, tmp_path / "net.pth")
    again = open_files({"net.pth": (tmp_path / "net.pth").read_bytes(), **theirs.files})
    assert all(torch.equal(values, again.state[name]) for name, values in opened.state.items())


# Every tensor --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_the_file_is_used_once_or_its_tensor_is_named(kind):
    theirs = source(kind)
    start, numbered = 2, {}  # 0 and 1 stand for what a backbone does not have
    for name, values in theirs.tensors.items():
        numbered[name] = torch.arange(start, start + values.numel(), dtype=torch.float64).view(values.shape)
        start += values.numel()
    assert start < 2**24, "float32 would round"
    opened = theirs.open(numbered)
    used = Counter(torch.cat([values.flatten() for values in opened.state.values()]).int().tolist())
    for name, values in numbered.items():
        counts = [used[number] for number in values.flatten().int().tolist()]
        if set(counts) != {1}:
            assert set(counts) <= {0, 1}, name
            assert untouched(name, opened), name


def expendable(name: str) -> bool:
    """What another library's file may have and no answer depends on."""
    return name.startswith(("neck.", "bbox_head.", "pooler."))


COLUMNS = [kind for kind in KINDS if re.search("vit|deit|ViT|DeiT", kind)]  # fewer tensors: seconds for all


@pytest.mark.parametrize("kind", [*dict.fromkeys([*ONE_OF_EACH, *COLUMNS, "authors v1 without biases"])])
def test_a_tensor_that_is_missing_is_named(kind):
    theirs = source(kind)
    for lost in theirs.tensors:
        rest = {name: values for name, values in theirs.tensors.items() if name != lost}
        if expendable(lost):
            theirs.open(rest)
        else:
            message = refused(lambda rest=rest: theirs.open(rest))
            assert re.search(rf"(?<![\w.]){re.escape(lost)}(?![\w.]*\w)", message), (lost, message)


@pytest.mark.parametrize("kind", ["authors v1", "transformers vit", "timm pvt_v2"])
def test_a_whole_block_that_is_missing_is_named(kind):
    theirs = source(kind)
    first = {"authors v1": "block2.0.", "transformers vit": "vit.encoder.layer.0.", "timm pvt_v2": "stages.1.blocks.0."}
    rest = {name: values for name, values in theirs.tensors.items() if not name.startswith(first[kind])}
    refused(lambda: theirs.open(rest), first[kind][:-3])


EXTRA = [
    "something",
    "norm_pre.weight",
    "fc_norm.bias",
    "reg_token",
    "blocks.0.ls1.gamma",
    "block1.0.attn.sr.scale",
    "block1.7.attn.q.weight",
    "block1.00.attn.q.weight",
    "patch_embed0.proj.weight",
    "patch_embed9.proj.weight",
    "patch_embed01.proj.weight",
    "mask_token",
    "head.weight_v",
]


@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("kind", ["authors v1", "authors v2", "transformers vit", "timm deit distilled"])
def test_a_tensor_too_many_is_named(kind, extra):
    theirs = source(kind)
    message = refused(lambda: theirs.open(theirs.tensors | {extra: torch.ones(8, 8)}))
    # A first tensor of a block that is not there looks like a block of which the rest is missing.
    assert extra in message or extra.split(".")[0] in message, message


@pytest.mark.parametrize(
    "kind, extra",
    [
        ("authors v1", "block4.0.attn.sr.weight"),
        ("authors v1", "block4.0.attn.norm.bias"),
        ("authors v1", "norm1.weight"),
        ("authors v2", "cls_token"),
        ("authors v2", "pos_embed1"),
        ("authors v2", "norm.weight"),
        ("authors v1 without biases", "block1.0.attn.q.bias"),
        ("transformers pvt", "pvt.encoder.block.3.0.attention.self.sequence_reduction.bias"),
        ("timm deit", "dist_token"),
        ("timm deit", "head_dist.bias"),
        ("timm pvt_v2", "stages.0.downsample.proj.weight"),
        ("transformers vit", "layernorm.weight"),
    ],
)
def test_a_tensor_that_only_some_have_is_not_taken_from_others(kind, extra):
    theirs = source(kind)
    assert extra not in theirs.tensors
    message = refused(lambda: theirs.open(theirs.tensors | {extra: torch.ones(8)}))
    stem = extra.rpartition(".")[0] or extra
    assert stem in message or (extra == "dist_token" and "pos_embed" in message), message


def reshaped(values: Tensor) -> list[Tensor]:
    """The same numbers or more of them, in shapes that fit nowhere."""
    return [values[None], torch.cat([values, values], dim=-1), values.flatten()[0]]


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_tensor_of_another_shape_is_named(kind):
    theirs = source(kind)
    for n, (wrong, values) in enumerate(theirs.tensors.items()):
        if n % 2 == len(kind) % 2 and not expendable(wrong):
            other = reshaped(values)[n % 3]
            message = refused(lambda wrong=wrong, other=other: theirs.open(theirs.tensors | {wrong: other}))
            # The widths are read from these, so that the fault seems to be where they are asked for.
            assert wrong in message or re.search(r"patch_embed|projection|mlp|intermediate|classifier", wrong), message


@pytest.mark.parametrize("kind", ["authors v1", "authors v2"])
def test_a_kernel_of_another_form_with_as_many_numbers_is_named(kind):
    theirs = source(kind)
    name = "block2.1.attn.sr.weight"
    values = theirs.tensors[name]
    assert values.shape == (16, 16, 4, 4)
    for shape in ((16, 16, 2, 8), (16, 4, 8, 8), (16, 64, 2, 2), (16, 256, 1, 1), (16, 256)):
        if shape != (16, 256):
            refused(lambda shape=shape: theirs.open(theirs.tensors | {name: values.reshape(shape)}), name)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_what_is_no_number_is_named(kind, bad):
    theirs = source(kind)
    for n, (name, values) in enumerate(theirs.tensors.items()):
        if n % 5 == (bad != bad) or values.ndim == 3:
            spoilt = values.clone()
            spoilt.view(-1)[-1] = bad
            changed = theirs.tensors | {name: spoilt}
            if expendable(name):
                theirs.open(changed)
            else:
                assert name in refused(lambda changed=changed: theirs.open(changed), "not numbers")


def test_a_number_that_only_float64_can_hold_is_named():
    theirs = source("authors v1")
    large = torch.full((32,), 1e300, dtype=torch.float64)
    refused(lambda: theirs.open(theirs.tensors | {"norm.bias": large}), "norm.bias", "not numbers")


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool])
@pytest.mark.parametrize("kind", ["authors v1", "timm deit distilled", "transformers pvt_v2"])
def test_whole_numbers_are_no_weights(kind, dtype):
    theirs = source(kind)
    for name in list(theirs.tensors)[::7]:
        changed = theirs.tensors | {name: theirs.tensors[name].to(dtype)}
        refused(lambda changed=changed: theirs.open(changed), name, str(dtype).removeprefix("torch."))


def test_whole_numbers_that_are_not_the_networks_do_no_harm():
    theirs = source("authors v1 detector")
    theirs.open(theirs.tensors | {"neck.bn.num_batches_tracked": torch.tensor(7)})


# Other networks ------------------------------------------------------------------------------------


def zeros(**shapes) -> dict[str, Tensor]:
    return {name.replace("__", "."): torch.zeros(shape) for name, shape in shapes.items()}


RESNET = zeros(conv1__weight=(64, 3, 7, 7), bn1__weight=(64,), layer1__0__conv1__weight=(64, 64, 1, 1), fc__bias=(10,))
SWIN = {
    "patch_embed.proj.weight": torch.zeros(96, 3, 4, 4),
    "patch_embed.norm.weight": torch.zeros(96),
    "layers.0.blocks.0.norm1.weight": torch.zeros(96),
    "layers.0.blocks.0.attn.qkv.weight": torch.zeros(288, 96),
    "layers.0.blocks.0.attn.relative_position_bias_table": torch.zeros(169, 3),
    "layers.0.downsample.reduction.weight": torch.zeros(192, 384),
    "norm.weight": torch.zeros(768),
    "head.weight": torch.zeros(10, 768),
}
CLIP = {
    "vision_model.embeddings.class_embedding": torch.zeros(128),
    "vision_model.embeddings.patch_embedding.weight": torch.zeros(128, 3, 16, 16),
    "vision_model.embeddings.position_embedding.weight": torch.zeros(17, 128),
    "vision_model.pre_layrnorm.weight": torch.zeros(128),
    "vision_model.encoder.layers.0.self_attn.q_proj.weight": torch.zeros(128, 128),
    "visual_projection.weight": torch.zeros(64, 128),
}


@pytest.mark.parametrize(
    "tensors",
    [{}, RESNET, SWIN, CLIP, {"weight": torch.zeros(())}, {"": torch.zeros(3)}, {"." * 50: torch.zeros(3)}],
    ids=["empty", "resnet", "swin", "clip", "scalar", "nameless", "dots"],
)
def test_a_network_that_is_not_known(tensors):
    message = refused(lambda: foreign.checkpoint(tensors, {}, "net.pth"), "net.pth", "not known", "PVT")
    assert len(message) < 400


@pytest.mark.parametrize(
    "prefix, new",
    [
        ("", {"fc_norm.weight": 128, "fc_norm.bias": 128}),
        ("", {"norm_pre.weight": 128}),
        ("", {"reg_token": 128}),
        ("", {"blocks.0.ls1.gamma": 128, "blocks.0.ls2.gamma": 128}),
        ("", {"blocks.0.attn.q_norm.weight": 64}),
        ("", {"blocks.0.attn.rel_pos_h": 64}),
        ("", {"mask_token": 128, "decoder_embed.weight": 128}),
        ("image_encoder.", {"image_encoder.neck.0.weight": 128}),
    ],
)
def test_a_vit_with_something_more_is_a_variant(prefix, new):
    theirs = source("timm vit")
    tensors = {f"{prefix}{name}": values for name, values in theirs.tensors.items()}
    refused(lambda: theirs.open(tensors | {name: torch.ones(n) for name, n in new.items()}), *new, "variant")


def test_a_beit_and_a_dino_are_variants():
    theirs = source("transformers ViTModel").tensors
    more = {"encoder.layer.0.lambda_1": torch.ones(128), "embeddings.mask_token": torch.ones(1, 1, 128)}
    for prefix in ("beit.", "dinov2.", ""):
        tensors = {f"{prefix}{name}": values for name, values in (theirs | more).items()}
        refused(lambda tensors=tensors: foreign.checkpoint(tensors, {}, "net"), "lambda_1", "variant")


@pytest.mark.parametrize(
    "kind, other",
    [
        ("authors v1", "authors v1"),
        ("authors v1", "authors v2"),
        ("transformers vit", "transformers vit"),
        ("transformers deit", "transformers vit"),
        ("transformers vit", "timm vit"),
        ("timm vit", "authors v2"),
        ("authors v2", "timm pvt_v2"),
    ],
)
def test_two_networks_in_one_file(kind, other):
    for prefix in ("teacher.", "ema."):
        both = {f"student.{name}": values for name, values in source(kind).tensors.items()}
        both |= {f"{prefix}{name}": values for name, values in source(other).tensors.items()}
        message = refused(lambda both=both: source(kind).open(both), "several networks")
        assert "student." in message
        assert prefix in message


def test_two_networks_of_which_one_has_no_prefix():
    tensors = source("authors v1").tensors
    refused(lambda: source("authors v1").open(tensors | {f"ema.{name}": v for name, v in tensors.items()}), "several")
    vit = source("transformers vit").tensors
    bare = {name.removeprefix("vit."): values for name, values in vit.items()}
    refused(lambda: source("transformers vit").open(vit | bare), "has no place for")


@pytest.mark.parametrize("channels", [1, 4])
def test_pictures_of_other_than_three_channels(channels):
    for network in (AuthorsPVT, AuthorsPVTv2):
        theirs = authors(network, in_chans=channels)
        refused(theirs.open, f"{channels} channels", "patch_embed1.proj.weight")
    theirs = timm("vit_tiny_patch16_224", in_chans=channels)
    refused(theirs.open, f"{channels} channels", "patch_embed.proj.weight")


def test_patches_that_no_pvt_v2_has():
    theirs = source("authors v2")
    even = theirs.tensors | {"patch_embed1.proj.weight": torch.ones(8, 3, 4, 4)}
    refused(lambda: theirs.open(even), "even side")
    oblong = theirs.tensors | {"patch_embed1.proj.weight": torch.ones(8, 3, 3, 7)}
    refused(lambda: theirs.open(oblong), "3×7", "patch_embed1.proj.weight")


# What lies beside ----------------------------------------------------------------------------------


def beside(config=None, preprocessor=None) -> dict[str, bytes]:
    files = {"config.json": config, "preprocessor_config.json": preprocessor}
    return {
        name: said if isinstance(said, bytes) else json.dumps(said).encode()
        for name, said in files.items()
        if said is not None
    }


@pytest.mark.parametrize(
    "config, words",
    [
        (b"", ["config.json", "not JSON"]),
        (b"<html>", ["config.json", "not JSON"]),
        (b"\xff\xfe\x00", ["config.json", "not JSON"]),
        (b"[" * 100_000, ["config.json", "not JSON"]),
        (b"1" * 10_000, ["config.json", "not JSON"]),
        (b"[]", ["config.json", "not a configuration"]),
        (b'"pvt"', ["config.json", "not a configuration"]),
        (b"null", ["config.json", "not a configuration"]),
        (b" " * (8 * 1024**2 + 1), ["config.json", "bytes"]),
        ({"model_type": "bert"}, ["bert", "pvt_v2"]),
        ({"model_type": ["pvt"]}, ["type"]),
        ({"model_type": {}}, ["type"]),
        ({"model_type": "x\n" * 10_000}, ["type"]),
        ({"hidden_act": "relu"}, ["relu", "gelu"]),
        ({"hidden_act": None}, ["None", "gelu"]),
        ({"model_type": "vit"}, ["vit", "config.json"]),
        ({"model_type": "pvt_v2"}, ["pvt_v2", "config.json"]),
        ({"hidden_sizes": [64, 128, 320, 512]}, ["320", "config.json"]),
        ({"strides": [4, 4, 2, 2]}, ["strides", "config.json"]),
        ({"num_attention_heads": [3, 2, 5, 8]}, ["3 heads", "8 channels"]),
        ({"num_attention_heads": [-1, 2, 5, 8]}, ["heads", "config.json"]),
        ({"num_attention_heads": [1.0, 2.0, 5.0, 8.0]}, ["heads"]),
        ({"num_attention_heads": [True, 2, 5, 8]}, ["heads"]),
        ({"num_attention_heads": [10**400, 2, 5, 8]}, ["heads"]),
        ({"num_attention_heads": 8}, ["heads"]),
        ({"num_attention_heads": [1] * 100_000}, ["heads"]),
        ({"num_attention_heads": [1, 2, 5, 8], "hidden_sizes": [64] * 10}, ["widths", "config.json"]),
        ({"num_attention_heads": "1258"}, ["heads"]),
        ({"num_attention_heads": None}, ["heads"]),
        ({}, ["heads"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_config_that_is_of_no_use(config, words):
    message = refused(lambda: source("authors v1").open(files=beside(config)), *words)
    assert len(message) < 400


@pytest.mark.parametrize(
    "field, values",
    [
        ("layer_norm_eps", [None, 0, -1e-6, "1e-3", True, float("nan"), float("inf"), 10**400, [1e-3], {}]),
        (
            "image_size",
            [None, 0, -64, 63.5, "64", [64], [64, 64, 64], [64, "64"], 224, True, 10**400, {}, float("nan")],
        ),
        (
            "id2label",
            [None, [], {}, {"0": 1}, {"0": "a"}, {"zero": "a"}, "abc", {str(i): i for i in range(7)}, 10**400],
        ),
        ("strides", [None, "4222", [4.0, 2, 2, 2], {}, 10**400]),
    ],
)
def test_a_field_that_makes_no_sense_says_nothing(field, values):
    theirs = source("authors v1")
    plain = theirs.open()
    for value in values:
        opened = theirs.open(files=beside({"num_attention_heads": [1, 2, 5, 8], field: value}))
        assert opened.config == plain.config, value
        assert opened.weights == plain.weights, value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["token", "gelu", 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("model_type", "hidden_act", "num_attention_heads", "layer_norm_eps", "image_size", "id2label", "hidden_size"),
        *("hidden_sizes", "strides", "architecture", "global_pool", "model_args", "pretrained_cfg", "label_names"),
    ]
)
INNER = ["num_heads", "embed_dim", "img_size", "input_size", "mean", "std", "crop_pct", "act_layer"]
SEEN = ["do_normalize", "image_mean", "image_std", "size", "crop_size", "crop_pct", "do_center_crop"]


@given(
    config=st.dictionaries(FIELDS, JSON | st.dictionaries(st.sampled_from(INNER), JSON, max_size=4), max_size=6),
    preprocessor=st.dictionaries(st.sampled_from(SEEN), JSON, max_size=6),
)
def test_whatever_lies_beside_the_weights_open_or_one_sentence_says_why(config, preprocessor):
    opened, message = None, ""
    try:
        opened = source("timm vit").open(files=beside(config, preprocessor))
    except WeightsError as error:
        message = str(error)
    if opened is None:
        assert re.fullmatch(r"[^\n]{10,400}\.", message)
    else:
        assert logits_of(opened.model(), IMAGES[:1]).isfinite().all()
        assert len(opened.weights.classes) == 7


def test_heads_are_known_from_the_config_or_the_widths_or_assumed(tmp_path):
    def opened(**fields):
        model = timm_model("vit_tiny_patch16_224", num_classes=3, depth=1, mlp_ratio=0.1, **fields)
        return model, foreign.checkpoint(model.state_dict(), {}, "net")

    for dim, heads in ((192, 3), (384, 6), (768, 12)):
        model, found = opened(embed_dim=dim, num_heads=heads)
        assert found.config.heads == (heads,)
        assert not any("heads" in note for note in found.weights.notes)
        same(found.model(), model)
    for dim, heads in ((128, 2), (1024, 16), (1280, 16)):  # Large and Huge have 16
        model, found = opened(embed_dim=dim, num_heads=heads)
        assert found.config.heads == (heads,)
        assert any("heads" in note and str(heads) in note for note in found.weights.notes)
        same(found.model(), model)
    refused(lambda: opened(embed_dim=100, num_heads=4), "heads", "config.json")


def test_a_pyramid_of_published_widths_needs_no_config():
    for network, preset, linear in (
        (AuthorsPVT, "pvt_tiny", False),
        (AuthorsPVTv2, "pvt_v2_b0", False),
        (AuthorsPVTv2, "pvt_v2_b2_li", True),
    ):
        dims = PRESETS[preset].dims
        theirs = authors(network, dims=dims, depths=(1, 1, 1, 1), mlp_ratios=(1, 1, 1, 1), linear=linear)
        opened = theirs.open(files={})
        assert opened.config.heads == (1, 2, 5, 8)
        assert (opened.config.block_norm_eps, opened.config.embed_norm_eps) == (1e-6, 1e-5)
        assert opened.config.pool == (7 if linear else None)
        assert opened.config.reductions == ((1,) * 4 if linear else (8, 4, 2, 1))
        same(opened.model(), theirs.model)


@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_medium", "pvt_v2_b0", "pvt_v2_b5", "pvt_v2_b2_li"])
def test_a_variant_is_read_from_its_tensors(preset):
    """As wide and deep as published, but of numbers that take no memory."""
    config = PRESETS[preset]
    network = AuthorsPVTv2 if config.version == 2 else AuthorsPVT
    with torch.device("meta"):
        theirs = network(
            depths=config.depths,
            dims=config.dims,
            mlp_ratios=config.mlp_ratios,
            linear=config.pool is not None,
        )
    shapes = {name: torch.zeros(()).expand(values.shape) for name, values in theirs.state_dict().items()}
    found = foreign.checkpoint(shapes, {}, "net").config
    for field_ in ("dims", "depths", "heads", "mlp_ratios", "reductions", "patch_sizes", "num_classes", "image_size"):
        assert getattr(found, field_) == getattr(config, field_), field_
    assert found.pool == config.pool


def test_another_pool_than_cls_is_not_read_as_cls(tmp_path):
    model = timm_model("vit_tiny_patch16_224", global_pool="avg", fc_norm=False)
    folder = save_folder(model, tmp_path)
    refused(lambda: open_checkpoint(folder), "avg", "cls_token")


@pytest.mark.parametrize("asked", [{"act_layer": "relu"}, {"norm_layer": "rmsnorm"}])
def test_what_timm_was_asked_for_beside_shapes(asked):
    config = {"architecture": "vit_tiny_patch16_224", "model_args": {"num_heads": 2, **asked}}
    refused(lambda: source("timm vit").open(files=beside(config)), *asked)


def test_norms_that_come_after_are_not_read_as_norms_before():
    config = {"architecture": "vit_base_patch16_rpn_224", "model_args": {"num_heads": 2}}
    refused(lambda: source("timm vit without cls").open(files=beside(config)), "rpn")


# Labels --------------------------------------------------------------------------------------------


def test_labels_of_imagenet():
    names = labels.names(1000, None)
    assert len(names) == 1000
    assert len(set(names)) > 990
    assert names[0].startswith("tench")
    assert names[207].startswith("golden retriever")
    assert names[999].startswith("toilet tissue")
    assert all(name and name == name.strip() for name in names)


def test_labels_come_from_the_checkpoint_then_from_imagenet_then_are_numbers():
    theirs = source("authors v1")
    said = {"num_attention_heads": [1, 2, 5, 8]}

    def classes(**more):
        return theirs.open(files=beside({**said, **more})).weights.classes

    assert classes() == tuple(f"class {i}" for i in range(7))
    assert classes(id2label={str(i): f"k{i}" for i in range(7)}) == tuple(f"k{i}" for i in range(7))
    assert classes(id2label={str(i): f"LABEL_{i}" for i in range(7)}) == tuple(f"class {i}" for i in range(7))
    assert classes(id2label={str(i): "k" for i in range(6)}) == tuple(f"class {i}" for i in range(7))
    many = authors(AuthorsPVT, num_classes=1000)
    assert many.open().weights.classes == labels.imagenet()
    own_names = {str(i): f"k{i}" for i in range(1000)}
    assert many.open(files=beside({**said, "id2label": own_names})).weights.classes == tuple(own_names.values())
    unnamed = {str(i): f"LABEL_{i}" for i in range(1000)}
    assert many.open(files=beside({**said, "id2label": unnamed})).weights.classes == labels.imagenet()
    assert source("authors v1 backbone").open().weights.classes == ()


def test_labels_of_timm_with_their_descriptions(tmp_path):
    model = timm_model("vit_tiny_patch16_224", num_classes=2)
    described = {"n01440764": "tench, Tinca tinca"}
    folder = save_folder(model, tmp_path, label_names=["n01440764", "n1"], label_descriptions=described)
    assert open_checkpoint(folder).weights.classes == ("tench, Tinca tinca", "n1")


# Preprocessing -------------------------------------------------------------------------------------


def test_pictures_are_taken_as_imagenets_where_nothing_is_said():
    opened = source("authors v1").open()
    assert (opened.config.mean, opened.config.std, opened.config.crop) == (IMAGENET_MEAN, IMAGENET_STD, 0.875)
    assert any("ImageNet" in note for note in opened.weights.notes)


@pytest.mark.parametrize(
    "said, mean, std, crop",
    [
        (
            {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.1, 0.2, 0.3], "size": 64},
            (0.5, 0.4, 0.3),
            (0.1, 0.2, 0.3),
            1,
        ),
        ({"do_normalize": False, "size": 64}, (0, 0, 0), (1, 1, 1), 1),
        ({"size": 256, "crop_size": 224, "do_center_crop": True}, IMAGENET_MEAN, IMAGENET_STD, 0.875),
        (
            {"size": {"shortest_edge": 80}, "crop_size": {"height": 64, "width": 64}, "do_center_crop": True},
            *[None] * 2,
            0.8,
        ),
        ({"size": {"height": 64, "width": 64}, "do_center_crop": False, "crop_size": 32}, *[None] * 2, 1),
        ({"size": {"shortest_edge": 64}, "crop_pct": 0.9}, *[None] * 2, 0.9),
        ({"size": 64, "crop_size": 80, "do_center_crop": True}, *[None] * 2, 0.875),
        ({"image_mean": [0.5, 0.5], "image_std": [1, 1, 1], "size": 64}, *[None] * 2, 1),
        ({"image_mean": [0.5, 0.5, float("nan")], "image_std": [1, 1, 1], "size": 64}, *[None] * 2, 1),
        ({"image_mean": [0.5, 0.5, 10**400], "image_std": [1, 1, 1], "size": 64}, *[None] * 2, 1),
    ],
)
def test_pictures_are_taken_as_the_preprocessor_says(said, mean, std, crop):
    config = source("authors v1").open(files=beside({"num_attention_heads": [1, 2, 5, 8]}, said)).config
    assert config.mean == (mean or IMAGENET_MEAN)
    assert config.std == (std or IMAGENET_STD)
    assert config.crop == crop
    assert config.image_size == 64  # of the positions, whatever else is said


def test_a_preprocessor_tells_the_size_where_positions_do_not():
    theirs = source("authors v2")
    heads = {"num_attention_heads": [1, 2, 5, 8]}
    for config, preprocessor, size in (
        (heads, None, 224),
        (heads, {"size": 96}, 96),
        (heads, {"size": {"height": 96, "width": 128}}, (96, 128)),
        (heads, {"size": 256, "crop_size": 192, "do_center_crop": True}, 192),
        ({**heads, "image_size": 64}, {"size": 96}, 64),
        ({**heads, "image_size": [64, 96]}, None, (64, 96)),
    ):
        assert theirs.open(files=beside(config, preprocessor)).config.image_size == size


@pytest.mark.parametrize("kind, crop", [("vit", 1), ("deit", 0.875)])
def test_a_preprocessor_of_an_old_release(kind, crop, tmp_path):
    model = hf_model(kind)
    folder = save_hf(model, tmp_path)
    save_old_preprocessor(kind, folder)
    opened = open_checkpoint(folder)
    assert opened.config.crop == crop
    assert opened.config.image_size == 64
    assert opened.config.mean == ((0.5,) * 3 if kind == "vit" else IMAGENET_MEAN)


def test_a_deviation_of_nothing_is_refused():
    said = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0, 0.5]}
    refused(lambda: source("timm vit").open(files=beside({"num_attention_heads": 2}, said)), "std")


# At another setting --------------------------------------------------------------------------------


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
    "kind, overrides",
    [
        ("authors v1", {"reductions": (4, 2, 1, 1)}),
        ("authors v1", {"reductions": (16, 8, 4, 2)}),
        ("authors v1", {"patch_sizes": (8, 2, 2, 1), "image_size": (128, 96)}),
        ("authors v2", {"reductions": (1, 1, 1, 1)}),
        ("authors v2", {"reductions": (2, 2, 2, 2), "image_size": (70, 96)}),
        ("authors v2", {"patch_sizes": (2, 2, 2, 2), "image_size": 64}),
        ("authors v2", {"patch_sizes": (8, 3, 1, 2), "image_size": 200}),
        ("authors v2 linear", {"patch_sizes": (8, 2, 2, 2)}),
        ("timm pvt_v2", {"reductions": (4, 4, 4, 2)}),
        ("transformers vit", {"patch_sizes": (8,)}),
        ("transformers vit", {"image_size": (96, 64), "patch_sizes": (32,)}),
    ],
)
@pytest.mark.parametrize("resize", ["pseudo-inverse", "bilinear"])
def test_a_network_at_another_setting_runs(paths, kind, overrides, resize):
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
