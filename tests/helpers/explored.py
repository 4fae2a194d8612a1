"""Traces and pictures for the attention explorer."""

import numpy as np
import torch
from PIL import Image

import pvt_viz
from randomised import randomise


def traced(name: str, size: tuple[int, int], batch: int = 1, **overrides) -> pvt_viz.Trace:
    model = pvt_viz.build_model(pvt_viz.get_config(name, image_size=size, **overrides))
    randomise(model)
    images = torch.randn(batch, 3, *size, generator=torch.Generator().manual_seed(1))
    return pvt_viz.trace(model, images)


def picture(size: tuple[int, int]) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    return Image.fromarray(pixels)
