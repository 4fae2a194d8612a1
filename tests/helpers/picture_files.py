"""Picture files made on the spot, byte by byte where Pillow would not write them."""

import io
import math
import struct
import zlib

import numpy as np
import pytest

from pvt_viz import images
from pvt_viz.images import ImageError

D50 = (0.9642, 1.0, 0.8249)
P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# --- PNG ----------------------------------------------------------------------------------------------------


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(values, *, depth=16, before=(), after=()):
    """`(H, W)` or `(H, W, 1..4)` whole numbers; chunks `(name, body)` before and after the pixels."""
    values = np.atleast_3d(values)
    height, width, count = values.shape
    header = struct.pack(">IIBBBBB", width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[count], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in values)
    parts = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(rows)), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


# --- TIFF ---------------------------------------------------------------------------------------------------


def tiff(
    values,
    *,
    order="<",
    bits=None,
    photometric=None,
    deflate=False,
    predictor=1,
    planar=False,
    tile=None,
    rows=None,
    big=False,
    tags=(),
):
    """`(H, W)` or `(H, W, sample)` of any dtype; `bits` packs whole numbers. `tags` are `(tag, type, values)`."""
    values = np.atleast_3d(values)
    height, width, count = values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    if photometric is None:
        photometric = 2 if count >= 3 else 1
    step_h, step_w = (tile, tile) if tile else (rows or height, width)
    planes = [values[..., i : i + 1] for i in range(count)] if planar else [values]
    pieces = []
    for plane in planes:
        for top in range(0, height, step_h):
            for left in range(0, width, step_w):
                piece = plane[top : top + step_h, left : left + step_w]
                if tile:
                    lacking = (step_h - piece.shape[0], step_w - piece.shape[1])
                    piece = np.pad(piece, ((0, lacking[0]), (0, lacking[1]), (0, 0)))
                packed = _packed(_predicted(piece, predictor), order, bits, predictor)
                pieces.append(zlib.compress(packed) if deflate else packed)
    entries = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits or values.dtype.itemsize * 8] * count),
        259: (3, [8 if deflate else 1]),
        262: (3, [photometric]),
        277: (3, [count]),
        284: (3, [2 if planar else 1]),
        317: (3, [predictor]),
        339: (3, [kind] * count),
    }
    if tile:
        entries |= {322: (4, [tile]), 323: (4, [tile])}
    else:
        entries[278] = (4, [step_h])
    at, offsets = 16, []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    entries[324 if tile else 273] = (4, offsets)
    entries[325 if tile else 279] = (4, [len(piece) for piece in pieces])
    entries |= {tag: (kind_, list(said)) for tag, kind_, said in tags}
    return _file(b"".join(pieces), entries, order, big)


def _predicted(piece, predictor):
    """What is stored in the place of samples; for floats their bytes, sorted by weight."""
    if predictor == 1:
        return piece
    if predictor == 2:
        whole = piece.view(f"u{piece.dtype.itemsize}")
        return np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1]))
    height, width, count = piece.shape
    sorted_ = piece.reshape(height, -1).astype(f">f{piece.dtype.itemsize}").view(np.uint8)
    sorted_ = sorted_.reshape(height, width * count, -1).swapaxes(1, 2).reshape(height, -1, count)
    return np.diff(sorted_, axis=1, prepend=np.zeros_like(sorted_[:, :1]))


def _packed(piece, order, bits, predictor):
    if predictor == 3:
        return piece.tobytes()
    if bits is None:
        return np.ascontiguousarray(piece).astype(piece.dtype.newbyteorder(order)).tobytes()
    rows = []
    for row in piece.reshape(len(piece), -1):
        written = "".join(f"{value:0{bits}b}" for value in row)
        written = written.ljust(math.ceil(len(written) / 8) * 8, "0")
        rows.append(int(written, 2).to_bytes(len(written) // 8, "big"))
    return b"".join(rows)


def _file(pixels, entries, order, big):
    letters = {1: "B", 2: "s", 3: "H", 4: "I", 7: "B", 11: "f", 12: "d"}
    start = 16 + len(pixels)
    word, room, head = ("Q", 8, 8) if big else ("I", 4, 2)
    table, beyond = b"", b""
    free = start + head + len(entries) * (20 if big else 12) + room
    for tag, (kind, said) in sorted(entries.items()):
        body = struct.pack(f"{order}{len(said)}{letters[kind]}", *said)
        count = struct.pack(order + word, len(said))
        if len(body) > room:
            place, beyond = struct.pack(order + word, free + len(beyond)), beyond + body
        else:
            place = body.ljust(room, b"\0")
        table += struct.pack(order + "HH", tag, kind) + count + place
    mark = b"II" if order == "<" else b"MM"
    if big:
        mark += struct.pack(order + "HHHQ", 43, 8, 0, start)
    else:
        mark += struct.pack(order + "HI", 42, start) + bytes(8)
    return mark + pixels + struct.pack(order + ("Q" if big else "H"), len(entries)) + table + bytes(room) + beyond


# --- ICC profiles -------------------------------------------------------------------------------------------


def rgb_profile(primaries, gamma, name="a profile"):
    """Three primaries (x, y), a white of D65, and a power law."""
    columns = np.stack([_xyz(*place) for place in primaries], axis=1)
    white = _xyz(0.3127, 0.329)
    columns = columns * np.linalg.solve(columns, white)
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    columns = np.linalg.inv(cone) @ np.diag((cone @ D50) / (cone @ white)) @ cone @ columns
    tags = {}
    for i, letter in enumerate("rgb"):
        tags[f"{letter}XYZ"] = b"XYZ \0\0\0\0" + _fixed(*columns[:, i])
        tags[f"{letter}TRC"] = _curve(gamma)
    return _profile(b"RGB ", b"XYZ ", name, tags)


def grey_profile(gamma, name="a grey profile"):
    return _profile(b"GRAY", b"XYZ ", name, {"kTRC": _curve(gamma)})


def cmyk_profile(corners, name="a press"):
    """`corners`: Lab of the 16 mixtures of full and no ink, C changing slowest."""
    ramp = bytes(range(256))
    table = bytes(round(v) for L, a, b in corners for v in (L * 2.55, a + 128, b + 128))
    identity = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp * 4 + table + ramp * 3
    return _profile(b"CMYK", b"Lab ", name, {"A2B0": lut, "A2B1": lut, "A2B2": lut}, kind=b"prtr")


def _xyz(x, y):
    return np.array([x / y, 1, (1 - x - y) / y])


def _fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(space, connection, name, tags, kind=b"mntr"):
    described = name.encode() + b"\0"
    tags = {
        "desc": b"desc\0\0\0\0" + struct.pack(">I", len(described)) + described + bytes(78),
        "wtpt": b"XYZ \0\0\0\0" + _fixed(*D50),
        **tags,
    }
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag.encode() + struct.pack(">II", at + len(body), len(content))
        body += content
    size = struct.pack(">I", 128 + len(table) + len(body))
    head = size + bytes(4) + b"\x02\x20\0\0" + kind + space + connection + bytes(12) + b"acsp" + bytes(28)
    return head + _fixed(*D50) + bytes(48) + table + body


def refused(data: bytes) -> str:
    """The one sentence that a file is refused with."""
    with pytest.raises(ImageError) as caught:
        images.read(data)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert ";" in sentence, "what is wrong; what would work"
    return sentence
