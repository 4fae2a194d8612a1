"""What a board tells the browser: its picture, its rows and its fixed words, as one dict that JSON can carry."""

import base64
import io
from itertools import chain

from PIL import Image, UnidentifiedImageError

from pvt_viz.figures.colour import lut
from pvt_viz.language import tr
from pvt_viz.widgets.worked.board import Board, Grid, Line, Vector

MIMES = {"PNG": "image/png", "JPEG": "image/jpeg"}
NUMBER = "{:.2f}"
"""How the numbers of a vector, and the ends of its scale, are printed."""


def pack(board: Board, place: tuple[float, float] | None) -> dict:
    """`place` is the one that carries the ring. Colours are left to the browser, which gets the tables for them."""
    rows = [_row(row) for row in board.rows]
    return {
        "picture": _picture(board.picture),
        "alt": tr(board.alt),
        "marks": board.marks,
        "lines": board.grid_lines,
        "cut": board.grid_box,
        "cells": board.cells or board.grid_lines,
        "cellsCut": board.cells_box if board.cells else board.grid_box,
        "pick": board.pick,
        "place": place,
        "rows": rows,
        "luts": {name: lut(name).tolist() for name in sorted({row["lut"] for row in rows if "lut" in row})},
        "words": _words(board),
    }


def _words(board: Board) -> dict[str, str]:
    """The browser fills in what is in braces."""
    if board.pick:
        hint = tr("Choose a place in the picture: click it, or go there with the arrow keys and press Enter.")
    else:
        hint = tr("Point at a number to see its place in the picture, or at the picture to see its numbers.")
    return {
        "hint": board.hint or hint,
        "rows": tr("Numbers of this picture"),
        "channel": tr("{label}, channel {channel} of {count}: {value}"),
        "channels": tr("{label}, channel by channel"),
        "cell": tr("Row {row} of {rows}, column {column} of {columns}"),
        "spot": tr("{x}% from the left, {y}% from the top"),
        "chosen": tr("Chosen: {place}."),
    }


def _picture(data: bytes) -> dict:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(MIMES)) as picture:
            mime, (width, height) = MIMES[picture.format], picture.size
    except UnidentifiedImageError:
        raise ValueError("picture is not a PNG or a JPEG; a board needs one of them.") from None
    return {"url": f"data:{mime};base64,{base64.b64encode(data).decode()}", "width": width, "height": height}


def _row(row: Line | Vector | Grid) -> dict:
    if isinstance(row, Line):
        terms = [
            {"text": t.text, "boxes": t.boxes, "id": t.id, "spoken": t.spoken, "answers": t.answers} for t in row.terms
        ]
        return {"kind": "line", "label": row.label, "terms": terms}
    if isinstance(row, Vector):
        return {
            "kind": "vector",
            "values": row.values,
            "texts": [_printed(NUMBER, value) for value in row.values],
            **_coloured(row, *row.scale, NUMBER),
        }
    values = tuple(chain(*row.values))
    return {
        "kind": "grid",
        "columns": len(row.values[0]),
        "values": values,
        "terms": [
            {"text": _printed(row.form, value), "boxes": [box], "id": name, "spoken": "", "answers": True}
            for value, box, name in zip(values, row.boxes, row.ids, strict=True)
        ],
        **_coloured(row, row.low, row.high, row.form),
    }


def _coloured(row: Vector | Grid, low: float, high: float, form: str) -> dict:
    return {
        "label": row.label,
        "note": row.note,
        "lut": row.colour_map,
        "low": low,
        "high": high,
        "ends": [_printed(form, low), _printed(form, high)],
    }


def _printed(form: str, value: float) -> str:
    """With a minus sign, as the formulas beside it have, instead of a hyphen."""
    return form.format(value).replace("-", "−")
