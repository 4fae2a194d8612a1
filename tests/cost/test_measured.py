"""Measuring in a process of its own: what comes back, what is refused, and what happens when it goes wrong."""

import dataclasses
import io
import re
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

import pvt_viz
from pvt_viz import get_config, pipe, places
from pvt_viz.cost import FORWARD, FULL_EXPLICIT, FULL_FUSED, SRA, Scope, attempt, free, measure, sweep, worker
from pvt_viz.cost.task import Machine, Measurement, Order, Task

TINY = get_config("pvt_tiny", image_size=64)
MACHINE = Machine(device="cpu", name="CPU", torch=torch.__version__, threads=1)


def order(*tasks: Task, **caps) -> Order:
    return Order(tasks, "cpu", 0.0, caps.get("most_bytes"), caps.get("most_seconds"))


def tried(task: Task) -> Measurement:
    return attempt.attempt(task, order(task), MACHINE, None)


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
        ({"dtype": ["float32"]}, "dtype=['float32']"),
        ({"image_size": 0}, "image_size=0"),
        ({"image_size": ()}, "image_size=()"),
        ({"only": (Scope("stage", 9),)}, "stage-9"),
        ({"only": (Scope("stage", 0),)}, "which has 4 stages"),
        ({"only": (Scope("block", 1),)}, "block-1"),
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


def test_caps_of_the_app(monkeypatch):
    small, large = (Task(dataclasses.replace(TINY, image_size=s), FORWARD, SRA) for s in (64, 256))
    machine, *refused = worker.work(order(small, large, most_seconds=1e-6))
    assert (machine.device, machine.torch) == ("cpu", torch.__version__)
    for point in refused:  # a matrix product tells how fast this machine can be at best
        assert re.fullmatch(
            r"Not started: one run would take about \S+ s, and this app stops at 1e-06 s.", point.failure
        )
    monkeypatch.setattr(worker, "matrix_rate", lambda _device: 1e30)
    _, first, second = worker.work(order(small, large, most_seconds=1e-6))
    assert re.fullmatch(r"One run took \S+ s, and this app stops at 1e-06 s.", first.failure)
    assert second.failure.startswith("One run took")
    _, refused = worker.work(order(large, most_bytes=1_000_000))
    assert "this app stops at 1 MB" in refused.failure


def test_what_the_runs_before_tell(monkeypatch):
    expected = []

    def measured(task, _order, machine, told):
        expected.append(told)
        return Measurement(task, machine, seconds=2.0, runs=3, peak_bytes=1)

    monkeypatch.setattr(worker, "attempt", measured)
    monkeypatch.setattr(worker, "matrix_rate", lambda _device: 1e9)
    tasks = sweep.plan(TINY, (64, 128), only=(FORWARD,), ways=(SRA, FULL_FUSED))
    list(worker.work(order(*tasks, most_seconds=30.0)))
    sra, full, larger, larger_full = expected
    assert (sra, full) == (tasks[0].macs / 1e9, tasks[1].macs / 1e9)
    assert larger == pytest.approx(2.0 * tasks[2].macs / tasks[0].macs)
    assert larger_full == pytest.approx(2.0 * tasks[3].macs / tasks[1].macs)


def test_half_precision_on_the_cpu_is_given_more_room(monkeypatch):
    monkeypatch.setattr(attempt, "free_bytes", lambda _device: 40_000_000 / attempt.RESERVE)
    single, half = (
        Task(get_config("pvt_tiny", image_size=32, reductions=(1, 1, 1, 1)), FORWARD, SRA, 1, dtype)
        for dtype in ("float32", "float16")
    )
    assert half.needed_bytes < single.needed_bytes
    needed = 2 * half.needed_bytes
    for free_now, refused in ((needed, False), (needed - 1, True)):
        monkeypatch.setattr(attempt, "free_bytes", lambda _device, now=free_now: now / attempt.RESERVE)
        assert bool(attempt.refusal(half, order(half), None)) == refused


def test_after_a_failure_a_gpu_gets_a_new_process(monkeypatch):
    monkeypatch.setattr(worker.devices, "name", lambda _device: "GPU")
    monkeypatch.setattr(
        worker, "attempt", lambda task, _order, machine, _told: Measurement(task, machine, failure="Failed at 64²: x")
    )
    tasks = sweep.plan(TINY, (64,), only=(FORWARD,))
    assert len(list(worker.work(Order(tasks, "cuda", 0.0, None, None)))) == 2  # the machine and one result
    assert len(list(worker.work(order(*tasks)))) == 1 + len(tasks)


@pytest.mark.parametrize(
    "error, said",
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), "Out of memory at 64²."),
        (MemoryError(), "Out of memory at 64²."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), "Out of memory at 64²."),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB)"), "Out of memory at 64²."),
        (RuntimeError("CUDA error: device-side assert\nmore"), "Failed at 64²: CUDA error: device-side assert"),
        (KeyError(), "Failed at 64²: KeyError"),
    ],
)
def test_whatever_goes_wrong_is_a_result(monkeypatch, error, said):
    def broken(*_):
        raise error

    monkeypatch.setattr(attempt, "peak_bytes", broken)
    assert tried(Task(TINY, FORWARD, SRA)).failure == said


def test_a_real_allocation_that_fails_is_out_of_memory(monkeypatch):
    monkeypatch.setattr(attempt, "peak_bytes", lambda *_: torch.empty(2**60))
    assert tried(Task(TINY, FORWARD, SRA)).failure == "Out of memory at 64²."


def test_a_memory_reading_that_fails_is_a_result(monkeypatch):
    def gone(_device):
        raise RuntimeError("CUDA driver error")

    monkeypatch.setattr(attempt, "free_bytes", gone)
    assert tried(Task(TINY, FORWARD, SRA)).failure == "Failed at 64²: CUDA driver error"


def test_hooks_of_the_explicit_way_are_gone_afterwards():
    tried(Task(TINY, FORWARD, FULL_EXPLICIT))
    model = attempt.network(FULL_EXPLICIT.of(TINY))
    assert not any(module._forward_hooks for module in model.modules())


CHILD = """
import os, sys, time
from pvt_viz.pipe import receive, send
from pvt_viz.cost.task import Machine, Measurement
out = sys.stdout.buffer
order = next(receive(sys.stdin.buffer))
send(out, Machine("cpu", "CPU", "x", 1))
for task in order.tasks:
    if task.scope.stage == 2:
        {then}
    send(out, Measurement(task, None, seconds=1.0))
"""


@pytest.fixture
def child(monkeypatch):
    """Give the measuring process another program: what it does at stage 2, or all of it."""
    launch = subprocess.Popen

    def become(then: str = "", program: str = CHILD) -> None:
        def other(_command, **options):
            return launch([sys.executable, "-c", program.replace("{then}", then)], **options)

        monkeypatch.setattr(sweep.subprocess, "Popen", other)

    return become


THREE = sweep.plan(TINY, (64,), only=tuple(Scope("stage", i) for i in (1, 2, 3)), ways=(SRA,))


@pytest.mark.parametrize(
    "then, said",
    [
        ("os.kill(os.getpid(), 9)", "Out of memory at 64²: the system ended the measurement."),
        ("os._exit(3)", "Failed at 64²: the measuring process ended with status 3."),
        ("raise RuntimeError", "Failed at 64²: the measuring process ended with status 1."),
    ],
)
def test_a_task_that_takes_its_process_with_it_is_a_result_and_the_rest_goes_on(child, then, said):
    child(then)
    points = list(sweep.run(THREE, device="cpu"))
    assert [point.failure for point in points] == ["", said, ""]
    assert [point.task for point in points] == list(THREE)


def test_a_process_that_ends_itself_after_a_result_is_replaced(child):
    child("send(out, Measurement(task, None, failure='Failed: the GPU is lost')); sys.exit()")
    points = list(sweep.run(THREE, device="cpu"))
    assert [point.failure for point in points] == ["", "Failed: the GPU is lost", ""]


@pytest.mark.parametrize(
    "program",
    [
        "print('Intel MKL WARNING: old processor'); raise SystemExit(1)",
        "import sys; sys.stdout.buffer.write(b'\\x80\\x04garbage' * 99); raise SystemExit(1)",
        "raise SystemExit(1)",
        "import sys; sys.stdin.close(); raise SystemExit(1)",
    ],
)
def test_a_process_that_talks_nonsense_never_hangs_a_sweep(child, program):
    child(program=program)
    assert [point.failure for point in sweep.run(THREE, device="cpu")] == [
        "Failed at 64²: the measuring process ended with status 1."
    ] * 3


def test_a_broken_message_ends_its_process_and_fails_the_task(child):
    child("out.write(b'pvt-viz:no base64 at all\\n'); out.flush(); time.sleep(60)")
    points = list(sweep.run(THREE, device="cpu"))
    assert [bool(point.failure) for point in points] == [False, True, False]


def test_words_of_a_library_between_the_results_do_no_harm(child):
    child("print('Intel MKL WARNING: old processor', flush=True)")
    assert [point.failure for point in sweep.run(THREE, device="cpu")] == ["", "", ""]


def test_messages_survive_the_journey():
    stream = io.BytesIO()
    sent = [order(*sweep.plan(TINY, (64, 96))), MACHINE]
    for message in sent:
        pipe.send(stream, message)
        stream.write(b"something else")
    stream.seek(0)
    assert list(pipe.receive(stream)) == sent


def test_the_process_ends_with_the_one_that_asked():
    process = subprocess.Popen(
        [sys.executable, "-m", "pvt_viz.cost.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=places.ABOVE,
        stderr=subprocess.DEVNULL,
    )
    pipe.send(
        process.stdin, Order(sweep.plan(get_config("pvt_large", image_size=512), (512,)), "cpu", 60.0, None, None)
    )
    assert isinstance(next(pipe.receive(process.stdout)), Machine)
    process.stdin.close()
    assert process.wait(timeout=30) == 1
    process.stdout.close()


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


def test_one_at_a_time_on_a_machine():
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


def test_waiting_for_a_turn_can_be_given_up():
    stop = threading.Event()
    with sweep.turn() as mine:
        assert mine
        threading.Timer(0.3, stop.set).start()
        with sweep.turn(stop.is_set) as turned:
            assert not turned


def test_another_process_waits_too():
    waiting = (
        "from pathlib import Path; from pvt_viz.cost import sweep;"
        f" sweep.LOCKS = Path({str(sweep.LOCKS)!r}); print('ready', flush=True)\n"
        "with sweep.turn(): print('in', flush=True)"
    )
    with sweep.turn():
        other = subprocess.Popen([sys.executable, "-c", waiting], cwd=places.ABOVE, stdout=subprocess.PIPE)
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=1)
    assert other.communicate(timeout=30)[0] == b"in\n"


def test_the_lock_is_open_to_every_user_of_the_machine():
    with sweep.turn():
        assert stat.S_IMODE(sweep.LOCKS.stat().st_mode) == 0o777
        assert stat.S_IMODE((sweep.LOCKS / "measuring.lock").stat().st_mode) == 0o666


def test_what_a_container_leaves(tmp_path):
    assert free._container(tmp_path / "none", 7) == 7
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 600\ninactive_file 300\n")
    assert free._container(tmp_path, 7) == 7
    (tmp_path / "memory.max").write_text("5000\n")
    assert free._container(tmp_path, 7) == 4300
    assert 0 < free.free_bytes("cpu") <= psutil.virtual_memory().total


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="needs Linux")
def test_on_linux_the_measuring_process_is_the_first_to_go():
    read = "from pvt_viz.cost import worker; worker._first_to_go(); print(open('/proc/self/oom_score_adj').read())"
    done = subprocess.run([sys.executable, "-c", read], cwd=places.ABOVE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1000"
