"""HEIC and HEIF, the pictures of many telephones, by libheif; and what a file of that family says before decoding."""

import struct
from collections.abc import Iterator

import pillow_heif

FORMAT = "HEIF"
_EXTENT = b"\0\0\0\x14ispe\0\0\0\0"  # a whole box follows: width and height

# What hangs on a picture (thumbnails, depth, masks) is not looked at: it could only cost.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=2)


def is_family(data: bytes) -> bool:
    """HEIF, AVIF, and videos: they all begin with the box that lists their brands."""
    return data[4:8] == b"ftyp"


def is_picture(data: bytes) -> bool:
    """Whether one of the brands is that of a still picture that is opened here."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in (8, *range(16, length, 4))}
    return bool(brands & {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx", b"avif", b"avis"})


def extents(data: bytes) -> Iterator[tuple[int, int]]:
    """(width, height) of every picture in the file, those included that others are put together from.

    A small picture may be cut from a huge one: the decoder makes that first.
    """
    at = data.find(_EXTENT)
    while at >= 0 and at + 20 <= len(data):
        yield struct.unpack_from(">II", data, at + len(_EXTENT))
        at = data.find(_EXTENT, at + 20)
