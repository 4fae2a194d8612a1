"""Step 4: R×R tokens become one key."""

import streamlit as st

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import N_, tr
from pvt_viz.scene import Scene
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import window_size
from pvt_viz.widgets.worked import Board, Line, Term, Vector
from pvt_viz.words import times


def show(scene: Scene) -> None:
    focus = figures.focus(scene)
    shape = focus.shape
    with figures.words_and_question() as (words, question):
        with words:
            _words(shape)
        with question:
            _question(scene, focus)
    _board(scene, focus)


def _words(shape: StageShape) -> None:
    if shape.pool:
        st.markdown(
            tr(
                "Linear SRA does not fold. It **averages** the tokens down to a plane of {keys}, whatever the size of"
                " the picture; one linear layer, a LayerNorm and a GELU follow. K and V are made from the result. Q is"
                " made from all tokens: there are as many queries as before.",
                keys=times(shape.reduced_grid),
            )
        )
        figures.aside(
            tr("A window has up to {window} tokens here; neighbours may share some.", window=times(window_size(shape)))
        )
    elif not shape.reduces:
        st.markdown(
            tr(
                "Here R = 1: every token is its own key, and nothing is folded. That is all that a plain ViT can do:"
                " {queries:,} queries meet {keys:,} keys. Choose a pvt network, or a larger R₁, to see a fold.",
                queries=shape.queries,
                keys=shape.keys,
            )
        )
    else:
        st.markdown(
            tr(
                "Spatial-reduction attention (**SRA**) shortens the list of keys and leaves the queries alone. Every"
                " square of R₁×R₁ = {square} tokens is laid end to end, R²·C = {numbers:,} numbers; **one linear"
                " layer** turns them into C = {dim} again: a convolution with {square} kernels that do not overlap."
                " The keys and values, **K** and **V**, are made from the result. The queries, **Q**, are made from"
                " all tokens: they never get fewer.",
                square=times((shape.reduction,) * 2),
                numbers=shape.reduction**2 * shape.dim,
                dim=shape.dim,
            )
        )
        rows, columns = shape.unfolded
        if rows or columns:
            figures.aside(
                tr(
                    "The last {rows} rows and {columns} columns of tokens fill no square (hatched): they ask, but are"
                    " not among the keys.",
                    rows=rows,
                    columns=columns,
                )
            )


def _question(scene: Scene, focus: figures.Focus) -> None:
    """Which square of the picture is behind a key: one that the followed token does not give away."""
    shape = focus.shape
    if not shape.reduces:
        return
    if shape.reduced_tokens == 1:
        st.markdown(tr("There is a single key here: it stands for the whole picture."))
        return
    down, across = shape.reduced_grid
    key = 2 * shape.reduced_tokens // 3
    if focus.key_cell == divmod(key, across):
        key = shape.reduced_tokens // 3
    guess.place(
        "fold",
        tr(
            "The {count:,} keys are numbered row by row: {down} rows of {across}. Which place of the picture is behind"
            " key {key}? Click there.",
            count=shape.reduced_tokens,
            down=down,
            across=across,
            key=key + 1,
        ),
        Board(
            **figures.cut_to_keys(scene, shape),
            alt=tr("{picture} It is cut into the squares behind the keys.", picture=scene.picture.alt),
            rows=(),
        ),
        (figures.key_boxes(scene, shape)[key],),
    )


def _board(scene: Scene, focus: figures.Focus) -> None:
    """The window around the followed token, its numbers, and the key's."""
    shape = focus.shape
    block = scene.trace.stages[0].blocks[focus.block - 1]
    cell = focus.key_cell
    token = figures.token_box(scene, focus)
    rows: list[Line | Vector] = [_count(scene, shape)]
    marks = [token]
    if cell is None:
        rows.append(Line(tr("The marked token fills no square: it is behind no key."), (Term("–", (token,), "token"),)))
    else:
        area = shape.tokens_behind(*cell)
        window = figures.box(shape, area, scene.selection.image_size)
        marks.append(window)
        rows += _made(block, focus, area, window)
    figures.follow(
        Board(
            **figures.cut_to_keys(scene, shape),
            alt=tr("{picture} The tokens behind one key are outlined.", picture=scene.picture.alt),
            rows=tuple(rows),
            marks=tuple(marks),
        ),
        scene,
        shape,
        key="tour_fold",
    )


def _count(scene: Scene, shape: StageShape) -> Line:
    """M, in symbols and in numbers."""
    (h, w), r, size = shape.grid, shape.reduction, scene.selection.image_size
    down, across = shape.reduced_grid
    boxes = figures.key_boxes(scene, shape)
    first_column, first_row = boxes[::across], boxes[:across]
    everywhere = (figures.box(shape, (0, 0, h, w), size),)
    folded = (
        Term("M = ⌊h/R⌋ · ⌊w/R⌋"),
        Term("="),
        Term(f"⌊{h}/{r}⌋", first_column, "rows", tr("{count} rows of keys", count=down)),
        Term("·"),
        Term(f"⌊{w}/{r}⌋", first_row, "columns", tr("{count} columns of keys", count=across)),
        Term("="),
    )
    pooled = (
        Term("M ="),
        Term(f"{down}", first_column, "rows", tr("{count} rows of keys", count=down)),
        Term("·"),
        Term(f"{across}", first_row, "columns", tr("{count} columns of keys", count=across)),
        Term("="),
    )
    return Line(
        tr("Keys that {tokens:,} tokens are left with", tokens=shape.tokens),
        (*(pooled if shape.pool else folded), Term(f"{shape.reduced_tokens:,}", everywhere, "all")),
    )


def _made(block, focus: figures.Focus, area: figures.Area, window) -> list[Line | Vector]:
    """From the tokens behind the followed token's key to the numbers that K and V are made from."""
    shape, (row, column) = focus.shape, focus.key_cell
    top, left, bottom, right = area
    plane = block.inputs[0, shape.n_prefix :].unflatten(0, shape.grid)
    tokens = plane[top:bottom, left:right]  # (row, column, channel)
    count = (bottom - top) * (right - left)
    name = str(row * shape.reduced_grid[1] + column + 1)
    if not shape.reduces:
        vector = tuple(tokens.flatten().tolist())
        return [Vector(tr("The marked token itself, C = {dim} numbers: K and V come from it", dim=shape.dim), vector)]
    behind = Line(
        tr("The tokens behind key {key}, which the marked token is one of", key=name),
        (
            Term(tr("rows {first}–{last}", first=top + 1, last=bottom), (window,), "window"),
            Term("×"),
            Term(tr("columns {first}–{last}", first=left + 1, last=right), (window,), "window"),
            Term("="),
            Term(f"{count}", (window,), "window", tr("{count} tokens", count=count)),
        ),
    )
    if shape.pool:
        before = Vector(tr("Their average: C = {dim} numbers", dim=shape.dim), tuple(tokens.mean(dim=(0, 1)).tolist()))
        after = tr("One linear layer, LayerNorm, GELU: K and V come from these {dim} numbers", dim=shape.dim)
    else:
        before = Vector(
            tr(
                "Laid end to end: {r}·{r}·{dim} = {numbers:,} numbers",
                r=shape.reduction,
                dim=shape.dim,
                numbers=tokens.numel(),
            ),
            tuple(tokens.flatten().tolist()),
        )
        after = tr(
            "One linear layer, {numbers:,} → {dim}, and a LayerNorm: K and V come from these",
            numbers=tokens.numel(),
            dim=shape.dim,
        )
    return [behind, before, Vector(after, tuple(block.reduced[0, :, row, column].tolist()))]


def _title(config: PVTConfig) -> str:
    if config.pool:
        return N_("Many tokens become one key")
    folds = config.shapes()[0].reduces
    return N_("R×R tokens become one key") if folds else N_("Where every token stays a key")


STEP = Step(
    key="fold",
    title=N_("R×R tokens become one key"),
    title_of=_title,
    show=show,
    page="reduction",
    invitation=N_("Fold this picture at every R on the Reduction page"),
)
