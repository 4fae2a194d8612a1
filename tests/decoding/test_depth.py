"""Samples deeper than 8 bits: what is white in them, and that nothing of their depth is lost on the way."""

import itertools
import warnings

import numpy as np
import pytest
from PIL import Image

from picture_files import png, refused, rgb_profile, saved, tiff
from pvt_viz import images
from pvt_viz.decoding import depth
from pvt_viz.decoding import tiff as deep_tiff
from pvt_viz.images import ImageError
from pvt_viz.language import speaking, tr

H, W = 20, 36
PART = np.linspace(0, 1, H * W).reshape(H, W)
COLOUR = np.stack([PART, PART[::-1], PART[:, ::-1]], axis=-1)
SHAPES = {1: PART[..., None], 3: COLOUR}


def shown(data):
    """The pixels, in silence, and the notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reading = images.decode(data)
    assert reading.image.mode == "RGB"
    assert reading.image.info == {}
    return np.asarray(reading.image, int), reading.notes


def is_picture(data, part=COLOUR, off=1):
    """Whether `data` shows `part` of white; returns the notes."""
    found, notes = shown(data)
    assert np.abs(found - 255 * np.clip(part, 0, 1)).max() <= off
    return notes


# --- white by the data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_png_of_16_bits(bits, count):
    part = SHAPES[1 if count < 3 else 3]
    values = np.rint(part * (2**bits - 1))
    if count % 2 == 0:
        values = np.concatenate([values, np.full((H, W, 1), 2**16 - 1)], axis=-1)
    (note,) = is_picture(png(values), part)
    assert str(2**bits - 1) in note


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["u2", "i2", "i4", "u4", "u8", "f4"])
def test_tiff_of_whole_numbers(bits, count, order, kind):
    if (kind, bits) == ("i2", 16):
        bits = 15
    values = np.rint(SHAPES[count] * (2**bits - 1)).astype(kind)
    (note,) = is_picture(tiff(values, order=order), SHAPES[count] * (0.5 if bits == 15 else 1))
    assert str(2 ** (16 if bits == 15 else bits) - 1) in note


@pytest.mark.parametrize("most", [1, 1.0001, 2.0, 0.6, 731.5, 1e30])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind, order", [("f2", "<"), ("f4", "<"), ("f4", ">"), ("f8", "<")])
def test_tiff_of_floats(most, count, kind, order):
    if kind == "f2" and most > 65504:
        most = 60000.5
    is_picture(tiff((SHAPES[count] * most).astype(kind), order=order), SHAPES[count] * min(most, 1))


def test_a_picture_of_32_bits_is_not_negative():
    is_picture(tiff((PART * (2**32 - 1)).astype(np.uint32)), PART[..., None])
    is_picture(tiff((PART * (2**64 - 2049)).astype(np.uint64)), PART[..., None])


def test_negative_values_are_stretched():
    for values in ((PART * 4000 - 1000).astype("i2"), PART * 2 - 1, (COLOUR * 4000 - 1000).astype("i4")):
        part = np.atleast_3d(PART) if values.ndim == 2 else COLOUR
        (note,) = is_picture(tiff(values), part)
        assert "lowest" in note


@pytest.mark.parametrize(
    "value, expected", [(0, 0), (1, 255), (100, 100), (300, 75), (4095, 255), (65535, 255), (257, 1)]
)
def test_one_value_all_over(value, expected):
    for data in (png(np.full((H, W), value)), tiff(np.full((H, W), value, "u2"))):
        assert set(shown(data)[0].flat) == {expected}


def test_8_bits_stretched_to_16_stay_as_dark_as_they_are():
    values = np.rint(PART * 50)
    is_picture(png(values * 257), np.atleast_3d(values / 255), off=0)


def test_what_is_no_number_is_black_and_said():
    values = PART.astype("f4")
    values[0, :3] = np.nan, np.inf, -np.inf
    found, (note,) = shown(tiff(values))
    assert found[0, :3, 0].tolist() == [0, 255, 0]
    assert "no numbers" in note
    assert set(shown(tiff(np.full((H, W, 3), np.nan, "f4")))[0].flat) == {0}


# --- white by what the file says ----------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("count", [1, 3])
def test_png_that_says_how_many_bits_matter(bits, count):
    said = [(b"sBIT", bytes([bits] * count))]
    dark = np.rint(SHAPES[count] * (2**bits - 1) / 8)
    (note,) = is_picture(png(dark, before=said), SHAPES[count] / 8)
    assert f"{bits} of its 16 bits" in note
    scaled = np.rint(SHAPES[count] * (2**bits - 1)) * 2 ** (16 - bits)
    is_picture(png(scaled, before=said), SHAPES[count])


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("count", [1, 3])
def test_tiff_with_samples_that_do_not_fill_their_bytes(bits, count):
    dark = np.rint(SHAPES[count] * (2**bits - 1) / 4).astype("u2")
    for order in "<>":
        (note,) = is_picture(tiff(dark, bits=bits, order=order, rows=7), SHAPES[count] / 4)
        assert str(2**bits - 1) in note


@pytest.mark.parametrize(
    "values, tags, part",
    [
        (PART * 4095, [(341, 3, [8190])], PART / 2),
        (PART * 4095, [(341, 3, [65535])], PART / 16),
        (PART * 3000 + 1000, [(340, 3, [1000]), (341, 3, [4000])], PART),
        (PART * 3000 + 1000, [(280, 3, [1000]), (281, 3, [4000])], PART),
        (PART * 4095, [(281, 3, [65535])], PART),  # what the tag means anyway
        (PART * 4095, [(340, 3, [9]), (341, 3, [9])], PART),  # nonsense
    ],
)
def test_tiff_that_says_what_is_white(values, tags, part):
    is_picture(tiff(np.rint(values).astype("u2"), tags=tags), np.atleast_3d(part))


def test_float_tiff_that_says_what_is_white():
    (note,) = is_picture(tiff((PART * 2).astype("f4"), tags=[(341, 11, [1.0])]), np.atleast_3d(PART * 2))
    assert "As the file says" in note


def test_min_is_white():
    for values in ((PART * 4095).astype("u2"), PART.astype("f4"), (PART * 1000).astype("u4")):
        for order in "<>":
            part = 1 - PART if values.dtype != "u4" else 1 - PART * 1000 / 1023
            (note,) = is_picture(tiff(values, photometric=0, order=order), np.atleast_3d(part))
            assert "0 is white" in note


# --- layouts ------------------------------------------------------------------------------------------------

LAYOUTS = {
    "strips": {"rows": 7},
    "tiles": {"tile": 16},
    "planes": {"planar": True, "rows": 7},
    "planes in tiles": {"planar": True, "tile": 16},
    "big": {"big": True},
    "deflate": {"deflate": True, "rows": 7},
    "predicted": {"deflate": True, "rows": 7, "predictor": 2},
    "predicted tiles": {"deflate": True, "tile": 16, "predictor": 2},
    "predicted planes": {"deflate": True, "planar": True, "predictor": 2},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_tiff_however_it_lies(layout, order, kind):
    values = (COLOUR * 4095).astype(kind) if kind == "u2" else (COLOUR * 2).astype(kind)
    is_picture(tiff(values, order=order, **LAYOUTS[layout]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tiff_in_many_bands(layout, monkeypatch):
    monkeypatch.setattr(deep_tiff, "_BAND", 500)
    is_picture(tiff((COLOUR * 4095).astype("u2"), **LAYOUTS[layout]))


def test_tiff_in_one_piece_that_is_too_large(monkeypatch):
    monkeypatch.setattr(deep_tiff, "_MOST_AT_ONCE", 1000)
    assert "strips or tiles" in refused(tiff((COLOUR * 4095).astype("u2"), deflate=True))
    is_picture(tiff((COLOUR * 4095).astype("u2"), deflate=True, rows=4))


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("more", [{"rows": 7}, {"tile": 16}, {"planar": True}])
def test_floats_that_were_predicted(kind, more):
    for order in "<>":
        is_picture(tiff((COLOUR * 2).astype(kind), deflate=True, predictor=3, order=order, **more))


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"])
def test_tiff_as_pillow_packs_it(packing):
    values = Image.fromarray((PART * 4095).astype("u2"))
    is_picture(saved(values, "TIFF", compression=packing), np.atleast_3d(PART))
    floats = Image.fromarray((PART * 2).astype("f4"))
    is_picture(saved(floats, "TIFF", compression=packing, tiffinfo={317: 1}), np.atleast_3d(PART))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_upright(orientation):
    values = (COLOUR * 65535).astype("u2")
    plain = Image.fromarray((COLOUR * 255).astype("u1"))
    expected = np.asarray(images.read(saved(plain, "TIFF", tiffinfo={274: orientation})), int)
    found, _ = shown(tiff(values, tags=[(274, 3, [orientation])]))
    assert np.abs(found - expected).max() <= 1


def test_the_first_of_many():
    frames = [Image.fromarray((PART * most).astype("u2")) for most in (4095, 65535, 100)]
    is_picture(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]), np.atleast_3d(PART))


def test_transparency_is_laid_on_white():
    for opaque in (4095, 65535):
        for alpha, kind in itertools.product((0, 0.5, 1), (1, 2)):
            by = np.full((H, W, 1), alpha)
            colour = COLOUR * (by if kind == 1 else 1)
            values = np.concatenate([colour * 4095, np.maximum(by * opaque, 0)], axis=-1).astype("u2")
            values[0, 0, 3] = opaque
            expected = COLOUR * by + 1 - by
            found, _ = shown(tiff(values, tags=[(338, 3, [kind])]))
            assert np.abs(found - expected * 255)[1:].max() <= 2
            if kind == 2:
                assert np.abs(shown(png(values))[0] - expected * 255)[1:].max() <= 2


def test_a_colour_key_of_16_bits_is_one_colour_alone():
    values = np.rint(COLOUR * 4095).astype(int)
    values[3, 3], values[4, 4] = (0x123, 0x456, 0x789), (0x124, 0x456, 0x789)
    found, _ = shown(png(values, before=[(b"tRNS", b"\x01\x23\x04\x56\x07\x89")]))
    assert found[3, 3].tolist() == [255, 255, 255]
    assert found[4, 4].tolist() == [18, 69, 120]


def test_ink_of_16_bits():
    values = np.concatenate([COLOUR, np.zeros((H, W, 1))], axis=-1)
    is_picture(tiff((values * 65535).astype("u2"), photometric=5), 1 - COLOUR)


def test_16_bits_and_a_profile():
    profile = rgb_profile(((0.64, 0.33), (0.3, 0.6), (0.15, 0.06)), 1.0, "Linear")
    for count in (1, 3):
        values = np.rint(SHAPES[count] * 4095)
        ramp = np.where(SHAPES[count] > 0.0031308, 1.055 * SHAPES[count] ** (1 / 2.4) - 0.055, 12.92 * SHAPES[count])
        data = tiff(values.astype("u2"), tags=[(34675, 7, list(profile))])
        notes = is_picture(data, ramp, off=7)  # the darkest of 8 linear bits are 13 apart
        assert ["4095" in notes[0], "Linear" in notes[1]] == [True, True]


def test_more_samples_than_are_shown():
    found, notes = shown(tiff(np.concatenate([COLOUR, COLOUR], axis=-1).astype("f4"), tags=[(338, 3, [0, 0, 0])]))
    assert np.abs(found - COLOUR * 255).max() <= 1
    assert "first 3" in notes[1]


# --- refusals -----------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_said_so():
    deep = (PART * 4095).astype("u2")
    for data in (
        tiff(deep, photometric=32803),
        tiff(deep, photometric=3),
        tiff(COLOUR.astype("f4"), photometric=6),
        tiff(deep, tags=[(339, 3, [6])]),
        tiff(deep, deflate=True, predictor=7),
        tiff(deep, tags=[(277, 3, [3]), (262, 3, [2]), (258, 3, [16, 8, 8])]),
        tiff(np.zeros((H, W, 7), "u1"), photometric=1),
    ):
        assert "photometric" in refused(data)


def test_bombs_are_seen_by_their_header():
    small = np.zeros((H, W, 3), "u2")
    for tags in (
        [(256, 4, [50000]), (257, 4, [50000])],
        [(256, 4, [2**32 - 1]), (257, 4, [2**32 - 1])],
        [(322, 4, [65536]), (323, 4, [65536]), (324, 4, [16]), (325, 4, [100])],
    ):
        assert "megapixels" in refused(tiff(small, tags=tags))
    wide = tiff(np.zeros((H, W, 3), "f8"), tags=[(256, 4, [6000]), (257, 4, [6000])])
    assert str(depth.MAX_BYTES // 10**6) in refused(wide)
    assert "MB" in refused(tiff(small, tags=[(256, 4, [6000]), (257, 4, [6000]), (277, 3, [60000])]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_broken_anywhere(layout):
    data = tiff((COLOUR * 4095).astype("u2"), **LAYOUTS[layout])
    random = np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(data)
        for at in random.integers(len(data), size=random.integers(1, 4)):
            broken[at] = random.integers(256)
        for start in range(len(data) - 400, len(data), 97):
            broken[random.integers(start, len(data))] ^= 1 << random.integers(8)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                images.read(bytes(broken))
            except ImageError:
                continue


def test_a_deep_tiff_cut_short():
    data = saved(Image.fromarray((PART * 4095).astype("u2")), "TIFF")  # the pixels are last
    assert "complete" in refused(data[: len(data) // 2])
    for tags in ([(279, 4, [10])], [(273, 4, [10**6])], [(322, 4, [0]), (323, 4, [0]), (324, 4, [16]), (325, 4, [9])]):
        refused(tiff((PART * 4095).astype("u2"), deflate=True, tags=tags))


# --- notes --------------------------------------------------------------------------------------------------


def test_8_bits_need_no_note():
    picture = Image.fromarray((COLOUR * 255).astype("u1"))
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "HEIF"):
        assert images.decode(saved(picture, kind)).notes == ()


def test_notes_are_translated():
    (note,) = images.decode(png(np.rint(PART * 4095))).notes
    with speaking("zh"):
        assert "4095" in tr(note)
        assert "文件没有说明" in tr(note)
