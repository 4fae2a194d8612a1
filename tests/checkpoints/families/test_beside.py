"""What lies beside the weights is heard where it makes sense; what nothing says is read off them, or assumed."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from authors_pvt import AuthorsPVT, AuthorsPVTv2
from pvt_viz import PRESETS
from pvt_viz.checkpoints import WeightsError, foreign
from pvt_viz.checkpoints.load import open_checkpoint
from their_networks import IMAGES, authors, beside, logits_of, refused, same, source, tiny
from timm_models import save_folder, timm_model


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
        ("strides", [None, "42", [4.0, 2], {}, 10**400]),
    ],
)
def test_a_field_that_makes_no_sense_says_nothing(field, values):
    theirs = tiny("authors v1")
    plain = theirs.open()
    for value in values:
        opened = theirs.open(files=beside({"num_attention_heads": [1, 2], field: value}))
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


@settings(max_examples=25)
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


def test_another_pool_than_cls_is_not_read_as_cls(tmp_path):
    model = timm_model("vit_tiny_patch16_224", global_pool="avg", fc_norm=False)
    folder = save_folder(model, tmp_path)
    same(open_checkpoint(folder).model(), model)


@pytest.mark.parametrize("asked", [{"act_layer": "relu"}, {"norm_layer": "rmsnorm"}])
def test_what_timm_was_asked_for_beside_shapes(asked):
    config = {"architecture": "vit_tiny_patch16_224", "model_args": {"num_heads": 2, **asked}}
    refused(lambda: source("timm vit").open(files=beside(config)), *asked)


def test_norms_that_come_after_are_not_read_as_norms_before():
    config = {"architecture": "vit_base_patch16_rpn_224", "model_args": {"num_heads": 2}}
    refused(lambda: source("timm vit without cls").open(files=beside(config)), "rpn")


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


@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_v2_b0", "pvt_v2_b5", "pvt_v2_b2_li"])
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
