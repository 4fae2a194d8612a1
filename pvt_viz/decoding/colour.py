"""A picture in the colours of its ICC profile -> the same in sRGB, which is what the networks were trained on."""

import io
import re

from PIL import Image, ImageCms

from pvt_viz.language import Sentence, say

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
"""What browsers do: colours that sRGB has stay as they are, those that it has not become the nearest."""
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # the profile's colour space -> what it is applied to
_SAME = 1  # of 255: a profile that moves no colour further is sRGB under whatever name

_BROKEN = say("Its ICC profile is broken and was left out: the colours are taken for sRGB.")


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[Sentence]]:
    """`image` (8 bits, any mode) by `profile` (None: it has none), as RGB or RGBA, with what there is to say.

    A profile that is broken, or of another colour space than the picture, is left out, and that is said. Without
    one, or by one that is sRGB itself, the picture comes back as it was.
    """
    if profile is None or image.mode == "LAB":
        return image, []
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = opened.profile.xcolor_space.strip()
        source = _in_space(image, space)
        if source is None:
            return image, [
                say("Its ICC profile is for {space}, which this picture is not, and was left out.", space=space)
            ]
        plain = source.convert(_MODES[space]) if source.mode != _MODES[space] else source
        transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), plain.mode, "RGB", INTENT, _FLAGS)
        if _is_srgb(transform, plain.mode):
            return image, []
        found = ImageCms.applyTransform(plain, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image, [_BROKEN]
    if source.mode in ("RGBA", "LA"):
        found.putalpha(source.getchannel("A"))
    return found, [
        say(
            "Its colours were converted from {name}, its ICC profile, to sRGB (relative colorimetric intent, black"
            " point compensation).",
            name=_name(opened),
        )
    ]


def _in_space(image: Image.Image, space: str) -> Image.Image | None:
    """With samples of that colour space, an alpha beside them if anything is transparent; None if it has others."""
    grey = image.mode in ("1", "L", "LA", "La")
    if space == "CMYK":
        return image if image.mode == "CMYK" else None
    if image.mode == "CMYK" or space not in _MODES or (space == "GRAY" and not grey):
        return None
    clear = image.has_transparency_data
    mode = ("LA" if clear else "L") if space == "GRAY" else ("RGBA" if clear else "RGB")
    if image.mode == "La":
        image = image.convert("LA")
    return image.convert(mode) if image.mode != mode else image


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode == "CMYK":
        return False
    if mode == "L":
        probe = Image.linear_gradient("L")
    else:
        steps = range(0, 256, 51)
        probe = Image.frombytes(
            "RGB", (36, 6), bytes(v for r in steps for g in steps for b in steps for v in (r, g, b))
        )
    before, after = probe.convert("RGB").tobytes(), ImageCms.applyTransform(probe, transform).tobytes()
    return max(abs(a - b) for a, b in zip(before, after, strict=True)) <= _SAME


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    """What the profile calls itself, as far as it can be trusted in a sentence."""
    try:
        name = ImageCms.getProfileDescription(profile)
    except ImageCms.PyCMSError:
        name = ""
    # A point stands between digits alone: elsewhere it could make a link.
    return " ".join(re.sub(r"[^\w .,()/+-]|(?<!\d)\.|\.(?!\d)", " ", name).split())[:60] or "ICC"
