"""`pvt-viz maps PICTURES --model NAME --out DIR`: its arguments, and what it says."""

import argparse
import sys
from pathlib import Path

from pvt_viz.language import say, tr
from pvt_viz.maps.wanted import BLOCKS, HEADS, QUERIES

MODEL, BATCH = "photo_pvt", 8
ABOUT = "Write what the attention of many pictures is: numbers as .npz, overlays as PNG, answers as CSV."
STOPPED = 130
"""What a shell expects of a command that Ctrl-C has ended."""


def add(commands: argparse._SubParsersAction) -> None:
    """The command and its options."""
    maps = commands.add_parser("maps", help=ABOUT, description=ABOUT, allow_abbrev=False)
    maps.add_argument("pictures", nargs="+", help='image files, folders of them, or patterns in quotes ("in/**/*.jpg")')
    maps.add_argument("--model", default=MODEL, help=f"a name, file, folder or hub id of weights (default: {MODEL})")
    maps.add_argument("--out", type=Path, required=True, help="the folder to write; a second call does what is missing")
    maps.add_argument("--blocks", nargs="+", default=BLOCKS, help="last, all, or numbers from 1 (default: last)")
    maps.add_argument(
        "--heads",
        nargs="+",
        default=HEADS,
        help="all, or numbers from 1 (default: all; overlays show their mean then)",
    )
    queries = "cls and places X,Y from 0,0 (top left) to 1,1, or all (overlays show their mean then)"
    maps.add_argument("--queries", nargs="+", default=QUERIES, help=f"{queries} (default: {' '.join(QUERIES)})")
    maps.add_argument("--size", type=int, help="image size in pixels (default: the network's own)")
    maps.add_argument("--patch-sizes", type=int, nargs="+", metavar="P", help="p of every stage (default: its own)")
    maps.add_argument("--reductions", type=int, nargs="+", metavar="R", help="R of every stage (default: its own)")
    maps.add_argument("--under", help="which of several sets of weights in a file (default: the average over training)")
    maps.add_argument("--no-png", action="store_true", help="numbers alone, no overlays")
    maps.add_argument("--batch", type=int, default=BATCH, help=f"pictures at once, at most (default: {BATCH})")
    maps.add_argument("--device", default="auto", help="cpu, cuda or mps (default: the fastest there is)")
    maps.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Raises ValueError, with a sentence, for what cannot be done, and OSError where `--out` cannot be written to."""
    # Only now: colour maps take a second to load, and --help should not.
    from pvt_viz.checkpoints import load_model
    from pvt_viz.devices import resolve
    from pvt_viz.maps import run as runs
    from pvt_viz.maps.folder import LOG, Folder
    from pvt_viz.maps.pictures import find
    from pvt_viz.maps.wanted import choose

    if asked.batch < 1:
        raise ValueError(say("--batch is {count}; it should be 1 or more.", count=asked.batch))
    device, pictures = resolve(asked.device), find(asked.pictures)
    changed = {"image_size": asked.size, "patch_sizes": asked.patch_sizes, "reductions": asked.reductions}
    overrides = {name: value for name, value in changed.items() if value is not None}
    model = load_model(asked.model, under=asked.under, **overrides).to(device)
    runs.check(model)
    chosen = choose(model.config, asked.blocks, asked.heads, asked.queries)
    words = {name: " ".join(getattr(asked, name)) for name in ("blocks", "heads", "queries")}
    settings = runs.settings(model) | words | {"png": not asked.no_png}
    try:
        with Folder(asked.out, settings) as folder:
            for note in model.weights.notes:
                print(tr(note), flush=True)
            if not model.weights.classes:
                print(tr("{name} has no head: there are maps and no answers.", name=model.config.name), flush=True)
            done = runs.write(pictures, model, chosen, folder, batch=asked.batch, png=not asked.no_png)
    except KeyboardInterrupt:
        print(tr("Stopped; the same command goes on from here."), file=sys.stderr)
        return STOPPED
    print(
        tr(
            "{folder} has maps of {count:,} of {all:,} pictures, {new:,} of them new.",
            folder=asked.out,
            count=done.before + done.written,
            all=len(pictures),
            new=done.written,
        )
    )
    if done.refused:
        told = tr("{count:,} could not be used; {file} says why.", count=done.refused, file=asked.out / LOG)
        print(told, file=sys.stderr)
        return 1
    return 0
