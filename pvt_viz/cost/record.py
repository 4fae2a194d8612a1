"""Measure this machine for the Cost page, in place of an earlier recording of it: `python -m pvt_viz.cost.record`."""

import argparse
import datetime
import platform
import sys
from pathlib import Path

import torch

from pvt_viz import devices
from pvt_viz.cost import recording, sweep
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.task import Measurement
from pvt_viz.presets import PRESETS, get_config
from pvt_viz.words import megabytes

SIZES = (64, 128, 224, 320, 448, 640, 896, 1280, 1792, 2048)


def main(arguments: list[str] | None = None) -> int:
    """Measure every scope and variant at every size, small sizes first; the file grows with every point."""
    parser = argparse.ArgumentParser(prog="python -m pvt_viz.cost.record", description=__doc__)
    parser.add_argument("--model", nargs="+", default=["pvt_tiny"], choices=PRESETS, metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="PIXELS")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--dtype", nargs="+", default=["float32"], choices=BYTES)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--most-seconds", type=float, default=20, help="leave out what takes longer for one run")
    parser.add_argument("--folder", type=Path, default=recording.FOLDER)
    asked = parser.parse_args(arguments)
    try:
        device = devices.resolve(asked.device)
        tasks = tuple(
            task
            for name in asked.model
            for dtype in asked.dtype
            for task in sweep.plan(get_config(name), tuple(asked.sizes), asked.batch, dtype=dtype)
        )
    except ValueError as error:
        parser.error(str(error))
    points, written = [], None
    try:
        asked.folder.mkdir(parents=True, exist_ok=True)
        with sweep.turn():
            for point in sweep.run(tasks, device=device, most_seconds=asked.most_seconds):
                points.append(point)
                said = point.failure or f"{point.seconds * 1e3:.3g} ms, {megabytes(point.peak_bytes)}"
                task = point.task
                print(f"{len(points)} of {len(tasks)}: {task.config.name}, {task.label}: {said}", flush=True)
                written = _keep(points, asked.folder) or written
    except KeyboardInterrupt:
        print("Stopped; what was measured until now is kept.")
    except OSError as error:
        parser.error(f"{asked.folder} cannot be written to: {error.strerror or error}")
    if written is None:
        print("Nothing was measured, and nothing is written.", file=sys.stderr)
        return 1
    print(f"Written to {written}.")
    return 0


def _keep(points: list[Measurement], folder: Path) -> Path | None:
    """Write all that there is by now: hours of measuring should not be lost with the last minute."""
    machine = next((point.machine for point in points if point.machine), None)
    if machine is None:
        return None
    versions = {"torch": machine.torch, "python": platform.python_version(), "cuda": torch.version.cuda or "none"}
    today = datetime.date.today().isoformat()
    return recording.write(Recording(machine, today, versions, tuple(points)), folder)


if __name__ == "__main__":
    sys.exit(main())
