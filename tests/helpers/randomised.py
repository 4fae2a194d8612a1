"""Give every parameter a non-trivial value, so that a dropped bias or a swapped norm changes the answer."""

import torch
from torch import nn


@torch.no_grad()
def randomise(model: nn.Module, seed: int = 0) -> None:
    """Matrices keep their input's variance; biases, norms, position and CLS get values far from 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        is_norm_weight = parameter.ndim == 1 and name.endswith("weight")
        if is_norm_weight:
            parameter.copy_(1 + 0.3 * noise)
        elif parameter.ndim == 1:
            parameter.copy_(0.2 * noise)
        elif parameter.ndim in (2, 4) and name.endswith("weight"):
            parameter.copy_(noise * parameter[0].numel() ** -0.5)
        else:
            parameter.copy_(0.5 * noise)
