"""Gradient-weighted rollout (after Chefer et al. 2021): only attention that would raise the answer is followed."""

from torch import Tensor

from pvt_viz.attribution.look import BlockLook, Look
from pvt_viz.attribution.pyramid import descend, unfold
from pvt_viz.config import StageShape


def gradient_rollout(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w), summing to 1: r ← r + (r Ā) P, with Ā the mean over heads of (∂logit/∂A · A)⁺.

    Takes the gradient, a statement about tiny changes, for the worth of a whole weight; what lowers the answer is cut
    off.
    """
    return descend(look, _step)


def _step(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    useful = (block.gradient * block.attention).clamp(min=0).mean(dim=1)
    stepped = mass + unfold((mass[:, None] @ useful)[:, 0], block, shape)
    return stepped / stepped.sum(dim=1, keepdim=True).clamp(min=1e-12)
