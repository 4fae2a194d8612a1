"""A network whose gradient says how its features add up to the answer, and not how the answer would change."""

import torch
from torch import Tensor, nn

from pvt_viz.models import PVT
from pvt_viz.models.tap import twin


def held(model: PVT) -> PVT:
    """A twin of `model` with the same answers, whose gradient takes attention maps and deviations for constants.

    Features enter what follows through a LayerNorm, which a larger input leaves as it is: feature · gradient, summed
    over what the norm sees, is 0 whatever the features are (Euler's theorem). With every LayerNorm's deviation and
    every attention map held where they are, the network is linear but for its GELUs, and feature · gradient is what a
    feature adds to the logit: the LN and AH rules of Ali et al. 2022 (arXiv 2202.07304).
    """
    changed = twin(model)
    for module in changed.modules():
        if isinstance(module, nn.LayerNorm):
            module.register_forward_hook(_deviation_held)
    for stage in changed.stages:
        for block in stage.blocks:
            block.attention.map.register_forward_hook(_map_held)
    return changed


def _map_held(_tap: nn.Module, _args: tuple[Tensor], output: Tensor) -> Tensor:
    # A leaf: its own gradient can be asked for, but none goes through it to queries and keys.
    return output.detach().requires_grad_(torch.is_grad_enabled())


def _deviation_held(norm: nn.LayerNorm, args: tuple[Tensor], _output: Tensor) -> Tensor:
    [x] = args
    centred = x - x.mean(dim=-1, keepdim=True)
    deviation = (centred.detach().square().mean(dim=-1, keepdim=True) + norm.eps).sqrt()
    return centred / deviation * norm.weight + norm.bias
