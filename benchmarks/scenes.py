"""Drawing scenes and loading the trained network, beside what they may take."""

import statistics
from functools import partial

import torch

import pvt_viz
from benchmarks.timing import seconds

BATCH = 64
GOAL_RATE = 300  # scenes of 128 pixels a second, on two cores
START_UP = 0.2  # seconds that the default weights may add
ROUNDS = 9


def report() -> None:
    draws = [seconds(partial(pvt_viz.scenes.generate, BATCH, 128, seed)) for seed in range(ROUNDS)]
    rate = BATCH / statistics.median(draws)
    threads = torch.get_num_threads()
    print(f"scenes of 128 pixels, {threads} threads: {rate / GOAL_RATE:.2f} of {GOAL_RATE} a second")
    loads = [seconds(partial(pvt_viz.load_model, "flexi_pvt")) for _ in range(ROUNDS)]
    print(
        f"loading flexi_pvt: first {loads[0] / START_UP:.2f}, then {statistics.median(loads) / START_UP:.2f} of 0.2 s"
    )
