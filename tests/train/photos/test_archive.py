"""Tiny-ImageNet's zip: read as it is handed out, and told apart from everything else."""

import io

import pytest
import torch
from PIL import Image

import photo_zip
from photo_zip import LAYOUT
from pvt_viz.train.photos import archive
from pvt_viz.train.photos.archive import ArchiveError, Photos


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return photo_zip.files()


def test_both_parts_are_read_without_unpacking(tmp_path, content):
    path = photo_zip.write(tmp_path / "tiny.zip", content)
    train, val = (archive.read(path, part, LAYOUT) for part in ("train", "val"))
    assert train.images.shape == (12, 64, 64, 3)
    assert train.images.dtype == torch.uint8
    assert train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert val.labels.tolist() == [0, 1, 2, 0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.zip"]
    name = f"train/{LAYOUT.classes[2]}/images/{LAYOUT.classes[2]}_1.JPEG"
    assert torch.equal(
        train.images[9], torch.tensor(list(Image.open(io.BytesIO(content[name])).tobytes())).view(64, 64, 3)
    )
    grey = train.images[0]
    assert torch.equal(grey[..., 0], grey[..., 1])


@pytest.mark.parametrize("top", ["", "some/where/"])
def test_the_folder_may_lie_anywhere(tmp_path, content, top):
    path = photo_zip.write(tmp_path / "tiny.zip", content, top)
    assert len(archive.read(path, "val", LAYOUT)) == LAYOUT.val


def test_a_mask_holds_the_pixels_of_its_box():
    photos = Photos(
        torch.zeros(2, 64, 64, 3, dtype=torch.uint8), torch.zeros(2), torch.tensor([[8, 16, 11, 63], [0, 0, 63, 63]])
    )
    mask = photos.masks()
    expected = torch.zeros(64, 64, dtype=torch.bool)
    expected[16:64, 8:12] = True
    assert torch.equal(mask[0], expected)
    assert mask[1].all()
    for size in ((224, 224), (128, 96)):
        enlarged = photos.masks(size)
        assert enlarged.shape == (2, *size)
        assert float(enlarged[0].float().mean()) == pytest.approx(float(expected.float().mean()), rel=0.02)


WNID = LAYOUT.classes[0]
PICTURE = f"train/{WNID}/images/{WNID}_2.JPEG"
BOXES = f"train/{WNID}/{WNID}_boxes.txt"


def _without(name):
    return lambda files: {at: data for at, data in files.items() if at != name}


def _with(name, data):
    return lambda files: files | {name: data}


def _small() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (32, 64)).save(kept, "JPEG")
    return kept.getvalue()


@pytest.mark.parametrize(
    "change, part, said",
    [
        (_without("wnids.txt"), "train", "is another archive"),
        (_with("more/wnids.txt", b""), "val", "is another archive"),
        (_with("wnids.txt", b"n00000001\nn00000002\nn00000020"), "train", "is another data set"),
        (_with("wnids.txt", b"n00000001\n"), "val", "is another data set"),
        (_without(PICTURE), "train", "is not complete, or damaged inside"),
        (_with(PICTURE, b"not a picture"), "train", "is not complete, or damaged inside"),
        (_with(PICTURE, _small()), "train", "32×64 pixels"),
        (_without(BOXES), "train", "is not complete, or damaged inside"),
        (_with(BOXES, b""), "train", "its part train has 8 pictures, it should have 12"),
        (_with(BOXES, b"a.JPEG\t1\t2\tx\t4\n"), "train", "is not complete, or damaged inside"),
        (_with("val/val_annotations.txt", b"val_0.JPEG\tn00000001\t0\t0\t9\t9\n"), "val", "val has 1 pictures"),
        (_with("val/val_annotations.txt", b"val_0.JPEG\tn99999999\t0\t0\t9\t9\n"), "val", "damaged inside"),
        (_with("val/val_annotations.txt", b"\xff\xfe"), "val", "damaged inside"),
    ],
)
def test_another_archive_is_one_sentence(tmp_path, content, change, part, said):
    path = photo_zip.write(tmp_path / "tiny.zip", change(content))
    with pytest.raises(ArchiveError) as error:
        archive.read(path, part, LAYOUT)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("tiny.zip")


@pytest.mark.parametrize("box", ["9\t9\t64\t20", "-1\t0\t5\t5", "20\t0\t5\t30"])
def test_a_box_outside_its_picture_is_found(tmp_path, content, box):
    lines = content["val/val_annotations.txt"].decode().splitlines()
    lines[3] = "\t".join([*lines[3].split("\t")[:2], box])
    path = photo_zip.write(tmp_path / "tiny.zip", content | {"val/val_annotations.txt": "\n".join(lines).encode()})
    with pytest.raises(ArchiveError, match="a box lies outside its picture"):
        archive.read(path, "val", LAYOUT)


def test_what_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(ArchiveError, match="--data wants the zip of Tiny-ImageNet-200"):
        archive.read(tmp_path / "none.zip", "val")


@pytest.mark.parametrize("part", [0.4, 0.9])
def test_a_zip_that_was_cut_short(tmp_path, content, part):
    path = photo_zip.write(tmp_path / "tiny.zip", content)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(ArchiveError, match="no zip archive, or was cut short"):
        archive.read(path, "val", LAYOUT)


def test_a_zip_that_is_damaged_inside(tmp_path, content):
    path = photo_zip.write(tmp_path / "tiny.zip", content)
    data = bytearray(path.read_bytes())
    middle = data.find(content["val/images/val_2.JPEG"])
    data[middle + 200 : middle + 600] = bytes(400)
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as error:
        archive.read(path, "val", LAYOUT)
    assert str(error.value).startswith("tiny.zip is ")
