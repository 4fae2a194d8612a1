"""How mass moves through a pyramid without an N×N matrix: from keys to their tokens, from a token to its children."""

import torch
from einops import rearrange, repeat
from torch import Tensor
from torch.nn import functional as F

from pvt_viz.attribution.look import BlockLook, StageLook
from pvt_viz.config import StageShape


def to_tokens(keys: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    """P without CLS: mass on the keys of the plane (batch, M) -> on its tokens (batch, h, w), with the sum kept.

    A key gives each of the R×R tokens it was folded from the part that the fold's weights there have in all of them.
    Rows and columns of tokens that fill no R×R square are no key's, and get nothing.
    """
    r = shape.reduction
    keys = rearrange(keys, "b (h w) -> b h w", h=shape.reduced_grid[0])
    spread = repeat(keys, "b h w -> b (h r1) (w r2)", r1=r, r2=r) * block.taps.repeat(*shape.reduced_grid)
    rows, columns = shape.unfolded
    return F.pad(spread, (0, columns, 0, rows))


def unfold(mass: Tensor, block: BlockLook, shape: StageShape) -> Tensor:
    """P: mass on keys (batch, n_prefix + M) -> on tokens (batch, n_prefix + N); CLS is a key of its own."""
    prefix, keys = mass[:, : shape.n_prefix], mass[:, shape.n_prefix :]
    return torch.cat([prefix, to_tokens(keys, block, shape).flatten(1)], dim=1)


def to_children(plane: Tensor, shape: StageShape, below: StageShape) -> Tensor:
    """mass on the tokens of a stage (batch, h, w) -> on the tokens below that each of them was made from."""
    p = shape.patch_size
    spread = repeat(plane / p**2, "b h w -> b (h p1) (w p2)", p1=p, p2=p)
    return F.pad(spread, (0, below.grid[1] - spread.shape[2], 0, below.grid[0] - spread.shape[1]))


def descend(stages: tuple[StageLook, ...], step) -> tuple[Tensor, ...]:
    """Per stage (batch, h, w): the mass on its tokens as they enter it, from all of it on CLS at the very end.

    `step(mass, block, shape)` takes mass on the tokens (batch, n_prefix + N) back through one block. What is left on
    CLS where it enters has no place in the picture: it is dropped, and the rest made to sum to 1.
    """
    planes = []
    top = stages[-1]
    mass = torch.zeros(len(top.features), top.shape.queries)
    mass[:, 0] = 1.0
    for i, stage in reversed(list(enumerate(stages))):
        for block in reversed(stage.blocks):
            mass = step(mass, block, stage.shape)
        plane = rearrange(mass[:, stage.shape.n_prefix :], "b (h w) -> b h w", h=stage.shape.grid[0])
        plane = plane / plane.sum(dim=(1, 2), keepdim=True).clamp(min=1e-12)
        planes.append(plane)
        if i:
            mass = to_children(plane, stage.shape, stages[i - 1].shape).flatten(1)
    return tuple(reversed(planes))
