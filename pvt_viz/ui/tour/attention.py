"""Step 3: who looks at whom, with every token a key; and what that costs as the picture grows."""

from dataclasses import replace

import streamlit as st

from pvt_viz.config import StageShape
from pvt_viz.cost.counted import BYTES
from pvt_viz.language import N_, tr
from pvt_viz.scene import Scene
from pvt_viz.ui import parts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import prefix_words
from pvt_viz.widgets.worked import Board, Line, Term
from pvt_viz.words import SUBSCRIPTS, factor, megabytes, times

STRONGEST = 3
GROWTH = (1, 2, 4)


def show(scene: Scene) -> None:
    full, stage = _everyone(scene)
    focus = figures.focus(full, stage)
    shape = focus.shape
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(
                tr(
                    "Three learned linear layers make of every token a **query** q (what it looks for), a **key** k"
                    " (what it can be found by) and a **value** v (what it passes on). A token's q is compared with"
                    " every k; the results, as weights that sum to 100 %, are its row of the **attention map**; with"
                    " these weights the v are added up. {n} tokens look at {n}: the map has **{n}·{n}** entries.",
                    n="N⁺" if shape.n_prefix else "N",
                )
            )
            figures.aside(
                tr(
                    "Attention, then an **MLP** (two linear layers on each token alone), are a **block**. A **head** is"
                    " one such map; several share the channels. Blocks of this stage, one after the other: {blocks}."
                    " Heads in each, side by side: {heads}.",
                    blocks=shape.depth,
                    heads=shape.heads,
                )
            )
            if shape.n_prefix:
                figures.aside(
                    tr(
                        "N⁺ = {queries:,}: the N = {tokens:,} tokens of the picture and {prefix}, which has no place.",
                        queries=shape.queries,
                        tokens=shape.tokens,
                        prefix=tr(prefix_words(shape.n_prefix, shape.registers)),
                    )
                )
            _honest(scene, full, shape)
        with question:
            known = guess.number(
                "attention",
                tr(
                    "{tokens:,} tokens of stage {stage} look at {keys:,} keys. How many entries does one attention map"
                    " have?",
                    tokens=shape.queries,
                    stage=stage,
                    keys=shape.keys,
                ),
                10,
                10**9,
                shape.queries * shape.keys,
                log=True,
            )
    _board(full, focus, known)
    if known:
        _growth(full, shape)


def _everyone(scene: Scene) -> tuple[Scene, int]:
    """The scene in which every token is a key in some stage, and that stage: the largest that can be traced."""
    selection = scene.selection
    shapes = selection.config.shapes()
    for shape in shapes:
        if not shape.reduces:
            return scene, shape.index
        if shape.pool:
            break
        reductions = tuple(1 if i == shape.index else r for i, r in enumerate(selection.reductions, 1))
        try:
            return scene.studio.scene(replace(selection, reductions=reductions), scene.picture), shape.index
        except ValueError:  # too heavy: the next stage has a quarter of the tokens
            continue
    return scene, 1


def _honest(scene: Scene, full: Scene, shape: StageShape) -> None:
    """In what the figure differs from the network that is chosen."""
    if shape.pool:
        figures.aside(
            tr(
                "This network never does that: linear SRA pools its keys to {keys}, and the figure shows those."
                " Choose another network to see every token as a key.",
                keys=times(shape.reduced_grid),
            )
        )
    elif full is not scene:
        chosen = scene.trace.stages[shape.index - 1].shape.reduction
        numbers = {"stage": shape.index, "index": SUBSCRIPTS[shape.index], "reduction": chosen}
        if shape.index == 1:
            said = tr(
                "The figure shows stage {stage} with R{index} = 1, where nothing is folded; you have chosen"
                " R{index} = {reduction}.",
                **numbers,
            )
        else:
            said = tr(
                "The figure shows stage {stage} with R{index} = 1, where nothing is folded; you have chosen"
                " R{index} = {reduction}. Without a fold the stages before it are too heavy at this image size.",
                **numbers,
            )
        figures.aside(said)


def _board(full: Scene, focus: figures.Focus, known: bool) -> None:
    """One query's row of the map over the picture, and the count of all rows."""
    shape, size = focus.shape, full.selection.image_size
    walk, weights = figures.followed(full, focus), figures.weights_of(full, focus)
    boxes = figures.key_boxes(full, shape)
    mark = figures.token_box(full, focus)
    everywhere = (figures.box(shape, (0, 0, *shape.grid), size),)
    entries = [Term(f"{shape.queries:,}", everywhere, "all"), Term("·"), Term(f"{shape.keys:,}", everywhere, "all")]
    if known:
        entries += [Term("="), Term(f"{shape.queries * shape.keys:,}", everywhere, "all")]
    strongest = []
    for key in walk.strongest[:STRONGEST]:
        place = () if key < shape.n_prefix else (boxes[key - shape.n_prefix],)
        strongest += [Term(f"{float(walk.weights[key]):.2%}", place, f"key{key}"), Term("+")]
    prefix = prefix_words(shape.n_prefix, shape.registers)
    rows = (
        Line(
            tr("Queries times keys ({prefix} among them): entries of one map", prefix=tr(prefix))
            if prefix
            else tr("Queries times keys: entries of one map"),
            tuple(entries),
        ),
        Line(
            tr("The row of the marked query: its strongest weights, and all the others"),
            (*strongest, Term("…"), Term("="), Term("100%", everywhere, "all")),
        ),
        Line(
            tr("If it looked at all keys alike, each would get"),
            (Term(f"1/{shape.keys:,}"), Term("="), Term(f"{1 / shape.keys:.2%}")),
        ),
    )
    with st.container(key="tour_figure"):
        figures.follow(
            Board(
                picture=figures.heated(full, shape, weights),
                alt=tr("What the marked token looks at, as light over the picture in grey."),
                rows=rows,
                marks=(mark,),
                hint=tr(
                    "Block {block}, head {head}. Click in the picture to let another token ask.",
                    block=focus.block,
                    head=focus.head,
                ),
            ),
            full,
            shape,
            key="tour_attention",
        )
        with st.columns([5, 8])[0]:  # under the picture
            parts.colour_scale("magma", "0 %", f"{weights.max():.2%}", tr("own scale"))


def _growth(full: Scene, shape: StageShape) -> None:
    """The same count for a picture twice and four times as wide and high."""
    table = []
    grown = []
    for times_as_wide in GROWTH:
        size = tuple(side * times_as_wide for side in full.selection.image_size)
        grown.append(full.selection.config.shapes(size)[shape.index - 1])
        entries = grown[-1].queries * grown[-1].keys
        table.append(
            {
                tr("picture"): times(size),
                tr("tokens N"): f"{grown[-1].tokens:,}",
                tr("entries of one map"): f"{entries:,}",
                tr("as float32"): megabytes(BYTES["float32"] * entries),
            }
        )
    st.table(table, hide_index=True, alt=tr("Tokens, entries and bytes of one map for larger pictures."))
    once, twice = grown[:2]
    ratios = {
        "tokens": factor(twice.tokens / once.tokens),
        "entries": factor(twice.queries * twice.keys / (once.queries * once.keys)),
    }
    if shape.pool:
        said = tr("Twice the side: **{tokens}** the tokens, **{entries}** the entries. Keys stay as many.", **ratios)
    else:
        said = tr("Twice the side: **{tokens}** the tokens, **{entries}** the entries. That is why N² hurts.", **ratios)
    st.markdown(said)


STEP = Step(
    key="attention",
    title=N_("Who looks at whom, and why N² hurts"),
    show=show,
    page="attention",
    invitation=N_("Point anywhere and see what every stage looks at, on the Attention page"),
)
