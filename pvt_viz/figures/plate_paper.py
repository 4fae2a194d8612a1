"""A plate for print and slides, by matplotlib: on white, as wide as a column of a paper, its words beside it."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pvt_viz.figures.chart import INK
from pvt_viz.figures.chart_paper import SCALES  # and what it sets of matplotlib, for the whole process
from pvt_viz.figures.colour import lut
from pvt_viz.figures.paper_font import points, wrapped
from pvt_viz.figures.plate import Plate, Scale

# Inches.
WIDTH = 3.5
MARGIN = 0.1
INSIDE = WIDTH - 2 * MARGIN
TALLEST = 5.5
"""Of the picture: higher ones get narrower."""
BAR = 0.09
GAP = 0.07
COARSEST = 128
"""Pixels per inch at scale 1, at least."""
LEADING = 1.35
SMALL = 7
"""Points: the scale and the setting."""
QUIET = "#5b6773"


@dataclass(frozen=True)
class Part:
    """What stands in the sheet from one height to another: how high it is, and how to draw it below a `top`."""

    height: float
    draw: Callable[[Figure, float], None]


def png(plate: Plate, scale: int = 1) -> bytes:
    """Every cell of the picture is as many whole pixels as every other; `scale`, 1, 2 or 4, multiplies them."""
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} is not offered; there are {', '.join(map(str, SCALES))}.")
    cells, (width, _) = _cells(plate.pixels), _extent(plate)
    own = cells.shape[1] / width
    times = math.ceil(COARSEST / own)
    sheet, (left, top) = _sheet(plate, own * times, scale)
    sheet.canvas.draw()
    drawn = Image.fromarray(np.asarray(sheet.canvas.buffer_rgba())).convert("RGB")
    # Pasted, not drawn: matplotlib would stretch some of its pixels to fit, and takes its time.
    picture = Image.fromarray(cells)
    larger = [side * times * scale for side in picture.size]
    drawn.paste(
        picture.resize(larger, Image.Resampling.NEAREST), [scale * round(at * own * times) for at in (left, top)]
    )
    about = PngInfo()
    about.add_text("Title", plate.title)
    about.add_text("Description", plate.alt)
    out = io.BytesIO()
    drawn.save(out, "PNG", compress_level=4, pnginfo=about)
    return out.getvalue()


def svg(plate: Plate) -> bytes:
    """The same, to be scaled and edited: its texts are texts, and the picture in it has its own pixels."""
    return _embedded(plate, "svg", {"Title": plate.title, "Description": plate.alt, "Date": None})


def pdf(plate: Plate) -> bytes:
    """The same for a paper."""
    return _embedded(plate, "pdf", {"Title": plate.title, "Subject": plate.alt, "CreationDate": None})


def _embedded(plate: Plate, kind: str, about: dict) -> bytes:
    sheet, (left, top) = _sheet(plate, 72, 1)
    width, height = _extent(plate)
    _paint(sheet, plate.pixels, left, sheet.get_figheight() - top - height, width, height)
    out = io.BytesIO()
    sheet.savefig(out, format=kind, metadata=about)
    return out.getvalue()


def _extent(plate: Plate) -> tuple[float, float]:
    """Width and height of the picture, in inches."""
    rows, columns, _ = plate.pixels.shape
    width = min(INSIDE, TALLEST * columns / rows)
    return width, width * rows / columns


def _cells(pixels: np.ndarray) -> np.ndarray:
    """The same picture with one pixel for each of its cells, where it was enlarged cell for cell."""
    rows, columns, _ = pixels.shape
    for side in range(math.gcd(rows, columns), 1, -1):
        if rows % side == columns % side == 0:
            cells = pixels[::side, ::side]
            if (cells.repeat(side, axis=0).repeat(side, axis=1) == pixels).all():
                return cells
    return pixels


def _paint(figure: Figure, pixels: np.ndarray, left: float, bottom: float, width: float, height: float) -> None:
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()


def _sheet(plate: Plate, dpi: float, scale: int) -> tuple[Figure, tuple[float, float]]:
    """All but the picture, as high as it takes; and where the picture's upper left corner is: across, and down.

    From the top: title, picture, colour scale, caption, setting.
    """
    width, height = _extent(plate)
    above = [*_lines(plate.title, 9, weight="bold"), _gap(GAP)]
    below = [
        *(_scale(plate.scale) if plate.scale else ()),
        *_lines(plate.caption, 8),
        _gap(GAP / 3),
        *_lines(plate.origin, SMALL, color=QUIET),
    ]
    parts = [*above, _gap(height + GAP), *below]
    # In whole pixels, so that twice the scale is twice the size.
    size = [math.ceil(side * dpi) for side in (WIDTH, _height(parts) + 2 * MARGIN)]
    figure = Figure(figsize=[(side + 0.01) / dpi for side in size], dpi=dpi * scale, facecolor="white")
    FigureCanvasAgg(figure)
    top = figure.get_figheight() - MARGIN
    for part in parts:
        part.draw(figure, top)
        top -= part.height
    return figure, ((WIDTH - width) / 2, MARGIN + _height(above))


def _height(parts: list[Part]) -> float:
    return sum(part.height for part in parts)


def _scale(scale: Scale) -> list[Part]:
    """The colours from end to end; below them the ends, and the note between."""
    low, high = scale.ends
    font = FontProperties(size=SMALL)
    room = 72 * (INSIDE - 2 * GAP) - 2 * max(points(end, font) for end in (low, high))

    def bar(figure: Figure, top: float) -> None:
        _paint(figure, np.tile(lut(scale.colour_map), (8, 1, 1)), MARGIN, top - BAR, INSIDE, BAR)
        _say(figure, low, MARGIN, top - BAR - GAP / 3, SMALL)
        _say(figure, high, WIDTH - MARGIN, top - BAR - GAP / 3, SMALL, ha="right")

    place = {"x": WIDTH / 2, "ha": "center", "color": QUIET}
    notes = [_line(note, SMALL, **place) for note in wrapped(scale.note, font, room)]
    return [Part(BAR + GAP / 3, bar), *notes, _gap(GAP / 2)]


def _lines(words: str, size: float, **look) -> list[Part]:
    """Words from margin to margin, in as many lines as they take."""
    font = FontProperties(size=size, weight=look.get("weight", "normal"))
    return [_line(line, size, **look) for line in wrapped(words, font, 72 * INSIDE)]


def _line(line: str, size: float, x: float = MARGIN, **look) -> Part:
    return Part(size * LEADING / 72, lambda figure, top: _say(figure, line, x, top, size, **look))


def _gap(height: float) -> Part:
    return Part(height, lambda figure, top: None)


def _say(figure: Figure, line: str, x: float, top: float, size: float, **look) -> None:
    """One line, set so that its height is the same whatever letters are in it."""
    across, up = figure.get_size_inches()
    figure.text(x / across, (top - size / 72) / up, line, size=size, va="baseline", **({"color": INK} | look))
