"""Files of networks that are not known here, or of several: one sentence says so."""

import pytest
import torch
from torch import Tensor

from authors_pvt import AuthorsPVT, AuthorsPVTv2
from pvt_viz.checkpoints import foreign
from their_networks import authors, refused, source, timm


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


@pytest.mark.parametrize("channels", [2, 5, 12])
def test_pictures_of_other_than_one_three_or_four_channels(channels):
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
