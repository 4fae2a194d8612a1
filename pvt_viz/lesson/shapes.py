"""The shape of every tensor on the way from pixels to logits, as a table."""

from pvt_viz import dataflow
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.table import Table
from pvt_viz.words import times


def tabulated(config: PVTConfig) -> Table:
    """For one picture of the configuration's own size."""
    rows = [
        {
            tr("where"): tr(step.where),
            tr("tensor"): tr(step.what),
            tr("shape"): times(step.shape),
            tr("made by"): f"`{step.pattern}` {tr(step.layer)}" if step.pattern else tr(step.layer),
        }
        for step in dataflow.steps(config)
    ]
    return Table(tr("Shapes of every tensor from the image to the logits."), rows)
