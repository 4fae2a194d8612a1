"""Plates of the explorer: at the pinned place, what every stage's token looks at, or who looks at its key."""

from dataclasses import replace

import numpy as np
from torch import Tensor

from pvt_viz.choices.view import View
from pvt_viz.config import StageShape
from pvt_viz.figures import heat, truth
from pvt_viz.figures.plate import Plate, Scale
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.plates.common import KEYS, TOKENS, pixels, setting
from pvt_viz.lesson.reduction import words
from pvt_viz.scene import Scene
from pvt_viz.tracing import StageTrace
from pvt_viz.walkthrough import key_over, key_spans, key_words, plane, prefix_words, query_at

Span = tuple[int, int, int, int]
"""Top, left, bottom and right, in tokens; the last two exclusive."""


def attention(scene: Scene, view: View) -> list[Plate]:
    """One plate a stage, at the view's block and head; beside the map all weights of that head."""
    look = _looked_at if view.direction == "k" else _looks_at
    return [look(scene, view, stage) for stage in scene.trace.stages]


def side_by_side(scenes: tuple[Scene, ...], view: View, stage: int) -> list[Plate]:
    """One stage at several R: what the same place looks at in each."""
    found = []
    for scene in scenes:
        shape = scene.trace.stages[stage - 1].shape
        whole = View().merge(view, len(scene.trace.stages))
        plate = _looks_at(scene, whole, scene.trace.stages[stage - 1])
        title = tr("R = {r}: {title}", r=shape.reduction, title=plate.title)
        found.append(replace(plate, name=f"{plate.name}-r{shape.reduction}", title=title))
    return found


def _looks_at(scene: Scene, view: View, stage: StageTrace) -> Plate:
    shape, token = stage.shape, _token(scene, view, stage.shape)
    head, weights = _weights(view, stage)
    shown = plane(weights[0 if token is None else shape.n_prefix + token[0] * shape.grid[1] + token[1]], shape)
    who, beside = words.token(token), tr(prefix_words(shape.n_prefix, shape.registers))
    said = [
        tr("How its weight is shared out among {keys:,} keys, each where it lies.", keys=shape.reduced_tokens),
        tr("Outlined: the query.") if token else "",
        tr("The rest of its 100 % is on {prefix}.", prefix=beside) if beside else "",
    ]
    covered = tuple(spans[-1][1] * shape.stride for spans in key_spans(shape))
    return Plate(
        name=f"looks-at-{shape.index}",
        title=tr("Stage {index}: what {who} looks at", index=shape.index, who=who),
        caption=spaced(*said),
        alt=tr("Over the picture, what {who} looks at in stage {index}: brighter is more.", who=who, index=shape.index),
        pixels=_over(scene, shape, shown, covered, token and (*token, token[0] + 1, token[1] + 1)),
        scale=_scale(shown, tr("own scale · uniform: {weight:.2%}", weight=1 / shape.keys)),
        numbers={"weights": shown.numpy(), "attention": weights.numpy()},
        axes={"weights": KEYS, "attention": "query key"},
        setting=setting(scene, shape, view.block(shape), head),
    )


def _looked_at(scene: Scene, view: View, stage: StageTrace) -> Plate:
    """Of a token that the fold drops, the nearest key."""
    shape, token = stage.shape, _token(scene, view, stage.shape)
    cell = None
    if token:
        last = [spans[-1][1] - 1 for spans in key_spans(shape)]
        cell = key_over(shape, (min(token[0], last[0]), min(token[1], last[1])))
    head, weights = _weights(view, stage)
    key = shape.n_prefix + cell[0] * shape.reduced_grid[1] + cell[1] if cell else 0
    shown, what = weights[shape.n_prefix :, key].reshape(shape.grid), tr(key_words(shape, key))
    said = [
        tr("The weight that each of {tokens:,} queries gives to this key.", tokens=shape.tokens),
        tr("Outlined: the tokens that it is made from.") if cell else "",
    ]
    covered = tuple(side * shape.stride for side in shape.grid)
    return Plate(
        name=f"looked-at-{shape.index}",
        title=tr("Stage {index}: who looks at the key of {key}", index=shape.index, key=what),
        caption=spaced(*said),
        alt=tr(
            "Over the picture, who looks at the key of {key} in stage {index}: brighter is more.",
            key=what,
            index=shape.index,
        ),
        pixels=_over(scene, shape, shown, covered, cell and shape.tokens_behind(*cell)),
        scale=_scale(shown, tr("own scale")),
        numbers={"weights": shown.numpy(), "attention": weights.numpy()},
        axes={"weights": TOKENS, "attention": "query key"},
        setting=setting(scene, shape, view.block(shape), head),
    )


def _token(scene: Scene, view: View, shape: StageShape) -> tuple[int, int] | None:
    """(row, column) of the token under the pin, or in the middle of the picture; None: CLS."""
    if view.cls_query and shape.n_prefix:
        return None
    return query_at(shape, *(view.pin or (0.5, 0.5)), scene.selection.image_size)


def _weights(view: View, stage: StageTrace) -> tuple[int | None, Tensor]:
    """The head (from 1; None: the mean), and its weights (query, key)."""
    maps = stage.blocks[view.block(stage.shape) - 1].attention[0]
    head = view.head(stage.shape) if len(maps) > 1 else 1
    return head, maps[head - 1] if head else maps.mean(dim=0)


def _over(scene: Scene, shape: StageShape, weights: Tensor, covered: tuple[int, int], marked: Span | None):
    """The weights over the picture, of which they cover so many pixels, with the `marked` tokens outlined."""
    picture = heat.over(scene.bare, weights.numpy(), covered, scene.selection.image_size)
    if marked:
        top, left, bottom, right = (edge * shape.stride for edge in marked)
        mask = np.zeros(scene.selection.image_size, dtype=bool)
        mask[top:bottom, left:right] = True
        picture = truth.outline(picture, mask)
    return pixels(picture)


def _scale(weights: Tensor, note: str) -> Scale:
    return Scale(colour_map="magma", low=0.0, high=float(weights.max()), note=note, form=".2%")
