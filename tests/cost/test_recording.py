"""Recorded measurements: what is written comes back, and what is no recording is said to be none."""

import json
from dataclasses import replace

import pytest

from pvt_viz import PVTConfig, get_config
from pvt_viz.cost import FORWARD, FULL_EXPLICIT, SRA, Scope, record, recording
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.task import Machine, Measurement, Task
from pvt_viz.cost.variants import SRA_EXPLICIT

MACHINE = Machine(device="cuda", name="GPU (NVIDIA H200, 141 GB)", torch="2.13.0", threads=8)
CONFIG = get_config("pvt_small", image_size=(96, 128), patch_sizes=(4, 2, 2, 1), reductions=(4, 4, 2, 1))
POINTS = (
    Measurement(Task(CONFIG, FORWARD, SRA, 2, "bfloat16"), MACHINE, seconds=0.0123, runs=30, peak_bytes=123_456),
    Measurement(Task(CONFIG, Scope("attention", 1), FULL_EXPLICIT), MACHINE, failure="Out of memory at 96×128."),
    Measurement(Task(CONFIG, Scope("stage", 4), SRA_EXPLICIT), MACHINE, seconds=1.5, runs=3, peak_bytes=7),
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


@pytest.mark.parametrize("end", [KeyboardInterrupt, ConnectionError])
def test_the_recorder_keeps_every_point_as_it_comes(tmp_path, monkeypatch, end):
    def interrupted(tasks, **_):
        yield Measurement(tasks[0], MACHINE, seconds=1.0, runs=3, peak_bytes=5)
        [made], _ = recording.all_in(tmp_path / "new")
        assert len(made.points) == 1
        yield Measurement(tasks[1], MACHINE, seconds=1.0, runs=3, peak_bytes=5)
        raise end

    monkeypatch.setattr(record.sweep, "run", interrupted)
    arguments = ["--sizes", "64", "--device", "cpu", "--folder", str(tmp_path / "new")]
    if end is KeyboardInterrupt:
        assert record.main(arguments) == 0
    else:
        with pytest.raises(SystemExit):
            record.main(arguments)
    [made], _ = recording.all_in(tmp_path / "new")
    assert len(made.points) == 2


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit):
        record.main(["--sizes", "64", "--device", "cpu", "--folder", str(tmp_path / "file" / "folder")])
    assert "cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize(
    "config",
    [PVTConfig(name="mine"), PVTConfig(name="pvt_tiny", dims=(32, 64, 160, 256)), replace(CONFIG, depths=(1,) * 4)],
)
def test_only_presets_can_be_recorded(tmp_path, config):
    point = Measurement(Task(config, FORWARD, SRA), MACHINE, seconds=1.0, runs=3, peak_bytes=5)
    with pytest.raises(ValueError, match="preset"):
        recording.write(Recording(MACHINE, "2026-11-24", {}, (point,)), tmp_path)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("field, value", [("seconds", "soon"), ("seconds", None), ("peak_bytes", "much"), ("scope", 3)])
def test_a_point_with_a_wrong_value_is_no_recording(tmp_path, field, value):
    path = recording.write(Recording(MACHINE, "2026-11-24", {}, POINTS[:1]), tmp_path)
    data = json.loads(path.read_text())
    data["points"][0][field] = value
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match="not a recording"):
        recording.read(path)


def test_nothing_measured_is_nothing_written(tmp_path, monkeypatch):
    monkeypatch.setattr(record.sweep, "run", lambda tasks, **_: iter([Measurement(tasks[0], None, failure="no")]))
    assert record.main(["--sizes", "64", "--device", "cpu", "--folder", str(tmp_path)]) == 1
    assert not list(tmp_path.iterdir())


def test_recordings_that_are_shipped_can_be_read():
    _, problems = recording.all_in(recording.FOLDER)
    assert problems == []
