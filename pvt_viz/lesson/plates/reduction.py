"""Plates of the Reduction page, in its order and words: one query's way through one head, and the pool beside it."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from pvt_viz.figures.plate import Plate, Scale
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.plates.common import KEYS, TOKENS, decoded, setting
from pvt_viz.lesson.reduction import fold_and_pool, pictures, way, words
from pvt_viz.lesson.reduction.pictures import Told
from pvt_viz.lesson.reduction.way import Focus, Shown, Steps
from pvt_viz.scene import Scene
from pvt_viz.tracing import BlockTrace
from pvt_viz.walkthrough import averaged, plane, walk


def reduction(scene: Scene, focus: Focus) -> list[Plate]:
    """From tokens to keys, then from a query to its answer; where there are stages, also the pool (or the fold)."""
    steps = way.steps(scene.key, focus, scene)
    block = scene.trace.stages[focus.shape.index - 1].blocks[focus.block - 1]
    found = [*_to_keys(focus, steps, block), *_keys(focus, steps, block), *_query(focus, steps, block)]
    if len(scene.trace.stages) > 1:
        found += _beside(scene, focus, block)
    of_query = {"query": words.token(focus.token)}
    at = setting(scene, focus.shape, focus.block, focus.head) | of_query
    return [replace(plate, setting=at) for plate in found]


def _plate(
    name: str, told: Told, caption: str, picture: bytes, axes: str, values: Tensor, scale: Scale | None = None
) -> Plate:
    return Plate(
        name=name,
        title=told.title,
        caption=caption,
        alt=told.alt,
        pixels=decoded(picture),
        scale=scale,
        numbers={name: values.numpy()},
        axes={name: axes},
    )


def _inputs(focus: Focus, block: BlockTrace) -> Tensor:
    """(channel, h, w): the tokens that enter the attention."""
    shape = focus.shape
    return block.inputs[0, shape.n_prefix :].T.reshape(shape.dim, *shape.grid)


def _to_keys(focus: Focus, steps: Steps, block: BlockTrace) -> Iterator[Plate]:
    shape, inputs, is_projected = focus.shape, _inputs(focus, block), bool(steps.projected)
    colours, shared = pictures.colours(projected=is_projected)
    plane_of_tokens, plane_of_keys = f"channel {TOKENS}", f"channel {KEYS}"
    told = pictures.tokens(shape)
    yield _plate("tokens", told, spaced(*told.said, colours), steps.tokens, plane_of_tokens, inputs)
    told = pictures.windows(shape)
    yield _plate("windows", told, spaced(told.alt, *told.said, colours), steps.windows, plane_of_tokens, inputs)
    if is_projected:
        told = pictures.projected(shape)
        said = spaced(told.alt, colours, shared)
        yield _plate("projected", told, said, steps.projected, plane_of_keys, block.projected[0])
    told = pictures.reduced(shape, projected=is_projected)
    yield _plate("reduced", told, spaced(told.alt, colours, shared), steps.reduced, plane_of_keys, block.reduced[0])


def _signed(shown: Shown) -> Scale:
    return Scale(colour_map="cividis", low=shown.low, high=shown.high, note=tr("own scale"))


def _keys(focus: Focus, steps: Steps, block: BlockTrace) -> Iterator[Plate]:
    shape, head = focus.shape, focus.head
    keys, values = block.keys[0, head - 1], block.values[0, head - 1]
    axes = "key channel"
    told = pictures.keys(shape, head)
    yield _plate("keys", told, spaced(*told.said), steps.keys.picture, axes, keys, _signed(steps.keys))
    said = spaced(*told.said, tr("What each key gives when it is looked at."))
    told = pictures.values(shape, head)
    yield _plate("values", told, said, steps.values.picture, axes, values, _signed(steps.values))


def _query(focus: Focus, steps: Steps, block: BlockTrace) -> Iterator[Plate]:
    shape = focus.shape
    followed = walk(block, head=focus.head - 1, query=focus.query)
    shown, told = steps.vector, pictures.query(shape)
    yield _plate("query", told, told.alt, shown.picture, "channel", followed.vector, _signed(shown))

    shown, scores, weights = steps.scores, plane(followed.scores, shape), plane(followed.weights, shape)
    told = pictures.scores(shape)
    scale = Scale(colour_map="viridis", low=shown.low, high=shown.high, note=tr("own scale"), form="+.2f")
    scored = _plate("scores", told, spaced(*told.said), shown.picture, KEYS, scores, scale)
    yield _of_all_keys(scored, "all_scores", followed.scores)

    shown, told = steps.weights, pictures.weights(shape)
    scale = Scale(colour_map="magma", low=shown.low, high=shown.high, note=tr("own scale"), form=".2%")
    weighed = _plate("weights", told, spaced(told.alt, *told.said), shown.picture, KEYS, weights, scale)
    yield _of_all_keys(weighed, "all_weights", followed.weights)

    shown, told = steps.output, pictures.weighted_sum(shape)
    yield _plate("weighted_sum", told, told.alt, shown.picture, "channel", followed.output, _signed(shown))


def _of_all_keys(plate: Plate, name: str, values: Tensor) -> Plate:
    """With the numbers of the keys that have no place in the picture, too: in the order of the sequence."""
    return replace(plate, numbers=plate.numbers | {name: values.numpy()}, axes=plate.axes | {name: "key"})


def _beside(scene: Scene, focus: Focus, block: BlockTrace) -> Iterator[Plate]:
    """What the page shows of the way that this network does not take, and the averages that a pool starts from."""
    now, _ = fold_and_pool.pairs(scene, focus)
    shown = fold_and_pool.pictures(scene.key, focus, now, scene)
    inputs, pool = _inputs(focus, block), now.pool.shape
    axes = f"channel {TOKENS}"
    if focus.shape.pool:
        told = pictures.squares(now.fold.shape.reduction)
        yield _plate("squares", told, told.alt, shown.squares, axes, inputs)
    else:
        told = pictures.pool_windows(pool)
        yield _plate("pool_windows", told, told.alt, shown.windows, axes, inputs)
    told = pictures.pooled(pool)
    yield _plate("pooled", told, told.alt, shown.pooled, f"channel {KEYS}", averaged(inputs, pool))
