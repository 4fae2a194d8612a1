"""The process that measures: `python -m pvt_viz.cost.worker`, started by `pvt_viz.cost.sweep` and by nobody else.

It is a process of its own so that running out of memory, or a crash in a driver, ends a measurement and not the app; so
that it can be stopped at any moment; and so that nobody else's tensors are counted. Tasks come in as a pickle on the
standard input, results go out as pickles on the standard output, one after another.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

import torch

from pvt_viz import devices
from pvt_viz.config import PVTConfig
from pvt_viz.cost.free import free_bytes
from pvt_viz.cost.meters import median_seconds, peak_bytes
from pvt_viz.cost.task import Machine, Measurement, Order, Task
from pvt_viz.models import PVT, build_model
from pvt_viz.words import megabytes

RESERVE = 0.9
"""Share of the free memory that a measurement may take: the rest is for what prediction leaves out."""


def main() -> None:
    order: Order = pickle.load(sys.stdin.buffer)
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # whatever a library prints must not end up among the results
        for result in work(order):
            pickle.dump(result, out)
            out.flush()


def work(order: Order) -> Iterator[Machine | Measurement]:
    """The machine, then the result of every task in turn."""
    first_to_go()
    # On all cores at once, every pause of one (a browser beside it is enough) stalls the others at the next barrier.
    torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    machine = Machine(
        device=order.device,
        name=devices.describe(order.device),
        torch=torch.__version__,
        threads=torch.get_num_threads(),
    )
    yield machine
    rate = 0.0  # multiply-adds per second, the best seen so far
    for task in order.tasks:
        reason = refusal(task, order, rate)
        result = Measurement(task, machine, failure=reason) if reason else attempt(task, machine, order.seconds)
        if result.seconds:
            rate = max(rate, task.macs / result.seconds)
        yield result


def refusal(task: Task, order: Order, rate: float) -> str:
    """Why the task is not even started, in one sentence; empty where nothing speaks against it."""
    needed, free = task.needed_bytes, free_bytes(order.device)
    if needed > RESERVE * free:
        return f"Not started: it would take {megabytes(needed)}, and {megabytes(free)} are free here."
    if order.most_bytes is not None and needed > order.most_bytes:
        return f"Not started: it would take {megabytes(needed)}, and this app stops at {megabytes(order.most_bytes)}."
    expected = task.macs / rate if rate else 0.0
    if order.most_seconds is not None and expected > order.most_seconds:
        return (
            f"Not started: one run would take about {expected:.0f} s, and this app stops at {order.most_seconds:g} s."
        )
    return ""


def attempt(task: Task, machine: Machine, seconds: float) -> Measurement:
    """Measure; whatever goes wrong is a result."""
    try:
        with prepared(task, machine.device) as call:
            call()  # loads kernels, fills caches, and is not counted
            peak = peak_bytes(call, machine.device)
            median, runs = median_seconds(call, machine.device, seconds)
        return Measurement(task, machine, seconds=median, runs=runs, peak_bytes=peak)
    except (MemoryError, torch.OutOfMemoryError):
        return Measurement(task, machine, failure=f"Out of memory at {task.size}.")
    except Exception as error:
        if "allocate memory" in str(error):  # the CPU's allocator, and Apple's, raise a plain RuntimeError
            return Measurement(task, machine, failure=f"Out of memory at {task.size}.")
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Measurement(task, machine, failure=f"Failed at {task.size}: {reason}")


@contextmanager
def prepared(task: Task, device: str) -> Iterator[Callable[[], object]]:
    """The call to measure: weights and inputs are there, gradients are off, attention is done the variant's way."""
    model, dtype = network(task.network), getattr(torch, task.dtype)
    shapes = task.network.shapes()
    sizes = {"forward": (task.batch, task.config.in_channels, *task.config.image_hw)}
    if task.scope.kind == "forward":
        module, rest = model, ()
    else:
        shape, module = shapes[task.scope.stage - 1], model.stages[task.scope.stage - 1]
        below = shapes[task.scope.stage - 2].grid if task.scope.stage > 1 else task.config.image_hw
        sizes["stage"] = (task.batch, shape.in_channels, *below)
        sizes["attention"] = (task.batch, shape.queries, shape.dim)
        rest = (shape,)
        if task.scope.kind == "attention":
            module, rest = module.blocks[0].attention, (shape.grid, shape.n_prefix)
    module = module.to(device, dtype)
    inputs = torch.randn(sizes[task.scope.kind], device=device, dtype=dtype)
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


def first_to_go() -> None:
    """Where memory runs out, Linux should end this process and none that serves people."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")


if __name__ == "__main__":
    main()
