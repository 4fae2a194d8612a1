"""TIFF samples deeper than 8 bits, at their full depth.

Pillow has no mode for most of them. It does have every compression, bounded and well tried: the file is given to
it under another directory, which calls the same bytes a grey picture of 8 bits, as wide as a row has bytes.
"""

import enum
import io
import math
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from pvt_viz.decoding import depth
from pvt_viz.decoding.errors import ImageError
from pvt_viz.language import Sentence, say

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS = 273, 274, 277, 278, 279
LEAST, MOST, PLANAR, PREDICTOR = 280, 281, 284, 317
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
EXTRA_SAMPLES, FORMAT, S_LEAST, S_MOST, ICC_PROFILE = 338, 339, 340, 341, 34675
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
MIN_IS_WHITE, MIN_IS_BLACK, RGB, CMYK = 0, 1, 2, 5


class Alpha(enum.Enum):
    """What becomes of the sample after the colours."""

    NONE = enum.auto()
    BESIDE = enum.auto()
    PREMULTIPLIED = enum.auto()
    """The colours are multiplied by it."""


_COLOURS = {MIN_IS_WHITE: 1, MIN_IS_BLACK: 1, RGB: 3, CMYK: 4}  # photometric interpretation -> samples of a colour
_COMPRESSIONS = (1, 5, 8, 32773, 32946, 34925, 50000)  # none, LZW, Deflate twice, PackBits, LZMA, Zstandard
_UNPREDICTED = (1, 32773)  # whatever the tag says
_BAND = 32_000_000  # bytes that are unpacked together
_MOST_AT_ONCE = 170_000_000  # beyond it Pillow takes them for a bomb
_PACKED = range(9, 16)  # bits that do not fill their bytes


def directory(data: bytes) -> Directory | None:
    """The tags of the first picture; None if the file is no TIFF, or its directory is broken."""
    if not data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return None
    stream = io.BytesIO(data)
    try:
        if b"+" in data[2:4]:  # BigTIFF, which Pillow's class knows by the byte order of most of them only
            tags = Directory(b"II+\0" + stream.read(16)[4:], prefix=data[:2])
        else:
            tags = Directory(stream.read(8))
        stream.seek(tags.next)
        tags.load(stream)
        return tags if {WIDTH, LENGTH} <= set(tags) and min(size(tags)) > 0 else None
    except Exception:  # a broken directory raises almost anything
        return None


def size(tags: Directory) -> tuple[int, int]:
    """(H, W) as the samples lie in the file, before any turn."""
    return int(tags[LENGTH]), int(tags[WIDTH])


def is_deep(tags: Directory) -> bool:
    """Whether there is more to a sample than 8 bits of a whole number from 0 up, in a compression that keeps it."""
    deep = bits(tags) > 8 or bool(set(_several(tags, FORMAT, UNSIGNED)) & {SIGNED, FLOAT})
    return deep and tags.get(COMPRESSION, 1) in _COMPRESSIONS


def bits(tags: Directory) -> int:
    """Of the deepest sample."""
    return max(_several(tags, BITS, 1))


def unreadable(tags: Directory) -> Sentence:
    """What a sound file is told that keeps its samples in a way not known here."""
    photometric = tags.get(PHOTOMETRIC, "?")
    return say(
        "The TIFF keeps its pixels in a way that cannot be read here (bits {bits}, photometric {photometric},"
        " compression {compression}); save it as grey or RGB with 8 or 16 bits.",
        bits=", ".join(map(str, _several(tags, BITS, 1))),
        photometric=photometric,
        compression=tags.get(COMPRESSION, 1),
    )


def is_whole(data: bytes, tags: Directory) -> bool:
    """Whether all of the pixels that the directory promises lie in the file."""
    tiled = TILE_OFFSETS in tags
    offsets = _several(tags, TILE_OFFSETS if tiled else STRIP_OFFSETS, len(data))
    counts = _several(tags, TILE_COUNTS if tiled else STRIP_COUNTS, 1)
    return len(offsets) == len(counts) and all(o + c <= len(data) for o, c in zip(offsets, counts, strict=True))


def colours(tags: Directory) -> int:
    """How many samples of a pixel are colour: 1 grey, 3 RGB, 4 CMYK. Raises ImageError for anything else."""
    count = _COLOURS.get(tags.get(PHOTOMETRIC, MIN_IS_WHITE))
    if count is None or count > tags.get(SAMPLES, 1):
        raise ImageError(unreadable(tags))
    return count


def alpha(tags: Directory) -> Alpha:
    """Whether the sample after the colours is an alpha."""
    extra, kinds = tags.get(SAMPLES, 1) - colours(tags), _several(tags, EXTRA_SAMPLES, 0)
    if extra < 1 or tags.get(PHOTOMETRIC) == CMYK:
        return Alpha.NONE
    if EXTRA_SAMPLES not in tags and extra == 1 and tags.get(PHOTOMETRIC) == RGB:
        return Alpha.BESIDE  # many programs forget to say so
    return {1: Alpha.PREMULTIPLIED, 2: Alpha.BESIDE}.get(kinds[0], Alpha.NONE)


def unseen(tags: Directory) -> list[Sentence]:
    """What to say where a pixel has more samples than are shown."""
    count, shown = tags.get(SAMPLES, 1), colours(tags) + (alpha(tags) is not Alpha.NONE)
    if count == shown:
        return []
    return [say("Of the {count} samples of a pixel only the first {shown} are shown.", count=count, shown=shown)]


def said_range(tags: Directory) -> tuple[float, float] | None:
    """Black and white as the file says by SMinSampleValue and SMaxSampleValue, else by the two for whole numbers.

    The full scale as the latter's white is what they mean by default, and many write it without a thought.
    """
    for least, most in ((S_LEAST, S_MOST), (LEAST, MOST)):
        black, white = (max(_several(tags, tag, 0)) for tag in (least, most))
        thoughtless = most == MOST and white == 2 ** bits(tags) - 1
        if most in tags and not thoughtless and math.isfinite(black) and math.isfinite(white) and white > black:
            return float(black), float(white)
    return None


def samples(data: bytes, tags: Directory) -> np.ndarray:
    """`(H, W, sample)` of the dtype that the file has; samples of 9 to 15 bits as uint16.

    The caller has checked the size. Raises ImageError for a layout that is not known here, or too much of it, and
    whatever Pillow raises for damaged data.
    """
    count = tags.get(SAMPLES, 1)
    dtype = _dtype(tags)
    planes = tags.get(PLANAR, 1) == 2 and count > 1
    height, width = size(tags)
    tile_h, tile_w = height, width
    if TILE_OFFSETS in tags:
        tile_h, tile_w = int(tags[TILE_LENGTH]), int(tags[TILE_WIDTH])
    if min(tile_h, tile_w) < 1:
        raise ValueError(f"tiles of {tile_w}×{tile_h}")
    across = math.ceil(width / tile_w)
    row = math.ceil(tile_w * (1 if planes else count) * bits(tags) / 8)  # bytes of a row of one tile
    total = row * across * height * (count if planes else 1)
    if max(total, row * tile_h, width * height * count * dtype.itemsize) > depth.MAX_BYTES:
        raise ImageError(
            say(
                "The picture needs {size:,} MB for its samples alone, more than the {limit} allowed; shrink it, or"
                " save it with 8 or 16 bits.",
                size=math.ceil(total / 1e6),
                limit=depth.MAX_BYTES // 10**6,
            )
        )
    piece = row * across * min(_step(tags), height)
    if piece > _MOST_AT_ONCE:
        raise ImageError(
            say(
                "The TIFF keeps {size:,} MB in one piece, more than the {limit} that are unpacked at once; save it in"
                " strips or tiles, or as PNG.",
                size=math.ceil(piece / 1e6),
                limit=_MOST_AT_ONCE // 10**6,
            )
        )
    found = np.empty((height, width, count), dtype)
    for plane in range(count if planes else 1):
        for top, bytes_ in _bands(data, tags, row, across, plane if planes else None):
            for left in range(0, width, tile_w):
                at, right, bottom = left // tile_w * row, min(left + tile_w, width), top + len(bytes_)
                tile = _values(bytes_[:, at : at + row], tags, tile_w, 1 if planes else count, dtype)
                found[top:bottom, left:right, plane : plane + 1 if planes else None] = tile[:, : right - left]
    return found


def _several(tags: Directory, tag: int, default) -> tuple:
    found = tags.get(tag, default)
    return found if isinstance(found, tuple) and found else (found or default,)


def _predictor(tags: Directory) -> int:
    """What was done to the samples before they were compressed: 1 nothing."""
    return tags.get(PREDICTOR, 1) if tags.get(COMPRESSION, 1) not in _UNPREDICTED else 1


def _dtype(tags: Directory) -> np.dtype:
    """Of the samples once they are unpacked; in the file's own byte order."""
    depths, kinds = set(_several(tags, BITS, 1)), set(_several(tags, FORMAT, UNSIGNED))
    if len(depths) == len(kinds) == 1:
        (depth_,), (kind,) = depths, kinds
        if kind == UNSIGNED and depth_ in _PACKED and _predictor(tags) == 1:
            return np.dtype(np.uint16)
        letter = {UNSIGNED: "u", 4: "u", SIGNED: "i", FLOAT: "f"}.get(kind)
        sizes = (16, 32, 64) if kind == FLOAT else (8, 16, 32, 64)
        if letter and depth_ in sizes:
            return np.dtype(f"{'<' if tags.prefix == b'II' else '>'}{letter}{depth_ // 8}")
    raise ImageError(unreadable(tags))


def _step(tags: Directory) -> int:
    """Rows of a strip, or of a tile."""
    return int(tags[TILE_LENGTH] if TILE_OFFSETS in tags else tags.get(ROWS_PER_STRIP, size(tags)[0]))


def _bands(data: bytes, tags: Directory, row: int, across: int, plane: int | None) -> Iterator[tuple[int, np.ndarray]]:
    """The first row of each band, and its `(h, bytes)` as they are once unpacked, tile beside tile.

    `plane` is the one that is wanted of several.
    """
    tiled = TILE_OFFSETS in tags
    height, step = size(tags)[0], min(_step(tags), size(tags)[0])
    pieces = math.ceil(height / step) * across
    wanted = slice((plane or 0) * pieces, ((plane or 0) + 1) * pieces)
    offsets = _several(tags, TILE_OFFSETS if tiled else STRIP_OFFSETS, 0)[wanted]
    counts = _several(tags, TILE_COUNTS if tiled else STRIP_COUNTS, 0)[wanted]
    if not len(offsets) == len(counts) == pieces:
        raise ValueError(f"{len(offsets)} places and {len(counts)} sizes for {pieces} pieces")
    many = max(1, _BAND // (row * across * step))  # strips, or rows of tiles
    for top in range(0, height, many * step):
        some = slice(top // step * across, (top // step + many) * across)
        bottom = min(top + many * step, height)
        entries = {
            WIDTH: (row * across,),
            LENGTH: (bottom - top,),
            BITS: (8,),
            COMPRESSION: (tags.get(COMPRESSION, 1),),
            PHOTOMETRIC: (MIN_IS_BLACK,),
            FILL_ORDER: (tags.get(FILL_ORDER, 1),),
            SAMPLES: (1,),
        }
        if tiled:
            sides = {TILE_WIDTH: (row,), TILE_LENGTH: (_step(tags),)}
            entries |= sides | {TILE_OFFSETS: offsets[some], TILE_COUNTS: counts[some]}
        else:
            entries |= {ROWS_PER_STRIP: (step,), STRIP_OFFSETS: offsets[some], STRIP_COUNTS: counts[some]}
        with Image.open(io.BytesIO(_redirected(data, entries)), formats=("TIFF",)) as image:
            yield top, np.asarray(image)


def _redirected(data: bytes, entries: dict[int, tuple[int, ...]]) -> bytes:
    """The same file with a directory of its own at the end; every entry is of type LONG."""
    start = len(data) + len(data) % 2
    table, beyond = b"", b""
    free = start + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            packed, beyond = struct.pack("<I", free + len(beyond)), beyond + packed
        table += struct.pack("<HHI", tag, 4, len(values)) + packed
    head = b"II*\0" + struct.pack("<I", start)
    return b"".join((head, data[8:], bytes(len(data) % 2), struct.pack("<H", len(entries)), table, bytes(4), beyond))


def _values(bytes_: np.ndarray, tags: Directory, width: int, count: int, dtype: np.dtype) -> np.ndarray:
    """`(H, bytes)` of one tile -> `(H, width, count)`."""
    height, bytes_, predictor = len(bytes_), np.ascontiguousarray(bytes_), _predictor(tags)
    if bits(tags) in _PACKED:
        return _unpacked(bytes_, bits(tags), width * count).reshape(height, width, count)
    if predictor == 3 and dtype.kind == "f":  # the bytes of a row by their weight, each less the one before
        summed = np.cumsum(bytes_.reshape(height, -1, count), axis=1, dtype=np.uint8)
        planes = summed.reshape(height, dtype.itemsize, width * count)
        return np.ascontiguousarray(planes.swapaxes(1, 2)).view(f">f{dtype.itemsize}").reshape(height, width, count)
    values = bytes_.view(dtype).reshape(height, width, count)
    if predictor == 2:  # each sample less the one before it, in whole numbers that wrap round
        whole = np.dtype(f"u{dtype.itemsize}")
        steps = values.view(whole.newbyteorder(dtype.byteorder)).astype(whole)
        return np.cumsum(steps, axis=1, dtype=whole).view(dtype.newbyteorder("="))
    if predictor != 1:
        raise ImageError(unreadable(tags))
    return values


def _unpacked(bytes_: np.ndarray, bits: int, count: int) -> np.ndarray:
    """`(H, bytes)` -> the first `count` samples of each row, `(H, count)` uint16; the highest bit comes first."""
    group = math.lcm(bits, 8) // bits  # samples until one starts with a byte again
    size = group * bits // 8
    groups = math.ceil(count / group)
    padded = np.zeros((len(bytes_), groups * size + 2), np.uint8)
    padded[:, : bytes_.shape[1]] = bytes_[:, : padded.shape[1]]
    found = np.empty((len(bytes_), groups, group), np.uint16)
    for i in range(group):
        first, skipped = divmod(i * bits, 8)
        three = [padded[:, first + k : first + k + (groups - 1) * size + 1 : size].astype(np.uint32) for k in range(3)]
        word = three[0] << 16 | three[1] << 8 | three[2]
        found[:, :, i] = word >> (24 - skipped - bits) & (2**bits - 1)
    return found.reshape(len(bytes_), -1)[:, :count]
