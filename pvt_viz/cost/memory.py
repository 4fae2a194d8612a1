"""What lives in memory at which moment of a forward without gradients: the predicted peak, in closed form.

The functions follow `pvt_viz.models` call by call and list the results that Python still holds, at every moment that
can be the worst; others are left out: a later one holds as much and more. Not counted: weights and the images
themselves (they are there before and after), a kernel's own scratch memory, and what an allocator rounds up. A test
holds the peak against the allocations of a real run.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost.variants import Kernel

Live = dict[str, int]
"""Tensors by name, and how many numbers each holds."""


class Moment(NamedTuple):
    """One moment: the stage (0: the head), what is being computed, and all that is alive."""

    stage: int
    doing: str
    live: Live

    @property
    def numbers(self) -> int:
        return sum(self.live.values())


def attention(s: StageShape, batch: int, kernel: Kernel, held: Live | None = None) -> Iterator[Moment]:
    """One attention layer; its input, (batch, N⁺, C), is among what the caller has `held`."""
    q, kv = batch * s.queries * s.dim, batch * s.keys * s.dim
    held = dict(held or {})
    if s.reduction > 1:
        held["reduced"] = batch * s.reduced_tokens * s.dim
    if s.n_prefix:
        held["keys' tokens, with CLS"] = kv
    held |= {"Q": q, "K": kv, "V": kv, "weighted sums": q}
    if kernel == "fused":
        yield Moment(s.index, "output projection", {**held, "output": q})
        return
    held["scores"] = maps = batch * s.heads * s.queries * s.keys
    # Heads of several images cannot be multiplied where they lie: the product copies its operand.
    copy = kv if s.heads > 1 and batch > 1 else 0
    yield Moment(s.index, "softmax·V", {**held, "weights": maps, "copy of V": copy})
    yield Moment(s.index, "output projection", {**held, "heads side by side": q * (s.heads > 1), "output": q})


def block(s: StageShape, batch: int, kernel: Kernel, held: Live) -> Iterator[Moment]:
    """One encoder block: attention, then the MLP, each on a normalised copy of the stream."""
    tokens, hidden = batch * s.queries * s.dim, batch * s.queries * s.mlp_hidden
    held = {**held, "stream": tokens, "normalised": tokens}
    yield from attention(s, batch, kernel, held)
    after = {"stream after attention": tokens, "hidden": hidden, "hidden, after GELU": hidden}
    yield Moment(s.index, "MLP (GELU)", {**held, **after})


def stage(s: StageShape, batch: int, kernel: Kernel, held: Live | None = None) -> Iterator[Moment]:
    """Patch embedding and blocks, which all look alike; the map below is among what the caller has `held`."""
    held, tokens = held or {}, batch * s.tokens * s.dim
    embedding = {**held, "patches": batch * s.tokens * s.patch_size**2 * s.in_channels, "embedded": tokens}
    # CLS is put in front when the projection is gone already.
    last = {"with CLS": batch * s.queries * s.dim} if s.n_prefix else {"projected": tokens}
    yield Moment(s.index, "patch embedding", embedding | last)
    yield from block(s, batch, kernel, held)


def forward(config: PVTConfig, shapes: tuple[StageShape, ...], batch: int, kernel: Kernel) -> Iterator[Moment]:
    """The whole network; while a stage runs, the map that it reads is still held."""
    below = 0
    for s in shapes:
        yield from stage(s, batch, kernel, {"map below": below})
        below = batch * s.queries * s.dim
    yield Moment(0, "head", {"tokens": below, "CLS": batch * config.dims[-1], "logits": batch * config.num_classes})


def peak(moments: Iterator[Moment]) -> Moment:
    """The moment that holds most."""
    return max(moments, key=lambda moment: moment.numbers)
