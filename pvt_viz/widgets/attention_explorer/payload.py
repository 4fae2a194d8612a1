"""What the attention explorer is sent: a picture and its attention maps, packed into one blob of bytes.

    uint32 (little-endian) length of the header | JSON header, UTF-8 | zeros up to a multiple of 8 | arrays

Offsets in the header count from the first array. A map is one byte a weight with one float32 scale per row:
weight = byte / 255 · scale, where a row is what one query looks at (prefix tokens first, as in a Trace). `spans` are
the rows of tokens behind each row of keys, and the columns behind each column: from, and to (exclusive).
"""

import json
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from PIL import Image

from pvt_viz.config import StageShape, ViTConfig
from pvt_viz.figures import encode
from pvt_viz.figures.colour import lut
from pvt_viz.language import Sentence, current, say, say_n, tr
from pvt_viz.tracing import StageTrace, Trace
from pvt_viz.walkthrough import key_spans, prefix_name
from pvt_viz.widgets.attention_explorer.source import words as words_now
from pvt_viz.words import megabytes, times

VERSION = 1
MAX_PICTURE_SIDE = 1024
"""Longer sides only cost bytes: no panel is drawn larger."""
LOSSLESS_SIDE = 256
"""Up to here a picture goes as PNG: JPEG would smear its few pixels where everyone looks closely."""
MAX_VIEW = 120
_SCALE_BYTES = 4
_ALIGN = 8


@dataclass(frozen=True)
class Shipment:
    """Which maps of a stage are sent: the last `blocks` blocks, with every head ("all") or their mean ("mean")."""

    kind: str
    blocks: int
    heads: int

    def entries(self, shape: StageShape) -> int:
        return self.blocks * self.heads * shape.queries * shape.keys


def pack(
    trace: Trace,
    picture: Image.Image,
    *,
    view: str = "",
    asked: int = 0,
    alt: str = "",
    wall: bool = True,
    turnable: bool = True,
    stages: tuple[int, ...] | None = None,
    budget_bytes: int = 40_000_000,
    index: int = 0,
    link: str = "",
    words: dict[str, str] | None = None,
) -> bytes:
    """One image of a trace, with the picture it was made from (same crop, any resolution), as bytes.

    `view` is what to show first; an explorer that is on screen keeps its own until `asked` changes. `alt` describes
    the picture to those who do not see it. `stages` are the stage numbers to show, from 1 (default: all); `turnable`
    offers the other direction, from keys to queries. Where the maps exceed `budget_bytes`, large stages are cut: to
    their last blocks, then to one mean over heads, then to a sentence that says why.

    The explorer speaks the language that is spoken here and now; `words` are those of its own that differ from English
    (default: from the catalogue).
    """
    chosen = _choose(trace, stages)
    height, width = trace.image.shape[-2:]
    if not 0 <= index < len(trace.image):
        most = len(trace.image) - 1
        raise ValueError(
            say("index={index} is not an image of this trace; it can be 0 to {most}.", index=index, most=most)
        )
    if abs(picture.width * height / (picture.height * width) - 1) > 0.03:
        shown, traced = times((picture.height, picture.width)), times((height, width))
        raise ValueError(
            say(
                "picture is {shown}; it should have the aspect of the traced image, {traced}.",
                shown=shown,
                traced=traced,
            )
        )

    shapes = [stage.shape for stage in chosen]
    shipments = plan(shapes, budget_bytes)
    arrays = _Arrays()
    mime, encoded = _encode(picture)
    facts = {
        "version": VERSION,
        "image": [height, width],
        "language": current(),
        "alt": tr(alt),
        "picture": {"mime": mime, **arrays.add(np.frombuffer(encoded, np.uint8))},
        "stages": [
            _stage_facts(trace, stage, shipment, arrays, index)
            for stage, shipment in zip(chosen, shipments, strict=True)
        ],
        "bytes": sum(shipment.entries(shape) for shipment, shape in zip(shipments, shapes, strict=True)),
        "all_bytes": sum(shape.map_entries for shape in shapes),
        "full_bytes": sum(shape.full_map_entries for shape in shapes),
        "lut": lut("magma").tolist(),
    }
    # What the reader keeps across reruns depends on the maps alone, not on where somebody pointed.
    fingerprint = arrays.fingerprint(facts)
    return arrays.join(
        {
            **facts,
            "fingerprint": fingerprint,
            "view": view[:MAX_VIEW],
            "asked": asked,
            "wall": wall,
            "turnable": turnable,
            "link": link,
            "words": words_now() if words is None else words,
        }
    )


def unpack(blob: bytes) -> tuple[dict, dict[int, np.ndarray]]:
    """The header, and per stage number the maps as float32 (block, head, query, key): what decode.js reads."""
    header = read_header(blob)
    arrays = memoryview(blob)[_padded(_header_end(blob)) :]

    def read(place: dict, dtype: str) -> np.ndarray:
        count = int(np.prod(place["shape"]))
        return np.frombuffer(arrays, dtype, count, place["offset"]).reshape(place["shape"])

    maps = {
        stage["index"]: read(stage["maps"], "u1") / np.float32(255) * read(stage["scales"], "<f4")[..., None]
        for stage in header["stages"]
        if stage["kind"] != "none"
    }
    return header, maps


def read_header(blob: bytes) -> dict:
    return json.loads(blob[4 : _header_end(blob)])


def _header_end(blob: bytes) -> int:
    return 4 + int.from_bytes(blob[:4], "little")


def plan(shapes: list[StageShape], budget: int) -> list[Shipment]:
    """What of each stage fits. Small stages go first; what they leave of their share goes to the larger ones."""
    shipments: dict[int, Shipment] = {}
    left = budget
    smallest_first = sorted(range(len(shapes)), key=lambda i: _block_bytes(shapes[i]) * shapes[i].depth)
    for waiting, i in zip(range(len(shapes), 0, -1), smallest_first, strict=True):
        shape, share = shapes[i], left // waiting
        block, mean = _block_bytes(shape), _block_bytes(shape) // shape.heads
        if blocks := min(shape.depth, share // block):
            shipments[i], used = Shipment("all", blocks, shape.heads), blocks * block
        elif mean <= share:
            shipments[i], used = Shipment("mean", 1, 1), mean
        else:
            shipments[i], used = Shipment("none", 0, 0), 0
        left -= used
    for i in smallest_first:  # what a large stage could not use
        if shipments[i].kind == "all":
            block = _block_bytes(shapes[i])
            more = min(shapes[i].depth - shipments[i].blocks, left // block)
            shipments[i] = Shipment("all", shipments[i].blocks + more, shapes[i].heads)
            left -= more * block
    return [shipments[i] for i in range(len(shapes))]


def quantise(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (…, key) as uint8 of the same shape and one float32 scale per row (…): the row's maximum."""
    weights = np.nan_to_num(weights) if not np.isfinite(weights).all() else weights
    scales = weights.max(axis=-1).astype("<f4")
    factor = np.divide(255, scales, out=np.zeros_like(scales), where=scales > 0)
    return np.rint(weights * factor[..., None]).clip(0, 255).astype(np.uint8), scales


def _choose(trace: Trace, stages: tuple[int, ...] | None) -> list[StageTrace]:
    by_number = {stage.shape.index: stage for stage in trace.stages}
    for number in stages if stages is not None else ():
        if number not in by_number:
            raise ValueError(
                say(
                    "stages={stages}: there is no stage {number}; it can be 1 to {last}.",
                    stages=stages,
                    number=number,
                    last=len(by_number),
                )
            )
    return [by_number[number] for number in stages] if stages else list(trace.stages)


def _stage_facts(trace: Trace, stage: StageTrace, shipment: Shipment, arrays: "_Arrays", index: int) -> dict:
    shape = stage.shape
    facts = {
        "index": shape.index,
        "patch_size": shape.patch_size,
        "stride": shape.stride,
        "grid": shape.grid,
        "rim": shape.rim,
        "reduction": shape.reduction,
        "reduced_grid": shape.reduced_grid,
        "spans": key_spans(shape),
        "pooled": shape.pool is not None,
        "n_prefix": shape.n_prefix,
        "prefix": [tr(prefix_name(i, shape.n_prefix - shape.registers)) for i in range(shape.n_prefix)],
        "depth": shape.depth,
        "heads": shape.heads,
        "kind": shipment.kind,
        "blocks": list(range(shape.depth - shipment.blocks + 1, shape.depth + 1)),
        "note": tr(_note(shape, shipment, foldable=shape.pool is None and not isinstance(trace.config, ViTConfig))),
    }
    if shipment.kind == "none":
        return facts
    blocks = [block.attention[index].numpy() for block in stage.blocks[-shipment.blocks :]]
    if shipment.kind == "mean":
        blocks = [block.mean(axis=0, keepdims=True) for block in blocks]
    maps, scales = zip(*map(quantise, blocks), strict=True)
    return {**facts, "maps": arrays.add(np.stack(maps)), "scales": arrays.add(np.stack(scales))}


def _note(shape: StageShape, shipment: Shipment, *, foldable: bool) -> Sentence | str:
    """One sentence on what is missing and why; nothing where everything is there."""
    everything = megabytes(shape.map_entries)
    if shipment.kind == "none":
        alone = megabytes(shape.queries * shape.keys)
        if foldable:
            return say(
                "This map alone would weigh {alone}; raise R_{i} to see it: this is what SRA is for.",
                alone=alone,
                i=shape.index,
            )
        return say("This map alone would weigh {alone}; choose a smaller image size to see it.", alone=alone)
    if shipment.kind == "mean":
        return say(
            "Only the last block's mean over heads was sent: all maps of this stage would weigh {everything}.",
            everything=everything,
        )
    if shipment.blocks < shape.depth:
        return say_n(
            "Only the last block was sent: all maps of this stage would weigh {everything}.",
            "Only the last {count} blocks were sent: all maps of this stage would weigh {everything}.",
            shipment.blocks,
            everything=everything,
        )
    return ""


def _block_bytes(shape: StageShape) -> int:
    return shape.heads * shape.queries * (shape.keys + _SCALE_BYTES)


def _encode(picture: Image.Image) -> tuple[str, bytes]:
    picture = picture.convert("RGB")
    if max(picture.size) > MAX_PICTURE_SIDE:
        picture.thumbnail((MAX_PICTURE_SIDE, MAX_PICTURE_SIDE))  # a copy of the caller's, by convert
    if max(picture.size) <= LOSSLESS_SIDE:
        return "image/png", encode.png(picture)
    return "image/jpeg", encode.jpeg(picture)


def _padded(length: int) -> int:
    return -(-length // _ALIGN) * _ALIGN


class _Arrays:
    """Arrays laid end to end, each on a boundary that a typed array in the browser accepts."""

    def __init__(self):
        self._parts: list[bytes] = []
        self._end = 0

    def add(self, array: np.ndarray) -> dict:
        place = {"offset": self._end, "shape": list(array.shape)}
        data = array.tobytes()
        self._parts += [data, bytes(_padded(len(data)) - len(data))]
        self._end += _padded(len(data))
        return place

    def fingerprint(self, facts: dict) -> str:
        digest = blake2b(json.dumps(facts).encode(), digest_size=12)
        for part in self._parts:
            digest.update(part)
        return digest.hexdigest()

    def join(self, header: dict) -> bytes:
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        head = len(text).to_bytes(4, "little") + text
        return b"".join([head, bytes(_padded(len(head)) - len(head)), *self._parts])
