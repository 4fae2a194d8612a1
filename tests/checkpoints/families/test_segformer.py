"""SegFormer's MiT: it opens by its three names, from a segmenter too, and is called what it is."""

import pytest
import torch
from safetensors.torch import load_file

from authors_pvt import AuthorsPVTv2
from openmmlab_pvt import OpenMMLabPVTv2
from pvt_viz import PRESETS
from pvt_viz.checkpoints import foreign
from pvt_viz.checkpoints.load import open_checkpoint
from their_networks import IMAGES, TOLERANCE, authors, gap, openmmlab, refused, same, segformer, source

FOURS = (4, 4, 4, 4)


@pytest.mark.parametrize("modules", [False, True])
@torch.no_grad()
def test_the_encoder_of_a_segmenter(modules):
    theirs = segformer("ForSemanticSegmentation", modules=modules)
    opened = theirs.open()
    model = opened.model()
    assert opened.config.num_classes == 0
    assert opened.weights.family == "SegFormer's MiT, transformers"
    maps = list(model.encode(IMAGES)[1])
    maps[-1] = model.norm(maps[-1].movedim(1, -1)).movedim(-1, 1)
    expected = theirs.model.segformer(IMAGES, output_hidden_states=True).hidden_states
    for plane, other in zip(maps, expected, strict=True):
        assert other.std() > 0.05
        assert gap(plane, other) < TOLERANCE
    [note] = [note for note in opened.weights.notes if "left aside" in note]
    assert "decode_head (16 tensors)" in note


@pytest.mark.parametrize("role", ["Model", "ForImageClassification", "ForSemanticSegmentation"])
def test_a_folder_by_save_pretrained(role, tmp_path):
    theirs = segformer(role)
    theirs.model.save_pretrained(tmp_path)
    kept = load_file(tmp_path / "model.safetensors")
    assert kept.keys() == theirs.tensors.keys()
    opened = open_checkpoint(tmp_path)
    assert opened.config.block_norm_eps == opened.config.embed_norm_eps == 1e-5  # whatever config.json says
    if role == "ForImageClassification":
        same(opened.model(), theirs.model)


def test_a_segformer_whose_part_is_missing_names_it():
    theirs = segformer("ForSemanticSegmentation")
    lost = "segformer.encoder.block.1.1.attention.self.sr.bias"
    refused(lambda: theirs.open({name: values for name, values in theirs.tensors.items() if name != lost}), lost)
    refused(lambda: theirs.open(theirs.tensors | {"segformer.scale": torch.ones(3)}), "segformer.scale")
    theirs.open({name: values for name, values in theirs.tensors.items() if "decode_head.linear_c" not in name})


def test_the_published_widths_need_no_config():
    for depths in ([2, 2, 2, 2], [3, 4, 6, 3]):
        theirs = segformer("ForImageClassification", depths=depths, hidden_sizes=[32, 64, 160, 256], mlp_ratios=[4] * 4)
        opened = theirs.open(files={})
        assert opened.config.heads == (1, 2, 5, 8)
        same(opened.model(), theirs.model)


def named(theirs, beside=()) -> str:
    return theirs.open(theirs.tensors | {name: torch.ones(4, 4) for name in beside}).weights.family


def test_the_authors_files_are_called_what_they_are():
    assert named(authors(AuthorsPVTv2, mlp_ratios=FOURS)) == "SegFormer's MiT, its authors' file"
    assert named(authors(AuthorsPVTv2)) == "PVTv2, the authors' file"
    assert named(authors(AuthorsPVTv2, linear=True, mlp_ratios=FOURS)) == "PVTv2, the authors' file"
    assert named(openmmlab(OpenMMLabPVTv2, mlp_ratios=FOURS)) == "SegFormer's MiT, mmsegmentation"
    assert named(openmmlab(OpenMMLabPVTv2)) == "PVTv2, mmdetection"
    assert "MiT" not in source("timm pvt_v2").open().weights.family


def test_b5_is_the_same_network_in_both():
    b5 = PRESETS["pvt_v2_b5"]
    with torch.device("meta"):
        model = AuthorsPVTv2(depths=b5.depths, dims=b5.dims, mlp_ratios=FOURS)
    whole = {name: torch.zeros(1).expand(values.shape) for name, values in model.state_dict().items()}
    opened = foreign.checkpoint(whole, {}, "net")
    assert opened.weights.family == (
        "PVTv2, the authors' file, or the same network as SegFormer's MiT, its authors' file"
    )
    body = {f"backbone.{name}": values for name, values in whole.items() if not name.startswith("head.")}
    for head in ("decode_head.linear_c1.proj.weight", "decode_head.fusion_conv.conv.weight"):
        opened = foreign.checkpoint(body | {head: torch.ones(4, 4)}, {}, "net")
        assert opened.weights.family == "SegFormer's MiT, its authors' file"
