"""How mass moves through a pyramid without an N×N matrix: from keys to their tokens, from a token to its children."""

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from pvt_viz.attribution.look import BlockLook, Look
from pvt_viz.config import Size, StageShape
from pvt_viz.walkthrough import Span, key_spans


def spread_evenly(plane: Tensor, down: list[Span], across: list[Span], size: Size) -> Tensor:
    """mass (batch, h, w) -> on a larger plane (batch, *size), with the sum kept: each cell's over its own window.

    `down` and `across` are the rows of each row of cells, and the columns of each column. Where windows overlap, what
    they give adds up.
    """
    rows, columns = _even(down, size[0]).to(plane), _even(across, size[1]).to(plane)
    return rows.T @ plane @ columns


def _even(spans: list[Span], count: int) -> Tensor:
    """(span, count): 1 shared evenly over each span, 0 elsewhere."""
    parts = torch.zeros(len(spans), count)
    for part, (start, end) in zip(parts, spans, strict=True):
        part[start:end] = 1 / (end - start)
    return parts


def to_tokens(keys: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    """P without prefix tokens: mass on the keys of the plane (batch, M) -> on its tokens (batch, h, w), the sum kept.

    A key gives each of the R×R tokens it was folded from the part that the fold's weights there have in all of them.
    Rows and columns of tokens that fill no R×R square are no key's, and get nothing. A pooled key gives all tokens of
    its window the same: the average pool, transposed.
    """
    r = shape.reduction
    keys = rearrange(keys, "b (h w) -> b h w", h=shape.reduced_grid[0])
    if block.taps is None:
        return spread_evenly(keys, *key_spans(shape), shape.grid)
    spread = repeat(keys, "b h w -> b (h r1) (w r2)", r1=r, r2=r) * block.taps.repeat(*shape.reduced_grid)
    rows, columns = shape.unfolded
    return F.pad(spread, (0, columns, 0, rows))


def unfold(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    """P: mass on keys (batch, n_prefix + M) -> on tokens (batch, n_prefix + N); prefix tokens are their own keys."""
    prefix, keys = mass[:, : shape.n_prefix], mass[:, shape.n_prefix :]
    return torch.cat([prefix, to_tokens(keys, block, shape).flatten(1)], dim=1)


def to_children(plane: Tensor, shape: StageShape, below: StageShape) -> Tensor:
    """mass on the tokens of a stage (batch, h, w) -> on the tokens below that each of them was made from, evenly.

    Those are its whole window where patches overlap, not just its own p×p square: what several windows read gets from
    each. Padding is no token, and gets nothing.
    """
    p = shape.patch_size
    spans = [
        # A window ends where its token's own square does, and starts that square or (v2) up to p − 1 tokens before.
        [(max(0, end - shape.window), min(end, side)) for end in range(p, count * p + 1, p)]
        for count, side in zip(shape.grid, below.grid, strict=True)
    ]
    return spread_evenly(plane, *spans, below.grid)


def descend(look: Look, step) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w): the mass on its tokens as they enter it, from all of it on what answers at the very end.

    `step(mass, block, shape)` takes mass on the tokens (batch, n_prefix + N) back through one block. What is left on
    CLS where it enters has no place in the picture: it is dropped, and the rest made to sum to 1.
    """
    planes, stages = [], look.stages
    mass = look.answering.expand(len(look.logits), -1)
    for i, stage in reversed(list(enumerate(stages))):
        for block in reversed(stage.blocks):
            mass = step(mass, block, stage.shape)
        plane = rearrange(mass[:, stage.shape.n_prefix :], "b (h w) -> b h w", h=stage.shape.grid[0])
        plane = plane / plane.sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        planes.append(plane)
        if i:
            mass = to_children(plane, stage.shape, stages[i - 1].shape).flatten(1)
    return tuple(reversed(planes))
