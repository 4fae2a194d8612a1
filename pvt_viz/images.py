"""Bytes from a stranger -> a safe RGB image -> a tensor for a model.

Sizes are `(H, W)` in pixels wherever this module takes or returns one; PIL itself says `(width, height)`.
"""

import io
import logging
import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F

# Meeting TIFF or WebP for the first time, PIL imports every plugin it has, unless they are imported by name.
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin  # noqa: F401

from pvt_viz.language import N_, Sentence, say

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 16
MAX_ASPECT = 16

_ADVICE = say("choose a JPEG, PNG, WebP, GIF, BMP or TIFF picture")
_DISGUISES = {  # how a file begins, lower case -> what it is; the first match wins
    b"%pdf": N_("a PDF document"),
    b"<svg": N_("an SVG drawing"),
    b"<?xml": N_("an SVG drawing or other XML text"),
    b"<": N_("a web page"),
    b"#!": N_("a script"),
    b"pk\x03\x04": N_("a ZIP archive or an office document"),
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

# What is wrong with a stranger's file is told to the stranger; Python would print records that nobody handles.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class ImageError(ValueError):
    """A file that cannot become a picture; its text is one sentence for the person who chose the file.

    `tr` can translate it.
    """


CHANNELS = (1, 3, 4)
"""How many a network may take: grey, red and green and blue, or these and a fourth, of which pictures know nothing."""
GREY = (0.299, 0.587, 0.114)
"""Luma, as `PIL.Image.convert("L")` weighs red, green and blue (ITU-R 601)."""


def read(data: bytes) -> Image.Image:
    """Decode a picture from an untrusted file into an upright, opaque, 8-bit RGB image without metadata.

    Animations give their first frame, transparency is laid on white. Raises `ImageError` for anything but a
    sound picture of at most `MAX_BYTES` bytes and `MAX_PIXELS` pixels, each side `MIN_SIDE` px or more and at
    most `MAX_ASPECT` times the other.
    """
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
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_header(image)
            _rescale_colour_key(image)
            image.load()
            rgb = _to_rgb(image)
            turn = _UPRIGHT.get(_orientation(image))
        # Metadata stays behind: it may hold a home address, and an orientation that would be applied twice.
        rgb = rgb.copy() if turn is None else rgb.transpose(turn)
        rgb.info = {}
        return rgb
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
        raise ImageError(_what_it_is(data)) from error
    except Exception as error:  # PIL's decoders raise almost every exception there is when fed a broken file
        if isinstance(error, EOFError) or "truncated" in str(error).lower():
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
    if not quiet or getattr(quiet[0], "pattern", None) != r"PIL\.":
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _check_header(image: Image.Image) -> None:
    """Refuse by what the header promises, before any pixel is decoded."""
    width, height = image.size
    tags = getattr(image, "tag_v2", {})
    tile = tags.get(TiffImagePlugin.TILEWIDTH, 1) * tags.get(TiffImagePlugin.TILELENGTH, 1)
    if max(width * height, tile) > MAX_PIXELS:  # a small TIFF may be cut from one enormous tile
        raise ImageError(
            say(
                "The picture, {width}×{height} pixels, needs more than the {limit} megapixels allowed; shrink it and"
                " try again.",
                width=width,
                height=height,
                limit=MAX_PIXELS // 10**6,
            )
        )
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


def _what_it_is(data: bytes) -> Sentence:
    if data.startswith(_SIGNATURES):
        return say("The file starts like a picture but is damaged or cut short; fetch it again, or save it anew.")
    if data[4:8] == b"ftyp":  # the pictures of many telephones, so worth a better hint
        return say("The file is a HEIC or AVIF picture, or a video; export it as JPEG or PNG first.")
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for prefix, kind in _DISGUISES.items() if start.startswith(prefix)), None)
    if kind is None:
        return say("The file is of no kind known here, whatever its name says; {advice}.", advice=_ADVICE)
    return say("The file is {kind}, whatever its name says; {advice}.", kind=say(kind), advice=_ADVICE)


def _rescale_colour_key(image: Image.Image) -> None:
    """PNG names its transparent colour at the file's bit depth, PIL's pixels have 8 bits: make them agree."""
    key = image.info.get("transparency")
    if image.format != "PNG" or key is None or not image.tile:
        return
    rawmode = image.tile[0][3]
    if rawmode in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[rawmode]
    elif rawmode == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(0x0112)
    except Exception:  # broken notes about a sound picture are no reason to refuse it
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode -> 8-bit RGB, what is transparent laid on white."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _deep_grey_to_8_bits(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB") if image.mode != "RGB" else image
    rgba = image.convert("RGBA") if image.mode != "RGBA" else image
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(rgba, mask=rgba.getchannel("A"))
    return canvas


def _deep_grey_to_8_bits(image: Image.Image) -> Image.Image:
    """16- and 32-bit integers and floats -> mode L, by full scale: PIL's own conversion clips at 255.

    Modes I and F do not say what white is: it is the first of 1, 255 and 65535 that no value exceeds, and if
    values are negative or larger still, the picture's own range is stretched. NaN is black.
    """
    tags = getattr(image, "tag_v2", {})
    values = np.array(image, dtype=np.float32)  # everything below works in place: 40 megapixels are 160 MB
    clear = None
    if image.mode.startswith("I;16"):
        clear = values == image.info.get("transparency", -1)
        low, high = 0.0, 4095.0 if tags.get(TiffImagePlugin.BITSPERSAMPLE) == (12,) else 65535.0
    else:
        finite = np.isfinite(values)
        low = float(values.min(where=finite, initial=np.inf)) if finite.any() else 0.0
        high = float(values.max(where=finite, initial=-np.inf)) if finite.any() else 0.0
        if low >= 0:
            low, high = 0.0, next((white for white in (1.0, 255.0, 65535.0) if high <= white), high)
    scale = 255 / (high - low) if high > low else 0.0
    with np.errstate(all="ignore"):  # the ends of float32 may overflow on their way; the clip mends that
        np.nan_to_num(values, copy=False, nan=low, posinf=high, neginf=low)
        values *= scale
        values -= low * scale
        grey = np.rint(values, out=values).clip(0, 255, out=values).astype(np.uint8)
    if tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:  # white is 0: PIL knows at 8 bits only
        grey = 255 - grey
    if clear is not None:
        grey[clear] = 255
    return Image.fromarray(grey)
