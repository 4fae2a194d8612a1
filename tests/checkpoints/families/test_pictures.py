"""What the classes of opened weights are called, and how they take their pictures."""

import pytest

from authors_pvt import AuthorsPVT
from pvt_viz.checkpoints import labels
from pvt_viz.checkpoints.load import open_checkpoint
from pvt_viz.config import IMAGENET_MEAN, IMAGENET_STD
from source_models import hf_model, save_hf, save_old_preprocessor
from their_networks import authors, beside, refused, source
from timm_models import save_folder, timm_model


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
