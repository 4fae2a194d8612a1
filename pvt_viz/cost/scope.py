"""What is priced at once: one attention layer, one stage, or the whole forward."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pvt_viz.config import PVTConfig
from pvt_viz.cost import memory
from pvt_viz.cost.memory import Moment
from pvt_viz.cost.variants import Kernel


class Scope(NamedTuple):
    """`stage` counts from 1; it is 0 for the whole forward."""

    kind: Literal["attention", "stage", "forward"]
    stage: int = 0

    @property
    def label(self) -> str:
        return {
            "attention": f"one attention layer of stage {self.stage}",
            "stage": f"stage {self.stage}",
            "forward": "the whole forward",
        }[self.kind]

    def moments(self, config: PVTConfig, batch: int, kernel: Kernel) -> Iterator[Moment]:
        """What lives when, for images of the configuration's own size."""
        shapes = config.shapes()
        if self.kind == "forward":
            return memory.forward(config, shapes, batch, kernel)
        part = memory.attention if self.kind == "attention" else memory.stage
        return part(shapes[self.stage - 1], batch, kernel)


FORWARD = Scope("forward")


def scopes(config: PVTConfig) -> tuple[Scope, ...]:
    """Every scope of a network, the smallest first."""
    stages = range(1, len(config.dims) + 1)
    return (*(Scope("attention", i) for i in stages), *(Scope("stage", i) for i in stages), FORWARD)
