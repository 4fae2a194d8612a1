"""How large a picture a memory budget allows, and what gives out first."""

from dataclasses import dataclass
from functools import cache, lru_cache

from pvt_viz.config import PVTConfig
from pvt_viz.cost import memory, parts
from pvt_viz.cost.counted import BYTES, analyze
from pvt_viz.cost.memory import Moment
from pvt_viz.cost.variants import Variant

LARGEST = 2**16


@dataclass(frozen=True)
class Limit:
    """The largest square image of one variant within a budget."""

    variant: Variant
    budget_bytes: int
    side: int
    """Pixels, a multiple of `step`; 0 where not even one step fits."""
    step: int
    used_bytes: int
    """Weights, image and peak at that side."""
    breaks: Moment
    """Where the peak is at the next size up, which no longer fits."""

    @property
    def unbounded(self) -> bool:
        """Whether the search ended at its own end and not at the budget's."""
        return self.side + self.step > LARGEST


@lru_cache(maxsize=64)
def frontier(
    config: PVTConfig, variant: Variant, budgets: tuple[int, ...], dtype: str = "float32"
) -> tuple[Limit, ...]:
    """For each budget of bytes, the largest square image, one at a time and without gradients, that fits altogether.

    Sides are multiples of the last stage's stride, so that every pixel is in a token; weights count with position
    embeddings for that side. What a forward needs only grows with the side, so halving finds it.
    """
    network = variant.of(config)
    shapes = network.shapes()
    step = shapes[-1].stride
    least = max(s.reduction * s.stride for s in config.shapes())  # a smaller image leaves some stage without a key
    fixed = analyze(network).params - sum(map(parts.positions, shapes))
    first = -(-least // step)

    @cache
    def need(steps: int) -> tuple[int, Moment]:
        """Bytes of weights, image and peak at a side of so many steps; and the moment of the peak."""
        sized = network.shapes(steps * step)
        peak = memory.peak(memory.forward(network, sized, 1, variant.attention))
        weights = fixed + sum(map(parts.positions, sized))
        image = config.in_channels * (steps * step) ** 2
        return (weights + image + peak.numbers) * BYTES[dtype], peak

    def largest(budget: int) -> Limit:
        low, high = first - 1, max(first, LARGEST // step)
        while low < high:
            middle = (low + high + 1) // 2
            if need(middle)[0] <= budget:
                low = middle
            else:
                high = middle - 1
        fits = low >= first
        return Limit(
            variant=variant,
            budget_bytes=budget,
            side=low * step if fits else 0,
            step=step,
            used_bytes=need(low)[0] if fits else 0,
            breaks=need(low + 1)[1],
        )

    return tuple(map(largest, budgets))
