"""From a name, a file, a folder or a hub id to a network with its weights."""

from pathlib import Path

from pvt_viz.checkpoints import own
from pvt_viz.models.flexible import PSEUDO_INVERSE, Resizing
from pvt_viz.models.pvt import PVT


def load_model(source: str | Path, /, *, resize: Resizing = PSEUDO_INVERSE, **overrides) -> PVT:
    """The trained network `source` (a bundled name, or a .safetensors file of ours), in eval mode on the CPU.

    `overrides` are image_size, patch_sizes and reductions: kernels are resized with the pseudo-inverse, position
    embeddings bilinearly (see `flexible.refit`). Raises WeightsError, a ValueError, where the file is missing, damaged
    or not ours, and ValueError for an override that is not valid.
    """
    found = own.read(source)
    return found.model(found.with_fields(overrides), resize)
