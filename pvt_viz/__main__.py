"""The command line, `pvt-viz` or `python -m pvt_viz`: `app`, `export PICTURE --out DIR`, `maps PICTURES --out DIR`."""

import argparse
import sys
from pathlib import Path

from pvt_viz import launch
from pvt_viz.language import LANGUAGES, SOURCE, speaking, tr
from pvt_viz.maps import command
from pvt_viz.presets import PRESETS

NAME = "pvt-viz"
APP = "Start the explainer; further arguments go to Streamlit: pvt-viz app --server.port=8600."
EXPORT = "Write the whole walk-through of one picture as a static site: every figure, the explorer, the calculator."


def main(arguments: list[str] | None = None) -> int:
    called = NAME if Path(sys.argv[0]).stem == NAME else "python -m pvt_viz"
    parser = argparse.ArgumentParser(prog=called, description="See what a PVT does with a picture.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    app = commands.add_parser("app", help=APP, description=APP, allow_abbrev=False)
    app.set_defaults(run=None)
    command.add(commands)
    export = commands.add_parser("export", help=EXPORT, description=EXPORT)
    export.add_argument("picture", help="an image file, a sample (cat, astronaut, coffee …), scene, or scene:NUMBER")
    model = "a preset, a file of weights, or a hub id that the app fetched before (default: what knows such pictures:"
    model += " photo_pvt, or flexi_pvt for scenes); presets are "
    export.add_argument("--model", help=model + ", ".join(PRESETS))
    export.add_argument("--out", type=Path, required=True, help="the folder to write; index.html in it is the page")
    export.add_argument("--size", type=int, help="image size in pixels (default: the network's own)")
    export.add_argument("--patch-sizes", type=int, nargs="+", metavar="P", help="p of every stage (default: its own)")
    export.add_argument("--reductions", type=int, nargs="+", metavar="R", help="R of every stage (default: its own)")
    export.add_argument("--crop", choices=("square", "whole"), default="square", help="what to keep of the picture")
    at = "the place to follow, from 0 0 (top left) to 1 1 (default: 0.5 0.5)"
    export.add_argument("--at", type=float, nargs=2, metavar=("X", "Y"), default=(0.5, 0.5), help=at)
    export.add_argument("--language", choices=LANGUAGES, default=SOURCE, help="of the page (default: en)")
    export.set_defaults(run=_export)
    asked, further = parser.parse_known_args(arguments)
    if further and asked.run:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    with speaking(getattr(asked, "language", SOURCE)):
        try:
            return asked.run(asked) if asked.run else launch.start(further)
        except ValueError as error:
            told = tr(error)
        except OSError as error:
            reason = error.strerror or str(error)
            told = tr("{folder} cannot be written to: {reason}.", folder=asked.out, reason=reason)
    print(told, file=sys.stderr)
    return 2


def _export(asked: argparse.Namespace) -> int:
    # Only now: pages and plots take seconds to load, and --help should not.
    from pvt_viz.site import build, visit

    view = visit.looking_at(*asked.at)
    scene = visit.scene(
        asked.picture,
        asked.model,
        size=asked.size,
        patch_sizes=asked.patch_sizes,
        reductions=asked.reductions,
        crop=asked.crop,
    )
    page = build.write(scene, view, asked.out, told=lambda line: print(line, flush=True))
    print(tr("Written: open {page} in a browser.", page=page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
