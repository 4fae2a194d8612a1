"""Which blocks, heads and queries of every stage: from words to numbers. Blocks and heads are counted from 1."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import say
from pvt_viz.walkthrough import query_at

ALL, LAST, CLS = "all", "last", "cls"
BLOCKS, HEADS, QUERIES = (LAST,), (ALL,), ("0.5,0.5", CLS)
"""What is taken where nothing is said."""


@dataclass(frozen=True)
class Chosen:
    """Of one stage."""

    shape: StageShape
    blocks: tuple[int, ...]
    heads: tuple[int, ...]
    queries: tuple[int, ...]
    """Indices in the sequence, from 0: tokens before the grid come first."""
    all_heads: bool
    all_queries: bool


def choose(config: PVTConfig, blocks: Sequence[str], heads: Sequence[str], queries: Sequence[str]) -> list[Chosen]:
    """What is wanted of each stage, at the size of `config`; a stage that lacks it is left out.

    `blocks` is last, all, or numbers; `heads` all, or numbers; `queries` all, or any of cls and places "X,Y" of the
    picture, from 0,0 (top left) to 1,1. Raises ValueError for what no stage has.
    """
    shapes = config.shapes()
    block_of = _numbers("--blocks", blocks, {shape.index: shape.depth for shape in shapes}, (LAST, ALL))
    head_of = _numbers("--heads", heads, {shape.index: shape.heads for shape in shapes}, (ALL,))
    found = [
        Chosen(
            shape,
            blocks=block_of[shape.index],
            heads=head_of[shape.index],
            queries=_queries(queries, shape, config.image_hw),
            all_heads=ALL in heads and shape.heads > 1,
            all_queries=ALL in queries,
        )
        for shape in shapes
    ]
    if found := [one for one in found if one.blocks and one.heads and one.queries]:
        return found
    raise ValueError(
        say(
            "No stage of {name} has these blocks, heads and queries together; cls, where there is one, is in the last"
            " stage alone.",
            name=config.name,
        )
    )


def _numbers(option: str, words: Sequence[str], counts: dict[int, int], names: Sequence[str]) -> dict[int, tuple]:
    """stage -> numbers, of those that it has `counts` of."""
    most = max(counts.values())
    if len(words) == 1 and words[0] in names:
        return {i: (count,) if words[0] == LAST else tuple(range(1, count + 1)) for i, count in counts.items()}
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= most for word in words):
        raise ValueError(
            say(
                "{option} is {words}; it can be {names}, or numbers from 1 to {most}.",
                option=option,
                words=" ".join(words),
                names=", ".join(names),
                most=most,
            )
        )
    asked = sorted({int(word) for word in words})
    return {i: tuple(number for number in asked if number <= count) for i, count in counts.items()}


def _queries(words: Sequence[str], shape: StageShape, image_size: tuple[int, int]) -> tuple[int, ...]:
    if list(words) == [ALL]:
        return tuple(range(shape.queries))
    found = {}
    for word in words:
        if word == CLS:
            found |= {0: None} if shape.n_prefix else {}
            continue
        row, column = query_at(shape, *_place(word), image_size)
        found[shape.n_prefix + row * shape.grid[1] + column] = None
    return tuple(found)


def _place(word: str) -> tuple[float, float]:
    try:
        x, y = map(float, word.split(","))
        if 0 <= x <= 1 and 0 <= y <= 1:
            return x, y
    except ValueError:
        pass
    raise ValueError(
        say(
            "--queries has {word}; it can be all alone, or any of cls and places X,Y of the picture from 0,0 (top left)"
            " to 1,1.",
            word=word,
        )
    )
