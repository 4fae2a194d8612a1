"""One task, measured in this process: whatever goes wrong is a result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial

import torch

from pvt_viz.config import PVTConfig
from pvt_viz.cost.free import free_bytes
from pvt_viz.cost.meters import median_seconds, peak_bytes, wait_for
from pvt_viz.cost.scope import FORWARD
from pvt_viz.cost.task import Machine, Measurement, Order, Task
from pvt_viz.language import say
from pvt_viz.models import PVT, build_model
from pvt_viz.words import megabytes

RESERVE = 0.9
"""Share of the free memory that a measurement may take: the rest is for what prediction leaves out."""
HALF_ON_CPU = 2
"""Half precision on the CPU: its kernels keep copies of weights and operands that are not predicted."""
NO_MEMORY = ("allocate memory", "out of memory")
"""In the words of the CPU's, CUDA's and Apple's allocators, which do not all raise an error of its own."""


def attempt(task: Task, order: Order, machine: Machine, expected: float | None) -> Measurement:
    """Measure the task; `expected` is what one run will take, in seconds, as far as that is known."""
    try:
        if reason := refusal(task, order, expected):
            return Measurement(task, machine, failure=reason)
        with prepared(task, machine.device) as call:
            first = _seconds(call, machine.device)  # loads kernels, fills caches, and is not counted
            if order.most_seconds is not None and first > order.most_seconds:
                reason = say(
                    "One run took {seconds:.3g} s, and this app stops at {most:g} s.",
                    seconds=first,
                    most=order.most_seconds,
                )
                return Measurement(task, machine, failure=reason)
            peak = peak_bytes(call, machine.device)
            median, runs = median_seconds(call, machine.device, order.seconds)
        return Measurement(task, machine, seconds=median, runs=runs, peak_bytes=peak)
    except (MemoryError, torch.OutOfMemoryError):
        return Measurement(task, machine, failure=say("Out of memory at {size}.", size=task.size))
    except Exception as error:
        if any(words in str(error).lower() for words in NO_MEMORY):
            return Measurement(task, machine, failure=say("Out of memory at {size}.", size=task.size))
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Measurement(task, machine, failure=say("Failed at {size}: {reason}", size=task.size, reason=reason))


def refusal(task: Task, order: Order, expected: float | None) -> str:
    """Why the task is not even started, in one sentence; empty where nothing speaks against it."""
    needed, free = task.needed_bytes, free_bytes(order.device)
    if order.device == "cpu" and task.dtype in ("float16", "bfloat16"):
        needed *= HALF_ON_CPU
    if needed > RESERVE * free:
        return say(
            "Not started: it would take {needed} with weights and input, and {free} are free here.",
            needed=megabytes(needed),
            free=megabytes(free),
        )
    if order.most_bytes is not None and needed > order.most_bytes:
        return say(
            "Not started: it would take {needed} with weights and input, and this app stops at {most}.",
            needed=megabytes(needed),
            most=megabytes(order.most_bytes),
        )
    if order.most_seconds is not None and expected is not None and expected > order.most_seconds:
        return say(
            "Not started: one run would take about {seconds:.3g} s, and this app stops at {most:g} s.",
            seconds=expected,
            most=order.most_seconds,
        )
    return ""


@contextmanager
def prepared(task: Task, device: str) -> Iterator[Callable[[], object]]:
    """The call to measure: weights and inputs are there, gradients are off, attention is done the variant's way."""
    model, dtype, scope = network(task.network), getattr(torch, task.dtype), task.scope
    module, rest = model, ()
    if scope != FORWARD:
        shape, module = task.network.shapes()[scope.stage - 1], model.stages[scope.stage - 1]
        rest = (shape,)
        if scope.kind == "attention":
            module, rest = module.blocks[0].attention, (shape.grid, shape.n_prefix)
    module = module.to(device, dtype)
    inputs = torch.randn(scope.input_shape(task.network, task.batch), device=device, dtype=dtype)
    # A map that somebody listens to is written out: that is what "explicit" means in the model.
    taps = [block.attention.map for stage in model.stages for block in stage.blocks]
    hooks = [tap.register_forward_hook(lambda *_: None) for tap in taps if task.variant.attention == "explicit"]
    try:
        with torch.inference_mode():
            yield partial(module, inputs, *rest)
    finally:
        for hook in hooks:
            hook.remove()


@lru_cache(maxsize=1)
def network(config: PVTConfig) -> PVT:
    """The last network is kept: variants and scopes of one size follow each other."""
    return build_model(config)


def matrix_rate(device: str) -> float:
    """Multiply-adds per second of one large matrix product: more than attention reaches, so a bound for it."""
    side = 1024
    a = torch.randn(side, side, device=device)
    a @ a
    return side**3 / _seconds(lambda: a @ a, device)


def _seconds(call: Callable[[], object], device: str) -> float:
    wait_for(device)
    start = time.perf_counter()
    call()
    wait_for(device)
    return time.perf_counter() - start
