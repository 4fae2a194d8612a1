"""What the plates of all pages share: pixels, the names of axes, and the setting that they were made for."""

import io

import numpy as np
from PIL import Image

from pvt_viz.config import StageShape
from pvt_viz.language import tr
from pvt_viz.scene import Scene
from pvt_viz.words import times

TOKENS, KEYS = "h w", "h' w'"
"""Axes of a stage's token grid, and of its reduced grid."""


def pixels(picture: Image.Image) -> np.ndarray:
    """(row, column, RGB)."""
    return np.asarray(picture.convert("RGB"))


def decoded(encoded: bytes) -> np.ndarray:
    """The same of a PNG: what a page shows."""
    return pixels(Image.open(io.BytesIO(encoded)))


def setting(scene: Scene, shape: StageShape | None = None, block: int = 0, head: int | None = 0) -> dict[str, str]:
    """For what the numbers were made; block (0: none) and head (None: the mean) are counted from 1."""
    config, weights = scene.selection.config, scene.trace.weights
    found = {"model": config.name}
    if not weights.trained or scene.fitted.moment is not None or scene.fitted.digest:  # not those that come with it
        found["weights"] = tr(weights.source)
    found |= {
        "picture": tr(scene.picture.title),
        "image": times(scene.selection.image_size),
        "p": f"p {'-'.join(map(str, config.patch_sizes))}",
        "R": "linear SRA" if config.pool else f"R {'-'.join(map(str, config.reductions))}",
    }
    if shape:
        found["stage"] = tr("stage {index}", index=shape.index)
    if block:
        found["block"] = tr("block {index}", index=block)
        found["head"] = tr("head {index}", index=head) if head else tr("mean of heads")
    return found
