"""Our PVT beside `transformers`' on the same random pictures: a plain forward, and one that shows its attention."""

from functools import partial

import torch
from transformers import PvtConfig, PvtForImageClassification

import pvt_viz
from benchmarks.timing import ratio

ROUNDS = {1: 31, 8: 11}
"""Timed rounds per batch size."""


def report() -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, CPU; time of ours over theirs, 224×224")
    for preset in ("pvt_tiny", "pvt_small"):
        ours = pvt_viz.build_model(preset)
        theirs = PvtForImageClassification(PvtConfig(depths=list(ours.config.depths), num_labels=1000)).eval()
        for batch, rounds in ROUNDS.items():
            images = torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(0))
            with torch.no_grad():
                plain = ratio(partial(ours, images), partial(theirs, images), rounds=rounds)
                traced = ratio(
                    partial(pvt_viz.trace, ours, images),
                    partial(theirs, images, output_attentions=True),
                    rounds=rounds,
                )
            print(f"  {preset}, batch {batch}: forward {plain:.2f}× (goal 1.05), trace {traced:.2f}× (goal 1.15)")
