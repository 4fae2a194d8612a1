"""What attention costs: counted in closed form (`analyze`), and measured on this machine (`measure`)."""

from pvt_viz.cost.counted import CostReport, Row, analyze
from pvt_viz.cost.scope import FORWARD, Scope
from pvt_viz.cost.sweep import Measured, measure
from pvt_viz.cost.task import Measurement
from pvt_viz.cost.variants import FULL_EXPLICIT, FULL_FUSED, SRA, Variant

__all__ = [
    "FORWARD",
    "FULL_EXPLICIT",
    "FULL_FUSED",
    "SRA",
    "CostReport",
    "Measured",
    "Measurement",
    "Row",
    "Scope",
    "Variant",
    "analyze",
    "measure",
]
