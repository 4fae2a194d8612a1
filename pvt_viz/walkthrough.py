"""One query through one head of one block, number by number (Equations 1–4 of the paper)."""

from dataclasses import dataclass

from torch import Tensor

from pvt_viz.config import StageShape
from pvt_viz.tracing import BlockTrace


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
            raise ValueError(f"{name}={value} does not exist in stage {block.shape.index}; it can be 0 to {count - 1}.")
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


def plane(values: Tensor, shape: StageShape) -> Tensor:
    """(n_prefix + M, ...) over keys -> (h', w', ...) without CLS."""
    return values[shape.n_prefix :].reshape(*shape.reduced_grid, *values.shape[1:])


def entries_by_reduction(shape: StageShape, largest: int) -> list[tuple[int, int, int]]:
    """(R, M, N·M) for every R from 1 to `largest` that the token grid allows."""
    keys = {r: shape.with_reduction(r).reduced_tokens for r in range(1, min(largest, *shape.grid) + 1)}
    return [(r, m, shape.tokens * m) for r, m in keys.items()]
