"""Measuring in a process of its own: what comes back, what is refused, and what happens when it goes wrong."""

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
import torch

import pvt_viz
from pvt_viz import get_config
from pvt_viz.cost import FORWARD, FULL_EXPLICIT, FULL_FUSED, SRA, Scope, free, measure, sweep, worker
from pvt_viz.cost.task import Machine, Order, Task

TINY = get_config("pvt_tiny", image_size=64)
MACHINE = Machine(device="cpu", name="CPU", torch=torch.__version__, threads=1)


def order(*tasks: Task, **caps) -> Order:
    return Order(tasks, "cpu", 0.0, caps.get("most_bytes"), caps.get("most_seconds"))


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def test_the_contract():
    result = pvt_viz.cost.measure(
        pvt_viz.PRESETS["pvt_tiny"], image_size=(64, 96), batch=2, device="auto", seconds=0.01
    )
    assert (result.batch, result.dtype, result.machine.torch) == (2, "float32", torch.__version__)
    assert result.machine.device in ("cpu", "cuda", "mps")
    assert result.machine.threads >= 1
    assert len(result.points) == 3 * 9  # an attention layer and the whole of each stage, and the forward; three ways
    for point in result.points:
        assert not point.failure
        assert point.seconds > 0
        assert point.runs >= 3
        assert point.peak_bytes > 0
        assert point.task.config.image_hw == (64, 96)
        if point.task.variant == FULL_EXPLICIT and result.machine.device == "cpu":
            assert point.peak_bytes == pytest.approx(point.task.predicted_peak_bytes, rel=0.05)
    attention = Scope("attention", 1)
    assert result.find(attention, SRA).peak_bytes < result.find(attention, FULL_FUSED).peak_bytes
    assert result.find(FORWARD, SRA).task.macs == pvt_viz.cost.analyze(TINY, (64, 96), batch=2).macs
    with pytest.raises(KeyError):
        result.find(Scope("stage", 7), SRA)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"batch": 0}, "batch=0"),
        ({"image_size": 16}, "R_1 = 8"),
        ({"device": "tpu"}, "device='tpu'"),
        ({"dtype": "int4"}, "dtype='int4'"),
    ],
)
def test_what_cannot_be_measured_is_answered_before_anything_starts(arguments, words):
    before = children()
    with pytest.raises(ValueError) as caught:
        measure(TINY, **arguments)
    assert words in str(caught.value)
    assert children() == before


def test_what_would_not_fit_is_refused_with_both_figures():
    huge = get_config("pvt_tiny", image_size=8192)
    [point] = sweep.run(sweep.plan(huge, (8192,), only=(Scope("attention", 1),), ways=(FULL_EXPLICIT,)), device="cpu")
    assert point.seconds is None
    assert "would take 141 TB" in point.failure
    assert "are free here" in point.failure


def test_caps_of_the_app():
    small, large = (Task(dataclasses.replace(TINY, image_size=s), FORWARD, SRA) for s in (64, 256))
    machine, first, second = worker.work(order(small, large, most_seconds=1e-6))
    assert machine == dataclasses.replace(MACHINE, threads=machine.threads)
    assert first.seconds  # nothing is known before the first
    assert "this app stops at 1e-06 s" in second.failure
    _, refused = worker.work(order(large, most_bytes=1_000_000))
    assert "this app stops at 1 MB" in refused.failure


@pytest.mark.parametrize(
    "error, said",
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), "Out of memory at 64²."),
        (MemoryError(), "Out of memory at 64²."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), "Out of memory at 64²."),
        (RuntimeError("CUDA error: device-side assert\nmore"), "Failed at 64²: CUDA error: device-side assert"),
        (KeyError(), "Failed at 64²: KeyError"),
    ],
)
def test_whatever_goes_wrong_is_a_result(monkeypatch, error, said):
    def broken(*_):
        raise error

    monkeypatch.setattr(worker, "peak_bytes", broken)
    assert worker.attempt(Task(TINY, FORWARD, SRA), MACHINE, 0.0).failure == said


def test_a_real_allocation_that_fails_is_out_of_memory(monkeypatch):
    monkeypatch.setattr(worker, "peak_bytes", lambda *_: torch.empty(2**60))
    assert worker.attempt(Task(TINY, FORWARD, SRA), MACHINE, 0.0).failure == "Out of memory at 64²."


def test_hooks_of_the_explicit_way_are_gone_afterwards():
    worker.attempt(Task(TINY, FORWARD, FULL_EXPLICIT), MACHINE, 0.0)
    model = worker.network(FULL_EXPLICIT.of(TINY))
    assert not any(module._forward_hooks for module in model.modules())


DYING = """
import os, pickle, sys
order = pickle.load(sys.stdin.buffer)
from pvt_viz.cost.task import Machine, Measurement
out = sys.stdout.buffer
pickle.dump(Machine("cpu", "CPU", "x", 1), out)
for task in order.tasks:
    if task.scope.stage == 2:
        out.flush()
        {end}
    pickle.dump(Measurement(task, None, seconds=1.0), out)
"""


@pytest.mark.parametrize(
    "end, said",
    [
        ("os.kill(os.getpid(), 9)", "Out of memory at 64²: the system ended the measurement."),
        ("os._exit(3)", "Failed at 64²: the measuring process ended with status 3."),
    ],
)
def test_a_task_that_takes_its_process_with_it_is_a_result_and_the_rest_goes_on(monkeypatch, end, said):
    launch = subprocess.Popen

    def dying(command, **options):
        return launch([sys.executable, "-c", DYING.format(end=end)], **options)

    monkeypatch.setattr(sweep.subprocess, "Popen", dying)
    tasks = sweep.plan(TINY, (64,), only=tuple(Scope("stage", i) for i in (1, 2, 3)), ways=(SRA,))
    points = list(sweep.run(tasks, device="cpu"))
    assert [point.failure for point in points] == ["", said, ""]
    assert [point.task for point in points] == list(tasks)


def test_a_sweep_can_be_stopped_and_what_was_measured_stays():
    stop, before = threading.Event(), children()
    tasks = sweep.plan(TINY, (64, 128, 1024))
    kept = []
    for point in sweep.run(tasks, device="cpu", stopped=stop.is_set):
        kept.append(point)
        stop.set()
    assert 1 <= len(kept) < len(tasks)
    assert children() == before


def test_leaving_a_sweep_ends_its_process():
    before = children()
    points = sweep.run(sweep.plan(TINY, (64,)), device="cpu")
    next(points)
    assert len(children() - before) == 1
    points.close()
    assert children() == before


def test_one_at_a_time_on_a_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep.tempfile, "gettempdir", lambda: str(tmp_path))
    inside, order_seen = [], []

    def visitor(name: str) -> None:
        with sweep.turn():
            inside.append(name)
            order_seen.append(len(inside))
            time.sleep(0.05)
            inside.remove(name)

    threads = [threading.Thread(target=visitor, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order_seen == [1, 1, 1]


def test_waiting_for_a_turn_can_be_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep.tempfile, "gettempdir", lambda: str(tmp_path))
    stop = threading.Event()
    with sweep.turn() as mine:
        assert mine
        threading.Timer(0.3, stop.set).start()
        with sweep.turn(stop.is_set) as turned:
            assert not turned


def test_another_process_waits_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep.tempfile, "gettempdir", lambda: str(tmp_path))
    waiting = "from pvt_viz.cost.sweep import turn\nwith turn():\n    print('in')"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(sweep.ROOT)}
    with sweep.turn():
        other = subprocess.Popen([sys.executable, "-c", waiting], env=environment, stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=6)
    assert other.communicate(timeout=30)[0].strip() == b"in"


def test_what_a_container_leaves(tmp_path):
    assert free._container(tmp_path / "none", 7) == 7
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 600\ninactive_file 300\n")
    assert free._container(tmp_path, 7) == 7
    (tmp_path / "memory.max").write_text("5000\n")
    assert free._container(tmp_path, 7) == 4300
    assert 0 < free.free_bytes("cpu") <= psutil.virtual_memory().total


def test_orders_survive_the_journey():
    sent = order(*sweep.plan(TINY, (64, 96)))
    assert pickle.loads(pickle.dumps(sent)) == sent


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_on_linux_the_measuring_process_is_the_first_to_go():
    if not os.path.exists("/proc/self/oom_score_adj"):
        pytest.skip("needs Linux")
    read = (
        "from pvt_viz.cost import worker; worker.first_to_go(); print(open('/proc/self/oom_score_adj').read().strip())"
    )
    done = subprocess.run([sys.executable, "-c", read], cwd=sweep.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1000"
