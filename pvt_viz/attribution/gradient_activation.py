"""Gradient × activation, stage by stage: where the features, as they are, speak for the answer."""

from torch import Tensor

from pvt_viz.attribution.look import Look


def gradient_activation(look: Look) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w): the sum over channels of feature · ∂logit/∂feature, negative sums cut to 0.

    Takes the logit for linear around these features. It uses no attention map at all, and so is a check on those that
    do.
    """
    return tuple((stage.features * stage.gradient).sum(dim=1).clamp(min=0) for stage in look.stages)
