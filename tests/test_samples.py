"""The photographs that are there before anybody has chosen one."""

import dataclasses
import sys

import numpy as np
import pytest

from pvt_viz import samples


def test_the_names():
    assert list(samples.SAMPLES) == ["cat", "astronaut", "coffee", "rocket", "motorcycle"]
    assert all(name == sample.name for name, sample in samples.SAMPLES.items())


@pytest.mark.parametrize(
    "name, size, place, colour",
    [
        ("cat", (451, 300), (262, 240), (126, 42, 11)),  # the nose
        ("astronaut", (512, 512), (100, 300), (233, 128, 89)),  # the suit
        ("coffee", (600, 400), (280, 130), (200, 125, 45)),  # the coffee
        ("rocket", (640, 427), (320, 20), (15, 35, 80)),  # the sky
        ("motorcycle", (741, 500), (430, 225), (160, 25, 25)),  # the tank
    ],
)
def test_each_is_the_picture_that_its_text_describes(name, size, place, colour):
    image = samples.load(name)
    assert (image.mode, image.size) == ("RGB", size)
    x, y = place
    patch = np.asarray(image, float)[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1))
    assert np.abs(patch - colour).max() < 25, patch


@pytest.mark.parametrize("sample", samples.SAMPLES.values(), ids=lambda sample: sample.name)
def test_every_text_is_there(sample):
    assert sample.title
    assert sample.alt.endswith(".")
    assert ". " not in sample.alt
    assert 40 <= len(sample.alt) <= 160
    assert "scikit-image" in sample.credit
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.title = "other"


@pytest.mark.parametrize("name", ["dog", "", "../../etc/passwd", "chelsea.png", None, 3])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ValueError, match="must be one of") as caught:
        samples.load(name)
    sentence = str(caught.value)
    assert repr(name) in sentence
    assert sentence.endswith(".")
    for known in samples.SAMPLES:
        assert known in sentence


def test_scikit_image_itself_is_not_imported(monkeypatch):
    for module in ("skimage.data", "skimage.io", "pooch"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it would now raise
    assert samples.load("cat").size == (451, 300)


def test_without_scikit_image_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setattr(samples, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install"):
        samples.load("cat")
