"""Gradient × activation, stage by stage: what the features at a place add to the answer."""

from torch import Tensor

from pvt_viz.attribution.look import Look


def gradient_activation(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w): the sum over channels of feature · ∂logit/∂feature, negative sums cut to 0.

    The gradient holds every attention map and every LayerNorm's deviation (`held`): what is left is linear but for the
    GELUs, so that a sum is what the features there add to the logit, if the rest stays. Without that it would vanish
    in the last stage, whatever the network, and nearly so in each patch of the others. Where attention goes, and why,
    is taken as given: a place that only changes where others look gets nothing. Where features only speak against the
    answer the map is 0.
    """
    return tuple((stage.features * stage.gradient).sum(dim=1).clamp(min=0) for stage in look.stages)
