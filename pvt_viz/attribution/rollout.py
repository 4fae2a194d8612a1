"""Attention rollout (Abnar and Zuidema 2020) through the pyramid: where the attention that ends in CLS came from."""

from torch import Tensor

from pvt_viz.attribution.look import BlockLook, Look
from pvt_viz.attribution.pyramid import descend, unfold
from pvt_viz.config import StageShape


def rollout(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w), summing to 1: r ← ½ r + ½ (r A) P from CLS down, A the mean over heads.

    P takes a key's mass to the R×R tokens it was folded from, so that no N×N matrix is ever formed. Takes every block
    for half attention and half residual, all heads for equal, and leaves the MLPs, values and signs out.
    """
    return descend(look.stages, _step)


def _step(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    attended = (mass[:, None] @ block.attention.mean(dim=1))[:, 0]  # (batch, n_prefix + M)
    return 0.5 * mass + 0.5 * unfold(attended, block, shape)
