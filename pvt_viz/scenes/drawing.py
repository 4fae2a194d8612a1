"""From a layout to pixels: signed distances become coverage, coverage lays one colour over another."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pvt_viz.scenes.layout import Layout
from pvt_viz.scenes.shapes import SHAPES

HUES = (0.0, 0.145, 0.36, 0.5, 0.63, 0.86)  # of COLOURS, in turns
RIM = 0.018  # of a tag, in units of the shorter side: 2.3 pixels of 128


def rgb(colour: Tensor, tint: Tensor) -> Tensor:
    """(..., 3) in 0..1 of a colour's number (...) and its tint (..., 3)."""
    hue = torch.tensor(HUES)[colour] + 0.02 * tint[..., 0]
    saturation, value = 0.86 + 0.1 * tint[..., 1], 0.88 + 0.1 * tint[..., 2]
    # HSV to RGB: each channel is full within a sixth of a turn from its own hue and gone a third away.
    offset = (hue[..., None] + torch.tensor([0.0, 2 / 3, 1 / 3])) % 1.0
    full = ((offset * 6 - 3).abs() - 1).clamp(0, 1)
    return value[..., None] * (1 - saturation[..., None] * (1 - full))


def draw(layout: Layout, size: tuple[int, int], *, clutter: float) -> tuple[Tensor, Tensor]:
    """(images (scene, 3, H, W) in 0..1, shape map (scene, H, W)).

    The map holds, per pixel, 0 for ground or 1 + the place of the shape within its scene.
    """
    pixel = layout.extent[0] / size[0]
    y = ((torch.arange(size[0]) + 0.5) * pixel)[:, None]
    x = ((torch.arange(size[1]) + 0.5) * pixel)[None, :]
    images = _ground(layout, size, clutter)
    if clutter > 0:
        _strokes(images, layout, y, x, pixel, clutter)
    covers = _cover(layout, y, x, pixel)  # (scene, shape, H, W)
    shape_map = torch.zeros(len(images), *size, dtype=torch.long)
    colours = rgb(layout.colour, layout.tint)
    for i in range(covers.shape[1]):
        _lay(images, covers[:, i], colours[:, i])
        shape_map[covers[:, i] > 0.5] = i + 1
    tag_colours = rgb(layout.tag_colour, layout.tag_tint)
    for i in range(layout.tag_place.shape[1]):
        centre = layout.tag_place[:, i, :, None, None]  # (scene, 2, 1, 1)
        distance = torch.maximum((y - centre[:, 0]).abs(), (x - centre[:, 1]).abs())
        rim = torch.full((len(images), 3), 1.0 if i == 0 else 0.0)
        _lay(images, _coverage(distance - layout.tag_size, pixel), rim)
        _lay(images, _coverage(distance - layout.tag_size + RIM, pixel), tag_colours[:, i])
    return images.clamp_(0, 1), shape_map


def _coverage(distance: Tensor, pixel: float) -> Tensor:
    """How much of a pixel lies inside, from the signed distance of its centre."""
    return (0.5 - distance / pixel).clamp(0, 1)


def _lay(images: Tensor, cover: Tensor, colour: Tensor) -> None:
    """Paint a colour (scene, 3) over images in place, as far as cover (scene, H, W) says."""
    images.lerp_(colour[:, :, None, None], cover[:, None])


def _cover(layout: Layout, y: Tensor, x: Tensor, pixel: float) -> Tensor:
    """(scene, shape, H, W): how much of every pixel each shape covers. Shapes of a kind are drawn together."""
    covers = torch.zeros(*layout.kind.shape, y.shape[0], x.shape[1])
    for number, distance in enumerate(SHAPES.values()):
        of_kind = layout.kind == number
        if not of_kind.any():
            continue
        centre, radius = layout.place[of_kind][..., None, None], layout.radius[of_kind][:, None, None]
        down, right = (y - centre[:, 0]) / radius, (x - centre[:, 1]) / radius
        cos, sin = (part(layout.angle[of_kind])[:, None, None] for part in (torch.cos, torch.sin))
        covers[of_kind] = _coverage(distance(cos * right + sin * down, cos * down - sin * right) * radius, pixel)
    return covers


def _ground(layout: Layout, size: tuple[int, int], clutter: float) -> Tensor:
    """(scene, 3, H, W): a dull colour that wanders, and a grey grain."""
    coarse, middle, fine = layout.ground
    base = 0.42 + 0.09 * coarse[:, :1, :1, :1]
    drift = F.interpolate(coarse, size, mode="bilinear", align_corners=True)
    grey, tinge = drift.mean(dim=1, keepdim=True), drift - drift.mean(dim=1, keepdim=True)
    patches = F.interpolate(middle[:, :1], size, mode="bilinear", align_corners=True)
    grain = F.interpolate(fine[:, :1], size, mode="bilinear", align_corners=True)
    return base + 0.08 * grey + 0.04 * tinge + clutter * (0.05 * patches + 0.05 * grain)


def _strokes(images: Tensor, layout: Layout, y: Tensor, x: Tensor, pixel: float, clutter: float) -> None:
    """Grey lines across the ground, some long, some hardly more than a dot."""
    height, width = layout.extent
    for i in range(layout.strokes.shape[1]):
        ay, ax, turn, length, thick, grey, opacity, _ = (part[:, None, None] for part in layout.strokes[:, i].unbind(1))
        ay, ax, length = ay * height, ax * width, 0.02 + 0.6 * length**2
        dy, dx = torch.sin(turn * torch.pi), torch.cos(turn * torch.pi)
        along = ((y - ay) * dy + (x - ax) * dx).clamp_(min=torch.zeros_like(length), max=length)
        distance = torch.hypot(y - ay - along * dy, x - ax - along * dx) - (0.004 + 0.016 * thick)
        cover = _coverage(distance, pixel) * (clutter * (0.3 + 0.6 * opacity))
        _lay(images, cover, (0.1 + 0.8 * grey)[:, 0].expand(-1, 3))
