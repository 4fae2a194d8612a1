"""Step 5: the same query with folded keys and with every token a key; then its way in numbers."""

from dataclasses import replace

import streamlit as st

from pvt_viz.choices.selection import POWERS
from pvt_viz.config import PVTConfig
from pvt_viz.language import N_, spaced, tr
from pvt_viz.lesson import tradeoff
from pvt_viz.listed import enumerated
from pvt_viz.scene import Scene
from pvt_viz.ui import address, controls, parts
from pvt_viz.ui.choosing import view
from pvt_viz.ui.told import tell
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import Walk, plane
from pvt_viz.widgets.worked import Board, Box, Grid, Line, Term, Vector
from pvt_viz.words import SUBSCRIPTS

WRITTEN_OUT = 3
"""Keys of which the weighted sum is written out."""
MOST_CELLS = 144
"""Keys that a grid of numbers has room for."""


def show(scene: Scene) -> None:
    folded, full = _pair(scene)
    with figures.words_and_question() as (words, question):
        with words:
            _words(folded, full)
        with question:
            if full is not None:
                shown = guess.number(
                    "with_and_without",
                    tr(
                        "How alike is what tokens look at with the fold and without? 100 %: the same weight on the"
                        " same places."
                    ),
                    0,
                    100,
                    round(100 * _common(folded.key, full.key, folded, full)),
                    unit="%",
                )
    if full is not None:
        _side_by_side(folded, full)
        _told(folded, shown=shown)
    _by_hand(folded)


def _compares(config: PVTConfig) -> bool:
    """Whether this kind of network has an R to change."""
    return len(config.dims) > 1 and not config.pool


def _pair(scene: Scene) -> tuple[Scene, Scene | None]:
    """The scene with a fold in stage 1, and the one without; where there is nothing to compare, only what is chosen."""
    shapes, reductions = scene.selection.config.shapes(), scene.selection.reductions
    if not _compares(scene.selection.config):
        return scene, None
    if reductions[0] > 1:
        return scene, parts.scene_or_none(replace(scene.selection, reductions=(1, *reductions[1:])))
    home = scene.selection.network.config.reductions[0]
    fits = [r for r in POWERS if 1 < r <= min(home, *shapes[0].grid)]
    if not fits:
        return scene, None
    folded = parts.scene_or_none(replace(scene.selection, reductions=(fits[-1], *reductions[1:])))
    return (folded, scene) if folded else (scene, None)


@st.cache_data(max_entries=16, show_spinner=False)
def _common(key: tuple, other_key: tuple, _folded: Scene, _full: Scene) -> float:
    return tradeoff.common_weight(_folded, _full, 1)


def _words(folded: Scene, full: Scene | None) -> None:
    shape = folded.trace.stages[0].shape
    if full is None:
        if shape.pool:
            st.markdown(
                tr(
                    "Linear SRA has no R to change: {queries:,} queries always meet {keys} keys. Below, one query goes"
                    " its way: **scores** with every key, **softmax**, and the **weighted sum** of the values.",
                    queries=shape.queries,
                    keys=shape.keys,
                )
            )
        else:
            st.markdown(
                tr(
                    "There is nothing to compare here: {queries:,} queries meet {keys:,} keys. Below, one query goes"
                    " its way: **scores** with every key, **softmax**, and the **weighted sum** of the values.",
                    queries=shape.queries,
                    keys=shape.keys,
                )
            )
        return
    without = full.trace.stages[0].shape
    st.markdown(
        tr(
            "The marked token asks twice: {keys:,} folded keys (R₁ = {reduction}), and all {all:,} tokens (R₁ = 1)."
            " There are as many queries either way; only keys and values are fewer, and the map shrinks from"
            " {entries:,} entries to **{fewer:,}**.",
            keys=shape.keys,
            reduction=shape.reduction,
            all=without.keys,
            entries=without.queries * without.keys,
            fewer=shape.queries * shape.keys,
        )
    )
    figures.aside(tr("Both are the same picture and the same weights; at R₁ = 1 there is just no fold in stage 1."))


def _side_by_side(folded: Scene, full: Scene) -> None:
    with st.container(key="tour_figure"):
        for column, scene in zip(st.columns(2), (folded, full), strict=True):
            focus = figures.focus(scene)
            shape, weights = focus.shape, figures.weights_of(scene, focus)
            with column:
                st.markdown(
                    tr(
                        "**R{index} = {reduction}**: {keys:,} keys",
                        index=SUBSCRIPTS[1],
                        reduction=shape.reduction,
                        keys=shape.keys,
                    )
                )
                parts.picture(
                    figures.heated(scene, shape, weights, figures.token_box(scene, focus)),
                    alt=tr(
                        "What the marked token looks at with R = {reduction}, as light over the picture.",
                        reduction=shape.reduction,
                    ),
                )
                parts.colour_scale("magma", "0 %", f"{weights.max():.2%}", tr("own scale"))


def _told(folded: Scene, *, shown: bool) -> None:
    """How the two scales compare; and how alikeness was counted, once it is known."""
    focus = figures.focus(folded)
    shape, most = focus.shape, float(figures.weights_of(folded, focus).max())
    tokens = shape.reduction**2
    said = tr(
        "One key on the left stands for {tokens} tokens: its {weight:.2%} are {each:.2%} for each of them.",
        tokens=tokens,
        weight=most,
        each=most / tokens,
    )
    counted = tr(
        "How alike: a key's weight is spread evenly over its {tokens} tokens; token by token, the smaller of both"
        " weights counts. Of the heads' mean map in this stage's last block, mean over all queries.",
        tokens=tokens,
    )
    st.caption(spaced(said, counted) if shown else said)


def _by_hand(scene: Scene) -> None:
    """The way of one query through one head."""
    focus = figures.focus(scene)
    shape = focus.shape
    st.header(tr("The same, number by number"), anchor=False)
    if shape.heads > 1:
        tell("tour_head", focus.head)
        controls.segmented_control(
            tr("Head"), range(1, shape.heads + 1), key="tour_head", on_change=_choose_head, args=(scene,)
        )
    walk = figures.followed(scene, focus)
    block = scene.trace.stages[0].blocks[focus.block - 1]
    names = [figures.key_name(shape, key) for key in range(shape.keys)]
    places: list[tuple[Box, ...]] = [()] * shape.n_prefix + [(box,) for box in figures.key_boxes(scene, shape)]
    mark = figures.token_box(scene, focus)

    def term(key: int, text: str) -> Term:
        return Term(text, places[key], f"key{key}", tr("{key}: {text}", key=names[key], text=text))

    top = walk.strongest[0]
    rows: list[Line | Vector | Grid] = [
        Vector(
            tr(
                "q: what the marked token asks, {count} numbers (block {block}, head {head})",
                count=shape.head_dim,
                block=focus.block,
                head=focus.head,
            ),
            tuple(walk.vector.tolist()),
        ),
        Vector(
            tr("k: the numbers of the strongest key ({key})", key=names[top]),
            tuple(block.keys[0, focus.head - 1, top].tolist()),
        ),
        Line(
            tr("Score of the strongest key ({key}): q·k/√d", key=names[top]),
            (
                Term(f"{float(walk.scores[top]) * shape.head_dim**0.5:+.2f} / √{shape.head_dim}".replace("-", "−")),
                Term("="),
                term(top, figures.number(float(walk.scores[top]))),
            ),
        ),
        *_planes(walk, focus, places),
        Line(
            tr("Softmax of that key: e^score over the sum of all {count:,}", count=shape.keys),
            (
                term(top, f"{float(walk.exponentials[top]):.4g}"),
                Term("/"),
                Term(f"{float(walk.exponentials.sum()):.4g}"),
                Term("="),
                term(top, f"{float(walk.weights[top]):.1%}"),
            ),
        ),
        _sum(walk, block.values[0, focus.head - 1], term, names),
        Vector(tr("Σ weight·v: what this head answers"), tuple(walk.output.tolist())),
    ]
    alt = tr("{picture} The token that asks is marked.", picture=scene.picture.alt)
    board = Board(**figures.cut_to_keys(scene, shape), alt=alt, rows=tuple(rows), marks=(mark,))
    figures.follow(board, scene, shape, key="tour_by_hand")


def _planes(walk: Walk, focus: figures.Focus, places: list[tuple[Box, ...]]) -> list[Grid]:
    """Scores and weights where their keys lie; none where there are too many keys to read."""
    shape = focus.shape
    if shape.reduced_tokens > MOST_CELLS:
        return []
    boxes = tuple(box for place in places[shape.n_prefix :] for box in place)
    ids = tuple(f"key{key}" for key in range(shape.n_prefix, shape.keys))
    scores, weights = (plane(values, shape) for values in (walk.scores, 100 * walk.weights))
    return [
        Grid(
            tr("Scores with every key, where it lies"),
            tuple(map(tuple, scores.tolist())),
            boxes,
            ids,
            "viridis",
            float(scores.min()),
            float(scores.max()),
        ),
        Grid(
            tr("Softmax: the same as weights, in percent"),
            tuple(map(tuple, weights.tolist())),
            boxes,
            ids,
            "magma",
            0.0,
            float(weights.max()),
            form="{:.1f}",
        ),
    ]


def _sum(walk: Walk, values, term, names: list[str]) -> Line:
    """The first number of the weighted sum, with its strongest terms written out."""
    terms: list[Term] = []
    written = walk.strongest[:WRITTEN_OUT]
    for key in written:
        product = f"{float(walk.weights[key]):.3f} · ({figures.number(float(values[key, 0]))})"
        terms += [term(key, product), Term("+")]
    rest = float(walk.output[0] - sum(walk.weights[key] * values[key, 0] for key in written))
    printed = sum(round(float(walk.weights[key]), 3) * round(float(values[key, 0]), 2) for key in written)
    if len(walk.strongest) > len(written):
        said = tr("the other {count:,} keys", count=len(walk.strongest) - len(written))
        terms += [Term(f"({figures.number(rest)})", spoken=f"{said}: {rest:+.2f}")]
        printed += round(rest, 2)
    else:
        terms.pop()
    return Line(
        tr(
            "The first number of Σ weight·v: {keys}, and the rest together",
            keys=tr(enumerated(*(names[key] for key in written))),
        ),
        (*terms, figures.equals(printed, float(walk.output[0])), Term(figures.number(float(walk.output[0])))),
    )


def _choose_head(scene: Scene) -> None:
    """The head of stage 1, also for the other pages."""
    address.touch()
    now, shape = view.current(), scene.trace.stages[0].shape
    merged = now.merge(replace(now.only(shape), heads=(st.session_state["tour_head"],)), len(scene.trace.stages))
    view.keep(replace(merged, stage=now.stage, direction=now.direction))


def _title(config: PVTConfig) -> str:
    return N_("The same query, with and without SRA") if _compares(config) else N_("One query, number by number")


STEP = Step(
    key="with_and_without",
    title=N_("The same query, with and without SRA"),
    title_of=_title,
    show=show,
    page="trade_off",
    invitation=N_("Compare any two R, with what they cost, on the Trade-off page"),
)
