"""Plates of the Reduction page, in its order and words: one query's way through one head, and the pool beside it."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from pvt_viz.figures.plate import Plate, Scale
from pvt_viz.figures.reduction import MOST_ROWS
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.plates.common import KEYS, TOKENS, decoded, setting, token_words
from pvt_viz.lesson.reduction import fold_and_pool, way, words
from pvt_viz.lesson.reduction.way import Focus, Shown, Steps
from pvt_viz.scene import Scene
from pvt_viz.tracing import BlockTrace
from pvt_viz.walkthrough import averaged, plane, prefix_words, walk, window_size
from pvt_viz.words import times


def reduction(scene: Scene, focus: Focus) -> list[Plate]:
    """From tokens to keys, then from a query to its answer; where there are stages, also the pool (or the fold)."""
    steps = way.steps(scene.key, focus, scene)
    block = scene.trace.stages[focus.shape.index - 1].blocks[focus.block - 1]
    found = [*_to_keys(focus, steps, block), *_keys(focus, steps, block), *_query(focus, steps, block)]
    if len(scene.trace.stages) > 1:
        found += _beside(scene, focus, block)
    of_query = {"query": token_words(focus.token)}
    at = setting(scene, focus.shape, focus.block, focus.head) | of_query
    return [replace(plate, setting=at) for plate in found]


def _plate(
    name: str, title: str, caption: str, alt: str, picture: bytes, axes: str, values: Tensor, scale: Scale | None = None
) -> Plate:
    return Plate(
        name=name,
        title=title,
        caption=caption,
        alt=alt,
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
    shape, inputs = focus.shape, _inputs(focus, block)
    grid, reduced, r = times(shape.grid), times(shape.reduced_grid), shape.reduction
    colours = tr("Colours: the three principal components of each picture as red, green and blue.")
    shared = tr("Pictures 3 and 4 share theirs.") if steps.projected else ""
    said = tr(
        "{grid} = {count:,} tokens of {channels} channels, after the block's first LayerNorm.",
        grid=grid,
        count=shape.tokens,
        channels=shape.dim,
    )
    alt = tr("The {grid} tokens that enter the attention, as colours.", grid=grid)
    plane_of_tokens, plane_of_keys = f"channel {TOKENS}", f"channel {KEYS}"
    yield _plate("tokens", tr("1 · Tokens"), spaced(said, colours), alt, steps.tokens, plane_of_tokens, inputs)
    if shape.pool:
        title = tr("2 · Pool to {grid}", grid=reduced)
        alt = tr(
            "The same tokens in windows of up to {size}; the one that the query is in is outlined.",
            size=times(window_size(shape)),
        )
    else:
        title = tr("2 · Fold {r}×{r}", r=r)
        alt = tr("The same tokens in squares of {r}×{r}; the one that the query is in is outlined.", r=r)
    said = spaced(alt, *words.cut(shape), colours)
    yield _plate("windows", title, said, alt, steps.windows, plane_of_tokens, inputs)
    if steps.projected:
        alt = tr("The {grid} projected tokens, as colours.", grid=reduced)
        said = spaced(alt, colours, shared)
        yield _plate("projected", tr("3 · Project"), said, alt, steps.projected, plane_of_keys, block.projected[0])
    last = "LayerNorm, GELU" if shape.pool else "LayerNorm" if steps.projected else tr("As it was")
    alt = tr("The {grid} tokens that K and V are made from.", grid=reduced)
    said = spaced(alt, colours, shared)
    yield _plate("reduced", f"4 · {last}", said, alt, steps.reduced, plane_of_keys, block.reduced[0])


def _signed(shown: Shown) -> Scale:
    return Scale(colour_map="cividis", low=shown.low, high=shown.high, note=tr("own scale"))


def _keys(focus: Focus, steps: Steps, block: BlockTrace) -> Iterator[Plate]:
    shape, head = focus.shape, focus.head
    count, d = shape.keys, shape.head_dim
    if prefix := tr(prefix_words(shape.n_prefix, shape.registers)):
        said = tr(
            "{keys:,} rows, one per key ({tokens} first); {d} columns, one per channel.",
            keys=count,
            tokens=prefix,
            d=d,
        )
    else:
        said = tr("{keys:,} rows, one per key; {d} columns, one per channel.", keys=count, d=d)
    if count > MOST_ROWS:
        said = spaced(said, tr("Squeezed into {count} rows of means.", count=MOST_ROWS))
    alt = tr("Keys of head {head}: {keys:,} rows of {d} numbers.", head=head, keys=count, d=d)
    keys, values = block.keys[0, head - 1], block.values[0, head - 1]
    axes = "key channel"
    yield _plate("keys", tr("5 · Keys K"), said, alt, steps.keys.picture, axes, keys, _signed(steps.keys))
    alt = tr("Values of head {head}: {keys:,} rows of {d} numbers.", head=head, keys=count, d=d)
    said = spaced(said, tr("What each key gives when it is looked at."))
    yield _plate("values", tr("Values V"), said, alt, steps.values.picture, axes, values, _signed(steps.values))


def _query(focus: Focus, steps: Steps, block: BlockTrace) -> Iterator[Plate]:
    shape, d = focus.shape, focus.shape.head_dim
    followed = walk(block, head=focus.head - 1, query=focus.query)
    alt = tr("The query: {d} numbers as colours.", d=d)
    shown = steps.vector
    yield _plate("query", tr("6 · Query q"), alt, alt, shown.picture, "channel", followed.vector, _signed(shown))

    shown, scores, weights = steps.scores, plane(followed.scores, shape), plane(followed.weights, shape)
    alt = tr("The query's score with each of the {count:,} keys of the plane.", count=shape.reduced_tokens)
    said = tr("q·k/√d with every key, where the key lies.")
    scale = Scale(colour_map="viridis", low=shown.low, high=shown.high, note=tr("own scale"), form="+.2f")
    scored = _plate("scores", tr("7 · Scores"), said, alt, shown.picture, KEYS, scores, scale)
    yield _of_all_keys(scored, "all_scores", followed.scores)

    shown, alt = steps.weights, tr("The softmax of the scores: the query's row of the attention map.")
    if prefix := tr(prefix_words(shape.n_prefix, shape.registers)):
        said = tr("The same as weights (those of {tokens} with them): they sum to 100 %.", tokens=prefix)
    else:
        said = tr("The same as weights: they sum to 100 %.")
    scale = Scale(colour_map="magma", low=shown.low, high=shown.high, note=tr("own scale"), form=".2%")
    weighed = _plate("weights", tr("8 · Softmax"), spaced(alt, said), alt, shown.picture, KEYS, weights, scale)
    yield _of_all_keys(weighed, "all_weights", followed.weights)

    shown, alt = steps.output, tr("The weighted sum of the values: {d} numbers as colours.", d=d)
    title = tr("9 · Weighted sum")
    yield _plate("weighted_sum", title, alt, alt, shown.picture, "channel", followed.output, _signed(shown))


def _of_all_keys(plate: Plate, name: str, values: Tensor) -> Plate:
    """With the numbers of the keys that have no place in the picture, too: in the order of the sequence."""
    return replace(plate, numbers=plate.numbers | {name: values.numpy()}, axes=plate.axes | {name: "key"})


def _beside(scene: Scene, focus: Focus, block: BlockTrace) -> Iterator[Plate]:
    """What the page shows of the way that this network does not take, and the averages that a pool starts from."""
    now, _ = fold_and_pool.pairs(scene, focus)
    shown = fold_and_pool.pictures(scene.key, focus, now, scene)
    inputs, pool, r = _inputs(focus, block), times(now.pool.shape.reduced_grid), now.fold.shape.reduction
    axes = f"channel {TOKENS}"
    if focus.shape.pool:
        alt = tr("The tokens of the stage, cut into squares of {r}×{r}.", r=r)
        yield _plate("squares", tr("Fold: {r}×{r}", r=r), alt, alt, shown.squares, axes, inputs)
    else:
        alt = tr("The same tokens with the windows that are averaged to {grid}.", grid=pool)
        yield _plate("pool_windows", tr("Pool: {grid}", grid=pool), alt, alt, shown.windows, axes, inputs)
    alt = tr("The {grid} averages of the tokens, in the colours of the tokens.", grid=pool)
    means = averaged(inputs, now.pool.shape)
    yield _plate("pooled", tr("Pooled"), alt, alt, shown.pooled, f"channel {KEYS}", means)
