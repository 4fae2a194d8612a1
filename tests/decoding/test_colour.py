"""ICC profiles: what becomes of the colours, and that no profile makes a sound picture unreadable."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms

from picture_files import ADOBE, P3, SRGB, chunk, cmyk_profile, grey_profile, png, rgb_profile, saved, tiff
from pvt_viz import images
from pvt_viz.decoding.png import MAX_PROFILE

SIZE = (24, 20)
RED = (200, 60, 60)
DISPLAY_P3, ADOBE_RGB = rgb_profile(P3, 2.2, "Display P3"), rgb_profile(ADOBE, 563 / 256, "Adobe RGB (1998)")
LOSSLESS = {
    "PNG": {},
    "TIFF": {},
    "JPEG": {"quality": 100, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1, "chroma": 444},
}
# Lab of full and no ink: white paper, a dull cyan and so on, all that has black is nearly black.
PRESS = [(100 - 22 * (c + m + y) - 60 * k * (c + m + y < 1), 60 * (m - c), 60 * (y - (c + m) / 2))
         for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]  # fmt: skip


def plain(mode, colour):
    return Image.new(mode, SIZE, colour)


def read(data):
    """The one colour, in silence, and the notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reading = images.decode(data)
    assert reading.image.mode == "RGB"
    assert reading.image.info == {}
    pixels = np.asarray(reading.image, int)
    assert np.ptp(pixels, axis=(0, 1)).max() <= 3
    return pixels[5, 5].tolist(), reading.notes


def near(found, expected, off=1):
    return np.abs(np.subtract(found, expected)).max() <= off


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("profile, expected", [(DISPLAY_P3, (219, 37, 49)), (ADOBE_RGB, (231, 57, 57))])
def test_colours_become_those_of_srgb(kind, profile, expected):
    found, (note,) = read(saved(plain("RGB", RED), kind, icc_profile=profile, **LOSSLESS[kind]))
    assert near(found, expected, 2)
    assert ("Display P3" if profile is DISPLAY_P3 else "Adobe RGB (1998)") in note
    assert "relative colorimetric" in note


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_what_is_transparent_stays_so(kind):
    found, _ = read(saved(plain("RGBA", (*RED, 128)), kind, icc_profile=DISPLAY_P3, **LOSSLESS[kind]))
    assert near(found, [(v * 128 + 255 * 127) / 255 for v in (219, 37, 49)], 2)


def test_palettes_and_colour_keys():
    palette = plain("P", 3)
    palette.putpalette([0, 0, 0, 1, 1, 1, 2, 2, 2, *RED])
    for kind in ("PNG", "TIFF"):
        assert near(read(saved(palette, kind, icc_profile=DISPLAY_P3))[0], (219, 37, 49))
    assert read(saved(palette, "PNG", icc_profile=DISPLAY_P3, transparency=3))[0] == [255, 255, 255]
    assert read(saved(plain("RGB", RED), "PNG", icc_profile=DISPLAY_P3, transparency=RED))[0] == [255, 255, 255]
    assert near(read(saved(plain("RGB", RED), "PNG", icc_profile=DISPLAY_P3, transparency=(0, 0, 0)))[0], (219, 37, 49))


def test_16_bits_a_sample():
    values = np.broadcast_to(np.multiply(RED, 257), (20, 24, 3)).astype("u2")
    found, notes = read(tiff(values, tags=[(34675, 7, list(ADOBE_RGB))]))
    assert near(found, (231, 57, 57))
    assert len(notes) == 2
    profile = saved(plain("RGB", RED), icc_profile=ADOBE_RGB)
    at = profile.index(b"iCCP") - 4
    body = profile[at + 8 : at + 8 + int.from_bytes(profile[at : at + 4], "big")]
    assert near(read(png(values, before=[(b"iCCP", body)]))[0], (231, 57, 57))


@pytest.mark.parametrize("mode, kind", [("L", "PNG"), ("L", "JPEG"), ("L", "TIFF"), ("LA", "PNG"), ("I;16", "PNG")])
def test_grey_by_a_grey_profile(mode, kind):
    colour = {"L": 100, "LA": (100, 255), "I;16": 25700}[mode]
    found, notes = read(saved(plain(mode, colour), kind, icc_profile=grey_profile(1.0, "Linear grey")))
    assert near(found, [168] * 3)
    assert "Linear grey" in notes[-1]


def test_grey_by_a_colour_profile():
    assert near(read(saved(plain("L", 100), "PNG", icc_profile=rgb_profile(P3, 1.0)))[0], [168] * 3)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_ink_by_the_profile_of_a_press(kind):
    for ink, lab in (((0, 0, 0, 0), PRESS[0]), ((255, 0, 0, 0), PRESS[8]), ((0, 255, 255, 0), PRESS[6])):
        data = saved(plain("CMYK", ink), kind, icc_profile=cmyk_profile(PRESS, "A press"), **LOSSLESS[kind])
        found, (note,) = read(data)
        swatch = Image.frombytes("LAB", (1, 1), bytes(round(v) % 256 for v in (lab[0] * 2.55, lab[1], lab[2])))
        expected = ImageCms.profileToProfile(
            swatch, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), 1, outputMode="RGB", flags=0x2000
        ).getpixel((0, 0))
        assert near(found, expected, 4)
        assert "A press" in note


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_profile_that_is_srgb_changes_nothing(kind):
    for profile in (rgb_profile(SRGB, 2.2), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        with_, without = (
            images.decode(saved(plain("RGB", RED), kind, **more, **LOSSLESS[kind]))
            for more in ({"icc_profile": profile}, {})
        )
        if profile == rgb_profile(SRGB, 2.2):  # a power law is not sRGB's curve
            assert len(with_.notes) == 1
        else:
            assert with_.notes == ()
            assert with_.image.tobytes() == without.image.tobytes()


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("broken", [DISPLAY_P3[:200], b"abc" * 100, DISPLAY_P3[:128] + bytes(400), b"\0"])
def test_a_broken_profile_is_left_out_with_a_word(kind, broken):
    found, (note,) = read(saved(plain("RGB", RED), kind, icc_profile=broken, **LOSSLESS[kind]))
    assert near(found, RED, 2)
    assert "broken" in note


@pytest.mark.parametrize(
    "mode, profile, space",
    [
        ("CMYK", DISPLAY_P3, "RGB"),
        ("RGB", cmyk_profile(PRESS), "CMYK"),
        ("RGB", grey_profile(1.0), "GRAY"),
        ("L", cmyk_profile(PRESS), "CMYK"),
        ("RGB", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), "Lab"),
    ],
)
def test_a_profile_of_another_kind_is_left_out_with_a_word(mode, profile, space):
    colour = {"CMYK": (0, 255, 255, 0), "RGB": RED, "L": 100}[mode]
    found, (note,) = read(saved(plain(mode, colour), "TIFF", icc_profile=profile))
    assert near(found, {"CMYK": (255, 0, 0), "RGB": RED, "L": (100,) * 3}[mode])
    assert space in note


def test_a_name_of_a_profile_is_no_markup():
    for name in ("![x](//a.b/c.png)", "www.a.example <b>", "*x* `y` $z$ \n# w", ""):
        _, (note,) = read(saved(plain("RGB", RED), icc_profile=rgb_profile(P3, 2.2, name)))
        assert not set(note) & set("![]<>*`$\n#")
        assert "www." not in note


def test_every_byte_of_a_profile_may_be_wrong():
    random = np.random.default_rng(0)
    for profile in (DISPLAY_P3, cmyk_profile(PRESS)):
        for _ in range(20):
            broken = bytearray(profile)
            for at in random.integers(len(profile) if profile is DISPLAY_P3 else 300, size=4):
                broken[at] = random.integers(256)
            mode = "RGB" if profile is DISPLAY_P3 else "CMYK"
            data = saved(plain(mode, RED if mode == "RGB" else (9, 99, 199, 0)), "TIFF", icc_profile=bytes(broken))
            assert images.decode(data).image.size == SIZE


def test_a_large_profile_is_used():
    """Over what Pillow unpacks of a PNG; and what is larger still is no reason to refuse the picture."""
    for padding, used in ((3 * 1024**2, True), (MAX_PROFILE, False)):
        profile = bytearray(DISPLAY_P3 + bytes(padding))
        profile[:4] = len(profile).to_bytes(4, "big")
        data = saved(plain("RGB", RED), icc_profile=bytes(profile))
        found, (note,) = read(data)
        assert near(found, (219, 37, 49) if used else RED)
        assert ("Display P3" in note) is used
        assert chunk(b"IEND", b"") in data
