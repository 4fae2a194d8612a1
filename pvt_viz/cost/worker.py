"""The process that measures: `python -m pvt_viz.cost.worker`, started by `pvt_viz.cost.sweep` and by nobody else.

It is a process of its own so that running out of memory, or a crash in a driver, ends a measurement and not the app; so
that it can be stopped at any moment; and so that nobody else's tensors are counted. The order comes in on the standard
input, results go out on the standard output, one after another.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import torch

from pvt_viz import devices
from pvt_viz.cost.attempt import attempt, matrix_rate
from pvt_viz.cost.task import Machine, Measurement, Order
from pvt_viz.pipe import end_with_parent, receive, send


def main() -> None:
    order = next(receive(sys.stdin.buffer))
    end_with_parent()
    _first_to_go()
    # On all cores at once, every pause of one (a browser beside it is enough) stalls the others at the next barrier.
    torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    for result in work(order):
        send(sys.stdout.buffer, result)


def work(order: Order) -> Iterator[Machine | Measurement]:
    """The machine, then the result of every task in turn; a GPU's failure ends it, for its context may be lost."""
    machine = Machine(
        device=order.device,
        name=devices.name(order.device),
        torch=torch.__version__,
        threads=torch.get_num_threads(),
    )
    yield machine
    rates = {}  # multiply-adds per second, by variant, in the last run
    if order.most_seconds is not None:
        rates[None] = matrix_rate(order.device)
    for task in order.tasks:
        rate = rates.get(task.variant, rates.get(None))
        result = attempt(task, order, machine, task.macs / rate if rate else None)
        if result.seconds:
            rates[task.variant] = task.macs / result.seconds
        yield result
        if machine.device != "cpu" and result.failure.startswith("Failed"):
            return


def _first_to_go() -> None:
    """Where memory runs out, Linux should end this process and none that serves people."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
