"""Compare two ways of doing the same thing on a noisy machine."""

import statistics
import time
from collections.abc import Callable


def ratio(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> float:
    """How many times as long `ours` takes: the median over rounds in which both ran, one right after the other.

    The order alternates, so that neither always finds the machine warm; the first two rounds are not counted.
    """
    ratios = []
    for turn in range(rounds + 2):
        pair = [ours, theirs] if turn % 2 else [theirs, ours]
        taken = {action: seconds(action) for action in pair}
        ratios.append(taken[ours] / taken[theirs])
    return statistics.median(ratios[2:])


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
