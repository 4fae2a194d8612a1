"""Maps against the truth: does the brightest place lie on the shape, how much of the map does, do they overlap?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import repeat
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Scores:
    """One number per picture and question, each (batch,) in 0..1; higher is better."""

    pointing: Tensor
    """Whether the brightest place lies on the shape; of several equally bright pixels, the part of them that does."""
    energy: Tensor
    """The part of the map's sum that lies on the shape."""
    overlap: Tensor
    """Intersection over union of the shape and the map's brightest pixels, as many as the shape has."""

    def means(self) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in vars(self).items()}


def score(heat: Tensor, masks: Tensor, side: int) -> Scores:
    """heat (batch, h, w), at least 0, in cells of side×side pixels; masks (batch, H, W) bool, none of them empty."""
    heat = at_pixels(heat, side, tuple(masks.shape[-2:])).flatten(1).double()
    masks = masks.flatten(1)
    area = masks.sum(dim=1)
    top = heat == heat.max(dim=1, keepdim=True).values
    # The brightest pixels, as many as the shape has: of those equal to the last of them, each counts by a fraction.
    least = heat.sort(dim=1, descending=True).values.gather(1, (area - 1)[:, None])
    above, tied = heat > least, heat == least
    share = (area - above.sum(dim=1)) / tied.sum(dim=1)
    common = (above & masks).sum(dim=1) + share * (tied & masks).sum(dim=1)
    return Scores(
        pointing=(top & masks).sum(dim=1) / top.sum(dim=1),
        energy=(heat * masks).sum(dim=1) / heat.sum(dim=1).clamp(min=1e-12),
        overlap=common / (2 * area - common),
    )


def at_pixels(heat: Tensor, side: int, size: tuple[int, int]) -> Tensor:
    """(batch, h, w) -> (batch, H, W): every cell over side×side pixels; a rim that no cell covers gets 0."""
    cells = repeat(heat, "b h w -> b (h y) (w x)", y=side, x=side)
    return F.pad(cells, (0, size[1] - cells.shape[2], 0, size[0] - cells.shape[1]))


def chance(masks: Tensor) -> Tensor:
    """A map that knows nothing: (batch, H, W), the same everywhere. For `score`, like the next two."""
    return torch.ones(masks.shape)


def centre_prior(masks: Tensor) -> Tensor:
    """A map that knows only that things stand in the middle: (batch, H, W), falling off from there."""
    h, w = masks.shape[-2:]
    y, x = (torch.linspace(-1, 1, side) for side in (h, w))
    return torch.exp(-2 * (y[:, None] ** 2 + x[None, :] ** 2)).expand(len(masks), h, w)


def ceiling(masks: Tensor, side: int) -> Tensor:
    """The truth drawn in cells of side×side pixels, (batch, h, w): how much of each is on the shape. No map does better
    at overlap on that grid by more than a rounding."""
    return F.avg_pool2d(masks[:, None].float(), side)[:, 0]
