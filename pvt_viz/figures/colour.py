"""From numbers to colours, by perceptual colour maps only."""

from functools import cache

import matplotlib
import numpy as np
from PIL import Image

from pvt_viz.language import say

COLOUR_MAPS = ("magma", "viridis", "cividis")


@cache
def lut(name: str) -> np.ndarray:
    """The colour map as a table (256, 3) uint8."""
    if name not in COLOUR_MAPS:
        raise ValueError(
            say("colour map {name!r} is not offered; there are {known}.", name=name, known=", ".join(COLOUR_MAPS))
        )
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def paint(values: np.ndarray, name: str, low: float, high: float) -> Image.Image:
    """values (h, w) -> RGB picture of one pixel a cell; from `low` (start of the map) to `high`."""
    values = np.asarray(values, dtype=np.float64)
    span = high - low
    level = np.zeros(values.shape) if span <= 0 else (values - low) / span
    return Image.fromarray(lut(name)[(level.clip(0, 1) * 255).round().astype(np.uint8)])


def enlarge(picture: Image.Image, width: int) -> Image.Image:
    """Whole pixels, cell for cell: at least `width` wide unless the picture already is."""
    times = max(1, -(-width // picture.width))
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
