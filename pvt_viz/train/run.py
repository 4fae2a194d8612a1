"""Train one network from its recipe to the end, keeping what is needed to go on after a cut."""

import json
import math
import time
from collections import deque
from pathlib import Path

import torch
from tqdm import tqdm

from pvt_viz.report import Training
from pvt_viz.train.recipe import Recipe
from pvt_viz.train.stepper import Stepper
from pvt_viz.train.trainer import Trainer

SAVE_EVERY = 100  # steps
CHECKPOINT, HISTORY = "checkpoint.pt", "history.json"
COOLED = 0.5
"""Of a time that is given, the part at its end over which learning rates go down: weights answer better after it."""
ROW = ("step", "loss", "accuracy", "p_1", "task", "seconds")
"""What a row of `history.json` holds."""


def begun(folder: Path) -> bool:
    """Whether a training was cut, or stopped, there."""
    return (folder / CHECKPOINT).exists()


def go_on_from(trainer: Stepper, training: Training, folder: Path) -> None:
    """Leave in `folder` what such a training would have left, so that `to_the_end` goes on from there.

    Of the time that its steps took only the sum is known, and of the recipe's settings nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = training.seconds / training.steps
    rows = [[step, loss, accuracy, 0, "", round(step * each, 1)] for step, loss, accuracy in training.history]
    (folder / HISTORY).write_text(json.dumps(rows))
    trainer.save(folder / CHECKPOINT)


def train(recipe: Recipe, folder: Path, *, device: str = "cpu", position: int = 0) -> Stepper:
    """The trainer of scenes at the end of its recipe."""
    return to_the_end(Trainer(recipe, device), folder, position=position)


def to_the_end(trainer: Stepper, folder: Path, *, position: int = 0, until: float = math.inf) -> Stepper:
    """The trainer at the end of its recipe, or so many seconds from now, cooled down; the next call warms it up again.

    `folder` holds checkpoint, moments and `history.json` on the way.
    """
    recipe = trainer.recipe
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / CHECKPOINT, folder / HISTORY
    history = []
    if checkpoint.exists():
        trainer.load(checkpoint)
        history = [row for row in json.loads(log.read_text()) if row[0] <= trainer.number]
    before = history[-1][-1] if history else 0.0
    begin, recent = time.monotonic(), deque(maxlen=50)
    bar = tqdm(total=recipe.steps, initial=trainer.number, desc=recipe.name, position=position, mininterval=2)
    over = trainer.number >= recipe.steps
    while not over:
        left = until - (time.monotonic() - begin)
        trainer.slowed = max(left, 0.0) / (COOLED * until) if left < COOLED * until else 1.0
        step = trainer.advance()
        seconds = before + time.monotonic() - begin
        row = (step.loss, step.accuracy, step.lesson.config.patch_sizes[0], step.lesson.task, seconds)
        history.append([step.number, *(round(value, 4) if isinstance(value, float) else value for value in row)])
        recent.append(step.accuracy)
        bar.update()
        bar.set_postfix(loss=f"{step.loss:.2f}", accuracy=f"{sum(recent) / len(recent):.3f}", refresh=False)
        if step.number in recipe.moments:
            torch.save(trainer.average, folder / f"moment-{step.number}.pt")
        over = step.number == recipe.steps or time.monotonic() - begin >= until
        if step.number % SAVE_EVERY == 0 or over:
            written = log.with_suffix(".new")
            written.write_text(json.dumps(history))
            written.replace(log)  # a cut in the middle of writing leaves the one before
            trainer.save(checkpoint)
    bar.close()
    return trainer
