"""Train the networks that ship: python -m pvt_viz.train, or make train.

`scenes` (the default) trains those that know drawn scenes, side by side, one core each; on a GPU one after the other.
`photos --data ZIP` trains those that know photographs, on the zip of Tiny-ImageNet-200 (tiny-imagenet-200.zip, from the
data set's home). Either goes on where an earlier run was cut.
"""

import argparse
import math
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

from pvt_viz import devices
from pvt_viz.train import make
from pvt_viz.train.photos import make as photos
from pvt_viz.train.photos import recipe as of_photos
from pvt_viz.train.photos.archive import ArchiveError
from pvt_viz.train.recipe import RECIPES


def main() -> None:
    chosen = _parser().parse_args()
    device = devices.resolve(chosen.device)
    try:
        (_photos if chosen.what == "photos" else _scenes)(chosen, device)
    except ArchiveError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pvt_viz.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("scenes", "photos"), default="scenes")
    parser.add_argument("--only", nargs="+", choices=[*RECIPES, *of_photos.RECIPES], help="networks (default: all)")
    parser.add_argument("--folder", type=Path, default=Path("build/train"), help="for checkpoints")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps or auto; on cpu a run can be repeated exactly")
    parser.add_argument("--measure-only", action="store_true", help="measure the files that are there again")
    scenes = parser.add_argument_group("scenes")
    scenes.add_argument("--workers", type=int, default=min(3, os.cpu_count() or 1), help="networks at once on a CPU")
    scenes.add_argument("--scenes", type=int, default=2000, help="held-out scenes to measure on")
    photographs = parser.add_argument_group("photos")
    photographs.add_argument("--data", type=Path, default=Path("tiny-imagenet-200.zip"), help="the data set's zip")
    photographs.add_argument("--hours", type=float, default=math.inf, help="stop by then; the next call goes on")
    photographs.add_argument("--teacher", action="store_true", help="learn from EfficientNet-Lite0's answers, too")
    photographs.add_argument(
        "--shipped", action="store_true", help="start from the weights that ship, not from nothing"
    )
    return parser


def _names(chosen: argparse.Namespace, known) -> list[str]:
    return [name for name in known if chosen.only is None or name in chosen.only]


def _scenes(chosen: argparse.Namespace, device: str) -> None:
    job = partial(
        make.make, folder=chosen.folder, device=device, scenes=chosen.scenes, measure_only=chosen.measure_only
    )
    with multiprocessing.get_context("spawn").Pool(chosen.workers if device == "cpu" else 1) as pool:
        for line in pool.imap_unordered(job, enumerate(_names(chosen, RECIPES))):
            print(line)


def _photos(chosen: argparse.Namespace, device: str) -> None:
    for name in _names(chosen, of_photos.RECIPES):
        line = photos.make(
            name,
            chosen.data,
            folder=chosen.folder,
            device=device,
            measure_only=chosen.measure_only,
            seconds=3600 * chosen.hours,
            shipped=chosen.shipped,
            taught=chosen.teacher,
        )
        print(line)


if __name__ == "__main__":
    main()
