"""What is said of each picture on the way from tokens to the answer of a head: on the page and wherever it is taken."""

from dataclasses import dataclass

from pvt_viz.config import StageShape
from pvt_viz.figures.reduction import MOST_ROWS
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.reduction import words
from pvt_viz.walkthrough import prefix_words, window_size
from pvt_viz.words import times


@dataclass(frozen=True)
class Told:
    """Of one picture: its title, what is to be seen, and what that is, where there is more to say."""

    title: str
    alt: str
    said: tuple[str, ...] = ()


def colours(*, projected: bool) -> tuple[str, str]:
    """What the colours of the first four are; and which share theirs, where the tokens are `projected`."""
    return (
        tr("Colours: the three principal components of each picture as red, green and blue."),
        tr("Pictures 3 and 4 share theirs.") if projected else "",
    )


def tokens(shape: StageShape) -> Told:
    grid = times(shape.grid)
    said = tr(
        "{grid} = {count:,} tokens of {channels} channels, after the block's first LayerNorm.",
        grid=grid,
        count=shape.tokens,
        channels=shape.dim,
    )
    return Told(tr("1 · Tokens"), tr("The {grid} tokens that enter the attention, as colours.", grid=grid), (said,))


def windows(shape: StageShape) -> Told:
    """How they are shared out among the keys."""
    if shape.pool:
        title = tr("2 · Pool to {grid}", grid=times(shape.reduced_grid))
        alt = tr(
            "The same tokens in windows of up to {size}; the one that the query is in is outlined.",
            size=times(window_size(shape)),
        )
    else:
        r = shape.reduction
        title = tr("2 · Fold {r}×{r}", r=r)
        alt = tr("The same tokens in squares of {r}×{r}; the one that the query is in is outlined.", r=r)
    return Told(title, alt, tuple(words.cut(shape)))


def projected(shape: StageShape) -> Told:
    alt = tr("The {grid} projected tokens, as colours.", grid=times(shape.reduced_grid))
    return Told(tr("3 · Project"), alt)


def reduced(shape: StageShape, *, projected: bool) -> Told:
    last = "LayerNorm, GELU" if shape.pool else "LayerNorm" if projected else tr("As it was")
    return Told(f"4 · {last}", tr("The {grid} tokens that K and V are made from.", grid=times(shape.reduced_grid)))


def keys(shape: StageShape, head: int) -> Told:
    count, d = shape.keys, shape.head_dim
    if prefix := prefix_words(shape.n_prefix, shape.registers):
        rows = tr(
            "{keys:,} rows, one per key ({tokens} first); {d} columns, one per channel.",
            keys=count,
            tokens=prefix,
            d=d,
        )
    else:
        rows = tr("{keys:,} rows, one per key; {d} columns, one per channel.", keys=count, d=d)
    squeezed = tr("Squeezed into {count} rows of means.", count=MOST_ROWS) if count > MOST_ROWS else ""
    alt = tr("Keys of head {head}: {keys:,} rows of {d} numbers.", head=head, keys=count, d=d)
    return Told(tr("5 · Keys K"), alt, (spaced(rows, squeezed),))


def values(shape: StageShape, head: int) -> Told:
    alt = tr("Values of head {head}: {keys:,} rows of {d} numbers.", head=head, keys=shape.keys, d=shape.head_dim)
    return Told(tr("Values V"), alt)


def query(shape: StageShape) -> Told:
    return Told(tr("6 · Query q"), tr("The query: {d} numbers as colours.", d=shape.head_dim))


def scores(shape: StageShape) -> Told:
    alt = tr("The query's score with each of the {count:,} keys of the plane.", count=shape.reduced_tokens)
    return Told(tr("7 · Scores"), alt, (tr("q·k/√d with every key, where the key lies."),))


def weights(shape: StageShape) -> Told:
    if prefix := prefix_words(shape.n_prefix, shape.registers):
        said = tr("The same as weights (those of {tokens} with them): they sum to 100 %.", tokens=prefix)
    else:
        said = tr("The same as weights: they sum to 100 %.")
    return Told(tr("8 · Softmax"), tr("The softmax of the scores: the query's row of the attention map."), (said,))


def weighted_sum(shape: StageShape) -> Told:
    return Told(tr("9 · Weighted sum"), tr("The weighted sum of the values: {d} numbers as colours.", d=shape.head_dim))


def squares(r: int) -> Told:
    """The stage's tokens as a fold cuts them."""
    return Told(tr("Fold: {r}×{r}", r=r), tr("The tokens of the stage, cut into squares of {r}×{r}.", r=r))


def pool_windows(shape: StageShape) -> Told:
    """The same as a pool does."""
    grid = times(shape.reduced_grid)
    alt = tr("The same tokens with the windows that are averaged to {grid}.", grid=grid)
    return Told(tr("Pool: {grid}", grid=grid), alt)


def pooled(shape: StageShape) -> Told:
    alt = tr("The {grid} averages of the tokens, in the colours of the tokens.", grid=times(shape.reduced_grid))
    return Told(tr("Pooled"), alt)
