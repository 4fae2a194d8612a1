"""What attention says about the answer: one small file per method, and scores against the truth."""

from pvt_viz.attribution.gradient_activation import gradient_activation
from pvt_viz.attribution.gradient_rollout import gradient_rollout
from pvt_viz.attribution.interventions import KINDS, intervene
from pvt_viz.attribution.look import Look, look
from pvt_viz.attribution.raw import raw
from pvt_viz.attribution.rollout import rollout
from pvt_viz.language import N_

__all__ = ["KINDS", "METHODS", "Look", "intervene", "look"]

METHODS = {
    N_("raw"): raw,
    N_("rollout"): rollout,
    N_("gradient rollout"): gradient_rollout,
    N_("gradient × activation"): gradient_activation,
}
"""name -> function of a Look; each gives, per stage, (batch, h, w) on the stage's tokens, or None where it has none."""
