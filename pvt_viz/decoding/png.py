"""What a PNG says beside its pixels, and its samples of 16 bits, of which Pillow keeps the upper 8 in colour."""

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, PngImagePlugin

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE = 8 * 1024**2
"""Bytes of an unpacked colour profile; those of presses have two or three million."""
_COLOURS = {0: 1, 2: 3, 4: 1, 6: 3}  # colour type -> samples that are no alpha
_ORIENTED = (b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1")  # texts that may say "turned"


@dataclass(frozen=True)
class Chunks:
    """`data`, the file without texts and profile; the `profile`: None if there is none, empty if it cannot be
    unpacked; and how many bits of a colour sample are `significant`, None if that is not said.
    """

    data: bytes
    profile: bytes | None = None
    significant: int | None = None


def open_chunks(data: bytes) -> Chunks:
    """Take out what Pillow must not see: it calls a sound picture broken for a text or a profile beyond 1 MiB.

    Whatever is wrong with the chunks themselves is left for Pillow to find.
    """
    kept, at, profile, significant, colour_type = [SIGNATURE], len(SIGNATURE), None, None, None
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        body = data[at + 8 : end - 4]
        if name == b"iCCP":
            profile = profile or _unpacked(body.partition(b"\0")[2][1:], MAX_PROFILE) or b""
        elif name not in (b"zTXt", b"iTXt", b"tEXt") or _oriented(name, body):
            kept.append(data[at:end])
        if name == b"IHDR" and length >= 10:
            colour_type = body[9]
        elif name == b"sBIT" and colour_type in _COLOURS and length >= _COLOURS[colour_type]:
            significant = max(body[: _COLOURS[colour_type]])
        at = end
        if name == b"IEND":
            break
    kept.append(data[at:])
    return Chunks(b"".join(kept), profile, significant)


def deep_rawmode(image: Image.Image) -> str | None:
    """How the pixels of an opened PNG, not loaded yet, lie in the file; None if they have 8 bits or less."""
    rawmode = image.tile[0][3] if image.format == "PNG" and image.tile else ""
    return rawmode if rawmode.endswith(";16B") else None


def samples(loaded: Image.Image, rawmode: str, data: bytes) -> np.ndarray:
    """The 16-bit samples of a PNG that Pillow has `loaded`: `(H, W, 1..4)` uint16, grey or RGB, then any alpha."""
    if rawmode == "I;16B":
        return _pixels(loaded, np.uint16)[..., None]
    if rawmode == "LA;16B":  # four bytes a pixel, as RGBA has
        return _pixels(_loaded(data, "RGBA"), np.uint8).view(">u2")
    # Read in the other byte order, what Pillow keeps of a sample is its lower byte.
    found = _pixels(loaded, np.uint16)
    found <<= 8
    found |= _pixels(_loaded(data, rawmode.replace("16B", "16L")), np.uint8)
    return found


def _loaded(data: bytes, rawmode: str) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        image.tile = [image.tile[0]._replace(args=rawmode)]
        image.load()
        return image


def _pixels(image: Image.Image, dtype: type) -> np.ndarray:
    """`(H, W)` or `(H, W, band)`, a few rows at a time: Pillow's own way takes the picture three times over."""
    bands = len(image.getbands())
    found = np.empty((image.height, image.width, bands) if bands > 1 else (image.height, image.width), dtype)
    rows = max(1, (1 << 20) // image.width)
    for top in range(0, image.height, rows):
        found[top : top + rows] = image.crop((0, top, image.width, min(top + rows, image.height)))
    return found


def _oriented(name: bytes, body: bytes) -> bool:
    """Whether a text may say how the picture lies, and is small enough for Pillow."""
    keyword, _, rest = body.partition(b"\0")
    if keyword not in _ORIENTED or len(body) > PngImagePlugin.MAX_TEXT_CHUNK:
        return False
    if name == b"zTXt":
        packed = rest[1:]
    elif name == b"iTXt" and rest[:1] == b"\1":
        packed = rest[2:].split(b"\0", 2)[-1]
    else:
        return True
    return _unpacked(packed, PngImagePlugin.MAX_TEXT_CHUNK) is not None


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """None if it is broken, or holds more than `most` bytes."""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(packed, most)
    except zlib.error:
        return None
    return found if stream.eof else None
