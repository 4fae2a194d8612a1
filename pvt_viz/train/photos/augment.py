"""How one photograph becomes many: crops, mirrors, light, and mixtures of two."""

import math

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from pvt_viz.config import Size

LEAST = 0.4
"""Of a picture's area, what a crop keeps at least."""
STRETCH = 4 / 3
LIGHT = 0.3
"""By how much brightness and contrast may change, either way."""
MIXED, PASTED = 0.3, 0.2
"""How many batches are mixed (Zhang et al. 2018), and how many pasted into each other (Yun et al. 2019)."""


def crops(pictures: Tensor, size: Size, chance: np.random.Generator) -> Tensor:
    """pictures (n, 3, h, w) -> (n, 3, *size): of each a random part, half of them mirrored."""
    n = len(pictures)
    area = chance.uniform(LEAST, 1, n)
    aspect = np.exp(chance.uniform(-math.log(STRETCH), math.log(STRETCH), n))
    width, height = np.minimum(np.sqrt(area * aspect), 1), np.minimum(np.sqrt(area / aspect), 1)
    mirror = np.where(chance.random(n) < 0.5, -1, 1)
    # From places in the crop to places in the picture, both from −1 to 1.
    onto = np.zeros((n, 2, 3), np.float32)
    onto[:, 0, 0], onto[:, 0, 2] = mirror * width, chance.uniform(-1, 1, n) * (1 - width)
    onto[:, 1, 1], onto[:, 1, 2] = height, chance.uniform(-1, 1, n) * (1 - height)
    places = F.affine_grid(torch.from_numpy(onto), [n, 3, *size], align_corners=False)
    return F.grid_sample(pictures, places, padding_mode="reflection", align_corners=False)


def light(pictures: Tensor, chance: np.random.Generator) -> Tensor:
    """pictures (n, 3, h, w) in 0..1 -> the same, each with another brightness and contrast."""
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    drawn = chance.uniform(1 - LIGHT, 1 + LIGHT, (2, len(pictures))).astype(np.float32)
    contrast, brightness = rearrange(torch.from_numpy(drawn), "what n -> what n 1 1 1")
    return ((pictures - mean) * contrast + mean * brightness).clamp(0, 1)


def mixed(pictures: Tensor, targets: Tensor, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Some batches are laid over themselves in reverse, some pasted into themselves; targets (n, class) likewise."""
    drawn = chance.random()
    if drawn < MIXED:
        share = chance.beta(0.8, 0.8)
        pictures = share * pictures + (1 - share) * pictures.flip(0)
    elif drawn < MIXED + PASTED:
        h, w = pictures.shape[-2:]
        side = math.sqrt(1 - chance.uniform())
        rows, columns = round(h * side), round(w * side)
        top, left = chance.integers(0, h - rows + 1), chance.integers(0, w - columns + 1)
        window = (..., slice(top, top + rows), slice(left, left + columns))
        other, pictures = pictures.flip(0), pictures.clone()
        pictures[window] = other[window]
        share = 1 - rows * columns / (h * w)
    else:
        return pictures, targets
    return pictures, share * targets + (1 - share) * targets.flip(0)
