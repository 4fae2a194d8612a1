"""Visitors who measure: one after the other, stopped when they ask for it or are gone, and nothing lost."""

import threading
import time
from contextlib import contextmanager

import pytest

from pvt_viz import get_config
from pvt_viz.cost import FORWARD, SRA
from pvt_viz.cost.task import Measurement, Task
from pvt_viz.ui.running import job, measuring
from pvt_viz.ui.running.measuring import Sweep

TASKS = tuple(Task(get_config("pvt_tiny", image_size=size), FORWARD, SRA) for size in (64, 96, 128))


@pytest.fixture
def gate(monkeypatch):
    """Measurements that go on when the test says so."""
    gate = threading.Semaphore(0)

    def run(tasks, *, stopped, **_):
        for task in tasks:
            while not gate.acquire(timeout=0.01):
                if stopped():
                    return
            yield Measurement(task, None, seconds=1.0, runs=3, peak_bytes=1)

    @contextmanager
    def turn(_stopped):
        yield True

    monkeypatch.setattr(measuring.sweep, "run", run)
    monkeypatch.setattr(measuring.sweep, "turn", turn)
    return gate


def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_visitors_wait_in_line_and_are_told_so(gate):
    first, second, third = (Sweep(TASKS, "cpu", {}, lambda: True) for _ in range(3))
    until(lambda: first.running)
    assert first.look() == f"Starting. Measuring 1 of 3: {TASKS[0].label}"
    gate.release()
    until(lambda: first.done == 1)
    assert first.look().startswith("Measuring 2 of 3: SRA, fused, the whole forward at 96²")
    until(lambda: third.look() == "In line: 2 visitors measure before you.")
    assert second.look() == "In line: 1 visitor measures before you."
    second.stop()
    until(lambda: second.finished)
    assert third.look() == "In line: 1 visitor measures before you."
    gate.release(2)
    until(lambda: first.finished)
    until(lambda: third.running)
    assert not second.results
    third.stop()
    until(lambda: third.finished)


def test_what_was_measured_until_the_stop_stays(gate):
    results = {}
    sweep = Sweep(TASKS, "cpu", results, lambda: True)
    gate.release()
    until(lambda: sweep.done == 1)
    sweep.stop()
    until(lambda: sweep.finished)
    assert list(results) == [(TASKS[0], "cpu")]
    assert sweep.problem == ""


def test_a_sweep_whose_visitor_has_gone_ends_after_a_while(gate, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(job.time, "monotonic", lambda: clock[0])
    there = [True]
    sweep = Sweep(TASKS, "cpu", {}, lambda: there[0])
    clock[0] += 10 * job.ABANDONED
    assert not sweep.stopped()  # minutes on another page of the app
    there[0] = False
    clock[0] += job.ABANDONED / 2
    assert not sweep.stopped()  # a connection that breaks off comes back
    clock[0] += job.ABANDONED
    assert sweep.stopped()
    monkeypatch.undo()
    sweep.stop()
    until(lambda: sweep.finished)


def test_another_program_on_this_machine_is_waited_for(gate, monkeypatch):
    let_go = threading.Event()

    @contextmanager
    def busy(stopped):
        while not (stopped() or let_go.wait(0.01)):
            pass
        yield not stopped()

    monkeypatch.setattr(measuring.sweep, "turn", busy)
    sweep = Sweep(TASKS, "cpu", {}, lambda: True)
    until(lambda: sweep.look() == "In line: another program is measuring on this machine.")
    let_go.set()
    until(lambda: sweep.running)
    sweep.stop()
    until(lambda: sweep.finished)


def test_a_device_that_is_gone_is_a_sentence_and_the_next_visitor_goes_on(gate, monkeypatch):
    good = measuring.sweep.run

    def gone(tasks, **options):
        raise ValueError("device='cuda' is not on this machine; there is cpu, or auto.")

    monkeypatch.setattr(measuring.sweep, "run", gone)
    sweep = Sweep(TASKS, "cuda", {}, lambda: True)
    until(lambda: sweep.finished)
    assert "not on this machine" in sweep.problem
    monkeypatch.setattr(measuring.sweep, "run", good)
    following = Sweep(TASKS, "cpu", {}, lambda: True)
    gate.release(3)
    until(lambda: following.finished)
    assert len(following.results) == 3


@pytest.mark.parametrize("error", [RuntimeError("the driver went away"), OSError("no process to be had")])
def test_whatever_ends_a_sweep_is_said(gate, monkeypatch, error):
    def broken(tasks, **_):
        raise error

    monkeypatch.setattr(measuring.sweep, "run", broken)
    sweep = Sweep(TASKS, "cpu", {}, lambda: True)
    until(lambda: sweep.finished)
    assert str(error) in sweep.problem


def test_the_cap_is_for_the_cpu_alone(gate, monkeypatch):
    caps = []
    monkeypatch.setattr(
        measuring.sweep, "run", lambda _tasks, **options: caps.append(options["most_bytes"]) or iter(())
    )
    for device in ("cpu", "cuda"):
        sweep = Sweep(TASKS, device, {}, lambda: True)
        until(lambda sweep=sweep: sweep.finished)
    assert caps == [measuring.MOST_BYTES, None]
