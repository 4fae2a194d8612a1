"""What lives in memory at which moment of a forward without gradients: the predicted peak, in closed form.

The functions follow `pvt_viz.models` call by call and list, for each moment, the results that Python still holds.
Not counted: weights and the images themselves (they are there before and after), a kernel's own scratch memory, and
what an allocator rounds up. A test holds the peak against the allocations of a real run.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost.variants import Kernel


class Moment(NamedTuple):
    """One moment: the stage (0: the head), what is being computed, and the numbers held in each tensor alive."""

    stage: int
    doing: str
    live: dict[str, int]

    @property
    def numbers(self) -> int:
        return sum(self.live.values())


def attention(s: StageShape, batch: int, kernel: Kernel) -> Iterator[Moment]:
    """One attention layer; its input, (batch, N⁺, C), belongs to the caller."""
    q, kv = batch * s.queries * s.dim, batch * s.keys * s.dim
    held: dict[str, int] = {}
    if s.reduction > 1:
        reduced = batch * s.reduced_tokens * s.dim
        squares = reduced * s.reduction**2
        yield Moment(s.index, "fold", {"squares": squares, "projected": reduced, "reduced": reduced})
        held["reduced"] = reduced
    if s.n_prefix:
        held["keys' tokens, with CLS"] = kv
    held |= {"Q": q, "K": kv, "V": kv}
    if kernel == "fused":
        yield Moment(s.index, "fused attention", {**held, "weighted sums": q})
        yield Moment(s.index, "output projection", {**held, "weighted sums": q, "output": q})
        return
    maps = batch * s.heads * s.queries * s.keys
    # Heads of several images cannot be multiplied where they lie: the product copies its operands.
    copies = s.heads > 1 and batch > 1
    yield Moment(s.index, "QKᵀ", {**held, "scores": maps, "copies of Q and K": (q + kv) * copies})
    yield Moment(s.index, "softmax", {**held, "scores": maps, "weights": maps})
    summed = {**held, "scores": maps, "weighted sums": q}
    yield Moment(s.index, "softmax·V", {**summed, "weights": maps, "copy of V": kv * copies})
    yield Moment(s.index, "output projection", {**summed, "heads side by side": q * (s.heads > 1), "output": q})


def block(s: StageShape, batch: int, kernel: Kernel) -> Iterator[Moment]:
    """One encoder block: attention, then the MLP, each on a normalised copy of the stream."""
    tokens, hidden = batch * s.queries * s.dim, batch * s.queries * s.mlp_hidden
    entering = {"stream": tokens, "normalised": tokens}
    for moment in attention(s, batch, kernel):
        yield moment._replace(live={**entering, **moment.live})
    between = {**entering, "stream after attention": tokens}
    yield Moment(s.index, "GELU", {**between, "hidden": hidden, "hidden, after GELU": hidden})
    yield Moment(s.index, "MLP", {**between, "hidden, after GELU": hidden, "output": tokens})


def stage(s: StageShape, batch: int, kernel: Kernel) -> Iterator[Moment]:
    """Patch embedding and blocks, which all look alike; the map below belongs to the caller."""
    tokens = batch * s.tokens * s.dim
    patches = batch * s.tokens * s.patch_size**2 * s.in_channels
    embedding = {"patches": patches, "projected": tokens, "embedded": tokens}
    if s.n_prefix:
        embedding = {"patches": patches, "embedded": tokens, "with CLS": batch * s.queries * s.dim}
    yield Moment(s.index, "patch embedding", embedding)
    yield from block(s, batch, kernel)


def forward(config: PVTConfig, shapes: tuple[StageShape, ...], batch: int, kernel: Kernel) -> Iterator[Moment]:
    """The whole network; while a stage runs, the map that it reads is still held."""
    below = 0
    for s in shapes:
        for moment in stage(s, batch, kernel):
            yield moment._replace(live={"map below": below, **moment.live})
        below = batch * s.queries * s.dim
    yield Moment(0, "head", {"tokens": below, "CLS": batch * config.dims[-1], "logits": batch * config.num_classes})


def peak(moments: Iterator[Moment]) -> Moment:
    """The moment that holds most."""
    return max(moments, key=lambda moment: moment.numbers)
