"""The fold and the numbers around it, as pictures."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from pvt_viz.figures.colour import enlarge, paint

LINE = (255, 255, 255)
INK = (0, 0, 0)
MOST_ROWS = 98


def cells(
    picture: Image.Image,
    width: int,
    lines: tuple[Sequence[int], Sequence[int]] | None = None,
    mark: tuple[int, int, int, int] | None = None,
) -> Image.Image:
    """A picture of one pixel a cell, enlarged, with lines between cells and one box of cells marked.

    `lines` are the rows and the columns before which a line is drawn (default: all). `mark` is (top, left, bottom,
    right) in cells; bottom and right are exclusive. Lines closer than 4 px are left out.
    """
    large = enlarge(picture, width)
    side = large.width // picture.width
    draw = ImageDraw.Draw(large)
    rows, columns = lines or (range(picture.height + 1), range(picture.width + 1))
    if side * min(b - a for edges in (rows, columns) for a, b in pairwise(edges)) >= 4:
        for row in rows:
            draw.line([(0, row * side), (columns[-1] * side, row * side)], fill=LINE)
        for column in columns:
            draw.line([(column * side, 0), (column * side, rows[-1] * side)], fill=LINE)
    if mark:
        top, left, bottom, right = (edge * side for edge in mark)
        thick = max(2, large.width // 150)
        # Dark inside light: seen on every colour.
        draw.rectangle([left, top, right - 1, bottom - 1], outline=LINE, width=2 * thick)
        draw.rectangle([left + thick, top + thick, right - 1 - thick, bottom - 1 - thick], outline=INK, width=thick)
    return large


def signed(values: np.ndarray, width: int) -> tuple[Image.Image, float]:
    """Numbers of either sign (rows, columns) as a picture in cividis, and the limit of its scale (-limit … limit).

    A vector (columns,) becomes a strip an eighth as high as it is wide; more than `MOST_ROWS` rows are squeezed into
    that many, each the mean of its neighbours.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 1:
        values = np.tile(values, (max(1, len(values) // 8), 1))
    if len(values) > MOST_ROWS:
        values = np.stack([rows.mean(axis=0) for rows in np.array_split(values, MOST_ROWS)])
    limit = float(np.abs(values).max())
    return enlarge(paint(values, "cividis", -limit, limit), width), limit
