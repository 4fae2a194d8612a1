"""What lives in memory at which moment of a forward without gradients: the predicted peak, in closed form.

The functions follow `pvt_viz.models` call by call and list the results that Python still holds, at every moment that
can be the worst; others are left out: a later one holds as much and more. Not counted: weights and the images
themselves (they are there before and after), a kernel's own scratch memory, and what an allocator rounds up. A test
holds the peak against the allocations of a real run.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pvt_viz.config import PVTConfig, Size, StageShape
from pvt_viz.cost import parts
from pvt_viz.cost.variants import Kernel
from pvt_viz.language import N_

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
    if s.reduces:
        held[N_("reduced")] = batch * s.reduced_tokens * s.dim
    if s.n_prefix:
        held[N_("keys' tokens, with CLS")] = kv
    held |= {"Q": q, "K": kv, "V": kv, N_("weighted sums"): q}
    if kernel == "fused":
        yield Moment(s.index, N_("output projection"), {**held, N_("output"): q})
        return
    held[N_("scores")] = maps = batch * s.heads * s.queries * s.keys
    # Heads of several images cannot be multiplied where they lie: the product copies its operand.
    copy = kv if s.heads > 1 and batch > 1 else 0
    yield Moment(s.index, "softmax·V", {**held, N_("weights"): maps, N_("copy of V"): copy})
    yield Moment(
        s.index, N_("output projection"), {**held, N_("heads side by side"): q * (s.heads > 1), N_("output"): q}
    )


def mlp(config: PVTConfig, s: StageShape, batch: int, held: Live) -> Iterator[Moment]:
    """The MLP of one block; the normalised tokens that it reads are among what the caller has `held`."""
    hidden, tokens = batch * s.queries * s.mlp_hidden, batch * s.queries * s.dim
    if config.version == 1:
        yield Moment(s.index, N_("MLP (GELU)"), {**held, N_("hidden"): hidden, N_("hidden, after GELU"): hidden})
        return
    # What the convolution read is still held when its own result is done with.
    held = {**held, N_("hidden"): hidden, N_("hidden, after GELU"): hidden}
    yield Moment(s.index, N_("MLP (GELU)"), {**held, N_("hidden, convolved"): hidden})
    yield Moment(s.index, N_("MLP (narrowing)"), {**held, N_("output"): tokens})


def block(config: PVTConfig, s: StageShape, batch: int, kernel: Kernel, held: Live) -> Iterator[Moment]:
    """One encoder block: attention, then the MLP, each on a normalised copy of the stream."""
    tokens = batch * s.queries * s.dim
    held = {**held, N_("stream"): tokens, N_("normalised"): tokens}
    yield from attention(s, batch, kernel, held)
    yield from mlp(config, s, batch, {**held, N_("stream after attention"): tokens})


def embedding(config: PVTConfig, s: StageShape, below: Size, batch: int, held: Live) -> Iterator[Moment]:
    """Patch embedding of a map of `below` rows and columns, which is among what the caller has `held`."""
    tokens, patches = batch * s.tokens * s.dim, batch * s.tokens * s.window**2 * s.in_channels
    if config.version == 1:
        # CLS is put in front when the projection is gone already.
        last = {N_("with CLS"): batch * s.queries * s.dim} if s.n_prefix else {N_("projected"): tokens}
        yield Moment(s.index, N_("patch embedding"), {**held, N_("patches"): patches, N_("embedded"): tokens} | last)
        return
    rows, columns = (side + s.window - 1 for side in below)
    held = {**held, N_("padded map below"): batch * s.in_channels * rows * columns, N_("projected"): tokens}
    yield Moment(s.index, N_("patch embedding"), {**held, N_("windows"): patches})
    yield Moment(s.index, N_("patch embedding (LayerNorm)"), {**held, N_("embedded"): tokens})


def stage(
    config: PVTConfig, s: StageShape, below: Size, batch: int, kernel: Kernel, held: Live | None = None
) -> Iterator[Moment]:
    """Patch embedding and blocks, which all look alike; the map below is among what the caller has `held`."""
    held = held or {}
    yield from embedding(config, s, below, batch, held)
    yield from block(config, s, batch, kernel, held)


def forward(config: PVTConfig, image_hw: Size, batch: int, kernel: Kernel) -> Iterator[Moment]:
    """The whole network for images of that size; what the stages put out is held until the last is done."""
    below, maps = image_hw, 0
    shapes = config.shapes(image_hw)
    for s in shapes:
        yield from stage(config, s, below, batch, kernel, {N_("maps below"): maps})
        below, maps = s.grid, maps + batch * s.queries * s.dim
    s, logits = shapes[-1], batch * config.num_classes
    mean = batch * s.dim if config.by_mean else 0
    live = {N_("normalised"): batch * parts.answering(config, s) * s.dim, N_("mean token"): mean, N_("logits"): logits}
    if config.distilled:
        live |= {N_("logits of the distillation token"): logits, N_("their sum"): logits}
    yield Moment(0, "head", live)


def peak(moments: Iterator[Moment]) -> Moment:
    """The moment that holds most."""
    return max(moments, key=lambda moment: moment.numbers)
