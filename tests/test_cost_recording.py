"""Recorded measurements: what is written comes back, and what is no recording is said to be none."""

import json

import pytest

from pvt_viz import get_config
from pvt_viz.cost import FORWARD, FULL_EXPLICIT, SRA, Scope, record, recording
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.task import Machine, Measurement, Task

MACHINE = Machine(device="cuda", name="GPU (NVIDIA H200, 141 GB)", torch="2.13.0", threads=8)
CONFIG = get_config("pvt_small", image_size=(96, 128), patch_sizes=(4, 2, 2, 1), reductions=(4, 4, 2, 1))
POINTS = (
    Measurement(Task(CONFIG, FORWARD, SRA, 2, "bfloat16"), MACHINE, seconds=0.0123, runs=30, peak_bytes=123_456),
    Measurement(Task(CONFIG, Scope("attention", 1), FULL_EXPLICIT), MACHINE, failure="Out of memory at 96×128."),
)


def test_what_is_written_comes_back(tmp_path):
    made = Recording(MACHINE, "2026-11-24", {"cuda": "13.0"}, POINTS)
    path = recording.write(made, tmp_path)
    assert path.name == "gpu-nvidia-h200-141-gb.json"
    assert recording.read(path) == made
    again = Recording(MACHINE, "2026-11-25", {}, ())
    recording.write(again, tmp_path)
    assert recording.all_in(tmp_path) == ([again], [])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"machine": {}}', '{"machine": null, "points": 3}', json.dumps({"points": [{}]}), "\x00"]
)
def test_a_file_that_is_no_recording_is_named_and_the_others_are_read(tmp_path, text):
    good = Recording(MACHINE, "2026-11-24", {}, POINTS)
    recording.write(good, tmp_path)
    (tmp_path / "broken.json").write_text(text)
    found, [problem] = recording.all_in(tmp_path)
    assert found == [good]
    assert "broken.json" in problem
    assert "\n" not in problem


def test_recording_this_machine(tmp_path, capsys):
    arguments = ["--device", "cpu", "--sizes", "64", "8192", "--folder", str(tmp_path), "--model", "vit_tiny_16"]
    assert record.main(arguments) == 0
    [made], problems = recording.all_in(tmp_path)
    assert not problems
    assert made.machine.device == "cpu"
    assert made.versions["torch"] == made.machine.torch
    measured = [point for point in made.points if point.task.config.image_size == 64]
    assert {point.task.scope.kind for point in measured} == {"attention", "stage", "forward"}
    assert all(point.seconds > 0 and point.peak_bytes > 0 for point in measured)
    refused = [point for point in made.points if point.task.config.image_size == 8192 and point.failure]
    assert refused
    assert all("Not started" in point.failure for point in refused)
    said = capsys.readouterr().out
    assert f"Written to {tmp_path}" in said
    assert "1 of " in said


@pytest.mark.parametrize(
    "arguments, words",
    [(["--device", "tpu"], "device='tpu'"), (["--sizes", "3"], "p_1 = 16"), (["--batch", "0"], "batch=0")],
)
def test_the_recorder_says_what_is_wrong_in_one_sentence(capsys, arguments, words):
    with pytest.raises(SystemExit):
        record.main(["--model", "vit_tiny_16", *arguments])
    assert words in capsys.readouterr().err


def test_the_recorder_keeps_what_there_is_when_interrupted(tmp_path, monkeypatch):
    def interrupted(tasks, **_):
        yield Measurement(tasks[0], MACHINE, seconds=1.0, runs=3, peak_bytes=5)
        raise KeyboardInterrupt

    monkeypatch.setattr(record.sweep, "run", interrupted)
    assert record.main(["--sizes", "64", "--device", "cpu", "--folder", str(tmp_path)]) == 0
    [made], _ = recording.all_in(tmp_path)
    assert len(made.points) == 1


def test_nothing_measured_is_nothing_written(tmp_path, monkeypatch):
    monkeypatch.setattr(record.sweep, "run", lambda tasks, **_: iter([Measurement(tasks[0], None, failure="no")]))
    assert record.main(["--sizes", "64", "--device", "cpu", "--folder", str(tmp_path)]) == 1
    assert not list(tmp_path.iterdir())


def test_recordings_that_are_shipped_can_be_read():
    _, problems = recording.all_in(recording.FOLDER)
    assert problems == []
