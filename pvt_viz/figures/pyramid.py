"""What a stage makes of the picture: its grid at true size, and its feature map as colours."""

import numpy as np
from PIL import Image, ImageDraw

from pvt_viz.config import Size, StageShape

GRID_LINE = (255, 255, 255, 150)
HATCH_LINE = (255, 255, 255, 230)
HATCH_GROUND = (30, 30, 30, 150)


def patch_grid(picture: Image.Image, shape: StageShape, image_size: Size, *, lines: bool = True) -> Image.Image:
    """The picture with the stage's tokens drawn at true size, and the rim that the floor drops hatched.

    Of a grid that reaches over the edge, what is in the picture is drawn. `picture` shows the image (H, W) at any
    enlargement. Lines closer than 3 px would hide it: then only every second (fourth, …) is drawn. Without `lines`
    the rim is hatched, and nothing else.
    """
    scale_y, scale_x = picture.height / image_size[0], picture.width / image_size[1]
    (h, w), stride = shape.grid, shape.stride
    bottom = min(h * stride * scale_y, picture.height)
    right = min(w * stride * scale_x, picture.width)
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    step = lines_step(stride * min(scale_x, scale_y))
    for row in range(0, h + 1, step) if lines else ():
        draw.line([(0, row * stride * scale_y), (right, row * stride * scale_y)], fill=GRID_LINE)
    for column in range(0, w + 1, step) if lines else ():
        draw.line([(column * stride * scale_x, 0), (column * stride * scale_x, bottom)], fill=GRID_LINE)
    _hatch(layer, (right, 0, picture.width, picture.height))
    _hatch(layer, (0, bottom, right, picture.height))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def lines_step(cell: float) -> int:
    """Draw every how-manieth line, for cells of `cell` pixels."""
    step = 1
    while cell * step < 3:
        step *= 2
    return step


def _hatch(layer: Image.Image, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = (round(edge) for edge in box)
    if right <= left or bottom <= top:
        return
    tile = Image.new("RGBA", (right - left, bottom - top), HATCH_GROUND)
    draw = ImageDraw.Draw(tile)
    for x in range(-tile.height, tile.width, 6):
        draw.line([(x, tile.height), (x + tile.height, 0)], fill=HATCH_LINE, width=1)
    layer.paste(tile, (left, top))


def principal_colours(*planes: np.ndarray) -> list[Image.Image]:
    """feature maps (channel, h, w) -> RGB pictures (h, w): principal components as red, green, blue.

    All planes share one basis and one scale, so that equal colours mean equal features. The 1st to the 99th
    percentile of a component spans its colour.
    """
    planes = [np.asarray(plane, dtype=np.float64) for plane in planes]
    rows = [plane.reshape(plane.shape[0], -1).T for plane in planes]
    components = _principal_components(np.concatenate(rows))
    low, high = np.percentile(components, [1, 99], axis=0)
    span = high - low
    # A component that does not vary (one token, say) is neither low nor high.
    colours = np.where(span > 1e-9, (components - low) / np.where(span > 1e-9, span, 1), 0.5).clip(0, 1)
    pictures, start = [], 0
    for plane, row in zip(planes, rows, strict=True):
        part = colours[start : start + len(row)].reshape(*plane.shape[1:], 3)
        pictures.append(Image.fromarray((part * 255).round().astype(np.uint8)))
        start += len(row)
    return pictures


def _principal_components(rows: np.ndarray) -> np.ndarray:
    """rows (token, channel) -> (token, 3): coordinates along the three directions of greatest variance."""
    centred = rows - rows.mean(axis=0)
    if len(rows) > rows.shape[1]:
        _, axes = np.linalg.eigh(centred.T @ centred)
        components = centred @ axes[:, ::-1][:, :3]
    else:  # the same from the smaller matrix
        variances, left = np.linalg.eigh(centred @ centred.T)
        components = (left * np.sqrt(variances.clip(0)))[:, ::-1][:, :3]
    components = components * np.where((components**3).sum(axis=0) < 0, -1, 1)  # else colours could flip at random
    return np.pad(components, ((0, 0), (0, 3 - components.shape[1])))


def lengths(plane: np.ndarray) -> np.ndarray:
    """feature map (channel, h, w) -> (h, w): the L2 norm of each token's features."""
    return np.linalg.norm(np.asarray(plane, dtype=np.float64), axis=0)
