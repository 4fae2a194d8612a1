"""Networks whose pictures have one channel, or four: grey, and zeros for what no picture has."""

import pytest
import torch
from PIL import Image

from authors_pvt import AuthorsPVT, AuthorsPVTv2
from openmmlab_pvt import OpenMMLabPVTv2
from pvt_viz import images, trace
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD
from pvt_viz.samples import load
from their_networks import authors, beside, gap, hf, openmmlab, same, timm

NETWORKS = {
    "authors v1": lambda channels: authors(AuthorsPVT, in_chans=channels),
    "authors v2": lambda channels: authors(AuthorsPVTv2, in_chans=channels),
    "transformers vit": lambda channels: hf("vit", num_channels=channels),
    "timm vit": lambda channels: timm("vit_tiny_patch16_224", in_chans=channels),
    "mmdetection v2": lambda channels: openmmlab(OpenMMLabPVTv2, in_chans=channels),
}
NOTES = {
    1: "It takes pictures of one channel: they are given in grey.",
    4: "It takes pictures of 4 channels: what comes after red, green and blue is given as zeros.",
}


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("kind", NETWORKS)
def test_it_opens_and_says_what_it_is_given(kind, channels):
    theirs = NETWORKS[kind](channels)
    found = theirs.open()
    assert found.config.in_channels == channels
    assert NOTES[channels] in found.weights.notes
    given = images.to_tensor(load("cat"), found.config)
    assert given.shape == (1, channels, *found.config.image_hw)
    if "mmdetection" not in kind:
        same(found.model(), theirs.model, torch.randn(2, channels, 64, 64))
        assert trace(found.model(), given).logits.shape == (1, 7)


def test_three_channels_need_no_saying():
    assert not {*NOTES.values()} & {*NETWORKS["authors v1"](3).open().weights.notes}


def test_grey_is_pillows_and_the_fourth_channel_is_zeros():
    found = {channels: NETWORKS["timm vit"](channels).open().config for channels in (1, 3, 4)}
    picture = load("cat").convert("RGB")
    grey = images.to_tensor(Image.merge("RGB", [picture.convert("L")] * 3), found[1])
    assert gap(images.to_tensor(picture, found[1]), grey) < 0.04  # Pillow rounds to 8 bits before it resizes
    assert found[1].mean == (pytest.approx(sum(IMAGENET_MEAN) / 3),)
    assert found[1].std == (pytest.approx(sum(IMAGENET_STD) / 3),)
    four = images.to_tensor(picture, found[4])
    assert torch.equal(four[:, :3], images.to_tensor(picture, found[3]))
    assert not four[:, 3].any()


@pytest.mark.parametrize(
    "channels, said, mean, std, known",
    [
        (1, ([0.2], [0.4]), (0.2,), (0.4,), True),
        (1, ([0.1, 0.2, 0.3], [0.5, 0.5, 0.5]), (pytest.approx(0.2),), (0.5,), True),
        (4, ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]), (0.1, 0.2, 0.3, 0), (0.5, 0.6, 0.7, 1), True),
        (4, ([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]), (0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8), True),
        (3, ([0.2], [0.4]), IMAGENET_MEAN, IMAGENET_STD, False),
        (4, ([0.2], [0.4]), (*IMAGENET_MEAN, 0), (*IMAGENET_STD, 1), False),
        (1, ([0.2], [0.4, 0.5, 0.6]), (pytest.approx(sum(IMAGENET_MEAN) / 3),), None, False),
    ],
)
def test_how_they_are_normalised(channels, said, mean, std, known):
    theirs = NETWORKS["timm vit"](channels)
    preprocessor = {"image_mean": said[0], "image_std": said[1], "size": 64}
    found = theirs.open(files={**theirs.files, **beside(preprocessor=preprocessor)})
    assert found.config.mean == mean
    assert std is None or found.config.std == std
    assert any("Nothing says how pictures" in note for note in found.weights.notes) != known
