"""From the end of a training to the files that ship: weights, moments, report and model card."""

import datetime
import json
import platform
from collections.abc import Callable
from pathlib import Path

import torch

from pvt_viz import devices, report
from pvt_viz.checkpoints import load_model, moments
from pvt_viz.checkpoints import own as weights_file
from pvt_viz.models import Weights
from pvt_viz.report import Report, Training
from pvt_viz.scenes import CLASSES
from pvt_viz.train import card, evaluate
from pvt_viz.train.recipe import Recipe

HISTORY_ROWS = 240
SIZES = (96, 112, 144, 160, (128, 160))
SCORED = 500
"""Scenes on which maps are scored: each takes a backward pass and a sort of every pixel for each map."""


def weights(recipe: Recipe, average: dict[str, torch.Tensor]) -> None:
    """Write the weights file of a trained network."""
    path = weights_file.FOLDER / f"{recipe.name}.safetensors"
    weights_file.save(path, average, recipe.config, trained(recipe, CLASSES))


def trained(recipe: Recipe, classes: tuple[str, ...]) -> Weights:
    """What a weights file says of the training that it is from."""
    return Weights(
        source=recipe.name,
        trained=True,
        classes=classes,
        patch_sizes=recipe.trained_patch_sizes,
        reductions=recipe.trained_reductions,
    )


def recorded(recipe: Recipe, folder: Path) -> None:
    """Write the moments that a training has left in `folder`; one that was stopped has not come to them all."""
    kept = [
        moments.Moment(step, weights_file.part(torch.load(path, weights_only=True), "network"))
        for step in recipe.moments
        if (path := folder / f"moment-{step}.pt").is_file()
    ]
    if kept:
        moments.save(kept, moments.FOLDER / f"{recipe.name}.moments.safetensors")


def measured(recipe: Recipe, folder: Path, count: int, device: str, say: Callable[[str], None] = print) -> Report:
    """Measure the shipped weights file on `count` held-out scenes; write report and model card."""

    def model(**overrides):
        return load_model(recipe.name, **overrides).to(device)

    config = recipe.config
    say(f"{recipe.name}: accuracy at every setting")
    if len(config.dims) > 1:
        accuracies = evaluate.accuracies(model, config, count)
    else:
        accuracies = {(config.patch_sizes, config.reductions): evaluate.accuracy(model(), count)}
    say(f"{recipe.name}: other sizes, interventions, maps")
    hw = {size: (size, size) if isinstance(size, int) else size for size in SIZES}
    found = Report(
        name=recipe.name,
        scenes=count,
        side=max(config.image_hw),
        seed=evaluate.HELD_OUT,
        accuracies=accuracies,
        sizes={hw[size]: evaluate.accuracy(model(image_size=size), count, size) for size in SIZES},
        interventions=evaluate.interventions(model(), count),
        scored=min(count, SCORED),
        scores=evaluate.map_scores(model(), min(count, SCORED)),
        training=training(recipe, json.loads((folder / "history.json").read_text())),
    )
    report.save(found)
    report.load.cache_clear()
    (weights_file.FOLDER / f"{recipe.name}.md").write_text(card.text(recipe, found))
    return found


def training(
    recipe: Recipe, rows: list[list], cores: int = 1, *, scenes: int | None = None, taught_from: int | None = None
) -> Training:
    """How the weights came about, from the rows of `history.json`; `scenes` seen, or as many as the recipe says."""
    every = max(1, len(rows) // HISTORY_ROWS)
    history = []
    for i in range(0, len(rows), every):
        some = rows[i : i + every]
        means = (sum(row[column] for row in some) / len(some) for column in (1, 2))
        history.append((some[-1][0], *(round(mean, 4) for mean in means)))
    return Training(
        steps=rows[-1][0],
        scenes=sum(recipe.lesson(step).batch for step in range(rows[-1][0])) if scenes is None else scenes,
        seconds=rows[-1][-1],
        machine=f"{'one core' if cores == 1 else f'{cores} cores'} of {devices.name('cpu')}, {platform.system()}",
        torch=torch.__version__.partition("+")[0],
        date=datetime.date.today().isoformat(),
        history=tuple(history),
        taught_from=taught_from,
    )
