"""Visitors who train: one after the other, stopped when they ask for it or are gone, and told how it went."""

import subprocess
import sys
import threading
import time

import matplotlib.font_manager  # noqa: F401  (its first import runs a program, and here Popen is another)
import pytest
import torch

import pvt_viz
from pvt_viz.cost import FORWARD, SRA
from pvt_viz.cost.task import Task
from pvt_viz.pipe import receive, send
from pvt_viz.train.live import TINY, Progress
from pvt_viz.ui.running import job, training
from pvt_viz.ui.running.measuring import Sweep
from pvt_viz.ui.running.training import Training
from visits import blobs, go, healthy, payload, text, visit

STEPS = TINY.steps


def progress(step: int) -> Progress:
    """As the process tells it, of weights that nobody trained."""
    model = pvt_viz.build_model(TINY.config, seed=step)
    state = {name: values.half() for name, values in model.named_parameters()}
    return Progress(step, STEPS, ((step, 2.0 - step / STEPS, step / STEPS),) if step else (), state)


class Lines:
    """The standard output of a process that says something when the test tells it to."""

    def __init__(self):
        self.ready, self.lines, self.ended = threading.Semaphore(0), [], threading.Event()

    def write(self, data: bytes) -> None:
        self.lines += data.splitlines(keepends=True)

    def flush(self) -> None:
        self.ready.release()

    def __iter__(self):
        while True:
            while not self.ready.acquire(timeout=0.01):
                if self.ended.is_set():
                    return
            yield from self._taken()

    def _taken(self):
        lines, self.lines = self.lines, []
        yield from lines

    def close(self) -> None:
        pass


class Process:
    """In place of the process that trains."""

    started: list["Process"] = []  # noqa: RUF012

    def __init__(self, command, **_options):
        assert command == [sys.executable, "-m", "pvt_viz.train.worker"]
        self.stdin, self.stdout, self.code = Lines(), Lines(), 0
        self.killed = False
        self.started.append(self)

    def say(self, step: int) -> None:
        send(self.stdout, progress(step))

    def end(self, code: int = 0) -> None:
        self.code = code
        self.stdout.ended.set()

    def kill(self) -> None:
        self.killed = True
        if not self.stdout.ended.is_set():
            self.end(-9)

    def wait(self) -> int:
        return self.code


@pytest.fixture
def processes(monkeypatch):
    """Those that were started, in order; what is still on its way at the end of a test is ended."""
    monkeypatch.setattr(Process, "started", [])
    monkeypatch.setattr(training.subprocess, "Popen", Process)
    monkeypatch.setattr(training, "TICK", 0.01)
    yield Process.started
    for process in Process.started:
        process.end()


def until(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def trainer(seed: int = 1, there=lambda: True) -> Training:
    return Training(seed, there)


def test_visitors_wait_in_line_and_are_told_so(processes):
    first, second, third = (trainer(seed) for seed in (1, 2, 3))
    until(lambda: first.running)
    assert first.look() == "Starting a process for it …"
    processes[0].say(0)
    until(lambda: first.progress is not None)
    assert first.look() == f"Training: step 0 of {STEPS:,}"
    until(lambda: third.look() == "In line: 2 visitors come before you.")
    assert second.look() == "In line: 1 visitor comes before you."
    assert len(processes) == 1
    second.stop()
    until(lambda: second.finished)
    assert second.outcome() == "Stopped before it began."
    assert third.look() == "In line: 1 visitor comes before you."
    processes[0].say(STEPS)
    processes[0].end()
    until(lambda: third.running)
    assert first.outcome() == f"Done after {STEPS:,} steps."
    assert first.fraction == 1
    assert len(processes) == 2
    third.stop()
    until(lambda: third.finished)
    assert all(process.killed for process in processes)


def test_a_measurement_waits_for_a_training(processes):
    first = trainer()
    until(lambda: first.running)
    sweep = Sweep((Task(pvt_viz.get_config("pvt_tiny", image_size=64), FORWARD, SRA),), "cpu", {}, lambda: True)
    until(lambda: sweep.look() == "In line: 1 visitor measures before you.")
    sweep.stop()
    first.stop()
    until(lambda: first.finished and sweep.finished)
    assert not sweep.results


def test_the_seed_is_what_the_process_is_told(processes):
    started = trainer(seed=41)
    until(lambda: started.running and processes and processes[0].stdin.lines)
    assert list(receive(processes[0].stdin.lines)) == [41]
    started.stop()
    until(lambda: started.finished)


def test_what_was_learnt_until_the_stop_stays(processes):
    started = trainer()
    until(lambda: started.running)
    for step in (0, 30, 60):
        processes[0].say(step)
    until(lambda: started.progress is not None and started.progress.step == 60)
    started.stop()
    until(lambda: started.finished)
    assert started.outcome() == "Stopped after 60 steps."
    assert started.problem == ""
    assert [step for step, _, _ in started.history] == [30, 60]
    assert started.fraction == 60 / STEPS
    network = training.network(started.progress)
    assert network.weights.trained
    assert not training.network(progress(0)).weights.trained
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 10)


def test_a_training_whose_visitor_has_gone_ends_and_the_next_goes_on(processes, monkeypatch):
    there = [True]
    monkeypatch.setattr(job, "ABANDONED", 0.05)
    first, second = trainer(there=lambda: there[0]), trainer()
    until(lambda: first.running)
    time.sleep(0.2)
    assert not first.finished
    there[0] = False
    until(lambda: first.finished)
    assert processes[0].killed
    until(lambda: second.running)
    second.stop()
    until(lambda: second.finished)


def test_a_process_that_dies_is_a_sentence_and_the_next_goes_on(processes):
    first, second = trainer(), trainer()
    until(lambda: first.running)
    processes[0].say(30)
    until(lambda: first.progress is not None)
    processes[0].end(code=1)
    until(lambda: first.finished)
    assert first.outcome() == "The training could not go on (its process ended)"
    until(lambda: second.running)
    second.stop()
    until(lambda: second.finished)


def test_no_process_to_be_had_is_a_sentence(monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("no process to be had")

    monkeypatch.setattr(training.subprocess, "Popen", refuse)
    started = trainer()
    until(lambda: started.finished)
    assert started.outcome() == "The training could not go on (no process to be had)"


def test_a_real_process_begins_and_is_gone_when_it_is_stopped(monkeypatch):
    kept = []
    plain = subprocess.Popen

    def popen(*args, **options):
        kept.append(plain(*args, **options))
        return kept[-1]

    monkeypatch.setattr(training.subprocess, "Popen", popen)
    started = trainer()
    try:
        until(lambda: started.progress is not None or started.finished, seconds=120)
        assert not started.problem
        assert started.progress.steps == STEPS
        assert training.network(started.progress).config == TINY.config
    finally:
        started.stop()
    until(lambda: started.finished, seconds=30)
    assert started.outcome().startswith("Stopped after ")
    assert kept[0].poll() is not None


# --- on the page --------------------------------------------------------------------------------------------


def button(app, label: str):
    [found] = [one for one in app.button if one.label == label]
    return found


def said(app) -> str:
    [bar] = app.get("progress")
    return bar.proto.text


def test_training_from_the_page(processes):
    app = healthy(visit("learning"))
    assert said(app) == "Nothing is being trained."
    assert button(app, "Stop").disabled
    healthy(button(app, "Train").click().run())
    current = app.session_state["training"]
    until(lambda: current.running)
    healthy(app.run())
    assert said(app) == "Starting a process for it …"
    assert button(app, "Train again").disabled
    before = len(blobs(app)), len(app.get("plotly_chart"))

    for step in (0, 100):
        processes[0].say(step)
    until(lambda: current.progress is not None and current.progress.step == 100)
    healthy(app.run())
    assert said(app) == f"Training: step 100 of {STEPS:,}"
    assert app.get("progress")[0].proto.value == round(100 * 100 / STEPS)
    assert len(blobs(app)) == before[0] + 1
    header, _ = payload(app, before[0])
    assert header["image"] == [64, 64]
    assert "white rim" not in header["alt"]  # the easier task: one shape, no tags
    assert len(app.get("plotly_chart")) == before[1]  # one point is no curve yet

    processes[0].say(200)
    until(lambda: current.progress.step == 200)
    healthy(app.run())
    assert payload(app, before[0])[0]["fingerprint"] != header["fingerprint"]
    assert len(app.get("plotly_chart")) == before[1] + 2

    healthy(button(app, "Stop").click().run())
    until(lambda: current.finished)
    healthy(app.run())
    assert said(app) == "Stopped after 200 steps."
    assert button(app, "Stop").disabled
    assert not button(app, "Train again").disabled
    assert payload(app, before[0])[0]["image"] == [64, 64]  # what it had learnt stays to be seen


def test_a_training_that_is_done_says_so_and_another_has_another_seed(processes):
    app = visit("learning")
    button(app, "Train").click().run()
    first = app.session_state["training"]
    until(lambda: processes)
    processes[0].say(STEPS)
    processes[0].end()
    until(lambda: first.finished)
    healthy(app.run())
    assert said(app) == f"Done after {STEPS:,} steps."
    healthy(button(app, "Train again").click().run())
    second = app.session_state["training"]
    assert (first.seed, second.seed) == (1, 2)
    second.stop()
    until(lambda: second.finished)


def test_a_training_goes_on_while_its_visitor_reads_another_page(processes):
    app = visit("learning")
    button(app, "Train").click().run()
    current = app.session_state["training"]
    until(lambda: current.running)
    healthy(go(app, "pyramid"))
    processes[0].say(300)
    until(lambda: current.progress is not None)
    healthy(go(app, "learning"))
    assert said(app) == f"Training: step 300 of {STEPS:,}"
    button(app, "Stop").click().run()
    until(lambda: current.finished)


def test_two_visitors_train_one_after_the_other(processes):
    one, other = visit("learning"), visit("learning")
    healthy(button(one, "Train").click().run())
    until(lambda: one.session_state["training"].running)
    healthy(button(other, "Train").click().run())
    until(lambda: other.session_state["training"].ahead() == 1)
    healthy(other.run())
    assert said(other) == "In line: 1 visitor comes before you."
    assert not button(other, "Stop").disabled
    healthy(button(one, "Stop").click().run())
    until(lambda: other.session_state["training"].running)
    processes[1].say(100)
    until(lambda: other.session_state["training"].progress is not None)
    healthy(other.run())
    assert said(other) == f"Training: step 100 of {STEPS:,}"
    button(other, "Stop").click().run()
    until(lambda: other.session_state["training"].finished)


def test_a_training_that_could_not_go_on_is_said_on_the_page(processes):
    app = visit("learning")
    button(app, "Train").click().run()
    current = app.session_state["training"]
    until(lambda: processes)
    processes[0].end(code=1)
    until(lambda: current.finished)
    healthy(app.run())
    assert said(app) == "The training could not go on (its process ended)"
    assert "A tiny PVT" in text(app)
    assert not button(app, "Train again").disabled
