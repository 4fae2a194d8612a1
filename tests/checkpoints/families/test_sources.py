"""The networks that checkpoints are tested with agree with each other, library against library."""

import json
import re
import sys
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from authors_pvt import (
    SMALL,
    AuthorsPVT,
    AuthorsPVTv2,
    authors_like,
    backbone_state,
    detector_file,
    detector_state,
    training_file,
)
from pvt_viz import PRESETS, build_model
from randomised import randomise
from source_models import (
    LABELS,
    NETWORKS,
    hf_model,
    hub_names,
    quieten,
    save_hf,
    save_old_preprocessor,
    save_preprocessor,
)
from their_networks import IMAGES, TOLERANCE, gap, logits_of
from timm_models import SMALL as TIMM_NAMES
from timm_models import get_timm, save_folder, save_training, save_weights, timm_model, torchvision_stand_in


@torch.no_grad()
def answers_of(model):
    """What any network of transformers gives first, logits, tokens or the map of each stage, in one row."""
    first = model(IMAGES)[0]
    return torch.cat([part.flatten() for part in first])


# From the authors' names to those of transformers, stages counted from 0.
SHARED = (
    (r"\.norm([12])\.", r".layer_norm_\1."),
    (r"\.q\.", ".query."),
    (r"\.mlp\.fc", ".mlp.dense"),
    (r"^head\.", "classifier."),
)
V1 = (
    (r"^block", "pvt.encoder.block."),
    (r"^patch_embed(\d)\.proj", r"pvt.encoder.patch_embeddings.\1.projection"),
    (r"^patch_embed(\d)\.norm", r"pvt.encoder.patch_embeddings.\1.layer_norm"),
    (r"^pos_embed(\d)", r"pvt.encoder.patch_embeddings.\1.position_embeddings"),
    (r"^cls_token", "pvt.encoder.patch_embeddings.3.cls_token"),
    (r"^norm\.", "pvt.encoder.layer_norm."),
    (r"\.attn\.proj", ".attention.output.dense"),
    (r"\.attn\.sr", ".attention.self.sequence_reduction"),
    (r"\.attn\.norm", ".attention.self.layer_norm"),
    (r"\.attn\.", ".attention.self."),
)
V2 = (
    (r"^block(\d)", r"pvt_v2.encoder.layers.\1.blocks"),
    (r"^patch_embed(\d)\.proj", r"pvt_v2.encoder.layers.\1.patch_embedding.proj"),
    (r"^patch_embed(\d)\.norm", r"pvt_v2.encoder.layers.\1.patch_embedding.layer_norm"),
    (r"^norm(\d)\.", r"pvt_v2.encoder.layers.\1.layer_norm."),
    (r"\.attn\.sr", ".attention.spatial_reduction"),
    (r"\.attn\.norm", ".attention.layer_norm"),
    (r"\.attn\.", ".attention."),
)


def as_transformers(network):
    """The same weights under the names of transformers, which keeps keys and values apart."""
    renamed = {}
    for name, values in network.state_dict().items():
        name = re.sub(r"^(block|patch_embed|pos_embed|norm)(\d)", lambda m: f"{m[1]}{int(m[2]) - 1}", name)
        for pattern, by in (*(V1 if network.version == 1 else V2), *SHARED):
            name = re.sub(pattern, by, name)
        if ".kv." in name:
            for part, half in zip(("key", "value"), values.chunk(2), strict=True):
                renamed[name.replace(".kv.", f".{part}.")] = half
        else:
            renamed[name] = values
    return renamed


AUTHORS = [(AuthorsPVT, False), (AuthorsPVTv2, False), (AuthorsPVTv2, True)]


@pytest.mark.parametrize("qkv_bias", [True, False])
@pytest.mark.parametrize("network, linear", AUTHORS)
def test_authors_equal_transformers(network, linear, qkv_bias):
    eps = 1e-5  # transformers has a single one
    ours = network(**SMALL, linear=linear, qkv_bias=qkv_bias, block_eps=eps, embed_eps=eps)
    randomise(ours)
    quieten(ours)
    kind = "pvt" if network is AuthorsPVT else "pvt_v2_linear" if linear else "pvt_v2"
    theirs = hf_model(kind, layer_norm_eps=eps, qkv_bias=qkv_bias)
    theirs.load_state_dict(as_transformers(ours))
    expected = logits_of(theirs)
    assert expected.std() > 0.1
    assert gap(logits_of(ours), expected) < TOLERANCE


@pytest.mark.parametrize("name", ["pvt_v2_b0", "pvt_v2_b2_li"])
def test_authors_equal_timm(name):
    """timm has a renaming of its own for the authors' files, and keeps both of their eps."""
    ours = AuthorsPVTv2(**SMALL, linear=name.endswith("_li"))
    randomise(ours)
    quieten(ours)
    theirs = timm_model(name)
    rename = sys.modules[type(theirs).__module__].checkpoint_filter_fn
    theirs.load_state_dict(rename(ours.state_dict(), theirs))
    expected = logits_of(theirs)
    assert expected.std() > 0.1
    assert gap(logits_of(ours), expected) < TOLERANCE

    wrong = AuthorsPVTv2(**SMALL, linear=ours.linear, embed_eps=1e-6)
    wrong.load_state_dict(ours.state_dict())
    assert gap(logits_of(wrong), expected) > 10 * TOLERANCE, "a wrong eps would go unseen"


@pytest.mark.parametrize("kind", ["pvt", "pvt_v2", "pvt_v2_linear", "vit", "deit", "deit_with_teacher"])
def test_quietened_weights_show_a_wrong_eps(kind):
    model = hf_model(kind)
    quieten(model)
    before = logits_of(model)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps *= 10 if module.eps > 1e-7 else 1e6
    assert gap(logits_of(model), before) > 10 * TOLERANCE


@pytest.mark.parametrize("preset", ["pvt_tiny", "pvt_v2_b0", "pvt_v2_b2_li"])
def test_authors_have_as_many_parameters_as_the_preset(preset):
    with torch.device("meta"):
        ours, theirs = build_model(PRESETS[preset]), authors_like(PRESETS[preset])
    counts = [sum(values.numel() for values in model.parameters()) for model in (ours, theirs)]
    assert counts[0] == counts[1]


def test_authors_take_other_sizes():
    network = AuthorsPVT(**SMALL)
    randomise(network)
    wide = torch.nn.functional.pad(IMAGES, (0, 32))
    assert [tuple(plane.shape[1:]) for plane in network.feature_maps(wide)] == [
        (8, 16, 24),
        (16, 8, 12),
        (20, 4, 6),
        (32, 2, 3),
    ]
    assert logits_of(network, wide).shape == (2, 7)


@pytest.mark.parametrize("network, linear", AUTHORS)
def test_what_a_detector_keeps(network, linear):
    model = network(**SMALL, linear=linear)
    randomise(model)
    kept = backbone_state(model)
    assert not {"cls_token", "norm.weight", "head.weight"} & set(kept)
    if model.version == 1:
        assert kept["pos_embed4"].shape[1] == 2 * 2 + 1
        assert {name for name in model.state_dict() if name not in kept} == {
            "cls_token",
            "norm.weight",
            "norm.bias",
            "head.weight",
            "head.bias",
        }
    else:
        assert "norm4.bias" in kept
    stripped = network(**{**SMALL, "num_classes": 0}, linear=linear)
    stripped.load_state_dict(kept, strict=False)
    with torch.no_grad():
        for one, other in zip(model.feature_maps(IMAGES), stripped.feature_maps(IMAGES), strict=True):
            assert torch.equal(one, other)
    names = set(detector_state(model))
    assert {f"backbone.{name}" for name in kept} < names
    assert "neck.lateral_convs.0.conv.weight" in names
    assert detector_file(model)["state_dict"].keys() == names
    assert training_file(model)["model"].keys() == model.state_dict().keys()


def test_torchvision_stands_in_only_while_timm_is_loaded():
    """Else transformers would find it: what it finds out it remembers, in this very process."""
    if find_spec("torchvision"):
        pytest.skip("torchvision is installed")
    from transformers.utils import is_timm_available, is_torchvision_available

    with torchvision_stand_in():
        assert "torchvision" in sys.modules
    get_timm()
    assert not [name for name in sys.modules if name.split(".")[0] == "torchvision"]
    assert find_spec("torchvision") is None
    assert not is_torchvision_available()
    assert not is_timm_available()
    timm = [module for name, module in sys.modules.items() if name.split(".")[0] == "timm"]
    known = [getattr(value, "__module__", None) or "" for module in timm for value in vars(module).values()]
    assert len(known) > 1000
    assert "transformers" not in {name.split(".")[0] for name in known}, "it was loaded while torchvision seemed there"


@pytest.mark.parametrize("name", TIMM_NAMES)
def test_timm_opens_what_it_kept(name, tmp_path):
    model = timm_model(name)
    expected = logits_of(model)
    assert expected.shape == (2, 7)
    assert expected.std() > 0.1

    folder = save_folder(model, tmp_path / "folder", label_names=LABELS)
    config = json.loads((folder / "config.json").read_text())
    assert config["architecture"] == name
    assert (config["num_classes"], tuple(config["label_names"])) == (7, LABELS)
    opened = get_timm().create_model(f"local-dir:{folder}", pretrained=True).eval()
    assert torch.equal(logits_of(opened), expected)

    files = [
        save_weights(model, tmp_path / "plain.pth"),
        save_weights(model, tmp_path / "wrapped.pth", under="state_dict"),
        save_weights(model, tmp_path / "model.pth", under="model"),
        save_weights(model, tmp_path / "plain.safetensors"),
    ]
    for path in files:
        other = timm_model(name, seed=1)
        get_timm().models.load_checkpoint(other, path)
        assert torch.equal(logits_of(other), expected)
    kept = torch.load(save_training(model, tmp_path / "last.pth.tar", name), weights_only=False)
    assert kept["state_dict"].keys() == model.state_dict().keys()


@pytest.mark.parametrize("kind", NETWORKS)
def test_transformers_opens_what_it_kept(kind, tmp_path):
    model = hf_model(kind)
    expected = answers_of(model)
    for weights in ("safetensors", "bin"):
        folder = save_preprocessor(model, save_hf(model, tmp_path / weights, weights=weights))
        config = json.loads((folder / "config.json").read_text())
        assert config["architectures"] == [type(model).__name__]
        if "For" in type(model).__name__:
            assert config["id2label"] == {str(index): label for index, label in enumerate(LABELS)}
        processor = json.loads((folder / "preprocessor_config.json").read_text())
        assert processor["image_processor_type"].endswith("ImageProcessor")
        assert torch.equal(answers_of(type(model).from_pretrained(folder).eval()), expected)


@pytest.mark.parametrize("kind", NETWORKS)
def test_names_on_the_hub_are_those_that_are_saved(kind, tmp_path):
    model = hf_model(kind)
    saved = load_file(save_hf(model, tmp_path) / "model.safetensors")
    renamed = hub_names(model.state_dict())
    assert saved.keys() == renamed.keys()
    assert all(torch.equal(values, renamed[name]) for name, values in saved.items())
    if "vit" in kind or "deit" in kind:
        assert any("encoder.layer.0.attention.attention.query.weight" in name for name in saved)
        assert not any("encoder.layer." in name for name in model.state_dict())


def test_old_preprocessors_are_written(tmp_path):
    assert json.loads((save_old_preprocessor("deit", tmp_path) / "preprocessor_config.json").read_text())["size"] == 256


def test_large_weights_are_kept_in_several_files(tmp_path):
    save_hf(hf_model("vit"), tmp_path, max_shard_size="500KB")
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 1
