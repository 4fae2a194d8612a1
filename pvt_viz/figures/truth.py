"""The truth about a drawn scene: in words, and as an outline on the picture."""

import numpy as np
from PIL import Image

from pvt_viz.language import N_, say
from pvt_viz.scenes import CLASSES, COLOURS, Scenes

OUTLINE = ((0, 0, 0), (255, 255, 255))
"""From the outside in: one of the two is seen on any ground."""


def describe(scenes: Scenes, index: int = 0) -> str:
    """A scene in words: its shapes with their colours and places, and the cue."""
    layout = scenes.layout
    h, w = layout.extent
    shapes = [
        say(
            "a {colour} {shape} at {place}",
            colour=say(COLOURS[colour]),
            shape=say(CLASSES[kind]),
            place=_place(y / h, x / w),
        )
        for kind, colour, (y, x) in zip(
            layout.kind[index].tolist(), layout.colour[index].tolist(), layout.place[index].tolist(), strict=True
        )
    ]
    if not layout.tag_colour.shape[1]:
        return shapes[0]
    first, second, third = shapes
    return say(
        "{first}, {second} and {third}; the tag with the white rim is {cue}",
        first=first,
        second=second,
        third=third,
        cue=say(COLOURS[int(layout.tag_colour[index, 0])]),
    )


PLACES = (
    (N_("the top left"), N_("the top"), N_("the top right")),
    (N_("the left"), N_("the middle"), N_("the right")),
    (N_("the bottom left"), N_("the bottom"), N_("the bottom right")),
)


def _place(y: float, x: float) -> str:
    """In words, from fractions of the picture."""
    row, column = (0 if at < 0.4 else 2 if at > 0.6 else 1 for at in (y, x))
    return say(PLACES[row][column])


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
