"""A map over the picture it is about: brighter is more, what is under it stays to be seen."""

import numpy as np
from PIL import Image

from pvt_viz.figures.colour import paint

STRENGTH = 0.72
GREY = 0.45
"""How light the picture under a map can get: a map's darkest colour must not be mistaken for the picture's."""


def over(picture: Image.Image, heat: np.ndarray, covered: tuple[int, int], image_size: tuple[int, int]) -> Image.Image:
    """heat (h, w) in magma, from 0 to its greatest value, over `picture` in grey.

    `picture` shows the image (H, W) = `image_size` at any enlargement; the map covers `covered` pixels of that, from
    the upper left corner. What it does not cover stays bare.
    """
    grey = Image.fromarray((np.asarray(picture.convert("L")) * GREY).astype(np.uint8)).convert("RGB")
    scale_y, scale_x = picture.height / image_size[0], picture.width / image_size[1]
    size = (round(covered[1] * scale_x), round(covered[0] * scale_y))
    cells = paint(heat, "magma", 0.0, float(heat.max())).resize(size, Image.Resampling.NEAREST)
    under = grey.crop((0, 0, *size))
    grey.paste(Image.blend(under, cells, STRENGTH), (0, 0))
    return grey
