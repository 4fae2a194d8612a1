"""Weights: ours, those that people bring, and the networks that they become."""

from pvt_viz.checkpoints.checkpoint import FLEXIBLE, Checkpoint, WeightsError
from pvt_viz.checkpoints.load import load_model
from pvt_viz.checkpoints.own import BUNDLED, load_segmentation

__all__ = ["BUNDLED", "FLEXIBLE", "Checkpoint", "WeightsError", "load_model", "load_segmentation"]
