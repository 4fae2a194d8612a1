"""What a worked example shows: a picture, and rows of numbers that know which places of the picture they come from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from pvt_viz.figures.colour import lut

Box = tuple[float, float, float, float]
"""Top, left, bottom, right as fractions of the picture, from 0 to 1."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
SLACK = 1e-6
"""How far beyond 0 and 1 a box may reach: fractions are quotients of floats."""


@dataclass(frozen=True)
class Term:
    """A piece of a formula. Terms of one `id` light up together, in every row; `spoken` is what a screen reader says.

    Without boxes and without an id it is plain text, such as "=" or "+".
    """

    text: str
    boxes: tuple[Box, ...] = ()
    id: str = ""
    spoken: str = ""

    @property
    def answers(self) -> bool:
        return bool(self.boxes or self.id)


@dataclass(frozen=True)
class Line:
    """One line of a formula."""

    label: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Vector:
    """Numbers (channel,) as a strip of coloured cells, from the least to the greatest unless low and high are given."""

    label: str
    values: tuple[float, ...]
    colour_map: str = "cividis"
    low: float | None = None
    high: float | None = None
    note: str = ""

    def __post_init__(self):
        if not self.values:
            raise ValueError(f"{self.label!r} has no values; a vector needs at least one.")
        _check_numbers(self.label, self.values)
        _check_scale(self.label, self.colour_map, *self.scale)

    @property
    def scale(self) -> tuple[float, float]:
        low = min(self.values) if self.low is None else self.low
        return low, max(self.values) if self.high is None else self.high


@dataclass(frozen=True)
class Grid:
    """Numbers (row, column) that lie as their places do in the picture; `boxes` and `ids`: one a cell, row by row."""

    label: str
    values: tuple[tuple[float, ...], ...]
    boxes: tuple[Box, ...]
    ids: tuple[str, ...]
    colour_map: str
    low: float
    high: float
    note: str = ""
    form: str = "{:.2f}"

    def __post_init__(self):
        if not self.values or not self.values[0] or len({len(row) for row in self.values}) > 1:
            lengths = [len(row) for row in self.values]
            raise ValueError(f"{self.label!r} has rows of {lengths} values; there should be some, as many in each.")
        cells = len(self.values) * len(self.values[0])
        for field in ("boxes", "ids"):
            if (count := len(getattr(self, field))) != cells:
                raise ValueError(f"{self.label!r} has {count} {field} for {cells} cells; there should be one a cell.")
        _check_numbers(self.label, tuple(chain(*self.values)))
        _check_scale(self.label, self.colour_map, self.low, self.high)


@dataclass(frozen=True)
class Board:
    """A picture (PNG or JPEG) beside rows of numbers.

    `marks` are always outlined; `grid_lines` cut `grid_box` of the picture into (rows, columns), whose last ones may
    reach over the picture's edge. With `pick` the reader can choose a place in the picture; `place` is the one that is
    chosen already, (x, y) as fractions. Arrow keys go through the cells of that grid, or of `cells` in `cells_box`.
    `hint` is what the line under the picture says while nothing is lit; it has words of its own where it is left empty.
    """

    picture: bytes
    alt: str
    rows: tuple[Line | Vector | Grid, ...]
    marks: tuple[Box, ...] = ()
    grid_lines: tuple[int, int] | None = None
    grid_box: Box = WHOLE
    cells: tuple[int, int] | None = None
    cells_box: Box = WHOLE
    pick: bool = False
    hint: str = ""
    place: tuple[float, float] | None = None

    def __post_init__(self):
        _check_boxes("marks", self.marks)
        for row in self.rows:
            boxes = row.boxes if isinstance(row, Grid) else ()
            if isinstance(row, Line):
                boxes = tuple(chain(*(term.boxes for term in row.terms)))
            _check_boxes(repr(row.label), boxes)
        for field in ("grid_lines", "cells"):
            if (count := getattr(self, field)) is not None and min(count) < 1:
                raise ValueError(f"{field}={count} are rows and columns; there should be at least one of each.")
        for field in ("grid_box", "cells_box"):
            top, left, bottom, right = box = getattr(self, field)
            if not (0 <= top < min(bottom, 1) and 0 <= left < min(right, 1)):
                raise ValueError(
                    f"{field}={box} should be top, left, bottom, right as fractions of the picture, and not empty."
                )
        if self.place is not None and not all(0 <= fraction <= 1 for fraction in self.place):
            raise ValueError(f"place={self.place} is x and y as fractions of the picture, from 0 to 1.")


def _check_boxes(where: str, boxes: Sequence[Box]) -> None:
    for box in boxes:
        top, left, bottom, right = box
        if not (-SLACK <= top < bottom <= 1 + SLACK and -SLACK <= left < right <= 1 + SLACK):
            raise ValueError(
                f"{where}: box={box} should be top, left, bottom, right as fractions of the picture, and not empty."
            )


def _check_numbers(where: str, values: Sequence[float]) -> None:
    if wrong := [value for value in values if not math.isfinite(value)]:
        raise ValueError(f"{where!r} has {wrong[0]} among its values; they should be finite.")


def _check_scale(where: str, colour_map: str, low: float, high: float) -> None:
    lut(colour_map)  # raises for one that is not offered
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"{where!r} has a scale from {low} to {high}; it should go up.")
