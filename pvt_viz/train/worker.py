"""The process that trains while somebody watches: `python -m pvt_viz.train.worker`, started by `ui.training` alone.

It gives way to every other: visitors' pages do not wait for it, and it can be stopped at any moment. The seed comes in
on the standard input; how far it is goes out on the standard output.
"""

import os
import sys
from dataclasses import replace

from pvt_viz import devices
from pvt_viz.pipe import end_with_parent, receive, send
from pvt_viz.train.live import TINY, run


def main() -> None:
    seed = next(receive(sys.stdin.buffer))
    end_with_parent()
    if hasattr(os, "nice"):
        os.nice(10)
    devices.one_thread_per_forward()
    for progress in run(replace(TINY, seed=seed % 1000)):
        send(sys.stdout.buffer, progress)


if __name__ == "__main__":
    main()
