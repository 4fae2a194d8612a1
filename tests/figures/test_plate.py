"""A picture to take away: every file shows the words, the pixels and the numbers it was given."""

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from csv import reader
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from pvt_viz.figures import colour, plate_paper
from pvt_viz.figures.plate import Plate, Scale, csv, npz

VALUES = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
SCALE = Scale(colour_map="viridis", low=-1.25, high=float(VALUES.max()), note="L2 norm, own scale", form="+.3f")


def painted(values: np.ndarray, width: int = 448) -> np.ndarray:
    return np.asarray(colour.enlarge(colour.paint(values, "viridis", -1.25, values.max()), width))


SMALL = Plate(
    name="lengths-2",
    title="Stage 2: lengths $R^2$ of <features>",
    caption="A long remark that takes more than one line. " * 6,
    alt="Five rows of seven cells.",
    pixels=painted(VALUES),
    scale=SCALE,
    numbers={"lengths": VALUES, "image": np.arange(24).reshape(2, 3, 4)},
    axes={"lengths": "h' w'", "image": "channel H W"},
    setting={"model": "flexi_pvt", "R": "R 8-4-2-1"},
)
PHOTO = replace(
    SMALL,
    pixels=np.random.default_rng(1).integers(0, 255, (300, 431, 3)).astype(np.uint8),
    scale=None,
    caption="Short.",
)
PLATES = {
    "cells": SMALL,
    "photograph": PHOTO,
    "tall": replace(SMALL, pixels=painted(np.random.default_rng(2).normal(size=(98, 24)))),
    "wide": replace(SMALL, pixels=painted(np.random.default_rng(3).normal(size=(3, 24)))),
    "a few pixels": replace(SMALL, pixels=PHOTO.pixels[:2, :3], caption="", setting={}),
    "Chinese": replace(SMALL, title="阶段 2：特征长度", caption="每个词元的特征向量的 L2 范数，各图自己的刻度。" * 5),
}
every_plate = pytest.mark.parametrize("plate", PLATES.values(), ids=PLATES)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@every_plate
def test_png_is_as_large_as_its_scale_says_and_has_a_white_rim(plate):
    width, height = opened(plate_paper.png(plate)).size
    for scale in (1, 2, 4):
        picture = opened(plate_paper.png(plate, scale))
        assert picture.size == (scale * width, scale * height)
        pixels = np.asarray(picture)
        rim = scale * width // 60
        for edge in (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:]):
            assert (edge == 255).all()
    assert picture.info["Title"] == plate.title
    assert picture.info["Description"] == plate.alt


@pytest.mark.parametrize("name,cells", [("cells", (5, 7)), ("photograph", (300, 431)), ("tall", (98, 24))])
@pytest.mark.parametrize("scale", [1, 4])
def test_every_cell_of_a_png_has_its_colour_and_as_many_pixels_as_every_other(name, cells, scale):
    """Nothing is blurred, stretched or left out."""
    plate = PLATES[name]
    rows, columns = cells
    steps = [side // count for side, count in zip(plate.pixels.shape[:2], cells, strict=True)]
    expected = plate.pixels[:: steps[0], :: steps[1]]
    assert expected.shape[:2] == cells
    pixels = np.asarray(opened(plate_paper.png(plate, scale)))
    first = np.argwhere((pixels == expected[0, 0]).all(axis=-1))
    for top, left in first[: 50 * scale]:
        for side in range(1, 2 + max(pixels.shape[:2]) // max(cells)):
            found = pixels[top : top + rows * side, left : left + columns * side]
            if (
                found.shape == (rows * side, columns * side, 3)
                and (found == expected.repeat(side, axis=0).repeat(side, axis=1)).all()
            ):
                assert side % scale == 0
                return
    pytest.fail("the picture is not in the PNG")


def svg_texts(plate: Plate) -> list[str]:
    root = ElementTree.fromstring(plate_paper.svg(plate))
    return ["".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")]


@every_plate
def test_svg_keeps_its_words_and_the_ends_of_its_scale_as_text(plate):
    texts = svg_texts(plate)
    assert "".join("".join(texts).split()).startswith("".join(plate.title.split()))
    for words in (plate.caption, plate.origin):
        assert "".join(words.split()) in "".join("".join(texts).split())
    for words in (f"{SCALE.low:+.3f}", f"{SCALE.high:+.3f}", SCALE.note):
        assert (words in texts) == (plate.scale is not None)


@every_plate
def test_svg_holds_the_picture_as_it_is(plate):
    root = ElementTree.fromstring(plate_paper.svg(plate))
    images = [
        element.get("{http://www.w3.org/1999/xlink}href") for element in root.iter("{http://www.w3.org/2000/svg}image")
    ]
    held = [np.asarray(opened(base64.b64decode(href.partition(",")[2])).convert("RGB")) for href in images]
    assert any(pixels.shape == plate.pixels.shape and (pixels == plate.pixels).all() for pixels in held)


@every_plate
def test_the_same_plate_gives_the_same_bytes(plate):
    for make in (plate_paper.png, plate_paper.svg, npz, csv):
        assert make(plate) == make(plate)
    pdf = plate_paper.pdf(plate)
    assert pdf.startswith(b"%PDF-")
    assert pdf == plate_paper.pdf(plate)


def test_sixteen_threads_draw_the_same_picture():
    plates = [SMALL, PHOTO] * 8
    with ThreadPoolExecutor(16) as pool:
        pictures = list(pool.map(plate_paper.png, plates))
    assert set(pictures[::2]) == {plate_paper.png(SMALL)}
    assert set(pictures[1::2]) == {plate_paper.png(PHOTO)}


def test_npz_reads_back_without_pickle():
    with np.load(io.BytesIO(npz(SMALL))) as read:
        for name, values in SMALL.numbers.items():
            assert read[name].dtype == values.dtype
            np.testing.assert_array_equal(read[name], values)
        assert json.loads(str(read["axes"])) == SMALL.axes
        assert json.loads(str(read["setting"])) == SMALL.setting
        assert json.loads(str(read["scale"])) == {
            "colour_map": "viridis",
            "low": SCALE.low,
            "high": SCALE.high,
            "note": SCALE.note,
        }
    with np.load(io.BytesIO(npz(PHOTO))) as read:
        assert "scale" not in read


def test_csv_reads_back_to_the_same_numbers():
    head, *rows = reader(io.StringIO(csv(SMALL).decode()))
    assert head == ["h'", "w'", "lengths", "setting"]
    assert len(rows) == VALUES.size
    for row, column, value, setting in rows:
        assert np.float32(value) == VALUES[int(row), int(column)]
        assert setting == "flexi_pvt, R 8-4-2-1"


def test_what_has_more_than_two_axes_is_no_table():
    cube = replace(SMALL, numbers={"image": np.zeros((2, 3, 4))}, axes={"image": "channel H W"})
    assert SMALL.tabular
    assert not cube.tabular
    with pytest.raises(ValueError, match="image of plate 'lengths-2' has the axes channel H W: too many for a table"):
        csv(cube)


@pytest.mark.parametrize(
    "change,sentence",
    [
        ({"pixels": VALUES}, r"pixels of plate 'lengths-2' are float32 \(5, 7\); they should be uint8"),
        ({"numbers": {}, "axes": {}}, "has the numbers of nothing and axes of nothing"),
        ({"axes": {"lengths": "h w"}}, "has the numbers lengths, image and axes of lengths: they should be the same"),
        (
            {"axes": {"lengths": "h w", "image": "H W"}},
            r"axes\['image'\]='H W' of plate 'lengths-2' should name 3 axes",
        ),
        ({"numbers": {"axes": VALUES}, "axes": {"axes": "h w"}}, "none is called axes, scale, setting"),
    ],
)
def test_bad_plates_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(SMALL, **change)


def test_bad_scales_are_refused():
    with pytest.raises(ValueError, match="colour_map='jet' is not offered; there are magma, viridis, cividis"):
        replace(SCALE, colour_map="jet")
    with pytest.raises(ValueError, match=r"scale=3 is not offered; there are 1, 2, 4\."):
        plate_paper.png(SMALL, 3)


def test_the_colour_scale_runs_from_end_to_end():
    pixels = np.asarray(opened(plate_paper.png(replace(SMALL, pixels=np.full((10, 10, 3), 200, np.uint8)), 4)))
    low, high = colour.lut("viridis")[[0, 255]]
    columns = [np.argwhere((pixels == end).all(axis=-1))[:, 1] for end in (low, high)]
    assert columns[0].min() < pixels.shape[1] * 0.04
    assert columns[1].max() > pixels.shape[1] * 0.96
