"""A tiny network that trains while somebody watches, and what is told of it on the way."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pvt_viz.checkpoints.own import part
from pvt_viz.config import PVTConfig
from pvt_viz.train.recipe import Course, Phase, Recipe
from pvt_viz.train.trainer import Trainer

EVERY = 0.8
"""Seconds between two messages."""
SIDE = 64
TINY = Recipe(
    name="tiny_pvt",
    config=PVTConfig(
        name="tiny_pvt",
        image_size=SIDE,
        num_classes=10,
        standardise=True,
        dims=(16, 32, 48, 64),
        depths=(1, 1, 1, 1),
        heads=(1, 2, 3, 4),
        mlp_ratios=(2, 2, 2, 2),
        reductions=(4, 2, 1, 1),
    ),
    phases=(
        Phase(
            steps=1200,
            task="single",
            courses=(Course(share=1.0, sizes=(SIDE,), batch=32),),
            clutter=0.0,
        ),
    ),
    warm_up=50,
)
"""One shape in a scene of 64 pixels: a minute on one core is enough for that, and not for the cue."""


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a training is."""

    step: int
    steps: int
    history: tuple[tuple[int, float, float], ...]
    """(step, loss, accuracy on the batch), means over the steps since the message before; this message's alone."""
    state: dict[str, Tensor]
    """The network's weights now, averaged, as in `state_dict`; float16."""


def run(recipe: Recipe, every: float = EVERY) -> Iterator[Progress]:
    """Yield a Progress at the start, every so many seconds, and at the end."""
    trainer, since, said = Trainer(recipe), [], time.monotonic()
    yield _progress(trainer, since)
    while trainer.number < recipe.steps:
        since.append(trainer.advance())
        if time.monotonic() - said >= every or trainer.number == recipe.steps:
            yield _progress(trainer, since)
            since, said = [], time.monotonic()


def _progress(trainer: Trainer, since: list) -> Progress:
    means = [sum(getattr(step, name) for step in since) / len(since) for name in ("loss", "accuracy")] if since else []
    return Progress(
        step=trainer.number,
        steps=trainer.recipe.steps,
        history=((trainer.number, *means),) if since else (),
        state={name: v.to("cpu", torch.float16) for name, v in part(trainer.average, "network").items()},
    )
