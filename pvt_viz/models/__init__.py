"""The networks. Nothing here knows that anybody watches."""

from pvt_viz.models.build import build_model
from pvt_viz.models.pvt import PVT, Weights

__all__ = ["PVT", "Weights", "build_model"]
