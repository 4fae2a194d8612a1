"""What is priced at once: one attention layer, one stage, or the whole forward."""

from typing import Literal, NamedTuple

from pvt_viz.config import PVTConfig, Size
from pvt_viz.cost import memory, parts
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.memory import Moment
from pvt_viz.cost.variants import Kernel
from pvt_viz.language import Sentence, say


class Scope(NamedTuple):
    """`stage` counts from 1; it is 0 for the whole forward."""

    kind: Literal["attention", "stage", "forward"]
    stage: int = 0

    @property
    def label(self) -> Sentence:
        return {
            "attention": say("one attention layer of stage {stage}", stage=self.stage),
            "stage": say("stage {stage}", stage=self.stage),
            "forward": say("the whole forward"),
        }[self.kind]

    def input_shape(self, config: PVTConfig, batch: int) -> tuple[int, ...]:
        """What goes in: images or the map below, (batch, channel, H, W), or tokens, (batch, query, channel)."""
        if self.kind == "forward":
            return batch, config.in_channels, *config.image_hw
        shape = config.shapes()[self.stage - 1]
        if self.kind == "attention":
            return batch, shape.queries, shape.dim
        return batch, shape.in_channels, *self._below(config)

    def macs(self, config: PVTConfig, batch: int) -> int:
        """Multiply-adds for images of the configuration's own size."""
        report = analyze(config, batch=batch)
        if self.kind == "forward":
            return report.macs
        if self.kind == "stage":
            return sum(row.macs for row in report.select(stage=self.stage) if row.part != parts.HEAD)
        layers = report.select(stage=self.stage, part=parts.ATTENTION_LAYER)
        return sum(row.macs for row in layers) // config.depths[self.stage - 1]

    def peak(self, config: PVTConfig, batch: int, kernel: Kernel) -> Moment:
        """The worst moment, for images of the configuration's own size."""
        if self.kind == "forward":
            return memory.peak(memory.forward(config, config.image_hw, batch, kernel))
        shape = config.shapes()[self.stage - 1]
        if self.kind == "attention":
            return memory.peak(memory.attention(shape, batch, kernel))
        return memory.peak(memory.stage(config, shape, self._below(config), batch, kernel))

    def _below(self, config: PVTConfig) -> Size:
        """Rows and columns of the map that the stage reads."""
        return config.shapes()[self.stage - 2].grid if self.stage > 1 else config.image_hw


FORWARD = Scope("forward")


def scopes(config: PVTConfig) -> tuple[Scope, ...]:
    """Every scope of a network, the smallest first."""
    stages = range(1, len(config.dims) + 1)
    return (*(Scope("attention", i) for i in stages), *(Scope("stage", i) for i in stages), FORWARD)
