"""From the end of a training on photographs to the files that ship: weights, moments, report and model card."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from pvt_viz import report
from pvt_viz.checkpoints import load_model
from pvt_viz.checkpoints import own as weights_file
from pvt_viz.checkpoints.tiny_imagenet import CLASSES
from pvt_viz.config import Size
from pvt_viz.report import PHOTOGRAPHS, Report
from pvt_viz.train import evaluate, export
from pvt_viz.train.photos import card
from pvt_viz.train.photos import evaluate as measure
from pvt_viz.train.photos.archive import Photos
from pvt_viz.train.photos.recipe import PhotoRecipe
from pvt_viz.train.run import CHECKPOINT, HISTORY

SIZES: tuple[Size, ...] = ((96, 96), (112, 112), (160, 160), (192, 192), (224, 224), (128, 160))


@dataclass(frozen=True)
class Counts:
    """How many held-out photographs each measurement takes."""

    whole: int = 10_000
    """The answers at home: half of them for the temperature, half for what it is worth."""
    settings: int = 2_000
    """Every setting, size and intervention."""
    maps: int = 500


HEAD = ("network.head.weight", "network.head.bias")


def weights(recipe: PhotoRecipe, average: dict[str, Tensor], photos: Photos, count: int) -> None:
    """Write the weights file; the head is divided by the temperature that `count` held-out photographs ask for.

    So probabilities mean what they say wherever the network is run.
    """
    trained = export.trained(recipe, CLASSES)
    path = weights_file.FOLDER / f"{recipe.name}.safetensors"
    weights_file.save(path, average, recipe.config, trained)
    answers = measure.logits(load_model(recipe.name), photos, count)
    divided_by = measure.temperature(answers, photos.labels[:count])
    cooler = {name: values / divided_by if name in HEAD else values for name, values in average.items()}
    weights_file.save(path, cooler, recipe.config, replace(trained, temperature=divided_by))


def measured(
    recipe: PhotoRecipe, folder: Path, photos: Photos, counts: Counts, say: Callable[[str], None] = print
) -> Report:
    """Measure the shipped weights file on held-out photographs; write report and model card."""

    def model(**overrides):
        return load_model(recipe.name, **overrides)

    config, test, network = recipe.config, measure.test_set(photos), model()
    say(f"{recipe.name}: answers, and how sure they are")
    answers = measure.logits(network, photos, counts.whole)
    labels, half = photos.labels[: counts.whole], counts.whole // 2
    home = (config.patch_sizes, config.reductions)
    best = float((answers.argmax(dim=1) == labels).float().mean())
    say(f"{recipe.name}: accuracy at every setting")
    accuracies = {home: best}
    if len(config.dims) > 1:
        first = recipe.first_patch_sizes
        accuracies = evaluate.accuracies(model, config, counts.settings, test, first) | accuracies
    say(f"{recipe.name}: other sizes, interventions, maps")
    few = measure.small(photos)
    history, kept = json.loads((folder / HISTORY).read_text()), torch.load(folder / CHECKPOINT, weights_only=True)
    found = Report(
        name=recipe.name,
        kind=PHOTOGRAPHS,
        scenes=counts.whole,
        in_settings=counts.settings,
        side=max(config.image_hw),
        seed=0,
        accuracies=accuracies,
        top5=measure.top5(answers, labels),
        sureness=measure.sureness(answers[half:], labels[half:], network.weights.temperature),
        sizes={size: evaluate.accuracy(model(image_size=size), counts.settings, size, test) for size in SIZES},
        interventions=evaluate.interventions(network, counts.settings, test),
        scored=counts.maps,
        scores=evaluate.map_scores(network, counts.maps, test),
        small_scored=min(counts.maps, len(few)),
        small_scores=evaluate.map_scores(network, min(counts.maps, len(few)), measure.test_set(few)),
        # A recipe that was changed on the way does not say what was seen.
        training=export.training(
            recipe, history, torch.get_num_threads(), scenes=kept["seen"], taught_from=kept["taught_from"]
        ),
    )
    report.save(found)
    report.load.cache_clear()
    (weights_file.FOLDER / f"{recipe.name}.md").write_text(card.text(recipe, found))
    return found
