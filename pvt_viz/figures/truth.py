"""The truth about a drawn scene: in words, and as an outline on the picture."""

import numpy as np
from PIL import Image

from pvt_viz.scenes import CLASSES, COLOURS, Scenes

OUTLINE = ((0, 0, 0), (255, 255, 255))
"""From the outside in: one of the two is seen on any ground."""


def describe(scenes: Scenes, index: int = 0) -> str:
    """A scene in words: its shapes with their colours and places, and the cue."""
    layout = scenes.layout
    h, w = layout.extent
    shapes = [
        f"a {COLOURS[colour]} {CLASSES[kind]} at {_place(y / h, x / w)}"
        for kind, colour, (y, x) in zip(
            layout.kind[index].tolist(), layout.colour[index].tolist(), layout.place[index].tolist(), strict=True
        )
    ]
    if not layout.tag_colour.shape[1]:
        return shapes[0]
    cue = COLOURS[int(layout.tag_colour[index, 0])]
    return f"{', '.join(shapes[:-1])} and {shapes[-1]}; the tag with the white rim is {cue}"


def _place(y: float, x: float) -> str:
    down, across = (_third(y, "top", "bottom"), _third(x, "left", "right"))
    return f"the {' '.join(filter(None, (down, across)))}" if down or across else "the middle"


def _third(at: float, first: str, last: str) -> str:
    return first if at < 0.4 else last if at > 0.6 else ""


def outline(picture: Image.Image, mask: np.ndarray) -> Image.Image:
    """`picture` with the edge of `mask` (H, W), bool, drawn on it; the picture may be enlarged over the mask."""
    grown = np.asarray(Image.fromarray(mask).resize(picture.size, Image.Resampling.NEAREST))
    pixels = np.array(picture.convert("RGB"))
    width = max(1, round(picture.width / 224))
    outer = _dilated(grown, 2 * width)
    inner = _dilated(grown, width)
    pixels[outer & ~inner], pixels[inner & ~grown] = OUTLINE
    return Image.fromarray(pixels)


def _dilated(mask: np.ndarray, by: int) -> np.ndarray:
    """Grown by so many pixels to each side."""
    for axis in (0, 1):
        padded = np.pad(mask, [(by, by) if a == axis else (0, 0) for a in (0, 1)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * by + 1, axis=axis)
        mask = windows.any(axis=-1)
    return mask
