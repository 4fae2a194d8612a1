"""Cached pictures and numbers of one query's way through one head: what the Reduction page shows."""

from dataclasses import dataclass

from pvt_viz.choices.view import View
from pvt_viz.config import StageShape
from pvt_viz.figures import colour, encode, pyramid, reduction
from pvt_viz.language import tr
from pvt_viz.lesson.pyramid import WIDTH
from pvt_viz.lesson.table import Table
from pvt_viz.scene import Scene, once
from pvt_viz.walkthrough import key_over, key_words, plane, query_at, walk, window_edges

STRONGEST = 5
FIRST = 4


@dataclass(frozen=True)
class Focus:
    """The one query that is followed: which head of which block, and which token (None: CLS)."""

    shape: StageShape
    block: int
    head: int
    token: tuple[int, int] | None

    @property
    def query(self) -> int:
        """Index in the sequence, CLS first."""
        if self.token is None:
            return 0
        return self.shape.n_prefix + self.token[0] * self.shape.grid[1] + self.token[1]

    @property
    def key_cell(self) -> tuple[int, int] | None:
        """(row, column) of the key that the token itself is made into; None on the rim that the fold drops."""
        return None if self.token is None else key_over(self.shape, self.token)


@dataclass(frozen=True)
class Shown:
    """A picture and the two ends of its colour scale."""

    picture: bytes
    low: float
    high: float


@dataclass(frozen=True)
class Norms:
    """One reduced token before its LayerNorm, or after it and what follows: over its channels."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class KeyLine:
    """One key in numbers."""

    place: str
    score: float
    weight: float
    value: tuple[float, ...]
    """The first numbers of v."""


@dataclass(frozen=True)
class Steps:
    """The pictures and numbers of the page, in its order."""

    tokens: bytes
    windows: bytes
    projected: bytes | None
    reduced: bytes
    before: Norms | None
    after: Norms | None
    keys: Shown
    values: Shown
    vector: Shown
    scores: Shown
    weights: Shown
    output: Shown
    first_of_vector: tuple[float, ...]
    first_of_output: tuple[float, ...]
    strongest: tuple[KeyLine, ...]
    exponential: float
    """e^score of the strongest key."""
    exponential_sum: float


def focus(scene: Scene, view: View) -> Focus:
    """What the view points at; without a pin, the middle of the picture, and without a head, the first."""
    shape = scene.trace.stages[min(view.stage, len(scene.trace.stages)) - 1].shape
    token = query_at(shape, *(view.pin or (0.5, 0.5)), scene.selection.image_size)
    if view.cls_query and shape.n_prefix:
        token = None
    return Focus(shape, view.block(shape), view.head(shape) or 1, token)


@once(most=16)
def steps(key: tuple, focus: Focus, _scene: Scene) -> Steps:
    shape = focus.shape
    block = _scene.trace.stages[shape.index - 1].blocks[focus.block - 1]
    head = focus.head - 1
    followed = walk(block, head=head, query=focus.query)

    inputs = block.inputs[0, shape.n_prefix :].T.reshape(shape.dim, *shape.grid).numpy()
    reduced = block.reduced[0].numpy()
    [tokens] = pyramid.principal_colours(inputs)
    cell = focus.key_cell
    window = shape.tokens_behind(*cell) if cell else None
    key_mark = (*cell, cell[0] + 1, cell[1] + 1) if cell else None
    projected = before = after = None
    if block.projected is None:
        [reduced_colours] = pyramid.principal_colours(reduced)
    else:  # one basis, so that the colours show what LayerNorm did
        projected_colours, reduced_colours = pyramid.principal_colours(block.projected[0].numpy(), reduced)
        projected = encode.png(reduction.cells(projected_colours, WIDTH, mark=key_mark))
        if cell:
            before, after = (_norms(tensor[0, :, cell[0], cell[1]]) for tensor in (block.projected, block.reduced))

    scores, weights = (plane(values, shape).numpy() for values in (followed.scores, followed.weights))
    return Steps(
        tokens=encode.png(colour.enlarge(tokens, WIDTH)),
        windows=encode.png(reduction.cells(tokens, WIDTH, window_edges(shape), window)),
        projected=projected,
        reduced=encode.png(reduction.cells(reduced_colours, WIDTH, mark=key_mark)),
        before=before,
        after=after,
        keys=_signed(block.keys[0, head]),
        values=_signed(block.values[0, head]),
        vector=_signed(followed.vector),
        scores=_painted(scores, "viridis", float(scores.min())),
        weights=_painted(weights, "magma", 0.0),
        output=_signed(followed.output),
        first_of_vector=_first(followed.vector),
        first_of_output=_first(followed.output),
        strongest=tuple(
            KeyLine(
                place=key_words(shape, k),
                score=float(followed.scores[k]),
                weight=float(followed.weights[k]),
                value=_first(block.values[0, head, k]),
            )
            for k in followed.strongest[:STRONGEST]
        ),
        exponential=float(followed.exponentials[followed.strongest[0]]),
        exponential_sum=float(followed.exponentials.sum()),
    )


def strongest(steps: Steps) -> Table:
    """The keys that this query looks at most."""
    rows = [
        {
            tr("key (in tokens)"): tr(line.place),
            tr("score q·k/√d"): f"{line.score:+.3f}",
            tr("weight"): f"{line.weight:.2%}",
            tr("first numbers of v"): numbers(line.value),
        }
        for line in steps.strongest
    ]
    return Table(tr("The strongest keys of this query with their scores, weights and values."), rows)


def numbers(values: tuple[float, ...]) -> str:
    """The first numbers of a vector."""
    return ", ".join(f"{value:+.2f}" for value in values)


def _norms(token) -> Norms:
    return Norms(float(token.mean()), float(token.std(correction=0)))


def _signed(values) -> Shown:
    picture, limit = reduction.signed(values.numpy(), WIDTH)
    return Shown(encode.png(picture), -limit, limit)


def _painted(values, colour_map: str, low: float) -> Shown:
    high = float(values.max())
    return Shown(encode.png(colour.enlarge(colour.paint(values, colour_map, low, high), WIDTH)), low, high)


def _first(vector) -> tuple[float, ...]:
    return tuple(vector[:FIRST].tolist())
