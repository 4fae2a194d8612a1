"""The closed forms: how fast they are, how fast the Cost page follows a slider, and how well the peak is predicted."""

import statistics
import sys
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import percentile, ratio, seconds
from pvt_viz import PRESETS
from pvt_viz.cost import FULL_EXPLICIT, FULL_FUSED, SRA, Scope, analyze, measure
from pvt_viz.models import PVT

MOVES = 20


def report() -> None:
    _analyze()
    _page()
    _peaks()


def _analyze() -> None:
    print("analyze, against counting with FlopCounterMode on the meta device (which runs the network)")
    for preset in ("pvt_tiny", "pvt_large"):
        config = PRESETS[preset]
        with torch.device("meta"):
            model, images = PVT(config).eval(), torch.empty(1, 3, 224, 224)
        closed = partial(analyze, config)
        taken = statistics.median(seconds(closed) for _ in range(201))
        print(
            f"  {preset}: {ratio(partial(_count, model, images), closed, rounds=11):.0f}× faster;"
            f" {taken * 1e3:.2f} of 1 ms"
        )


def _count(model: PVT, images: torch.Tensor) -> None:
    with FlopCounterMode(display=False), torch.no_grad():
        model(images)


def _page() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from test_pages import visit  # the same way into the app as the tests take

    app = visit("cost")
    print(f"a slider of the Cost page, server time of the whole script, {MOVES} settings nobody opened")
    for name, slider, values in (
        ("image size", app.slider(key="side"), range(512, 512 + 16 * (MOVES + 2), 16)),
        ("R₁", app.select_slider(key="r1"), [r for _ in range(3) for r in (1, 2, 3, 5, 6, 7, 9, 10)][: MOVES + 2]),
    ):
        taken = [seconds(slider.set_value(value).run) for value in values][2:]
        print(f"  {name}: p50 {percentile(taken, 0.5) / 0.1:.2f}, p95 {percentile(taken, 0.95) / 0.1:.2f} of 100 ms")


def _peaks() -> None:
    print("peak extra memory, measured over predicted, pvt_tiny on this machine's CPU")
    for size in (224, 448):
        stages = tuple(Scope(kind, i) for kind in ("attention", "stage") for i in (1, 2, 3))
        result = measure(PRESETS["pvt_tiny"], size, device="cpu", only=stages, seconds=0.0)
        for way in (FULL_EXPLICIT, FULL_FUSED, SRA):
            found = [result.find(scope, way) for scope in stages]
            ratios = [point.peak_bytes / point.task.predicted_peak_bytes for point in found]
            print(f"  {size}×{size}, {way.label}: " + ", ".join(f"{one:.3f}" for one in ratios))
