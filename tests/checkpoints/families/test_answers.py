"""Weights of other libraries give the answers that they gave there."""

import json
import re

import pytest
import torch
from torch import nn

from authors_pvt import SMALL, AuthorsPVT
from pvt_viz.checkpoints import foreign
from pvt_viz.checkpoints.load import open_checkpoint
from randomised import randomise
from their_networks import (
    BACKBONES,
    CLASSIFIERS,
    HEADS_ONLY,
    IMAGES,
    TOLERANCE,
    WIDE,
    gap,
    hf,
    logits_of,
    refused,
    same,
    source,
)
from timm_models import save_folder, timm_model


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_network_answers_as_in_the_library_it_came_from(kind):
    theirs = source(kind)
    images = torch.nn.functional.pad(IMAGES, [0, 32, 0, 32]) if "other pictures" in kind else IMAGES
    opened = theirs.open()
    model = opened.model()
    same(model, theirs.model, images)
    assert opened.config.num_classes == 7
    assert opened.config.image_size == images.shape[-1] or opened.config.version == 2
    assert theirs.family in opened.weights.family
    assert opened.weights.trained
    assert opened.weights.problem == ""
    assert opened.weights.patch_sizes == tuple((p,) for p in opened.config.patch_sizes)
    assert opened.weights.reductions == tuple((r,) for r in opened.config.reductions)
    assert not model.training
    assert {(p.dtype, p.requires_grad) for p in model.parameters()} == {(torch.float32, False)}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_wrong_eps_would_have_shown(kind):
    model = source(kind).open().model()
    before = logits_of(model)
    for norm in model.modules():
        if isinstance(norm, nn.LayerNorm):
            norm.eps *= 10 if norm.eps > 1e-7 else 1e6
    assert gap(logits_of(model), before) > 10 * TOLERANCE


@pytest.mark.parametrize("kind", [kind for kind in CLASSIFIERS if re.search("pvt_v2|authors|segformer", kind)])
def test_a_pyramid_answers_the_same_on_a_picture_that_is_not_square(kind):
    theirs = source(kind)
    same(theirs.open().model(), theirs.model, WIDE)


@pytest.mark.parametrize("images", [IMAGES, WIDE], ids=["square", "wide"])
@pytest.mark.parametrize("kind", [kind for kind in BACKBONES if "Model" not in kind])
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


@pytest.mark.parametrize("kind", [kind for kind in BACKBONES if "Model" in kind])
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
