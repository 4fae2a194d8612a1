"""How large a picture a memory budget allows, and what gives out first."""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

from pvt_viz.config import PVTConfig
from pvt_viz.cost import memory, parts
from pvt_viz.cost.counted import BYTES, analyze
from pvt_viz.cost.memory import Moment
from pvt_viz.cost.variants import Kernel

LARGEST = 2**18
"""Pixels: an image of that side alone is 800 GB."""


@dataclass(frozen=True)
class Limit:
    """The largest square image of a network within a budget."""

    budget_bytes: int
    side_pixels: int
    """A multiple of `step_pixels`; 0 where not even the least image fits."""
    step_pixels: int
    used_bytes: int
    """Weights, image and peak at that side."""
    breaks: Moment
    """Where the peak is at the next size up, which no longer fits."""


def frontier(network: PVTConfig, kernel: Kernel, budgets: tuple[int, ...], dtype: str = "float32") -> tuple[Limit, ...]:
    """For each budget of bytes, in rising order, the largest square image that fits, one at a time, without gradients.

    Sides are multiples of the last stage's stride, so that every pixel is in a token; weights count with position
    embeddings for that side. What a forward needs only grows with the side, so halving finds it.
    """
    return _frontier(replace(network, image_size=network.least_side), kernel, budgets, dtype)


@lru_cache(maxsize=64)
def _frontier(network: PVTConfig, kernel: Kernel, budgets: tuple[int, ...], dtype: str) -> tuple[Limit, ...]:
    """The same for a network written for its least image, so that equal questions are equal."""
    shapes = network.shapes()
    step = shapes[-1].stride
    fixed = analyze(network).params - sum(parts.positions(network, s) for s in shapes)
    first = -(-network.least_side // step)

    @cache
    def need(steps: int) -> tuple[int, Moment]:
        """Bytes of weights, image and peak at a side of so many steps; and the moment of the peak."""
        side = steps * step
        peak = memory.peak(memory.forward(network, (side, side), 1, kernel))
        weights = fixed + sum(parts.positions(network, s) for s in network.shapes(side))
        image = network.in_channels * side**2
        return (weights + image + peak.numbers) * BYTES[dtype], peak

    low, last, limits = first - 1, max(first, LARGEST // step), []
    for budget in budgets:
        high = last
        while low < high:
            middle = (low + high + 1) // 2
            if need(middle)[0] <= budget:
                low = middle
            else:
                high = middle - 1
        fits = low >= first
        limits.append(
            Limit(
                budget_bytes=budget,
                side_pixels=low * step if fits else 0,
                step_pixels=step,
                used_bytes=need(low)[0] if fits else 0,
                breaks=need(low + 1)[1],
            )
        )
    return tuple(limits)
