"""What a stranger's file becomes, checked by its pixels; and what is refused, by its sentence."""

import io
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFile, ImageSequence

from pvt_viz import images
from pvt_viz.images import ImageError

quickly = settings(derandomize=True, deadline=None, max_examples=60)
W, H = 40, 24


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def colourful(width=W, height=H):
    """Red corner at the top left, a blue bottom half, a ramp in between: no symmetry is left."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(0, 0, 255))
    draw.rectangle((0, 0, 7, 7), fill=(255, 0, 0))
    return image


def plain(mode, colour, size=(W, H)):
    return Image.new(mode, size, colour)


def png(width, height, depth, colour_type, rows=b"", chunks=()):
    """A PNG by hand: what PIL would not write."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def refused(data):
    """The sentence with which `data` is refused: exactly one."""
    with pytest.raises(ImageError) as caught:
        images.read(data)
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "\n" not in sentence
    assert ";" in sentence, "what is wrong; what would work"
    return sentence


def only_colour(image):
    assert image.mode == "RGB"
    colours = image.getcolors()
    assert len(colours) == 1, colours
    return colours[0][1]


FILES = {
    "png": saved(colourful()),
    "jpeg": saved(colourful(), "JPEG", quality=95),
    "progressive": saved(colourful(), "JPEG", progressive=True),
    "webp": saved(colourful(), "WEBP", lossless=True),
    "gif": saved(colourful(), "GIF"),
    "bmp": saved(colourful(), "BMP"),
    "tiff": saved(colourful(), "TIFF"),
    "tiff-lzw": saved(colourful(), "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": saved(colourful(), "TIFF", compression="jpeg"),
}


# --- formats and modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FILES)
def test_every_format_keeps_the_picture(kind):
    image = images.read(FILES[kind])
    assert (image.mode, image.size) == ("RGB", (W, H))
    error = np.abs(np.asarray(image, int) - np.asarray(colourful(), int))
    assert error.mean() < (6 if "j" in kind or kind == "progressive" else 1)


def test_lossless_is_exact():
    for kind in ("png", "webp", "bmp", "tiff", "tiff-lzw"):
        assert images.read(FILES[kind]).tobytes() == colourful().tobytes()


def test_bytearray_is_as_good_as_bytes():
    assert images.read(bytearray(FILES["png"])).tobytes() == colourful().tobytes()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [plain("RGB", c) for c in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert len(list(ImageSequence.Iterator(Image.open(io.BytesIO(data))))) == 3
    assert only_colour(images.read(data)) == (255, 0, 0)


def test_two_view_jpegs_of_cameras_are_jpegs():
    data = saved(plain("RGB", "white"), "MPO", save_all=True, append_images=[plain("RGB", "black")])
    assert only_colour(images.read(data)) == (255, 255, 255)


@pytest.mark.parametrize(
    "mode, colour, kind, expected",
    [
        ("L", 77, "PNG", (77, 77, 77)),
        ("L", 77, "JPEG", (77, 77, 77)),
        ("1", 1, "PNG", (255, 255, 255)),
        ("1", 0, "BMP", (0, 0, 0)),
        ("1", 1, "TIFF", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "TIFF", (255, 0, 0)),
        ("CMYK", (0, 0, 0, 255), "TIFF", (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("YCbCr", (128, 128, 128), "TIFF", (128, 128, 128)),
        ("YCbCr", (76, 85, 255), "TIFF", (255, 0, 0)),
        ("YCbCr", (76, 85, 255), "JPEG", (255, 0, 0)),
        ("LAB", (255, 128, 128), "TIFF", (255, 255, 255)),
        ("LAB", (136, 208, 195), "TIFF", (255, 0, 0)),
        ("RGBX", (9, 99, 199, 0), "TIFF", (9, 99, 199)),
    ],
)
def test_modes_become_their_colour(mode, colour, kind, expected):
    if mode == "LAB":  # stored a and b are offset by 128, as the PIL image holds them
        image = Image.merge("LAB", [plain("L", value) for value in colour])
    else:
        image = plain(mode, colour)
    options = {"quality": 100} if kind == "JPEG" else {}
    found = only_colour(images.read(saved(image, kind, **options)))
    assert np.abs(np.subtract(found, expected)).max() <= (12 if mode == "LAB" else 6), found


def test_palette_becomes_its_colours():
    image = plain("P", 3)
    image.putpalette([0, 0, 0, 1, 1, 1, 2, 2, 2, 12, 200, 34])
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert only_colour(images.read(saved(image, kind))) == (12, 200, 34)


@pytest.mark.parametrize("value, expected", [(0, 0), (257, 1), (32768, 128), (65535, 255)])
@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey(mode, kind, value, expected):
    found = only_colour(images.read(saved(plain(mode, value), kind)))
    assert found == (expected,) * 3


def test_16_bit_grey_ramp_is_not_clipped():
    ramp = np.linspace(0, 65535, W * H).reshape(H, W).astype(np.uint16)
    found = np.asarray(images.read(saved(Image.fromarray(ramp))), float)
    assert np.abs(found - ramp[..., None] / 257).max() <= 0.5


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0, 32768, 65535], [0, 128, 255]),  # 16 bits in 32
        ([0, 128, 255], [0, 128, 255]),
        ([0, 1, 1], [0, 255, 255]),  # a mask
        ([-100, 0, 100], [0, 128, 255]),
        ([0, 2**30, 2**31 - 1], [0, 128, 255]),
    ],
)
def test_32_bit_integers(values, expected):
    pixels = np.repeat(np.array(values, np.int32), 16)[None].repeat(16, 0)
    found = images.read(saved(Image.fromarray(pixels), "TIFF"))
    assert [found.getpixel((x, 5)) for x in (3, 20, 40)] == [(v, v, v) for v in expected]


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0, 128, 255], [0, 128, 255]),
        ([0, 32768, 65535], [0, 128, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([0, 1e38, 3e38], [0, 85, 255]),
        ([-3.4e38, 0, 3.4e38], [0, 128, 255]),
        ([np.nan, 0.5, 1], [0, 128, 255]),
        ([-np.inf, 0.5, np.inf], [0, 128, 255]),
        ([-np.inf, 7, 8], [0, 7, 8]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
        ([np.inf, np.inf, np.inf], [255, 255, 255]),
        ([-5, -5, -5], [0, 0, 0]),
        ([-1e-45, 0, 0], None),
    ],
)
def test_floats(values, expected):
    pixels = np.repeat(np.array(values, np.float32), 16)[None].repeat(16, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = images.read(saved(Image.fromarray(pixels), "TIFF"))
    if expected:
        assert [found.getpixel((x, 5))[0] for x in (3, 20, 40)] == expected


def test_white_is_zero():
    for pixels, expected in ((np.uint16(0), 255), (np.uint16(65535), 0), (np.uint8(0), 255)):
        data = saved(Image.fromarray(np.full((H, W), pixels)), "TIFF")
        tag = struct.pack("<HHI", 262, 3, 1)  # photometric interpretation, one short: 1 is "black is zero"
        assert data.count(tag + b"\x01\0") == 1
        found = images.read(data.replace(tag + b"\x01\0", tag + b"\0\0"))
        assert only_colour(found) == (expected,) * 3


def test_12_bit_grey_has_its_own_white():
    tags = {256: 16, 257: 16, 258: 12, 259: 1, 262: 1, 273: 200, 277: 1, 278: 16, 279: 16 * 24}
    directory = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + bytes(4)
    halves = bytes.fromhex("800800") * (8 * 16)  # two pixels of 0x800 in three bytes
    assert only_colour(images.read(head.ljust(200, b"\0") + halves)) == (128, 128, 128)


def test_16_bit_rgb_keeps_its_high_byte():
    row = b"\0" + struct.pack(">HHH", 0x1234, 0x8000, 0xFFFF) * W
    assert only_colour(images.read(png(W, H, 16, 2, row * H))) == (0x12, 0x80, 0xFF)


# --- transparency -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode, colour, expected",
    [
        ("RGBA", (0, 0, 0, 128), 127),
        ("RGBA", (0, 0, 0, 0), 255),
        ("RGBA", (0, 0, 0, 255), 0),
        ("LA", (0, 128), 127),
        ("LA", (100, 255), 100),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(mode, colour, expected, kind):
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = only_colour(images.read(saved(plain(mode, colour), kind, **options)))
    assert found == (expected,) * 3


def test_palette_with_alpha():
    image = plain("P", 1)
    image.paste(2, (0, 0, 20, H))
    image.putpalette([0, 0, 0, 0, 0, 0, 255, 0, 0])
    half = images.read(saved(image, "PNG", transparency=bytes([255, 128, 255])))
    assert half.getpixel((30, 5)) == (127, 127, 127)
    assert half.getpixel((5, 5)) == (255, 0, 0)
    for kind in ("PNG", "GIF"):
        clear = images.read(saved(image, kind, transparency=1))
        assert clear.getpixel((30, 5)) == (255, 255, 255)
        assert clear.getpixel((5, 5)) == (255, 0, 0)


def test_palette_plus_alpha_band():
    image = Image.merge("PA", [plain("P", 1), plain("L", 128)])
    image.putpalette([9, 9, 9, 0, 0, 0])
    assert only_colour(images._to_rgb(image)) == (127, 127, 127)


@pytest.mark.parametrize(
    "depth, colour_type, pixel, key, shown",
    [
        (8, 2, b"\x01\x02\x03", struct.pack(">HHH", 1, 2, 3), 255),
        (8, 2, b"\0\0\0", struct.pack(">HHH", 1, 2, 3), 0),
        (
            16,
            2,
            struct.pack(">HHH", 0x1234, 0x1234, 0x1234),
            struct.pack(">HHH", 0x1234, 0x1234, 0x1234),
            255,
        ),
        (16, 2, b"\0" * 6, struct.pack(">HHH", 0x1200, 0x1200, 0x1200), 0),
        (8, 0, b"\x50", struct.pack(">H", 0x50), 255),
        (8, 0, b"\x50", struct.pack(">H", 0x51), 0x50),
        (16, 0, struct.pack(">H", 0x5000), struct.pack(">H", 0x5000), 255),
        (16, 0, struct.pack(">H", 0x5000), struct.pack(">H", 0x5001), 0x50),
    ],
)
def test_colour_key(depth, colour_type, pixel, key, shown):
    data = png(W, H, depth, colour_type, (b"\0" + pixel * W) * H, [(b"tRNS", key)])
    assert only_colour(images.read(data)) == (shown,) * 3


@pytest.mark.parametrize("depth, levels", [(1, 1), (2, 3), (4, 15)])
def test_colour_key_below_8_bits(depth, levels):
    """Every level in its own byte-wide column; only the last is transparent, and it was not white before."""
    value = max(0, levels - 1)
    row = b"\0" + bytes([int(f"{value:0{depth}b}" * (8 // depth), 2)]) * (W * depth // 8)
    for key, shown in ((value, 255), (levels, round(value * 255 / levels))):
        data = png(W, H, depth, 0, row * H, [(b"tRNS", struct.pack(">H", key))])
        assert only_colour(images.read(data)) == (shown,) * 3


# --- orientation and metadata -------------------------------------------------------------------------------


CORNERS = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}


@pytest.mark.parametrize("orientation", CORNERS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF-lzw"])
def test_exif_orientation_moves_the_red_corner(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "TIFF-lzw": {"compression": "tiff_lzw"}}
    data = saved(colourful(), kind.split("-")[0], exif=exif, **options.get(kind, {}))
    image = images.read(data)
    assert image.size == ((H, W) if orientation > 4 else (W, H))
    right, bottom = image.width - 3, image.height - 3
    places = {"tl": (2, 2), "tr": (right, 2), "bl": (2, bottom), "br": (right, bottom)}
    red = [place for place, xy in places.items() if image.getpixel(xy)[0] > 200 and image.getpixel(xy)[2] < 60]
    assert red == [CORNERS[orientation]]
    again = images.read(saved(image))
    assert again.tobytes() == image.tobytes(), "the turn must not be applied twice"


def test_metadata_stays_behind():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a home address"
    image = images.read(saved(colourful(), "JPEG", exif=exif))
    assert image.info == {}
    assert not dict(image.getexif())
    assert type(image) is Image.Image
    clear = images.read(saved(plain("RGB", "red"), transparency=(255, 0, 0)))
    assert only_colour(clear) == (255, 255, 255)
    assert b"tRNS" not in saved(clear)


@pytest.mark.parametrize("junk", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff\1"])
def test_broken_exif_is_no_reason_to_refuse_a_sound_picture(junk):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert images.read(saved(colourful(), "JPEG", exif=junk)).size == (W, H)


# --- refusals -----------------------------------------------------------------------------------------------


def test_image_error_is_a_value_error():
    assert issubclass(ImageError, ValueError)


@pytest.mark.parametrize("data", [None, "a string", 7, [1, 2], io.BytesIO(b"x"), memoryview(b"abc")])
def test_not_bytes(data):
    assert type(data).__name__ in refused(data)


def test_empty():
    assert "empty" in refused(b"")


def test_too_many_bytes():
    assert "20 MB" in refused(FILES["png"] + bytes(images.MAX_BYTES))
    images.read(FILES["png"] + bytes(images.MAX_BYTES - len(FILES["png"])))  # exactly as many as allowed


def tiff_header(width, height, extra=()):
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), *extra]
    if not extra:
        tags += [(273, 4, 8), (278, 4, height), (279, 4, 10)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + zlib.compress(bytes(100))


def bombs():
    for side in (6400, 10000, 15000, 50000, 2**31 - 1):  # PIL itself is silent, then warns, then raises
        yield f"png-{side}", png(side, side, 8, 2, bytes(1000))
    yield "gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    yield (
        "gif frame",
        b"GIF89a\x20\0\x20\0\0\0\0," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\2D\1\0;",
    )
    yield (
        "bmp",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 30000, -30000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    webp = b"VP8X" + struct.pack("<IB3x", 10, 0) + b"\xfe\x3f\0\xfe\x3f\0"
    yield "webp", b"RIFF" + struct.pack("<I", 4 + len(webp)) + b"WEBP" + webp
    yield "tiff", tiff_header(40000, 40000)
    yield "tiff tile", tiff_header(64, 64, [(322, 4, 32768), (323, 4, 32768), (324, 4, 8), (325, 4, 10)])
    jpeg = bytearray(FILES["jpeg"])
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 65000, 65000)
    yield "jpeg", bytes(jpeg)


@pytest.mark.parametrize("name, data", list(bombs()), ids=lambda value: value if isinstance(value, str) else "")
def test_decompression_bombs(name, data):
    tracemalloc.start()
    start = time.perf_counter()
    sentence = refused(data)
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "megapixels" in sentence or (name == "webp" and "damaged" in sentence)
    assert seconds < 2
    assert peak < 5e6


def test_as_many_pixels_as_allowed_and_one_row_more(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", W * H)
    images.read(FILES["png"])
    refused(saved(colourful(W, H + 1)))


def test_thin_and_tiny():
    for size in ((1, 500), (500, 1), (15, 15), (16, 15), (1, 1)):
        assert f"{size[0]}×{size[1]}" in refused(saved(plain("RGB", "red", size)))
    for size in ((16, 257), (400, 20)):
        assert "thin" in refused(saved(plain("RGB", "red", size)))
    for size in ((16, 16), (16, 256), (320, 20)):
        assert images.read(saved(plain("RGB", "red", size))).size == size


@pytest.mark.parametrize(
    "data, word",
    [
        (b"<!DOCTYPE html><html><body>hello</body></html>", "web page"),
        (b"\xef\xbb\xbf\n <HTML>" + b" " * 99, "web page"),
        (b"#!/bin/sh\nrm -rf /tmp/x\n", "script"),
        (b"import os; os.system('true')", "known"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "known"),
        (b"P6 20 20 255\n" + bytes(1200), "known"),  # PPM: PIL could read it, but it is not on our list
        (saved(colourful(), "ICO"), "known"),
        (bytes(5000), "known"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\xff\xd8\xff", "cut short"),
        (b"GIF89a<script>alert(1)</script>", ""),
    ],
)
def test_disguised_files(data, word):
    assert word in refused(data)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.8])
def test_part_of_a_file_is_refused(kind, part):
    refused(FILES[kind][: int(len(FILES[kind]) * part)])


def test_truncation_is_named():
    for kind in ("jpeg", "png", "bmp"):
        big = saved(Image.effect_noise((200, 200), 90), kind.upper())
        assert "complete" in refused(big[: len(big) // 2])


@pytest.mark.parametrize(
    "error",
    [
        OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, OverflowError, MemoryError,
        IndexError, KeyError, TypeError, AssertionError, RecursionError, NotImplementedError, AttributeError,
    ],
)  # fmt: skip
def test_whatever_a_decoder_raises_becomes_one_sentence(monkeypatch, error):
    def broken(self):
        raise error("from within")

    monkeypatch.setattr(ImageFile.ImageFile, "load", broken)
    assert "within" not in refused(FILES["bmp"])


def outcome(data):
    """Read, and insist that only two things can happen, in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            image = images.read(data)
        except ImageError:
            return None
    assert image.mode == "RGB"
    assert min(image.size) >= images.MIN_SIDE
    return image


@quickly
@given(st.binary(max_size=300), st.sampled_from([b"", *(data[:40] for data in FILES.values())]))
def test_random_bytes(junk, start):
    outcome(start + junk)


@quickly
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1))
def test_truncated_anywhere(kind, part):
    """What is cut off is noticed, unless it was not needed: no picture is ever half grey."""
    image = outcome(FILES[kind][: int(part * len(FILES[kind]))])
    assert image is None or image.tobytes() == images.read(FILES[kind]).tobytes()


@settings(quickly, max_examples=300)
@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=5),
    st.booleans(),
)
def test_mutated_anywhere(kind, changes, near_the_start):
    data = bytearray(FILES[kind])
    for where, replacement in changes:
        at = int(where * (min(len(data), 200) if near_the_start else len(data)))
        data[at : at + len(replacement)] = replacement
    outcome(bytes(data))


# --- manners ------------------------------------------------------------------------------------------------


def noisy_file():
    """A sound picture whose EXIF makes PIL complain aloud."""
    directory = struct.pack("<H", 1) + struct.pack("<HHII", 0x010E, 2, 5000, 26) + bytes(4)
    return saved(colourful(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + directory)


def test_the_noisy_file_is_noisy():
    with pytest.warns(UserWarning, match="Skipping tag"):
        Image.open(io.BytesIO(noisy_file())).getexif()


def test_nothing_on_stderr_and_no_memory_that_python_does_not_count(tmp_path):
    lzw = bytearray(saved(Image.effect_noise((99, 99), 90), "TIFF", compression="tiff_lzw"))
    lzw[2000:3000] = bytes(1000)
    samples = tiff_header(64, 64).replace(struct.pack("<HHII", 277, 3, 1, 1), struct.pack("<HHII", 277, 3, 1, 99))
    rows = [
        bytes(lzw),
        samples,
        noisy_file(),
        *FILES.values(),
        *(d[: len(d) // 2] for d in FILES.values()),
        *(d for _, d in bombs()),
    ]
    for number, data in enumerate(rows):
        (tmp_path / str(number)).write_bytes(data)
    code = """
import pathlib, resource, sys
from pvt_viz import images
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in pathlib.Path(sys.argv[1]).iterdir():
    try:
        images.read(path.read_bytes())
    except images.ImageError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    command = [sys.executable, "-W", "always", "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if not line.startswith("LZWDecode")]  # libtiff, from C
    assert said == []
    assert int(done.stdout) < 100_000, "kilobytes on Linux"


def test_pil_stays_as_it_was():
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(Image.OPEN))
    for data in (*FILES.values(), b"junk", FILES["jpeg"][:300]):
        outcome(data)
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(Image.OPEN)) == before
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_other_peoples_warnings_are_still_heard_and_filters_do_not_pile_up():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        images.read(noisy_file())
        count = len(warnings.filters)
        for _ in range(5):
            images.read(noisy_file())
        assert len(warnings.filters) == count
        warnings.warn("mine", stacklevel=1)
    assert [str(w.message) for w in heard] == ["mine"]


def test_many_threads():
    jobs = [*FILES.values(), b"junk", FILES["png"][:60], noisy_file()] * 8
    alone = [image and image.tobytes() for image in map(outcome_quietly, jobs)]
    with ThreadPoolExecutor(8) as pool:
        together = [image and image.tobytes() for image in pool.map(outcome_quietly, jobs)]
    assert together == alone


def outcome_quietly(data):
    try:
        return images.read(data)
    except ImageError:
        return None


# --- sizes --------------------------------------------------------------------------------------------------


def test_fit_cuts_the_centre():
    image = plain("RGB", "red", (300, 100))
    image.paste((0, 255, 0), (100, 0, 200, 100))
    middle = images.fit(image, (50, 50))
    assert middle.size == (50, 50)
    assert only_colour(middle.crop((2, 0, 48, 50))) == (0, 255, 0)  # bicubic looks a little over the edge
    assert images.fit(image, (10, 20), scale=3).size == (60, 30)
    assert images.fit(image.rotate(90, expand=True), (30, 90)).size == (90, 30)


def test_fit_leaves_its_argument_alone():
    image = colourful()
    images.fit(image, (8, 8))
    assert image.tobytes() == colourful().tobytes()


@pytest.mark.parametrize("size", [(0, 10), (10, -1)])
def test_fit_refuses_no_size(size):
    with pytest.raises(ValueError, match="size"):
        images.fit(colourful(), size)


@pytest.mark.parametrize(
    "size, long_side, multiple, expected",
    [
        ((600, 400), 300, 32, (200, 300)),
        ((400, 600), 300, 32, (300, 200)),
        ((451, 300), 224, 32, (149, 224)),
        ((1600, 100), 320, 32, (32, 320)),  # the short side is lifted to one multiple
        ((50, 50), 224, 32, (224, 224)),
        ((99, 98), 32, 32, (32, 32)),
    ],
)
def test_whole_size(size, long_side, multiple, expected):
    found = images.whole_size(plain("L", 0, size), long_side, multiple)
    assert found == expected
    assert all(type(side) is int for side in found)


@pytest.mark.parametrize("long_side, multiple", [(31, 32), (0, 0), (100, 0)])
def test_whole_size_refuses(long_side, multiple):
    with pytest.raises(ValueError, match="multiple"):
        images.whole_size(colourful(), long_side, multiple)


# --- tensors ------------------------------------------------------------------------------------------------

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def config(hw=(20, 30), mean=MEAN, std=STD, standardise=False, crop=1.0, detail=None):
    return SimpleNamespace(image_hw=hw, mean=mean, std=std, standardise=standardise, crop=crop, detail=detail)


RAW = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def test_a_picture_becomes_a_normalised_tensor():
    tensor = images.to_tensor(plain("RGB", (255, 0, 51)), config())
    assert tensor.shape == (1, 3, 20, 30)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous()
    for channel, value in enumerate((1.0, 0.0, 0.2)):
        expected = (value - MEAN[channel]) / STD[channel]
        assert torch.allclose(tensor[:, channel], torch.tensor(expected), atol=1e-6)


def test_axes_are_not_mixed_up():
    tensor = images.to_tensor(colourful(), config((H, W), **RAW))
    assert torch.equal(tensor[0].permute(1, 2, 0), torch.from_numpy(np.asarray(colourful()) / np.float32(255)))


@pytest.mark.parametrize(
    "mode, colour, expected",
    [
        ("L", 51, 0.2),
        ("I;16", 13107, 0.2),
        ("RGBA", (0, 0, 0, 204), 0.2),
        ("1", 1, 1.0),
        ("F", 0.2, 0.2),
        ("HSV", (0, 0, 51), 0.2),
    ],
)
def test_any_mode_becomes_a_tensor(mode, colour, expected):
    tensor = images.to_tensor(plain(mode, colour), config(**RAW))
    assert torch.allclose(tensor, torch.tensor(expected), atol=1e-6)


def test_tensors_of_the_right_size_are_only_normalised():
    batch = torch.rand(4, 3, 20, 30, dtype=torch.float64)
    found = images.to_tensor(batch, config(**RAW))
    assert found.dtype == torch.float32
    assert torch.equal(found, batch.float())
    assert torch.allclose(images.to_tensor(batch, config())[:, 2], (batch[:, 2].float() - MEAN[2]) / STD[2])


@pytest.mark.parametrize("hw", [(224, 224), (32, 96), (96, 32), (7, 5)])
@pytest.mark.parametrize("size", [(64, 48), (301, 200), (16, 256)])
def test_tensors_are_cut_as_pictures_are(hw, size):
    """A smooth picture looks the same by either way in, but for the two filters and a pixel's fraction."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    pixels = np.rint(255 * np.stack([x, y, x * y], -1)).astype(np.uint8)
    by_picture = images.to_tensor(Image.fromarray(pixels), config(hw, **RAW))
    by_tensor = images.to_tensor(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, config(hw, **RAW))
    assert by_tensor.shape == by_picture.shape == (1, 3, *hw)
    assert by_tensor.is_contiguous()
    assert (by_tensor - by_picture).abs().max() < 0.06
    assert (by_tensor - by_picture).abs().mean() < 0.01


@pytest.mark.parametrize("hw", [(28, 28), (14, 28), (28, 14)])
@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 128)])
def test_a_crop_keeps_so_much_of_the_middle(size, hw):
    """0.875 of the largest centred piece, per side: as resizing the shorter side to 256 and cutting 224 out."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    picture = Image.fromarray(np.rint(255 * np.stack([x, y, x * y], -1)).astype(np.uint8))
    batch = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] / 255
    for source in (picture, batch):
        whole, cut = (images.to_tensor(source, config(hw, crop=crop, **RAW)) for crop in (1.0, 0.875))
        assert cut.shape == whole.shape
        for ramp in (0, 1):  # what spanned all of the piece now spans so much less, about the same middle
            ends = [tensor[0, ramp].max() - tensor[0, ramp].min() for tensor in (whole, cut)]
            assert ends[1] / ends[0] == pytest.approx(0.875, abs=0.03)
            assert (cut[0, ramp].mean() - whole[0, ramp].mean()).abs() < 0.01
    shown = images.fit(picture, hw, crop=0.875)
    assert torch.equal(
        images.to_tensor(shown, config(hw, **RAW)), images.to_tensor(picture, config(hw, crop=0.875, **RAW))
    )


def test_tensors_shrink_without_aliasing():
    stripes = (torch.arange(64) % 4 == 1).float().expand(1, 3, 64, 64)
    found = images.to_tensor(stripes, config((16, 16), **RAW))
    assert (found - 0.25).abs().max() < 0.1  # plain bilinear would see every stripe at half strength


def test_tensor_crop_is_centred():
    batch = torch.zeros(2, 3, 10, 30)
    batch[..., 10:20] = 1
    assert images.to_tensor(batch, config((5, 5), **RAW)).min() == 1
    assert images.to_tensor(batch.transpose(2, 3), config((5, 5), **RAW)).min() == 1


@quickly
@given(st.tuples(st.integers(1, 70), st.integers(1, 70)), st.tuples(st.integers(1, 70), st.integers(1, 70)))
def test_any_size_to_any_size(size, hw):
    found = images.to_tensor(torch.full((1, 3, *size), 0.5), config(hw, **RAW))
    assert found.shape == (1, 3, *hw)
    assert torch.allclose(found, torch.tensor(0.5))


def test_standardised_pictures_are_each_less_their_own_mean_over_their_own_deviation():
    batch = torch.rand(3, 3, 20, 30) * torch.tensor([1.0, 0.5, 0.1]).view(3, 1, 1, 1)
    found = images.to_tensor(batch, config(standardise=True))
    for one, picture in zip(found, batch.numpy().astype(float), strict=True):
        expected = (picture - picture.mean()) / picture.std()
        assert torch.allclose(one, torch.from_numpy(expected).float(), atol=1e-4)
    brighter = images.to_tensor(0.3 + batch / 2, config(standardise=True))
    assert torch.allclose(brighter, found, atol=1e-4)


def test_a_picture_of_one_colour_is_standardised_to_nothing():
    found = images.to_tensor(plain("RGB", (90, 90, 90)), config(standardise=True))
    assert found.abs().max() < 1e-3
    assert found.shape == (1, 3, 20, 30)


def test_a_tensor_becomes_pictures_and_comes_back():
    batch = torch.randint(0, 256, (2, 3, 20, 30), generator=torch.Generator().manual_seed(0)) / 255
    found = images.from_tensor(batch)
    assert [(picture.mode, picture.size) for picture in found] == [("RGB", (30, 20))] * 2
    for picture, one in zip(found, batch, strict=True):
        assert torch.equal(images.to_tensor(picture, config(**RAW))[0], one)


@pytest.mark.parametrize("bad", [torch.zeros(3, 8, 8), torch.full((1, 3, 8, 8), 1.5), np.zeros((1, 3, 8, 8))])
def test_what_is_no_batch_becomes_no_picture(bad):
    with pytest.raises(ValueError, match=r"^image .*\.$"):
        images.from_tensor(bad)


def test_half_precision_is_welcome():
    for dtype in (torch.float16, torch.bfloat16):
        assert images.to_tensor(torch.ones(1, 3, 8, 8, dtype=dtype), config()).dtype == torch.float32


def holding(value):
    batch = torch.full((2, 3, 8, 8), 0.5)
    batch[1, 2, 3, 4] = value
    return batch


@pytest.mark.parametrize(
    "image, words",
    [
        (torch.zeros(3, 8, 8), ["shape", "(3, 8, 8)", "(n, 3, h, w)"]),
        (torch.zeros(1, 4, 8, 8), ["shape", "(1, 4, 8, 8)"]),
        (torch.zeros(0, 3, 8, 8), ["shape", "(0, 3, 8, 8)"]),
        (torch.zeros(1, 3, 0, 8), ["shape", "(1, 3, 0, 8)"]),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), ["dtype", "torch.uint8", "0..1"]),
        (torch.zeros(1, 3, 8, 8, dtype=torch.complex64), ["dtype", "torch.complex64"]),
        (holding(float("nan")), ["NaN", "0..1"]),
        (holding(float("inf")), ["inf", "0..1"]),
        (holding(1.5), ["1.5", "0..1"]),
        (holding(-0.25), ["-0.25", "0..1"]),
        (np.zeros((1, 3, 8, 8), np.float32), ["ndarray", "PIL image"]),
        (None, ["NoneType"]),
        ("cat.png", ["str"]),
    ],
)
def test_bad_tensors(image, words):
    with pytest.raises(ValueError, match=r"^image .*\.$") as caught:
        images.to_tensor(image, config())
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "hw, seen", [((224, 224), (64, 64)), ((160, 224), (64, 90)), ((96, 64), (96, 64)), ((48, 32), (48, 32))]
)
def test_detail_is_what_the_shorter_side_has(hw, seen):
    assert images.seen_size(config(hw, detail=64)) == seen
    assert images.seen_size(config(hw)) == hw


@pytest.mark.parametrize("hw", [(224, 224), (96, 160)])
def test_a_picture_has_no_more_detail_than_it_may(hw):
    """A sharp pattern is gone, what 64 pixels can show stays, and both kinds of source agree on it."""
    few = config(hw, detail=64, **RAW)
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (448, 224))).convert("RGB")
    assert float(images.to_tensor(stripes, config(hw, **RAW)).std()) >= 0.0
    assert float(images.to_tensor(stripes, few).std()) < 0.02
    halves = np.zeros((448, 448, 3), np.uint8)
    halves[:, 224:] = 255
    seen = images.to_tensor(Image.fromarray(halves), few)
    assert seen.shape == (1, 3, *hw)
    assert float(seen[..., : hw[1] // 4].max()) < 0.05
    assert float(seen[..., -hw[1] // 4 :].min()) > 0.95
    pixels = torch.rand(1, 3, *images.seen_size(few))
    tensor = images.to_tensor(pixels, few)
    assert torch.allclose(tensor, torch.nn.functional.interpolate(pixels, hw, mode="bilinear"), atol=1e-6)
