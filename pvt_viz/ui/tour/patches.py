"""Step 1: the picture is cut into squares, and each of them is a token."""

import streamlit as st

from pvt_viz.language import N_, tr
from pvt_viz.scene import Scene
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.widgets.worked import Board, Line, Term
from pvt_viz.words import times


def show(scene: Scene) -> None:
    focus = figures.focus(scene)
    shape, config = focus.shape, scene.selection.config
    h, w = scene.selection.image_size
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(
                tr(
                    "A transformer does not read pixel by pixel. The picture is cut into squares of p₁×p₁ = {patch}"
                    " pixels, and every square becomes one **token**: a list of numbers that stands for that place. All"
                    " that follows is done with tokens.",
                    patch=times((shape.patch_size,) * 2),
                )
            )
            if shape.window > shape.patch_size:
                st.markdown(
                    tr(
                        "In PVTv2 they overlap: for its {patch} square a token reads a window of {window} pixels.",
                        patch=times((shape.patch_size,) * 2),
                        window=times((shape.window,) * 2),
                    )
                )
            figures.aside(
                tr(
                    ":material/priority_high: A common slip: p₁ is the *side* of a patch in pixels, not the number of"
                    " patches. With the same p₁ a larger picture has more tokens."
                )
            )
        with question:
            known = guess.number(
                "patches",
                tr(
                    "One token is marked. How many tokens does this picture of {size} pixels become?",
                    size=f"{h}×{w}",
                ),
                1,
                10 ** len(str(shape.tokens)),
                shape.tokens,
            )
    picture = figures.cut_to_tokens(scene, shape) if known else {"picture": figures.bare(scene)}
    alt = tr("{picture} One token of {grid} is marked.", picture=scene.picture.alt, grid=times(shape.grid))
    if not known:
        alt = tr("{picture} One token is marked.", picture=scene.picture.alt)
    mark = figures.token_box(scene, focus)
    rows = (_count(scene, known), _token(scene, focus, mark, config.in_channels))
    figures.follow(Board(**picture, alt=alt, rows=rows, marks=(mark,)), scene, shape, key="tour_patches")
    rim_rows, rim_columns = shape.rim
    if rim_rows or rim_columns:
        st.caption(
            tr(
                ":material/content_cut: The last {rows} rows and {columns} columns of pixels fill no square (hatched):"
                " the network never sees them.",
                rows=rim_rows,
                columns=rim_columns,
            )
        )


def _count(scene: Scene, known: bool) -> Line:
    """N in symbols, and in numbers once they may be seen: each lights up what it counts."""
    shape, size = figures.focus(scene).shape, scene.selection.image_size
    (h, w), p = shape.grid, shape.patch_size
    left, right = "⌈⌉" if scene.selection.config.version == 2 else "⌊⌋"
    terms = [Term(f"N = {left}H/p₁{right} · {left}W/p₁{right}")]
    if known:
        rows, columns, all_of_them = (
            figures.box(shape, area, size) for area in ((0, 0, h, 1), (0, 0, 1, w), (0, 0, h, w))
        )
        terms += [
            Term("="),
            Term(f"{left}{size[0]}/{p}{right}", (rows,), "rows", tr("{count} rows of tokens", count=h)),
            Term("·"),
            Term(f"{left}{size[1]}/{p}{right}", (columns,), "columns", tr("{count} columns of tokens", count=w)),
            Term("="),
            Term(f"{h}", (rows,), "rows"),
            Term("·"),
            Term(f"{w}", (columns,), "columns"),
            Term("="),
            Term(f"{shape.tokens:,}", (all_of_them,), "all", tr("{count} tokens", count=shape.tokens)),
        ]
    return Line(tr("Tokens of this picture: rows times columns"), tuple(terms))


def _token(scene: Scene, focus: figures.Focus, mark, channels: int) -> Line:
    """The marked token, and how many numbers it starts from."""
    side, (row, column) = focus.shape.window, focus.token
    where = tr("row {row}, column {column}", row=row + 1, column=column + 1)
    numbers = f"{side} · {side} · {channels} = {side * side * channels}"
    return Line(
        tr("The marked token, and how many numbers it is made from: its pixels in red, green and blue"),
        (Term(where, (mark,), "token"), Term(":"), Term(numbers, (mark,), "token")),
    )


STEP = Step(
    key="patches",
    title=N_("A picture becomes tokens"),
    show=show,
    page="pyramid",
    invitation=N_("See all four grids of this picture on the Pyramid page"),
)
