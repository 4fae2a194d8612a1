"""Time and peak memory of one call, on each kind of device."""

import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

MOST_RUNS, FEWEST_RUNS = 30, 3


def median_seconds(call: Callable[[], object], device: str, budget: float) -> tuple[float, int]:
    """The median and the number of runs: as many as the budget of seconds allows, but 3 at least and 30 at most.

    The caller has run it once before.
    """
    taken: list[float] = []
    while len(taken) < FEWEST_RUNS or (sum(taken) < budget and len(taken) < MOST_RUNS):
        wait_for(device)
        start = time.perf_counter()
        call()
        wait_for(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), len(taken)


def peak_bytes(call: Callable[[], object], device: str) -> int:
    """Most bytes allocated at once during the call, beyond what was allocated before it."""
    if device == "cuda":
        return _peak_on_cuda(call)
    if device == "mps":
        return peak_between_operators(call, torch.mps.current_allocated_memory)
    return _peak_on_cpu(call)


def wait_for(device: str) -> None:
    """A GPU computes behind the program's back: until it is done, no clock means anything."""
    if device != "cpu":
        torch.get_device_module(device).synchronize()


def _peak_on_cuda(call: Callable[[], object]) -> int:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _peak_on_cpu(call: Callable[[], object]) -> int:
    # The allocator tells the profiler of every block that it gives and takes back; the process's resident size
    # would show pages that were never touched as absent, and freed ones as still there.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        call()
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def peak_between_operators(call: Callable[[], object], allocated: Callable[[], int]) -> int:
    """For an allocator that keeps no peak of its own: ask it after every operator. A kernel's scratch goes unseen."""
    before = peak = allocated()

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal peak
            result = func(*args, **(kwargs or {}))
            peak = max(peak, allocated())
            return result

    with Watch():
        call()
    return peak - before
