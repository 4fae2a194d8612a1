"""A network on its way from random to trained: the weights at a few steps, small enough to ship.

Matrices are kept as bytes with one scale for each row, about a quarter of float32; vectors in float16. That changes
answers by less than a step of training does (a test says how much).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pvt_viz import places
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.language import say

FOLDER = places.MOMENTS
LEVELS = 127
SCALES = "scales"


@dataclass(frozen=True, eq=False)
class Moment:
    """The averaged weights after so many steps."""

    step: int
    state: dict[str, Tensor]
    """As in `state_dict` of the network, kept at the p_i and R_i that its shipped weights are kept at."""


def save(moments: list[Moment], path: Path) -> None:
    """Write them where `load` reads them; the scales of a moment lie one after the other, in the order of the names."""
    tensors = {}
    for moment in moments:
        scales = [torch.empty(0)]
        for name, values in sorted(moment.state.items()):
            at = f"{moment.step}/{name}"
            if values.ndim < 2 or not values.numel():
                tensors[at] = values.half()
                continue
            rows = values.reshape(_rows(values), -1)
            scale = rows.abs().amax(dim=1).clamp(min=1e-8) / LEVELS
            tensors[at] = (rows / scale[:, None]).round().to(torch.int8).view(values.shape)
            scales.append(scale)
        tensors[f"{moment.step}/{SCALES}"] = torch.cat(scales)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: values.contiguous() for name, values in tensors.items()}, path)


def _rows(values: Tensor) -> int:
    """How many scales: one for each row of a matrix, or each channel of a position embedding (1, channel, h, w)."""
    return values.shape[1] if len(values) == 1 and values.ndim > 2 else len(values)


def path_of(name: str) -> Path:
    """Where the moments of a bundled network are, if it has any."""
    return FOLDER / f"{name}.moments.safetensors"


def load(name: str) -> list[Moment]:
    """The moments of a bundled network by rising step; raises WeightsError where they are missing or damaged."""
    path = path_of(name)
    if not path.is_file():
        raise WeightsError(say("The recorded moments {file} are not there.", file=path.name))
    states: dict[int, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            kept = {name: file.get_tensor(name) for name in list(file.keys())}
        scales = {at: list(kept.pop(at)) for at in list(kept) if at.endswith(f"/{SCALES}")}
        for at, values in sorted(kept.items()):
            step, _, name = at.partition("/")
            if values.dtype == torch.int8:
                here = scales[f"{step}/{SCALES}"]
                scale = torch.stack([here.pop(0) for _ in range(_rows(values))])
                values = (values.reshape(len(scale), -1) * scale[:, None]).view(values.shape)
            states.setdefault(int(step), {})[name] = values.float()
    except (SafetensorError, OSError, ValueError, RuntimeError, LookupError) as error:
        raise WeightsError(say("The recorded moments {file} are damaged; fetch them again.", file=path.name)) from error
    return [Moment(step, states[step]) for step in sorted(states)]
