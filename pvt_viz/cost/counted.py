"""The cost of a network in closed form: parameters, multiply-adds and bytes, without a single tensor."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pvt_viz.config import PVTConfig, Size, StageShape
from pvt_viz.cost import memory, parts
from pvt_viz.cost.memory import Moment
from pvt_viz.cost.parts import Part
from pvt_viz.cost.variants import Kernel
from pvt_viz.language import say

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}
"""Bytes per number of every dtype that is priced."""


class Row(NamedTuple):
    """One part of one stage, all its blocks and the whole batch together."""

    stage: int
    """Counted from 1; the head is counted to the last."""
    part: str
    params: int
    macs: int
    attention_map_bytes: int
    """The maps that the fused kernel avoids, N⁺·M⁺ per head and block: what it takes to keep them all."""
    activation_bytes: int
    """All that the part's layers write, maps included: what a training run would keep."""
    formula: str
    """The MACs in symbols (see `pvt_viz.cost.parts`)."""

    @property
    def flops(self) -> int:
        """1 MAC = 2 FLOPs."""
        return 2 * self.macs


@dataclass(frozen=True)
class CostReport:
    """What a batch costs. Weights and images are not part of the activations."""

    config: PVTConfig
    image_hw: Size
    """Of the images that are priced."""
    shapes: tuple[StageShape, ...]
    batch: int
    attention: Kernel
    dtype: str
    rows: tuple[Row, ...]

    @cached_property
    def params(self) -> int:
        return sum(row.params for row in self.rows)

    @cached_property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)

    @property
    def flops(self) -> int:
        """1 MAC = 2 FLOPs."""
        return 2 * self.macs

    @cached_property
    def attention_macs(self) -> int:
        """QKᵀ and softmax·V alone: what SRA makes R² times smaller."""
        return sum(row.macs for row in self.rows if row.part in parts.ATTENTION)

    @cached_property
    def attention_map_bytes(self) -> int:
        """One map per head and block, all kept; 0 where attention is fused."""
        return sum(row.attention_map_bytes for row in self.rows)

    @cached_property
    def activation_bytes(self) -> int:
        """All that the layers write: what a training run would keep."""
        return sum(row.activation_bytes for row in self.rows)

    @cached_property
    def peak(self) -> Moment:
        """The moment of a forward without gradients at which most is held (see `pvt_viz.cost.memory`)."""
        return memory.peak(memory.forward(self.config, self.image_hw, self.batch, self.attention))

    @property
    def peak_activation_bytes(self) -> int:
        """Bytes held at that moment, beside weights and images."""
        return self.peak.numbers * BYTES[self.dtype]

    def select(self, *, stage: int | None = None, part: str | tuple[str, ...] | None = None) -> tuple[Row, ...]:
        """The rows of one stage, of one part (or some), or of both."""
        wanted = (part,) if isinstance(part, str) else part
        return tuple(
            row for row in self.rows if (stage is None or row.stage == stage) and (wanted is None or row.part in wanted)
        )

    def filled(self, row: Row) -> str:
        """The formula of a row with its numbers in their places."""
        return parts.filled(row.formula, self.config, self.shapes[row.stage - 1], self.batch)


def analyze(
    config: PVTConfig,
    image_size: int | Size | None = None,
    batch: int = 1,
    attention: Kernel = "explicit",
    dtype: str = "float32",
) -> CostReport:
    """Price `config` for `batch` images of `image_size`, a side or (H, W); by default the configuration's own.

    MACs are exact: twice their number is what `torch.utils.flop_counter.FlopCounterMode` counts on the meta device (on
    a CPU it counts fused attention as nothing; `reference.counters` has other tools). Parameters are those
    of the configuration, whose position embeddings are made for its own image size. Raises ValueError, with one
    sentence, for a size that leaves a stage without tokens, and for a batch, kernel or dtype that does not exist.
    """
    check(batch, attention, dtype)
    size = config.image_hw if image_size is None else image_size
    shapes = config.shapes(size)
    image_hw = (size, size) if isinstance(size, int) else tuple(size)
    rows = tuple(
        _row(name, part, config, s, batch, attention, dtype)
        for s in shapes
        for name, part in parts.of(config, s).items()
    )
    return CostReport(config, image_hw, shapes, batch, attention, dtype, rows)


def check(batch: int, attention: str, dtype: str) -> None:
    """ValueError for what cannot be priced."""
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise ValueError(say("batch={batch!r} should be a positive whole number of images.", batch=batch))
    if attention not in ("explicit", "fused"):
        raise ValueError(say("attention={attention!r} should be 'explicit' or 'fused'.", attention=attention))
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise ValueError(
            say("dtype={dtype!r} is not priced here; there are {known}.", dtype=dtype, known=", ".join(BYTES))
        )


def _row(name: str, part: Part, config: PVTConfig, s: StageShape, batch: int, attention: Kernel, dtype: str) -> Row:
    work = part(config, s, batch)
    maps = batch * s.map_entries if attention == "explicit" else 0
    return Row(
        stage=s.index,
        part=name,
        params=work.params,
        macs=work.macs,
        attention_map_bytes=maps * BYTES[dtype] if name == "QKᵀ" else 0,
        activation_bytes=(work.written + work.maps * maps) * BYTES[dtype],
        formula=parts.formula(part),
    )
