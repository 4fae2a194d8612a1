"""How much two attention maps of the same queries have in common, when one has larger keys than the other."""

import math

import torch
from einops import rearrange, repeat
from torch import Tensor

from pvt_viz.attribution.pyramid import spread_evenly
from pvt_viz.config import StageShape
from pvt_viz.language import say
from pvt_viz.tracing import BlockTrace
from pvt_viz.walkthrough import key_spans


def common_weight(one: BlockTrace, other: BlockTrace) -> float:
    """The part of a query's weight, 0 to 1, that both maps give to the same places: mean over queries of Σ min(a, b).

    Means over heads of the first image, each key's weight spread evenly over the tokens behind it. Tokens that either
    leaves out of its keys count as given nothing. Raises ValueError where the token grids differ.
    """
    if one.shape.grid != other.shape.grid:
        raise ValueError(
            say(
                "The grids {one} and {other} differ: their queries are not the same.",
                one=one.shape.grid,
                other=other.shape.grid,
            )
        )
    # Cells of a common divisor's side are enough: within one, neither map tells tokens apart. Pooled windows have none.
    side = math.gcd(*(1 if block.shape.pool else block.shape.reduction for block in (one, other)))
    a, b = (_spread(block.attention[0].mean(dim=0), block.shape, side) for block in (one, other))
    rows, columns = (min(mine, theirs) for mine, theirs in zip(a.shape[1:], b.shape[1:], strict=True))
    common = torch.minimum(a[:, :rows, :columns], b[:, :rows, :columns]).sum(dim=(1, 2))
    prefix = one.shape.n_prefix
    for key in range(prefix):
        common = common + torch.minimum(
            one.attention[0, :, :, key].mean(dim=0), other.attention[0, :, :, key].mean(dim=0)
        )
    return float(common.mean())


def _spread(weights: Tensor, shape: StageShape, side: int) -> Tensor:
    """(query, n_prefix + M) -> (query, row, column) in cells of side×side tokens."""
    plane = rearrange(weights[:, shape.n_prefix :], "n (h w) -> n h w", h=shape.reduced_grid[0])
    if shape.pool:
        return spread_evenly(plane, *key_spans(shape), shape.grid)
    parts = shape.reduction // side
    return repeat(plane / parts**2, "n h w -> n (h r1) (w r2)", r1=parts, r2=parts)
