"""What a network that knows photographs is measured on, and how sure it may be."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from pvt_viz import images
from pvt_viz.config import PVTConfig, Size
from pvt_viz.models import PVT
from pvt_viz.report import Sureness
from pvt_viz.train.evaluate import TestSet
from pvt_viz.train.photos.archive import Photos

BATCH = 32
SMALL = 0.25
"""Of a picture's area: objects below that are called small."""
BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False)
class Batch:
    """Some photographs, at the size that they are shown at."""

    images: Tensor
    """(n, 3, 64, 64) in 0..1."""
    labels: Tensor
    """(n,)."""
    masks: Tensor
    """(n, H, W) bool: the box."""


def test_set(photos: Photos) -> TestSet:
    """The first so many of `photos`, whole, at any size."""

    def batches(count: int, size: int | Size) -> Iterator[Batch]:
        hw = (size, size) if isinstance(size, int) else tuple(size)
        done = 0
        while done < count:
            # None is left with a single picture: its keys and values could not be swapped with another's.
            some = count - done if count - done <= BATCH + 1 else BATCH
            chosen = photos.some(slice(done, done + some))
            pictures = rearrange(chosen.images, "n h w c -> n c h w").float() / 255
            yield Batch(pictures, chosen.labels, chosen.masks(hw))
            done += some

    def normalised(config: PVTConfig, batch: Batch) -> Tensor:
        return images.to_tensor(batch.images, config)

    return TestSet(batches, normalised)


def small(photos: Photos) -> Photos:
    """Those whose box is under a quarter of the picture: there the centre prior has less to say."""
    return photos.some(photos.masks().float().mean(dim=(1, 2)) < SMALL)


@torch.no_grad()
def logits(model: PVT, photos: Photos, count: int) -> Tensor:
    """(count, class) of the first so many photographs, on the CPU."""
    test = test_set(photos)
    return torch.cat([model(test.pictures(model, batch)).cpu() for batch in test.batches(count, model.config.image_hw)])


def top5(answers: Tensor, labels: Tensor) -> float:
    """How often the label is among the five largest logits (n, class)."""
    return float((answers.topk(min(5, answers.shape[1])).indices == labels[:, None]).any(dim=1).float().mean())


def temperature(answers: Tensor, labels: Tensor) -> float:
    """The number that logits (n, class) are divided by so that the labels are most likely (Guo et al. 2017)."""
    tried = torch.logspace(-1, 1, 401).tolist()
    return min(tried, key=lambda t: float(F.cross_entropy(answers / t, labels)))


def sureness(answers: Tensor, labels: Tensor, divided_by: float) -> Sureness:
    """How often answers are right that are given with so much probability."""
    chances, best = answers.softmax(dim=1).max(dim=1)
    right = (best == labels).float()
    bins, error = [], 0.0
    for low, high in itertools.pairwise(BINS):
        inside = (chances >= low) & ((chances < high) if high < 1 else (chances <= high))
        count = int(inside.sum())
        accuracy = float(right[inside].mean()) if count else 0.0
        if count:
            error += count / len(labels) * abs(accuracy - float(chances[inside].mean()))
        bins.append((low, high, accuracy, count))
    return Sureness(temperature=divided_by, pictures=len(labels), error=error, bins=tuple(bins))
