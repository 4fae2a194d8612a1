"""Train the networks that ship: python -m pvt_viz.train, or make train.

Goes on where an earlier run was cut. Networks are trained side by side, one core each; on a GPU one after the other.
"""

import argparse
import multiprocessing
import os
from functools import partial
from pathlib import Path

from pvt_viz import devices
from pvt_viz.train.make import make
from pvt_viz.train.recipe import RECIPES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pvt_viz.train", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES), help="networks (default: all)")
    parser.add_argument("--folder", type=Path, default=Path("build/train"), help="for checkpoints")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps or auto; on cpu a run can be repeated exactly")
    parser.add_argument("--workers", type=int, default=min(3, os.cpu_count() or 1), help="networks at once on a CPU")
    parser.add_argument("--scenes", type=int, default=2000, help="held-out scenes to measure on")
    parser.add_argument("--measure-only", action="store_true", help="measure the files that are there again")
    chosen = parser.parse_args()
    device = devices.resolve(chosen.device)
    job = partial(make, folder=chosen.folder, device=device, scenes=chosen.scenes, measure_only=chosen.measure_only)
    with multiprocessing.get_context("spawn").Pool(chosen.workers if device == "cpu" else 1) as pool:
        for line in pool.imap_unordered(job, enumerate(chosen.only)):
            print(line)


if __name__ == "__main__":
    main()
