"""Step 6: four stages from fine to coarse, and why their keys lie on one and the same grid."""

import streamlit as st

from pvt_viz.config import StageShape
from pvt_viz.language import N_, tr
from pvt_viz.lesson.pyramid import StageView, stage_views
from pvt_viz.listed import enumerated
from pvt_viz.scene import Scene
from pvt_viz.ui import parts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import window_size
from pvt_viz.widgets.worked import Board, Box, Line, Term, worked
from pvt_viz.words import SUBSCRIPTS, escaped, times

CNN = (4, 8, 16, 32)
"""Strides of the four stages of a ResNet."""
ASKED = 3
"""The stage whose keys are guessed, or the last where there are fewer."""

MOST = 400
"""Keys whose squares are drawn each for itself."""


def show(scene: Scene) -> None:
    shapes = [stage.shape for stage in scene.trace.stages]
    asked = shapes[min(ASKED, len(shapes)) - 1]
    with figures.words_and_question() as (words, question):
        with words:
            _why(scene, shapes)
        with question:
            shown = _ask(asked) if len(shapes) > 1 else True
    views = stage_views(scene.key, scene)
    with st.container(key="tour_figure"):
        for column, view in zip(st.columns(max(2, len(views))), views, strict=False):
            with column:
                _stage(view, shown)
    if shown:
        st.markdown(_same_grid(scene, shapes))
        board = Board(
            picture=figures.bare(scene),
            alt=scene.picture.alt,
            rows=tuple(_line(scene, shape) for shape in shapes),
        )
        worked(board, key="tour_stages")


def strided_as_a_cnn(shapes: list[StageShape]) -> bool:
    """Whether the stages have the strides of a ResNet's."""
    return tuple(shape.stride for shape in shapes) == CNN


def squares(scene: Scene, shape: StageShape) -> tuple[Box, ...]:
    """What is behind every key; where there are too many keys to tell apart, all that they cover."""
    if shape.reduced_tokens <= MOST:
        return figures.key_boxes(scene, shape)
    h, w = shape.reduced_grid
    _, _, bottom, right = shape.tokens_behind(h - 1, w - 1)
    return (figures.box(shape, (0, 0, bottom, right), scene.selection.image_size),)


def _why(scene: Scene, shapes: list[StageShape]) -> None:
    if len(shapes) == 1:
        st.markdown(
            tr(
                "{model} has one stage: {grid} tokens of {side} px with {dim} channels, from the first block to the"
                " last, and every token is a key. A PVT lays four grids over the picture: choose a pvt model in the"
                " sidebar.",
                model=escaped(scene.selection.config.name),
                grid=times(shapes[0].grid),
                side=shapes[0].stride,
                dim=shapes[0].dim,
            )
        )
        return
    st.markdown(
        tr(
            "Things come in all sizes: small ones need a fine grid, large ones a wide view. But a fine grid has many"
            " tokens. So each stage makes **one token for every pᵢ×pᵢ** of the stage before (p = {patches}; the first"
            " counts pixels): squares grow ({sides} px), tokens get fewer ({tokens}), and each can have more channels"
            " ({dims}). All of these maps are kept, for the last step.",
            patches=tr(enumerated(*map(str, scene.selection.config.patch_sizes))),
            sides=_arrows(shape.stride for shape in shapes),
            tokens=_arrows(f"{shape.tokens:,}" for shape in shapes),
            dims=_arrows(shape.dim for shape in shapes),
        )
    )
    if shapes[0].pool:
        said = tr(
            "**pᵢ** leaves fewer tokens to all that follows. The pool sets the number of keys, in its stage alone."
        )
    else:
        said = tr("**pᵢ** leaves fewer tokens to all that follows. **Rᵢ** leaves fewer keys, in its stage alone.")
    st.markdown(said)
    if strided_as_a_cnn(shapes):
        figures.aside(tr("A convolutional network such as ResNet has the same four strides: a PVT can take its place."))


def _arrows(numbers) -> str:
    return " → ".join(map(str, numbers))


def _ask(shape: StageShape) -> bool:
    i, grid, r = shape.index, times(shape.grid), shape.reduction
    if shape.pool:
        question = tr("Linear SRA pools the {grid} tokens of stage {i}. How many keys are there then?", grid=grid, i=i)
    elif r == 1:
        question = tr("Stage {i} has {grid} tokens, and R is 1. How many keys are there?", grid=grid, i=i)
    else:
        question = tr(
            "Stage {i} folds its {grid} tokens, {r}×{r} into one key. How many keys are there then?",
            grid=grid,
            i=i,
            r=r,
        )
    return guess.number("stages", question, 1, max(shape.tokens, shape.reduced_tokens, 10), shape.reduced_tokens)


def _stage(view: StageView, shown: bool) -> None:
    """A grid over the picture, with its numbers; those of the keys when they are `shown`."""
    shape = view.shape
    parts.picture(
        view.grid, alt=tr("The picture under the {grid} tokens of stage {i}.", grid=times(shape.grid), i=shape.index)
    )
    sub = SUBSCRIPTS[shape.index]
    lines = [
        tr("**Stage {i}**", i=shape.index),
        f"N{sub} = {times(shape.grid)} = {shape.tokens:,}",
        tr("linear SRA") if shape.pool else f"R{sub} = {shape.reduction}",
    ]
    if shown:
        lines.append(f"**M{sub} = {times(shape.reduced_grid)} = {shape.reduced_tokens:,}**")
    st.markdown("  \n".join(lines))


def _same_grid(scene: Scene, shapes: list[StageShape]) -> str:
    """Why the keys of all stages lie on one grid; or that here they do not."""
    if len(shapes) == 1:
        return tr("One stage, one grid: a key's square is a token's own.")
    if shapes[0].pool:
        return tr(
            "**{keys} keys at every stage**, whatever its grid: the mean of what lies in each cell of a {pool} plane"
            " over the picture. A stage with fewer tokens than that gets more keys than it has tokens.",
            keys=shapes[0].reduced_tokens,
            pool=times(shapes[0].reduced_grid),
        )
    sides = [shape.stride * shape.reduction for shape in shapes]
    if len({shape.reduced_grid for shape in shapes}) > 1:
        return tr(
            "A key's square is stride·R px wide: {sides} px. The keys of two stages lie on one grid only where these"
            " are equal, and where no row or column is left over; at R = 8, 4, 2, 1 and p = 4, 2, 2, 2 they are.",
            sides=tr(enumerated(*map(str, sides))),
        )
    if len(set(sides)) > 1:
        return tr(
            "**{keys} keys at every stage**, though their squares differ: what is left over makes up for it.",
            keys=shapes[0].reduced_tokens,
        )
    return tr(
        "**{keys} keys at every stage**, and not by chance: strides grow as fast as R falls, so a key always stands for"
        " the same {side}×{side} px.",
        keys=shapes[0].reduced_tokens,
        side=sides[0],
    )


def _line(scene: Scene, shape: StageShape) -> Line:
    """stride_i · R_i: one token, and the square behind one key, both at the middle of the picture; then M_i."""
    i, size = shape.index, scene.selection.image_size
    h, w = shape.reduced_grid
    area = top, left, _, _ = shape.tokens_behind(h // 2, w // 2)
    one, behind = (figures.box(shape, tokens, size) for tokens in ((top, left, top + 1, left + 1), area))
    said = tr("stride of stage {i}, the side of a token: {side} px", i=i, side=shape.stride)
    token = Term(f"{shape.stride} px", (one,), f"token{i}", said)
    keys = (
        Term(f"→ M{SUBSCRIPTS[i]} ="),
        Term(times(shape.reduced_grid), squares(scene, shape), f"keys{i}"),
        Term(f"= {shape.reduced_tokens:,}"),
    )
    if shape.pool:
        window = tr("up to {window} tokens", window=times(window_size(shape)))
        return Line(
            tr("Stage {i}: what one key is the mean of", i=i),
            (token, Term("·"), Term(window, (behind,), f"key{i}"), *keys),
        )
    strides = "·".join(map(str, scene.selection.config.patch_sizes[:i]))
    product = (Term(f"{strides} ="),) if i > 1 else ()
    side = Term(f"{shape.stride * shape.reduction} px", (behind,), f"key{i}", tr("the square behind one key"))
    label = tr("Stage {i}: stride · R is the side of a key's square", i=i)
    return Line(label, (*product, token, Term(f"· {shape.reduction} ="), side, *keys))


STEP = Step(
    key="stages",
    title=N_("Four stages, from fine to coarse"),
    show=show,
    page="pyramid",
    invitation=N_("See what every stage looks at: Pyramid page"),
)
