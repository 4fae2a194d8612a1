"""Measure trained networks on scenes that training never saw: accuracy at every setting, interventions, maps."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from pvt_viz import attribution, images, scenes
from pvt_viz.attribution import scores
from pvt_viz.config import PVTConfig, Size
from pvt_viz.models import PVT
from pvt_viz.report import CEILING, CENTRE_PRIOR, CHANCE, Intervention, MapScore, Setting

HELD_OUT = 1 << 30
"""Seeds from here on are for tests alone (`recipe.SEEDS` is where training takes its own)."""
BATCH = 50
FIRST_PATCHES = (2, 4, 8)
REDUCTIONS = ((1, 2, 4, 8, 16), (1, 2, 4), (1, 2), (1,))
"""Per stage, every R_i that is measured; where its grid is smaller, fewer."""


def held_out(count: int, size: int | Size = 128) -> Iterator[scenes.Scenes]:
    """The test set, in batches."""
    done = 0
    while done < count:
        left = count - done
        # None is left with a single scene: its keys and values could not be swapped with another's.
        some = left if left <= BATCH + 1 else BATCH
        yield scenes.generate(some, size, HELD_OUT + done)
        done += some


@dataclass(frozen=True)
class TestSet:
    """Pictures that training never saw, and how they are shown to a network."""

    batches: Callable[[int, int | Size], Iterator]
    """(count, size) -> batches with `images` (n, 3, h, w) in 0..1, `labels` (n,) and `masks` (n, H, W) bool."""
    normalised: Callable[[PVTConfig, object], Tensor]
    """(config, batch) -> (n, 3, H, W), as the network was trained."""

    def pictures(self, model: PVT, batch) -> Tensor:
        return self.normalised(model.config, batch).to(next(model.parameters()).device)


SCENES = TestSet(
    # By its name, so that a test may put another in its place.
    batches=lambda count, size: held_out(count, size),
    normalised=lambda _config, batch: images.standardise(batch.images),
)


@torch.no_grad()
def accuracy(model: PVT, count: int, size: int | Size = 128, test: TestSet = SCENES) -> float:
    """The part of `count` held-out pictures that the model answers rightly."""
    return sum(_right(model(test.pictures(model, batch)), batch) for batch in test.batches(count, size)) / count


@torch.no_grad()
def accuracies(
    make_model, config: PVTConfig, count: int, test: TestSet = SCENES, first: tuple[int, ...] | None = None
) -> dict[Setting, float]:
    """At every p_1 (of `first`) and R_i. `make_model(patch_sizes=, reductions=)` makes the network at a setting.

    What two settings share is computed once: stage 2 at each R_2 goes on from stage 1 at each R_1, and so on, so that
    30 settings cost little more than ten.
    """
    right: dict[Setting, int] = {}
    for p in first or FIRST_PATCHES:
        patch_sizes = (p, *config.patch_sizes[1:])
        grids = [shape.grid for shape in replace(config, patch_sizes=patch_sizes, reductions=(1,) * 4).shapes()]
        choices = [[r for r in some if r <= min(grid)] for some, grid in zip(REDUCTIONS, grids, strict=True)]
        # A stage's weights depend on its own R_i alone, so one network per list of R_i holds all stages that are
        # needed.
        models = {
            (i, r): make_model(
                patch_sizes=patch_sizes, reductions=tuple(r if i == j else 1 for j in range(len(choices)))
            )
            for i, some in enumerate(choices)
            for r in some
        }
        for batch in test.batches(count, config.image_hw):
            planes: dict[tuple[int, ...], Tensor] = {(): test.pictures(next(iter(models.values())), batch)}
            for i, some in enumerate(choices):
                tokens = {}
                for reductions, r in product(planes, some):
                    model = models[i, r]
                    shape = model.config.shapes()[i]
                    tokens[*reductions, r] = model.stages[i](planes[reductions], shape)
                planes = {reductions: plane for reductions, (_, plane) in tokens.items()}
            for reductions, (last, _) in tokens.items():
                logits = model.read(last)
                at = (patch_sizes, reductions)
                right[at] = right.get(at, 0) + _right(logits, batch)
    return {setting: hits / count for setting, hits in right.items()}


def interventions(model: PVT, count: int, test: TestSet = SCENES) -> tuple[Intervention, ...]:
    """Each kind on each stage."""
    size = model.config.image_hw
    return tuple(
        Intervention(stage=i, kind=kind, accuracy=accuracy(attribution.intervene(model, i, kind), count, size, test))
        for i in range(1, len(model.stages) + 1)
        for kind in attribution.KINDS
    )


def map_scores(model: PVT, count: int, test: TestSet = SCENES) -> tuple[MapScore, ...]:
    """Every method at every stage, and the yardsticks: chance, the centre, and the best that a stage's grid allows."""
    totals: dict[tuple[str, int], list[dict[str, float]]] = {}
    for batch in test.batches(count, model.config.image_hw):
        look = attribution.look(model, test.pictures(model, batch), unlimited=True)
        for method, stage, heat, side in [*_maps(look), *_yardsticks(model, batch.masks)]:
            found = scores.score(heat, batch.masks, side).means()
            means = {name: value * len(heat) for name, value in found.items()}
            totals.setdefault((method, stage), []).append(means)
    return tuple(
        MapScore(method=method, stage=stage, **{name: sum(m[name] for m in means) / count for name in means[0]})
        for (method, stage), means in totals.items()
    )


def _maps(look: attribution.Look) -> Iterable[tuple[str, int, Tensor, int]]:
    """(method, stage, map, side of its cells in pixels)."""
    for method, function in attribution.METHODS.items():
        for stage, heat in zip(look.stages, function(look), strict=True):
            if heat is not None:
                yield method, stage.shape.index, heat, stage.shape.stride


def _yardsticks(model: PVT, masks: Tensor) -> Iterable[tuple[str, int, Tensor, int]]:
    yield CHANCE, 0, scores.chance(masks), 1
    yield CENTRE_PRIOR, 0, scores.centre_prior(masks), 1
    for shape in model.config.shapes():
        yield CEILING, shape.index, scores.ceiling(masks, shape.stride), shape.stride


def _right(logits: Tensor, batch) -> int:
    return int((logits.argmax(dim=1).cpu() == batch.labels).sum())
