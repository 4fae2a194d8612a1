"""Run measurements in a process of their own, one sweep at a time on a machine."""

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from pvt_viz import devices, places
from pvt_viz.config import PVTConfig, Size
from pvt_viz.cost.counted import check
from pvt_viz.cost.scope import Scope, scopes
from pvt_viz.cost.task import Machine, Measurement, Order, Task
from pvt_viz.cost.variants import Variant, variants
from pvt_viz.language import say
from pvt_viz.pipe import receive, send

LOCKS = Path(tempfile.gettempdir()) / "pvt-viz"
TICK = 0.2  # seconds between two looks at whether to stop


def never() -> bool:
    """For sweeps that nobody stops."""
    return False


@dataclass(frozen=True)
class Measured:
    """The measurements of one network at one image size."""

    config: PVTConfig
    batch: int
    dtype: str
    points: tuple[Measurement, ...]

    @property
    def machine(self) -> Machine | None:
        """Device, torch version and threads; None where no measurement could start."""
        return next((point.machine for point in self.points if point.machine), None)

    def find(self, scope: Scope, variant: Variant) -> Measurement:
        """The measurement of one scope under one variant; KeyError where it was not asked for."""
        for point in self.points:
            if (point.task.scope, point.task.variant) == (scope, variant):
                return point
        raise KeyError((scope, variant))


def measure(
    config: PVTConfig,
    image_size: int | Size | None = None,
    batch: int = 1,
    device: str = "auto",
    *,
    dtype: str = "float32",
    only: tuple[Scope, ...] | None = None,
    ways: tuple[Variant, ...] | None = None,
    seconds: float = 0.5,
) -> Measured:
    """Median time and peak extra memory, on this machine, of `config` for `batch` images of `image_size`.

    For every scope (one attention layer and the whole of each stage, and the forward; or `only` some) and every
    variant (full attention explicit, the same fused, SRA; or some `ways`). `seconds` is what to spend on the runs of
    each. On the CPU the peak comes from the allocator's events, on CUDA from its own statistics. What would not fit,
    and what fails, is a result with a sentence in `failure`. Waits while another measurement runs on this machine.
    Raises ValueError for a batch, dtype, size or device that does not exist.
    """
    size = config.image_size if image_size is None else image_size
    tasks = plan(config, (size,), batch, dtype=dtype, only=only, ways=ways)
    chosen = devices.resolve(device)
    with turn():
        points = tuple(run(tasks, device=chosen, seconds=seconds))
    return Measured(tasks[0].config, batch, dtype, points)


def plan(
    config: PVTConfig,
    image_sizes: tuple[int | Size, ...],
    batch: int = 1,
    *,
    dtype: str = "float32",
    only: tuple[Scope, ...] | None = None,
    ways: tuple[Variant, ...] | None = None,
) -> tuple[Task, ...]:
    """The tasks of a sweep, small sizes first. ValueError, with one sentence, for what cannot be run."""
    check(batch, "explicit", dtype)
    for scope in only or ():
        if scope not in scopes(config):
            raise ValueError(
                say(
                    "{scope} is nothing to measure in {model}, which has {count} stages.",
                    scope=f"{scope.kind}-{scope.stage}",
                    model=config.name,
                    count=len(config.dims),
                )
            )
    sized = [replace(config, image_size=size) for size in image_sizes]
    return tuple(
        Task(one, scope, way, batch, dtype)
        for one in sorted(sized, key=lambda one: one.image_hw[0] * one.image_hw[1])
        for way in ways or variants(config)
        for scope in only or scopes(config)
    )


def run(
    tasks: tuple[Task, ...],
    *,
    device: str = "auto",
    seconds: float = 0.5,
    most_bytes: int | None = None,
    most_seconds: float | None = None,
    stopped: Callable[[], bool] = never,
) -> Iterator[Measurement]:
    """The tasks' results, each as soon as it is there. Once `stopped()`, or closed, it ends at once.

    A task that takes its process down with it is a failed result, and the next ones go on in a new process.
    """
    device, done = devices.resolve(device), 0
    while done < len(tasks) and not stopped():
        machine, before = None, done
        order = Order(tasks[done:], device, seconds, most_bytes, most_seconds)
        for message in _child(order, stopped):
            if isinstance(message, Machine):
                machine = message
            elif isinstance(message, Measurement):
                done += 1
                yield message
            elif message != 0 or done == before:  # it did not end of its own accord after a result
                yield Measurement(tasks[done], machine, failure=_why(tasks[done], message))
                done += 1


@contextmanager
def turn(stopped: Callable[[], bool] = never) -> Iterator[bool]:
    """This machine's one measurement at a time, whoever asks; False where it was `stopped()` while waiting."""
    lock = FileLock(_lock_path(), mode=0o666)
    while not stopped():
        try:
            lock.acquire(timeout=TICK)
        except Timeout:
            continue
        try:
            yield True
        finally:
            lock.release()
        return
    yield False


def _lock_path() -> Path:
    """In a folder of its own, open to every user of the machine: in the sticky one for temporary files, a lock that
    somebody else made could not be taken."""
    LOCKS.mkdir(exist_ok=True)
    with suppress(PermissionError):  # it is somebody else's, and open already
        LOCKS.chmod(0o777)
    return LOCKS / "measuring.lock"


def _child(order: Order, stopped: Callable[[], bool]) -> Iterator[Machine | Measurement | int]:
    """What a measuring process says; if it ends with tasks left, its exit status."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pvt_viz.cost.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=places.ABOVE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(places.ABOVE), os.environ.get("PYTHONPATH", "")])},
    )
    said: queue.SimpleQueue = queue.SimpleQueue()
    left = len(order.tasks)
    try:
        with suppress(BrokenPipeError):  # it has ended already; its status says more
            send(process.stdin, order)
        threading.Thread(target=_listen, args=(process, said), daemon=True).start()
        while left and not stopped():
            try:
                message = said.get(timeout=TICK)
            except queue.Empty:
                continue
            if message is None:
                yield _ended(process)
                return
            left -= isinstance(message, Measurement)
            yield message
    finally:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()


def _listen(process: subprocess.Popen, said: queue.SimpleQueue) -> None:
    """Pass every answer on; None once there will be no more, whatever the reason."""
    try:
        with process.stdout as stdout:
            for message in receive(stdout):
                said.put(message)
    except Exception:  # what cannot be read is as good as silence: how the process ended tells the rest
        process.kill()
    finally:
        said.put(None)


def _ended(process: subprocess.Popen) -> int:
    """The exit status of a process that says no more."""
    try:
        return process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _why(task: Task, status: int) -> str:
    if status in (-9, 137):
        return say("Out of memory at {size}: the system ended the measurement.", size=task.size)
    return say("Failed at {size}: the measuring process ended with status {status}.", size=task.size, status=status)
