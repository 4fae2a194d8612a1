"""HEIC and AVIF, as telephones write them; and the formats that are named instead of read."""

import io
import struct
import time
import warnings

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw

from picture_files import refused, saved
from pvt_viz import images
from pvt_viz.images import ImageError

KINDS = ("HEIF", "AVIF")
SIZE = (64, 48)


def picture(size=SIZE):
    """Red at the top left, blue below: no symmetry is left."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, size[1] // 2, *size), fill=(0, 0, 255))
    draw.rectangle((0, 0, 11, 11), fill=(255, 0, 0))
    return image


def colour(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.asarray(images.read(data), int)[20, 20].tolist()


def resized(data, width, height):
    """The same file, whose header promises another size."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_kept(kind):
    image = images.read(saved(picture(), kind, quality=95))
    assert (image.mode, image.size, image.info) == ("RGB", SIZE, {})
    assert np.abs(np.asarray(image, int) - np.asarray(picture(), int)).mean() < 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "mode, value, expected",
    [
        ("L", 100, [100] * 3),
        ("LA", (100, 128), [177] * 3),
        ("RGBA", (200, 60, 60, 128), [227, 157, 157]),
        ("RGBA", (200, 60, 60, 0), [255] * 3),
    ],
)
def test_modes(kind, mode, value, expected):
    found = colour(saved(Image.new(mode, SIZE, value), kind, quality=95))
    assert np.abs(np.subtract(found, expected)).max() <= 4


@pytest.mark.parametrize("bits", [10, 12])
def test_more_than_8_bits(bits):
    values = np.full((48, 64, 3), (65535, 32768, 0), np.uint16)
    made, buffer = pillow_heif.from_bytes("RGB;16", SIZE, values.tobytes()), io.BytesIO()
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    try:
        made.save(buffer, quality=-1, chroma=444)
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    assert np.abs(np.subtract(colour(buffer.getvalue()), (255, 128, 0))).max() <= 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_once(kind, orientation):
    """Telephones say the turn in the container and in EXIF; it is done once."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = picture()
    turned.info["exif"] = exif.tobytes()
    plain = images.read(saved(picture(), "PNG", exif=exif))
    data = saved(turned, kind, quality=95, **({"exif": exif} if kind == "AVIF" else {}))
    assert orientation == 1 or b"irot" in data or b"imir" in data
    found = images.read(data)
    assert found.size == plain.size
    assert np.abs(np.asarray(found, int) - np.asarray(plain, int)).mean() < 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_of_many(kind):
    frames = [Image.new("RGB", SIZE, name) for name in ("red", "lime", "blue")]
    found = colour(saved(frames[0], kind, save_all=True, append_images=frames[1:] * 20))
    assert np.abs(np.subtract(found, (255, 0, 0))).max() <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_bombs_are_seen_by_their_header(kind):
    data = saved(picture(), kind)
    for width, height in ((60000, 60000), (2**31, 2**31), (7000, 6000), (2**32 - 1, 64)):
        start = time.perf_counter()
        assert "megapixels" in refused(resized(data, width, height))
        assert time.perf_counter() - start < 0.5
    for size in ((8, 8), (1600, 16)):  # the file does not hold what it promises
        refused(resized(data, *size))
    assert "at least" in refused(saved(picture((20, 12)), kind))
    assert "thin" in refused(saved(picture((640, 32)), kind))


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short_anywhere(kind):
    data = saved(picture((200, 150)), kind)
    for end in range(12, len(data) - 1, 17):
        assert any(word in refused(data[:end]) for word in ("cut short", "complete", "damaged"))


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_anywhere(kind):
    data = saved(picture((200, 150)), kind)
    random = np.random.default_rng(0)
    for i in range(120):
        broken = bytearray(data)
        for at in random.integers(len(data) if i % 2 else 500, size=3):
            broken[at] = random.integers(256)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = images.read(bytes(broken))
            except ImageError:
                continue
            assert found.mode == "RGB"


@pytest.mark.parametrize(
    "data, word",
    [
        (b"\xff\x0a" + bytes(100), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "JPEG 2000"),
        (b"\xff\x4f\xff\x51" + bytes(60), "JPEG 2000"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(99), "video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(99), "video"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99), "AVIF"),
    ],
)
def test_what_is_not_read_is_named(data, word):
    assert word in refused(data)
