"""One query through one head of one block, number by number (Equations 1–4 of the paper); and what its keys cost."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pvt_viz.config import PVTConfig, Size, StageShape
from pvt_viz.cost import parts
from pvt_viz.language import N_, say, say_n
from pvt_viz.presets import PRESETS
from pvt_viz.tracing import BlockTrace

Span = tuple[int, int]
PREFIX = ("CLS", N_("distillation token"))
_BEHIND = {  # one row of tokens?, one column?
    (True, True): N_("row {row}, column {column}"),
    (True, False): N_("row {row}, columns {column}"),
    (False, True): N_("rows {row}, column {column}"),
    (False, False): N_("rows {row}, columns {column}"),
}
POOL = PRESETS["pvt_v2_b2_li"].pool
FOLDS = PRESETS["pvt_v2_b2"].reductions
"""What PVTv2-B2 does in each stage, where its linear twin pools to POOL×POOL."""


@dataclass(frozen=True, eq=False)
class Walk:
    """q, its scores, their softmax, and the weighted sum of the values: one image, one head, one query."""

    query: int
    """Index in the sequence; CLS, where there is one, is 0."""
    vector: Tensor
    """(channel,): q."""
    scores: Tensor
    """(key,): q·k/√d."""
    weights: Tensor
    """(key,): softmax of the scores; as in the block's attention map."""
    output: Tensor
    """(channel,): Σ weight·v."""
    strongest: tuple[int, ...]
    """Keys by falling weight."""

    @property
    def exponentials(self) -> Tensor:
        """(key,): e^score, the terms of the softmax."""
        return self.scores.exp()


def walk(block: BlockTrace, *, head: int, query: int, image: int = 0) -> Walk:
    """Follow `query` (index in the sequence) through `head` (from 0). ValueError names an index that does not exist."""
    for name, value, count in (("head", head, block.shape.heads), ("query", query, block.shape.queries)):
        if not 0 <= value < count:
            raise ValueError(
                say(
                    "{name}={value} does not exist in stage {stage}; it can be 0 to {last}.",
                    name=name,
                    value=value,
                    stage=block.shape.index,
                    last=count - 1,
                )
            )
    vector = block.queries[image, head, query]
    scores = block.keys[image, head] @ vector * vector.shape[-1] ** -0.5
    weights = scores.softmax(dim=0)
    return Walk(
        query=query,
        vector=vector,
        scores=scores,
        weights=weights,
        output=weights @ block.values[image, head],
        strongest=tuple(weights.argsort(descending=True).tolist()),
    )


def query_at(shape: StageShape, x: float, y: float, image_size: tuple[int, int]) -> tuple[int, int]:
    """(row, column) of the token at a place of the image, given as fractions; on the rim, the nearest token."""
    row = int(y * image_size[0]) // shape.stride
    column = int(x * image_size[1]) // shape.stride
    return min(max(row, 0), shape.grid[0] - 1), min(max(column, 0), shape.grid[1] - 1)


def prefix_name(index: int, first_register: int | None = None) -> str:
    """What the token before the grid at this place of the sequence is called."""
    if first_register is not None and index >= first_register:
        return say("register {number}", number=index - first_register + 1)
    return say(PREFIX[index]) if index < len(PREFIX) else say("prefix token {number}", number=index + 1)


def prefix_words(count: int, registers: int = 0) -> str:
    """So many tokens before the grid, the last of them registers, in words; nothing for none."""
    if registers:
        others = prefix_words(count - registers)
        theirs = say_n("{count} register", "{count} registers", registers)
        return say("{others} and {registers}", others=others, registers=theirs) if others else theirs
    if count < 2:
        return prefix_name(0) if count else ""
    return say("{others} and the {last}", others=prefix_words(count - 1), last=prefix_name(count - 1))


def key_over(shape: StageShape, token: tuple[int, int]) -> tuple[int, int] | None:
    """(row, column) of the key that a token is folded or pooled into; None on the rim that the fold drops.

    Where pooled windows share tokens, it is the one whose middle is nearest.
    """
    if shape.pool:
        cell = tuple(
            (2 * at + 1) * above // (2 * below)
            for at, above, below in zip(token, shape.reduced_grid, shape.grid, strict=True)
        )
    else:
        cell = tuple(at // shape.reduction for at in token)
    return cell if all(at < count for at, count in zip(cell, shape.reduced_grid, strict=True)) else None


def key_words(shape: StageShape, key: int) -> str:
    """A key (index in the sequence) by the tokens behind it: "rows 1–8, columns 9–16"."""
    if key < shape.n_prefix:
        return prefix_name(key, shape.n_prefix - shape.registers)
    top, left, bottom, right = shape.tokens_behind(*divmod(key - shape.n_prefix, shape.reduced_grid[1]))
    row, column = (
        f"{start + 1}" if end - start == 1 else f"{start + 1}–{end}" for start, end in ((top, bottom), (left, right))
    )
    return say(_BEHIND[bottom - top == 1, right - left == 1], row=row, column=column)


def key_spans(shape: StageShape) -> tuple[list[Span], list[Span]]:
    """The rows of tokens behind each row of keys, and the columns behind each column: from, and to (exclusive)."""
    down = [shape.tokens_behind(row, 0)[0::2] for row in range(shape.reduced_grid[0])]
    across = [shape.tokens_behind(0, column)[1::2] for column in range(shape.reduced_grid[1])]
    return down, across


def window_edges(shape: StageShape) -> tuple[list[int], list[int]]:
    """The rows, and the columns, of tokens at which what is behind some key starts or ends."""
    rows, columns = (sorted({edge for span in spans for edge in span}) for spans in key_spans(shape))
    return rows, columns


def window_size(shape: StageShape) -> Size:
    """(rows, columns) of tokens behind a key: the most there are."""
    rows, columns = (max(end - start for start, end in spans) for spans in key_spans(shape))
    return rows, columns


def averaged(tokens: Tensor, shape: StageShape) -> Tensor:
    """(channel, h, w) -> (channel, h', w'): the mean of the tokens behind each key."""
    h, w = shape.reduced_grid
    windows = [shape.tokens_behind(*divmod(key, w)) for key in range(h * w)]
    means = [tokens[:, top:bottom, left:right].mean(dim=(1, 2)) for top, left, bottom, right in windows]
    return torch.stack(means, dim=1).unflatten(1, (h, w))


def plane(values: Tensor, shape: StageShape) -> Tensor:
    """(n_prefix + M, ...) over keys -> (h', w', ...) without CLS."""
    return values[shape.n_prefix :].reshape(*shape.reduced_grid, *values.shape[1:])


def entries_by_reduction(shape: StageShape, largest: int) -> list[tuple[int, int, int]]:
    """(R, M, N·M) for every R from 1 to `largest` that the token grid allows."""
    keys = {r: shape.with_reduction(r).reduced_tokens for r in range(1, min(largest, *shape.grid) + 1)}
    return [(r, m, shape.tokens * m) for r, m in keys.items()]


@dataclass(frozen=True)
class Making:
    """What it takes to make a stage's keys, in one block; counted as `pvt_viz.cost.parts` does."""

    config: PVTConfig
    shape: StageShape

    @property
    def _block(self) -> StageShape:
        return replace(self.shape, depth=1)

    @property
    def inputs(self) -> int:
        """Numbers that the linear layer reads for one key: R²·C, or C of their mean; 0 where there is no such layer."""
        return self.shape.reduction**2 * self.shape.dim if self.shape.reduces else 0

    @property
    def params(self) -> int:
        """The linear layer with its biases, and the LayerNorm after it."""
        return parts.reduction_params(self._block)

    @property
    def macs(self) -> int:
        """Of the linear layer; an average only adds."""
        part = parts.pool if self.shape.pool else parts.fold
        return part(self.config, self._block, 1).macs if self.shape.reduces else 0

    @property
    def attention_macs(self) -> int:
        """QKᵀ and softmax·V over these keys, CLS and its like included."""
        return sum(parts.STAGE_PARTS[name](self.config, self._block, 1).macs for name in parts.ATTENTION)


def with_fold(shape: StageShape, reduction: int) -> StageShape:
    """The same stage with R×R squares folded into keys; R as large as its grid allows."""
    return replace(shape, pool=None).with_reduction(min(reduction, *shape.grid))


def with_pool(shape: StageShape) -> StageShape:
    """The same stage with its tokens pooled to POOL×POOL keys."""
    return replace(shape, pool=POOL, reduction=1, reduced_grid=(POOL, POOL))
