"""Ten plain shapes as signed distance functions: below 0 inside, above 0 outside, about 1 per unit of length.

Each takes coordinates x (to the right) and y (down), any shape of tensor, in which the drawn figure fills the unit
disc, and returns a tensor of the same shape.
"""

import math

import torch
from torch import Tensor

from pvt_viz.language import N_


def _disc(x: Tensor, y: Tensor) -> Tensor:
    return torch.hypot(x, y) - 0.88


def _ring(x: Tensor, y: Tensor) -> Tensor:
    return (torch.hypot(x, y) - 0.7).abs() - 0.22


def _triangle(x: Tensor, y: Tensor) -> Tensor:
    sides = x.abs() * math.sin(math.pi / 3) - y * 0.5
    return torch.maximum(sides, y) - 0.5


def _square(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(x.abs(), y.abs()) - 0.76


def _star(x: Tensor, y: Tensor) -> Tensor:
    # Five points: every direction is folded onto one half of one point, whose edge is a straight line.
    turn = 2 * math.pi / 5
    angle = torch.atan2(x, -y)
    angle = (angle - turn * torch.round(angle / turn)).abs()
    length = torch.hypot(x, y)
    tip, notch = (0.0, 1.0), (0.45 * math.sin(turn / 2), 0.45 * math.cos(turn / 2))
    normal = (tip[1] - notch[1], notch[0] - tip[0])
    size = math.hypot(*normal)
    return (length * angle.sin() * normal[0] + (length * angle.cos() - 1.0) * normal[1]) / size


def _cross(x: Tensor, y: Tensor) -> Tensor:
    long, short = torch.maximum(x.abs(), y.abs()) - 0.92, torch.minimum(x.abs(), y.abs()) - 0.28
    return torch.maximum(long, short)


def _heart(x: Tensor, y: Tensor) -> Tensor:
    # A square on its corner, and a disc on each of its two upper sides.
    half, middle = 0.7, 0.22
    square = (x.abs() + (y - middle).abs() - half) / math.sqrt(2)
    discs = torch.hypot(x.abs() - half / 2, y - middle + half / 2) - half / math.sqrt(2)
    return torch.minimum(square, discs)


def _crescent(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(torch.hypot(x, y) - 0.92, 0.72 - torch.hypot(x - 0.42, y))


def _arrow(x: Tensor, y: Tensor) -> Tensor:
    shaft = torch.maximum(y.abs() - 0.22, (x + 0.4).abs() - 0.55)
    head = torch.maximum(-x - 0.05, (x * 0.8 + y.abs() - 0.76) / math.hypot(0.8, 1.0))
    return torch.minimum(shaft, head)


def _half_disc(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(torch.hypot(x, y - 0.4) - 0.95, y - 0.4)


SHAPES = {
    N_("disc"): _disc,
    N_("ring"): _ring,
    N_("triangle"): _triangle,
    N_("square"): _square,
    N_("star"): _star,
    N_("cross"): _cross,
    N_("heart"): _heart,
    N_("crescent"): _crescent,
    N_("arrow"): _arrow,
    N_("half disc"): _half_disc,
}
"""name -> signed distance; a shape's number in labels and maps is its place here; `tr` tells it to readers."""
