import io
import logging
import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

# Meeting a format for the first time, PIL imports every plugin it has, unless they are imported by name.
from PIL import AvifImagePlugin, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin  # noqa: F401

from pvt_viz.decoding import colour, depth, heif, png, tiff
from pvt_viz.decoding.errors import ImageError
from pvt_viz.language import N_, Sentence, say

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", heif.FORMAT)
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 16
MAX_ASPECT = 16

_ADVICE = say("choose a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF picture")
_DISGUISES = {  # how a file begins, lower case -> what it is; the first match wins
    b"%pdf": N_("a PDF document"),
    b"<svg": N_("an SVG drawing"),
    b"<?xml": N_("an SVG drawing or other XML text"),
    b"<": N_("a web page"),
    b"#!": N_("a script"),
    b"pk\x03\x04": N_("a ZIP archive or an office document"),
}
_ELSEWHERE = {  # how pictures begin that are sound and cannot be read here -> what they are
    b"\xff\x0a": N_("a JPEG XL picture"),
    b"\0\0\0\x0cJXL \r\n\x87\n": N_("a JPEG XL picture"),
    b"\xff\x4f\xff\x51": N_("a JPEG 2000 picture"),
    b"\0\0\0\x0cjP  \r\n\x87\n": N_("a JPEG 2000 picture"),
}
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"RIFF")
_UPRIGHT = {  # EXIF orientation -> what brings the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REMARKS = r"(PIL|pillow_heif)\."

# What is wrong with a stranger's file is told to the stranger; Python would print records that nobody handles.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Reading:
    """A picture out of a file (upright, opaque, 8-bit RGB in sRGB, without metadata), and what had to be assumed."""

    image: Image.Image
    notes: tuple[Sentence, ...] = ()
    """Sentences that `tr` can translate: which value is white, which colours were converted."""


CHANNELS = (1, 3, 4)
"""How many a network may take: grey, red and green and blue, or these and a fourth, of which pictures know nothing."""
GREY = (0.299, 0.587, 0.114)
"""Luma, as `PIL.Image.convert("L")` weighs red, green and blue (ITU-R 601)."""


def read(data: bytes) -> Image.Image:
    """Decode a picture from an untrusted file into an upright, opaque, 8-bit RGB image without metadata.

    Animations give their first frame, transparency is laid on white, colours become sRGB. Raises `ImageError` for
    anything but a sound picture of at most `MAX_BYTES` bytes and `MAX_PIXELS` pixels, each side `MIN_SIDE` px or
    more and at most `MAX_ASPECT` times the other.
    """
    return decode(data).image


def decode(data: bytes) -> Reading:
    """The same with what had to be assumed: deep samples do not always say which value is white."""
    if not isinstance(data, bytes | bytearray):
        kind = type(data).__name__
        raise ImageError(say("The file must come as bytes, not as {kind}; {advice}.", kind=kind, advice=_ADVICE))
    if not data:
        raise ImageError(say("The file is empty; {advice}.", advice=_ADVICE))
    if len(data) > MAX_BYTES:
        raise ImageError(
            say(
                "The file holds {size:,} bytes, more than {limit} MB; save a smaller copy.",
                size=len(data),
                limit=MAX_BYTES // 1024**2,
            )
        )
    _hush_pil()
    data = bytes(data)
    tags = tiff.directory(data)
    try:
        return _deep_tiff(data, tags) if tags is not None and tiff.is_deep(tags) else _by_pillow(data)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            say(
                "The picture needs more than the {limit} megapixels allowed; shrink it and try again.",
                limit=MAX_PIXELS // 10**6,
            )
        ) from error
    except UnidentifiedImageError as error:
        if tags is not None and tiff.is_whole(data, tags):
            raise ImageError(tiff.unreadable(tags)) from error
        raise ImageError(_what_it_is(data)) from error
    except Exception as error:  # PIL's decoders raise almost every exception there is when fed a broken file
        if isinstance(error, EOFError) or any(word in str(error).lower() for word in ("truncated", "end of file")):
            raise ImageError(
                say("The file ends before the picture is complete; fetch it again, or save it anew from an editor.")
            ) from error
        raise ImageError(say("The file is damaged inside; fetch it again, or save it anew from an editor.")) from error


def fit(image: Image.Image, size: tuple[int, int], *, scale: int = 1, crop: float = 1.0) -> Image.Image:
    """A centred piece with the aspect of `size = (H, W)`, resized to `(H*scale, W*scale)` px.

    `crop` is what it keeps of the largest such piece, per side: 1 all of it.
    """
    height, width = (round(side * scale) for side in size)
    if height < 1 or width < 1:
        raise ValueError(
            say("size {size} times scale {scale} must give at least 1 px on both sides.", size=size, scale=scale)
        )
    return ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC, bleed=(1 - crop) / 2)


def whole_size(image: Image.Image, long_side: int, multiple: int) -> tuple[int, int]:
    """The `(H, W)` that shows all of `image`: its aspect, with the longer side `long_side` px.

    The shorter side is at least `multiple` px, so that the deepest stage has a token to stand on; a picture thinner
    than that loses its ends to `fit`.
    """
    if not 1 <= multiple <= long_side:
        raise ValueError(
            say("multiple is {value}, but must lie in 1..{most}, the long_side.", value=multiple, most=long_side)
        )
    longest = max(image.size)
    width, height = (max(multiple, round(side * long_side / longest)) for side in image.size)
    return height, width


def to_tensor(image: Image.Image | torch.Tensor, config) -> torch.Tensor:
    """Crop to the centre by `config.crop`, resize to `config.image_hw`, normalise as `config` says: by `standardise`,
    or `mean` and `std`. With `config.detail` the picture is first reduced to so many pixels.

    `image` is a PIL image (then n = 1) or a float tensor `(n, 3, h, w)` in 0..1; returns `(n, c, H, W)`, float32, for
    as many channels as `config` has: 3, or 1, which is grey, or 4, of which the last is zeros. Anything else is a
    `ValueError`.
    """
    if len(config.mean) not in CHANNELS:
        raise ValueError(
            say(
                "config.in_channels is {count}, but pictures are given in 3 channels, in 1 (grey) or in 4 (the last of"
                " zeros).",
                count=len(config.mean),
            )
        )
    height, width = config.image_hw
    if isinstance(image, Image.Image):
        pixels = torch.from_numpy(np.array(fit(_to_rgb(image), seen_size(config), crop=config.crop)))  # (H, W, 3) uint8
        images = pixels.permute(2, 0, 1)[None].contiguous().float() / 255
    else:
        _check_tensor(image)
        images = _fit_tensor(image.float(), *seen_size(config), config.crop)
    if images.shape[-2:] != (height, width):
        images = F.interpolate(images, (height, width), mode="bilinear")
    channels = len(config.mean)
    if channels == 1:
        images = (images * images.new_tensor(GREY).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    if config.standardise:
        images = standardise(images)
    else:
        mean, std = (images.new_tensor(values[:3]).view(1, -1, 1, 1) for values in (config.mean, config.std))
        images = (images - mean) / std
    return F.pad(images, (0, 0, 0, 0, 0, channels - images.shape[1]))


def seen_size(config) -> tuple[int, int]:
    """(H, W) of the pixels that a network of `config` is given to see: `image_hw`, or less where `detail` says so."""
    height, width = config.image_hw
    if config.detail is None or config.detail >= min(height, width):
        return height, width
    part = config.detail / min(height, width)
    return round(height * part), round(width * part)


def from_tensor(images: torch.Tensor) -> list[Image.Image]:
    """(n, 3, H, W) in 0..1 -> n RGB pictures of 8 bits."""
    _check_tensor(images)
    return [Image.fromarray(pixels) for pixels in (images * 255).round().byte().permute(0, 2, 3, 1).numpy()]


def standardise(images: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) -> the same, each picture less its own mean and over its own deviation; one colour all over is 0."""
    deviation, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True, correction=0)
    return (images - mean) / deviation.clamp(min=1e-3)


def _fit_tensor(images: torch.Tensor, height: int, width: int, crop: float) -> torch.Tensor:
    """`fit` for a tensor `(n, 3, h, w)`; the cut falls on whole pixels."""
    h, w = images.shape[-2:]
    crop_h = max(1, round(crop * min(h, w * height / width)))
    crop_w = max(1, round(crop * min(w, h * width / height)))
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    images = images[..., top : top + crop_h, left : left + crop_w]
    if (crop_h, crop_w) == (height, width):
        return images.contiguous()
    return F.interpolate(images, (height, width), mode="bilinear", antialias=True)


def _check_tensor(images: torch.Tensor) -> None:
    if not isinstance(images, torch.Tensor):
        kind = type(images).__name__
        raise ValueError(say("image is a {kind}, but must be a PIL image or a tensor (n, 3, h, w).", kind=kind))
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[1] != 3 or 0 in shape:
        raise ValueError(
            say("image has shape {shape}, but must have shape (n, 3, h, w) with no axis empty.", shape=shape)
        )
    if not images.is_floating_point():
        raise ValueError(say("image has dtype {dtype}, but must hold floats in 0..1.", dtype=images.dtype))
    low, high = images.min().item(), images.max().item()  # NaN if there is one anywhere
    if math.isnan(low):
        raise ValueError(say("image holds NaN, but every value must be a number in 0..1."))
    if low < 0 or high > 1:
        raise ValueError(
            say("image holds values in {low:g}..{high:g}, but all of them must lie in 0..1.", low=low, high=high)
        )


def _hush_pil() -> None:
    """Keep PIL's remarks on odd files off the server's log.

    `warnings.catch_warnings` swaps the filters of the whole process and is not thread-safe. One narrow filter
    that stays is; it is put back in front when somebody else's filters came to lie over it.
    """
    quiet = [entry[3] for entry in warnings.filters[:1]]
    if not quiet or getattr(quiet[0], "pattern", None) != _REMARKS:
        warnings.filterwarnings("ignore", module=_REMARKS)


def _what_it_is(data: bytes) -> Sentence:
    for start, kind in _ELSEWHERE.items():
        if data.startswith(start):
            return say("The file is {kind}, which is not read here; export it as JPEG or PNG.", kind=say(kind))
    if heif.is_picture(data):
        return say("The file starts like a HEIC or AVIF picture but is damaged or cut short; fetch it again.")
    if data.startswith(_SIGNATURES):
        return say("The file starts like a picture but is damaged or cut short; fetch it again, or save it anew.")
    if heif.is_family(data):
        return say("The file is a video, or a picture of a kind not read here; export a picture as JPEG or PNG.")
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for prefix, kind in _DISGUISES.items() if start.startswith(prefix)), None)
    if kind is None:
        return say("The file is of no kind known here, whatever its name says; {advice}.", advice=_ADVICE)
    return say("The file is {kind}, whatever its name says; {advice}.", kind=say(kind), advice=_ADVICE)


def _by_pillow(data: bytes) -> Reading:
    """Whatever Pillow opens; PNG with 16 bits at its full depth, of which Pillow keeps the upper half."""
    profile, significant = None, None
    if data.startswith(png.SIGNATURE):
        chunks = png.open_chunks(data)
        data, profile, significant = chunks.data, chunks.profile, chunks.significant
    elif heif.is_family(data):
        for width, height in heif.extents(data):
            _check_pixels(width, height)
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check_size(*image.size)
        _check_tile(getattr(image, "tag_v2", {}))
        rawmode = png.deep_rawmode(image)
        if rawmode is None:
            _rescale_colour_key(image)
        image.load()
        _check_size(*image.size)  # of a HEIF the last word is the decoder's
        turn = _orientation(image)
        profile = image.info.get("icc_profile") if profile is None else profile
        if rawmode is None:
            return _finished(image, profile, turn)
        values, key = png.samples(image, rawmode, data), image.info.get("transparency")
    colours = 1 if values.shape[2] < 3 else 3
    shown, note = depth.picture(values, colours, 16, significant=significant, key=key)
    return _finished(shown, profile, turn, note)


def _deep_tiff(data: bytes, tags: tiff.Directory) -> Reading:
    """The first picture of a TIFF whose samples have more than 8 bits."""
    height, width = tiff.size(tags)
    _check_size(width, height)
    _check_tile(tags)
    values, colours, alpha = tiff.samples(data, tags), tiff.colours(tags), tiff.alpha(tags)
    shown, note = depth.picture(
        values[..., : colours + (alpha is not tiff.Alpha.NONE)],
        colours,
        tiff.bits(tags),
        said=tiff.said_range(tags),
        premultiplied=alpha is tiff.Alpha.PREMULTIPLIED,
        inverted=tags.get(tiff.PHOTOMETRIC, tiff.MIN_IS_WHITE) == tiff.MIN_IS_WHITE,
    )
    return _finished(shown, tags.get(tiff.ICC_PROFILE), tags.get(tiff.ORIENTATION), note, *tiff.unseen(tags))


def _finished(image: Image.Image, profile: bytes | None, orientation: int | None, *notes: Sentence) -> Reading:
    """8 bits in the file's own colours -> what `decode` promises."""
    image, said = colour.to_srgb(image, profile)
    rgb, turn = _to_rgb(image), _UPRIGHT.get(orientation)
    # Metadata stays behind: it may hold a home address, and an orientation that would be applied twice.
    rgb = rgb.copy() if turn is None else rgb.transpose(turn)
    rgb.info = {}
    return Reading(rgb, (*notes, *said))


def _check_size(width: int, height: int) -> None:
    """Refuse by what the header promises, before any pixel is decoded."""
    _check_pixels(width, height)
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            say(
                "The picture is only {width}×{height} pixels; choose one with at least {least} on each side.",
                width=width,
                height=height,
                least=MIN_SIDE,
            )
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(
            say(
                "The picture is too thin, {width}×{height} pixels; crop the long side to {most} times the short.",
                width=width,
                height=height,
                most=MAX_ASPECT,
            )
        )


def _check_tile(tags) -> None:
    """A small TIFF may be cut from one enormous tile."""
    _check_pixels(tags.get(tiff.TILE_WIDTH, 1), tags.get(tiff.TILE_LENGTH, 1))


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(
            say(
                "The picture, {width}×{height} pixels, needs more than the {limit} megapixels allowed; shrink it and"
                " try again.",
                width=width,
                height=height,
                limit=MAX_PIXELS // 10**6,
            )
        )


def _rescale_colour_key(image: Image.Image) -> None:
    """PNG names its transparent colour at the file's bit depth, PIL's pixels have 8 bits: make them agree."""
    key = image.info.get("transparency")
    if image.format == "PNG" and key is not None and image.tile:
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}.get(image.tile[0][3], 1)


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(0x0112)
    except Exception:  # broken notes about a sound picture are no reason to refuse it
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode -> 8-bit RGB, what is transparent laid on white."""
    if image.mode == "F" or image.mode.startswith("I"):
        bits = 16 if image.mode.startswith("I;16") else 32
        key = image.info.get("transparency")
        image, _ = depth.picture(np.asarray(image)[..., None], 1, bits, key=key)
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode != "RGB" else image
    rgba = image.convert("RGBA") if image.mode != "RGBA" else image
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(rgba, mask=rgba.getchannel("A"))
    return canvas
