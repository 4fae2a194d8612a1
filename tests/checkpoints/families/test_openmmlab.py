"""Detectors and segmenters of mmdetection and mmsegmentation: their backbones open, whatever stands around them."""

from argparse import Namespace

import numpy as np
import pytest
import torch

from openmmlab_pvt import OpenMMLabPVT, OpenMMLabPVTv2, in_a_detector
from pvt_viz import PRESETS
from pvt_viz.checkpoints.load import open_checkpoint, open_files
from their_networks import HEADS_ONLY, IMAGES, TOLERANCE, gap, openmmlab, refused, source


@torch.no_grad()
def same_maps(opened, theirs, images=IMAGES) -> None:
    maps = list(opened.model().encode(images)[1])
    if opened.config.version == 2:  # the last norm is ours only on the way to the answer
        maps[-1] = opened.model().norm(maps[-1].movedim(1, -1)).movedim(-1, 1)
    for plane, other in zip(maps, theirs.feature_maps(images), strict=True):
        assert gap(plane, other) < TOLERANCE


@pytest.mark.parametrize("prefix", ["", "backbone.", "module.backbone.", "detector.backbone."])
@pytest.mark.parametrize("under", [None, "state_dict", "model"])
@pytest.mark.parametrize("network", [OpenMMLabPVT, OpenMMLabPVTv2])
def test_bare_and_in_a_file(network, under, prefix, tmp_path):
    theirs = openmmlab(network)
    tensors = {f"{prefix}{name}": values for name, values in theirs.tensors.items()}
    left = {"meta": {"CLASSES": ("person",), "seed": np.int64(3), "args": Namespace(a=1)}, under: tensors}
    torch.save(tensors if under is None else left, tmp_path / "net.pth")
    (tmp_path / "config.json").write_bytes(HEADS_ONLY["config.json"])
    opened = open_checkpoint(tmp_path / "net.pth")
    same_maps(opened, theirs.model)
    assert opened.config.num_classes == 0
    assert "mmdetection" in opened.weights.family


def test_what_is_beside_the_backbone_is_named():
    notes = " ".join(source("mmdetection v2 detector").open().weights.notes)
    for part in ("neck", "rpn_head", "roi_head", "decode_head", "auxiliary_head"):
        assert part in notes


@pytest.mark.parametrize("fields", [{"sr_ratios": (4, 1, 2, 1)}, {"img_size": 96}, {"mlp_ratios": (2, 1, 3, 1)}])
@pytest.mark.parametrize("network", [OpenMMLabPVT, OpenMMLabPVTv2])
def test_their_own_settings(network, fields):
    theirs = openmmlab(network, **fields)
    opened = theirs.open()
    same_maps(opened, theirs.model, torch.randn(1, 3, 96, 96))
    assert network is OpenMMLabPVTv2 or opened.config.image_size == fields.get("img_size", 64)


def test_positions_that_lie_in_the_patch_embedding():
    theirs = openmmlab(OpenMMLabPVT)
    moved = {}
    for name, values in theirs.tensors.items():
        at = name.split(".")
        if at[2] == "1":
            at = [*at[:2], "0", *at[4:]] if at[3] == "0" else [*at[:3], str(int(at[3]) - 1), *at[4:]]
        moved[".".join(at)] = values
    assert "layers.0.0.pos_embed" in moved
    assert "layers.0.1.0.norm1.weight" in moved
    same_maps(theirs.open(moved), theirs.model)


@pytest.mark.parametrize(
    "network, preset, mlp_ratios",
    [(OpenMMLabPVT, "pvt_tiny", (8, 8, 4, 4)), (OpenMMLabPVTv2, "pvt_v2_b1", (8, 8, 4, 4))],
)
def test_the_published_widths_need_nothing_beside_them(network, preset, mlp_ratios):
    config = PRESETS[preset]
    model = network(depths=config.depths, dims=config.dims, img_size=64)
    state = {f"backbone.{name}": values for name, values in model.state_dict().items()}
    opened = openmmlab(network).open(state, {})
    assert opened.config.heads == config.heads
    assert opened.config.mlp_ratios == mlp_ratios
    assert (opened.config.block_norm_eps, opened.config.embed_norm_eps) == (1e-6, 1e-6)


def test_an_upload_with_a_stranger_in_its_place():
    theirs = source("mmdetection v1")
    refused(lambda: theirs.open({**theirs.tensors, "layers.0.1.1.attn.attn.bias_k": torch.ones(8)}), "bias_k")
    refused(lambda: theirs.open({**theirs.tensors, "layers.0.1.0.norm1.weight": torch.ones(8)}), "layers.0.1.0.norm1")
    refused(lambda: theirs.open({**theirs.tensors, "layers.0.2.weight": torch.ones(8)}), "layers.0.2.weight")
    v2 = source("mmdetection v2")
    refused(lambda: v2.open({**v2.tensors, "layers.0.1.0.pos_embed": torch.ones(1, 256, 8)}), "layers.0.1.0.pos_embed")
    wide = {**v2.tensors, "layers.0.1.0.ffn.layers.0.weight": v2.tensors["layers.0.1.0.ffn.layers.0.weight"][..., None]}
    refused(lambda: v2.open(wide), "layers.0.1.0.ffn.layers.0.weight")
    state = in_a_detector(v2.model)
    both = state | {f"student.{name}": values for name, values in state.items()}
    refused(lambda: v2.open(both), "several networks")


def test_by_upload(tmp_path):
    theirs = source("mmdetection v1 detector")
    torch.save({"state_dict": theirs.tensors, "meta": {}}, tmp_path / "net.pth")
    opened = open_files({"net.pth": (tmp_path / "net.pth").read_bytes(), **HEADS_ONLY})
    same_maps(opened, theirs.model)
