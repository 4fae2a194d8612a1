"""What is measured, on what, and what came out: plain data that travels between processes and into files."""

from dataclasses import dataclass
from math import prod

from pvt_viz.config import PVTConfig
from pvt_viz.cost.counted import BYTES, analyze
from pvt_viz.cost.scope import Scope
from pvt_viz.cost.variants import Variant
from pvt_viz.language import Sentence, say
from pvt_viz.words import times


@dataclass(frozen=True)
class Task:
    """One scope of one network under one variant, for images of the configuration's own size."""

    config: PVTConfig
    scope: Scope
    variant: Variant
    batch: int = 1
    dtype: str = "float32"

    @property
    def network(self) -> PVTConfig:
        """The configuration that runs: with the variant's ratios."""
        return self.variant.of(self.config)

    @property
    def size(self) -> str:
        """224² or 160×224."""
        h, w = self.config.image_hw
        return f"{h}²" if h == w else times((h, w))

    @property
    def label(self) -> Sentence:
        return say(
            "{attention}, {scope} at {size}", attention=self.variant.label, scope=self.scope.label, size=self.size
        )

    @property
    def macs(self) -> int:
        """Multiply-adds of one run."""
        return self.scope.macs(self.network, self.batch)

    @property
    def predicted_peak_bytes(self) -> int:
        """Extra memory at the worst moment, in closed form: without weights, inputs and a kernel's own scratch."""
        return self.scope.peak(self.network, self.batch, self.variant.attention).numbers * BYTES[self.dtype]

    @property
    def needed_bytes(self) -> int:
        """What must be free before it starts: the predicted peak, the weights (drawn in float32) and the input."""
        inputs = prod(self.scope.input_shape(self.network, self.batch)) * BYTES[self.dtype]
        return self.predicted_peak_bytes + analyze(self.network).params * BYTES["float32"] + inputs


@dataclass(frozen=True)
class Machine:
    """Where it ran."""

    device: str
    """cuda, mps or cpu."""
    name: str
    """The device as people know it."""
    torch: str
    threads: int


@dataclass(frozen=True)
class Measurement:
    """What came out of a task: a time and a peak, or the sentence that says why not."""

    task: Task
    machine: Machine | None
    """None where the measuring process did not even start."""
    seconds: float | None = None
    """Median of `runs` runs, after one that is not counted."""
    runs: int = 0
    peak_bytes: int | None = None
    """Allocated at the worst moment, beyond what was allocated before the run."""
    failure: str = ""


@dataclass(frozen=True)
class Order:
    """What a sweep asks of its measuring process."""

    tasks: tuple[Task, ...]
    device: str
    seconds: float
    """Time to spend on the runs of each task."""
    most_bytes: int | None
    """A cap on what a task may take, below what is free."""
    most_seconds: float | None
    """A cap on what one run may take, as far as that can be told beforehand."""
