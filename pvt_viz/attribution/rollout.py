"""Attention rollout (Abnar and Zuidema 2020) through the pyramid: where attention that ends in the answer came from."""

from torch import Tensor

from pvt_viz.attribution.look import BlockLook, Look
from pvt_viz.attribution.pyramid import descend, unfold
from pvt_viz.config import StageShape


def rollout(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w), summing to 1: r ← ½ r + ½ (r A) P from what answers down, A the mean over heads.

    It starts on CLS, or evenly on all tokens where their mean answers. P takes a key's mass to the tokens it was folded
    or pooled from, so that no N×N matrix is ever formed. Takes every block
    for half attention and half residual, all heads for equal, and leaves the MLPs, values and signs out.
    """
    return descend(look, _step)


def _step(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    attended = (mass[:, None] @ block.attention.mean(dim=1))[:, 0]  # (batch, n_prefix + M)
    return 0.5 * mass + 0.5 * unfold(attended, block, shape)
