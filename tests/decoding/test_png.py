"""PNG with texts and profiles beyond what Pillow takes: sound pictures all the same."""

import os
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from picture_files import chunk, png, saved
from pvt_viz import images

PIXELS = np.random.default_rng(0).integers(256, size=(20, 24, 3))
LARGE, RANDOM = zlib.compress(bytes(3_000_000)), zlib.compress(os.urandom(1_500_000))
BOMB = zlib.compress(bytes(200_000_000), 1)
CHUNKS = {
    "zTXt": (b"zTXt", b"Comment\0\0" + LARGE),
    "zTXt, random": (b"zTXt", b"Comment\0\0" + RANDOM),
    "iTXt": (b"iTXt", b"Comment\0\0\0en\0\0" + b"x" * 3_000_000),
    "iTXt, packed": (b"iTXt", b"Comment\0\1\0en\0\0" + LARGE),
    "tEXt": (b"tEXt", b"Comment\0" + b"x" * 3_000_000),
    "iCCP": (b"iCCP", b"name\0\0" + LARGE),
    "bomb": (b"zTXt", b"Comment\0\0" + BOMB),
    "bomb in iTXt": (b"iTXt", b"Comment\0\1\0\0\0" + BOMB),
    "bomb in XMP": (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
    "bomb in iCCP": (b"iCCP", b"name\0\0" + BOMB),
    "bomb in EXIF": (b"zTXt", b"Raw profile type exif\0\0" + BOMB),
    "torn": (b"zTXt", b"Comment\0\0" + LARGE[:100]),
    "torn iCCP": (b"iCCP", b"name\0\0" + LARGE[:100]),
    "empty": (b"zTXt", b""),
    "empty iTXt": (b"iTXt", b""),
    "empty iCCP": (b"iCCP", b""),
    "empty XMP": (b"iTXt", b"XML:com.adobe.xmp\0\1"),
    "packed otherwise": (b"zTXt", b"Comment\0\7" + LARGE),
}


@pytest.mark.parametrize("name", CHUNKS)
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_sound_picture_is_read(name, where):
    data = png(PIXELS, depth=8, **{where: [CHUNKS[name]]})
    tracemalloc.start()
    reading = images.decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(np.asarray(reading.image), PIXELS)
    assert ["broken" in note for note in reading.notes] == ([True] if "iCCP" in name else [])
    assert peak < 40e6


def test_many_texts():
    texts = [(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))] * 100
    assert np.array_equal(np.asarray(images.read(png(PIXELS, depth=8, before=texts))), PIXELS)


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("packed", [0, 1])
def test_a_text_may_still_say_how_the_picture_lies(where, packed):
    text = b'<x tiff:Orientation="6"/>'
    body = b"XML:com.adobe.xmp\0" + bytes([packed]) + b"\0\0\0" + (zlib.compress(text) if packed else text)
    for depth in (8, 16):
        image = images.read(png(PIXELS * (1 if depth == 8 else 257), depth=depth, **{where: [(b"iTXt", body)]}))
        assert np.array_equal(np.asarray(image), np.rot90(PIXELS, -1))


def test_old_exif_in_a_text():
    exif = Image.Exif()
    exif[0x0112] = 3
    raw = exif.tobytes()
    body = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n" % len(raw) + raw.hex().encode() + b"\n")
    assert np.array_equal(np.asarray(images.read(png(PIXELS, depth=8, before=[(b"zTXt", body)]))), PIXELS[::-1, ::-1])


def test_a_torn_picture_is_still_torn():
    data = png(np.random.default_rng(0).integers(65536, size=(40, 40, 3)), before=[CHUNKS["zTXt"]])
    for part in (0.3, 0.7, 0.95):
        with pytest.raises(images.ImageError, match=r"complete|damaged"):
            images.read(data[: int(len(data) * part)])
    lying = data.replace(struct.pack(">I", len(CHUNKS["zTXt"][1])) + b"zTXt", b"\xff\xff\xff\xffzTXt")
    with pytest.raises(images.ImageError):
        images.read(lying)


def test_what_a_file_says_after_its_end_is_nothing():
    data = png(PIXELS, depth=8) + chunk(b"iCCP", b"name\0\0" + LARGE)
    assert images.decode(data).notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "TIFF", "AVIF", "HEIF"])
def test_large_texts_of_other_formats(kind):
    text = b"x" * 3_000_000
    more = {
        "JPEG": {"comment": text[:60_000], "icc_profile": text},
        "GIF": {"comment": text},
        "TIFF": {"tiffinfo": {270: text.decode()}},
    }.get(kind, {"xmp": text, "icc_profile": text})
    assert images.read(saved(Image.fromarray(PIXELS.astype("u1")), kind, **more)).size == (24, 20)
