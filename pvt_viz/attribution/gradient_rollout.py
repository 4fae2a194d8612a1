"""Gradient-weighted rollout (after Chefer et al. 2021): only attention that adds to the answer is followed."""

import torch
from torch import Tensor

from pvt_viz.attribution.look import BlockLook, Look
from pvt_viz.attribution.pyramid import descend, unfold
from pvt_viz.config import StageShape


def gradient_rollout(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w), summing to 1: r ← r + (r Ā / s) P, with Ā the mean over heads of (∂logit/∂A · A)⁺.

    s is the strongest row of any Ā of the picture: what a query follows is at most as much as what stays with it. A
    gradient has the scale of the logits, and of 1/N where the mean of N tokens answers; neither says where it leads.
    The gradient holds all other maps and LayerNorm's deviations (`held`), so that the answer is a sum over the keys of
    a map; how much a weight changes the weights after it is left out, and what lowers the answer is cut off. Where no
    attention adds to the answer the map is that of the stage above.
    """
    useful = {id(block): _useful(block) for stage in look.stages for block in stage.blocks}
    strongest = torch.stack([rows.sum(dim=2).amax(dim=1) for rows in useful.values()]).amax(dim=0)  # (batch,)
    scale = 1 / strongest.where(strongest > 0, 1)[:, None]

    def step(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
        followed = (mass[:, None] @ useful[id(block)])[:, 0] * scale  # (batch, n_prefix + M)
        stepped = mass + unfold(followed, block, shape)
        return stepped / stepped.sum(dim=1, keepdim=True).clamp(min=1e-12)

    return descend(look, step)


def _useful(block: BlockLook) -> Tensor:
    """(batch, n_prefix + N, n_prefix + M)."""
    return (block.gradient * block.attention).clamp(min=0).mean(dim=1)
