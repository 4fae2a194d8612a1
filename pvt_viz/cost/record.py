"""Measure this machine and keep the result for the Cost page: `python -m pvt_viz.cost.record --help`."""

import argparse
import datetime
import platform
import sys
from pathlib import Path

import torch

from pvt_viz import devices
from pvt_viz.config import PRESETS, get_config
from pvt_viz.cost import recording, sweep
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.recording import Recording
from pvt_viz.words import megabytes

SIZES = (64, 128, 224, 320, 448, 640, 896, 1280, 1792, 2048)


def main(arguments: list[str] | None = None) -> int:
    """Measure every scope and variant at every size, small sizes first; Ctrl-C keeps what is there by then."""
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
    points = []
    try:
        with sweep.turn():
            for point in sweep.run(tasks, device=device, most_seconds=asked.most_seconds):
                points.append(point)
                said = point.failure or f"{point.seconds * 1e3:.3g} ms, {megabytes(point.peak_bytes)}"
                print(
                    f"{len(points)} of {len(tasks)}: {point.task.config.name}, {point.task.label}: {said}", flush=True
                )
    except KeyboardInterrupt:
        print("Stopped; what was measured until now is kept.")
    machine = next((point.machine for point in points if point.machine), None)
    if machine is None:
        print("Nothing was measured, and nothing is written.", file=sys.stderr)
        return 1
    versions = {"torch": machine.torch, "python": platform.python_version(), "cuda": torch.version.cuda or "none"}
    today = datetime.date.today().isoformat()
    path = recording.write(Recording(machine, today, versions, tuple(points)), asked.folder)
    print(f"Written to {path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
