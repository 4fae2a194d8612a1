"""Measurements as a file: written by `python -m pvt_viz.cost.record`, shown by the Cost page."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from pvt_viz import places
from pvt_viz.config import PVTConfig
from pvt_viz.cost.scope import Scope
from pvt_viz.cost.task import Machine, Measurement, Task
from pvt_viz.cost.variants import ALL
from pvt_viz.language import say
from pvt_viz.presets import get_config

_VARIANTS = {variant.name: variant for variant in ALL}

FOLDER = places.MEASUREMENTS


@dataclass(frozen=True)
class Recording:
    """What one machine measured on one day."""

    machine: Machine
    date: str
    """Year-month-day."""
    versions: dict[str, str]
    points: tuple[Measurement, ...]

    @property
    def label(self) -> str:
        return f"{self.machine.name}, {self.date}"

    @property
    def file_name(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.machine.name.lower()).strip("-") + ".json"


def write(recording: Recording, folder: Path = FOLDER) -> Path:
    """One file per device; an earlier one of the same device is replaced, at once or not at all.

    Raises ValueError for a network that is no preset with other sizes, p or R: the file names presets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / recording.file_name
    data = {
        "machine": asdict(recording.machine),
        "date": recording.date,
        "versions": recording.versions,
        "points": [_to_json(point) for point in recording.points],
    }
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(data, indent=1) + "\n")
    draft.replace(path)
    return path


def read(path: Path) -> Recording:
    """Raises ValueError, with one sentence, for a file that is not a recording."""
    try:
        data = json.loads(path.read_text())
        machine = Machine(**data["machine"])
        points = tuple(_from_json(point, machine) for point in data["points"])
        return Recording(machine, str(data["date"]), dict(data["versions"]), points)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            say(
                "{file} is not a recording that can be read ({error}); record it anew.",
                file=path.name,
                error=str(error),
            )
        ) from error


def all_in(folder: Path) -> tuple[list[Recording], list[str]]:
    """Every recording of a folder, and a sentence for every file that is none."""
    found, problems = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(read(path))
        except ValueError as error:
            problems.append(error.args[0])
    return found, problems


def _to_json(point: Measurement) -> dict:
    task = point.task
    written = {
        "model": task.config.name,
        "image_size": task.config.image_hw,
        "patch_sizes": task.config.patch_sizes,
        "reductions": task.config.reductions,
        "scope": task.scope,
        "variant": task.variant.name,
        "batch": task.batch,
        "dtype": task.dtype,
        "seconds": point.seconds,
        "runs": point.runs,
        "peak_bytes": point.peak_bytes,
        "failure": point.failure,
    }
    if _config(written) != task.config:
        raise ValueError(
            say("{model} is not the preset of that name; only presets can be recorded.", model=task.config.name)
        )
    return written


def _config(data: dict) -> PVTConfig:
    sizes = {field: tuple(data[field]) for field in ("image_size", "patch_sizes", "reductions")}
    return get_config(data["model"], **sizes)


def _from_json(data: dict, machine: Machine) -> Measurement:
    scope = Scope(str(data["scope"][0]), int(data["scope"][1]))
    task = Task(_config(data), scope, _VARIANTS[data["variant"]], int(data["batch"]), str(data["dtype"]))
    failure = str(data["failure"])
    if failure:
        return Measurement(task, machine, failure=failure)
    return Measurement(task, machine, float(data["seconds"]), int(data["runs"]), int(data["peak_bytes"]))
