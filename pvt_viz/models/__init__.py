"""The networks. Nothing here knows that anybody watches."""

from pvt_viz.models.build import build_model
from pvt_viz.models.load import BUNDLED, WeightsError, load_model, load_segmentation
from pvt_viz.models.pvt import PVT, Weights

__all__ = ["BUNDLED", "PVT", "Weights", "WeightsError", "build_model", "load_model", "load_segmentation"]
