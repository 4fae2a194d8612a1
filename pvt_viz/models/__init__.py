"""The networks. Nothing here knows that anybody watches."""

from pvt_viz.models.build import Weights, build_model
from pvt_viz.models.pvt import PVT

__all__ = ["PVT", "Weights", "build_model"]
