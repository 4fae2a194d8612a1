"""Step 8: what SRA saves in arithmetic, what its fold costs, and why the whole forward gains less."""

import streamlit as st

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost.compare import StageCost, by_stage
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.cost.variants import FULL_EXPLICIT, SRA, without_sra
from pvt_viz.figures.cost import bars
from pvt_viz.language import N_, spaced, tr
from pvt_viz.scene import Scene
from pvt_viz.ui.looking import charts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.stages import squares
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import Making
from pvt_viz.widgets.worked import Board, Line, Term, worked
from pvt_viz.words import factor, si

MOST = 1000
"""The end of the slider, unless the real value is beyond it."""


def show(scene: Scene) -> None:
    config = scene.selection.config
    shape = reducing(config)
    full, sra = analyze(without_sra(config)), analyze(config)
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(
                tr(
                    "Attention multiplies every query by every key (QKᵀ), then every weight by its value vector"
                    " (softmax·V): for N queries, M keys and C channels **2·N·M·C** multiply-adds (MAC) in every block."
                )
            )
            figures.aside(tr("1 MAC, a multiplication and an addition, is 2 FLOPs. The paper's “GFLOPs” are GMAC."))
        with question:
            shown = _ask(config, shape)
    _chart(config, shape, full, sra, shown=shown)
    if shown:
        st.markdown(_found(config, shape, full, sra))
        board = Board(picture=figures.bare(scene), alt=scene.picture.alt, rows=_lines(scene, shape))
        worked(board, key="tour_cost")


def _ask(config: PVTConfig, shape: StageShape) -> bool:
    """Not where SRA does not save: there is nothing to guess."""
    if not config.reduces or (saved := savings(config, shape)) <= 1:
        return True
    question = tr("How many times fewer multiply-adds do QKᵀ and softmax·V of stage {i} take with SRA?", i=shape.index)
    return guess.number("cost", question, 1, max(MOST, 10 ** len(f"{saved:.0f}")), saved, unit="×", log=True)


def reducing(config: PVTConfig) -> StageShape:
    """The first stage with fewer keys than tokens by design; the first, where there is none."""
    shapes = config.shapes()
    return next((shape for shape in shapes if shape.reduces), shapes[0])


def costs_of(config: PVTConfig, shape: StageShape) -> dict[str, StageCost]:
    """A stage's attention under every variant, by the variant's name."""
    return {cost.variant.name: cost for cost in by_stage(config)[shape.index - 1]}


def savings(config: PVTConfig, shape: StageShape) -> float:
    """How many times fewer multiply-adds QKᵀ and softmax·V of a stage take with SRA: (N⁺)² / (N⁺·M⁺)."""
    costs = costs_of(config, shape)
    return costs[FULL_EXPLICIT.name].attention_macs / costs[SRA.name].attention_macs


def savings_with_keys(config: PVTConfig, shape: StageShape) -> float:
    """The same, what makes the keys counted in: the price of having fewer."""
    without, making = without_sra(config), Making(config, shape)
    plain = Making(without, without.shapes()[shape.index - 1])
    return plain.attention_macs / (making.attention_macs + making.macs)


def _chart(config: PVTConfig, shape: StageShape, full: CostReport, sra: CostReport, *, shown: bool) -> None:
    """Two pairs of bars; before the guess those without SRA alone."""
    costs = costs_of(config, shape)
    values = {FULL_EXPLICIT.name: [costs[FULL_EXPLICIT.name].attention_macs, full.macs]}
    if config.reduces:
        values[SRA.name] = [costs[SRA.name].attention_macs, sra.macs] if shown else [None, None]
    charts.show(
        bars(
            [tr("QKᵀ and softmax·V of stage {i}", i=shape.index), tr("whole forward")],
            values,
            {FULL_EXPLICIT.name: tr("every token a key"), SRA.name: tr("with SRA")},
            title=tr("Multiply-adds with SRA and without"),
            x_title="",
            y_title=tr("multiply-adds"),
            caption=tr("One image; all blocks of the stage together."),
            unit="MAC",
            log=False,
        ),
        key="tour_macs",
        alt=tr(
            "Bars: multiply-adds of stage {i}'s attention, and of one forward, with SRA and without.", i=shape.index
        ),
        setting=setting_of(config, Lab()),
    )


def _found(config: PVTConfig, shape: StageShape, full: CostReport, sra: CostReport) -> str:
    if not config.reduces:
        return tr(
            "Every token is a key here: nothing is saved, and 2·N·N·C grows with the fourth power of the image's side."
            " Choose a pvt model in the sidebar to see what SRA does about it."
        )
    saved, i, more = savings(config, shape), shape.index, sra.params - full.params
    if saved <= 1:
        said = tr(
            "Linear SRA always makes {keys} keys; stage {i} has only {count} tokens at this size, so it saves nothing.",
            keys=shape.reduced_tokens,
            i=i,
            count=shape.tokens,
        )
    elif shape.pool:
        said = tr(
            "**{saved}** fewer in stage {i}: N/M, since {keys} keys stay, however many tokens there are.",
            saved=factor(saved),
            i=i,
            keys=shape.reduced_tokens,
        )
    elif any(shape.unfolded) or shape.n_prefix:
        said = tr(
            "**{saved}** fewer in stage {i}: N/M, about R² = {square}; tokens that fill no square, and CLS, shift it"
            " a little.",
            saved=factor(saved),
            i=i,
            square=shape.reduction**2,
        )
    else:
        said = tr("**{saved}** fewer in stage {i}: N/M = R².", saved=factor(saved), i=i)
    if saved > 1:
        keyed = factor(savings_with_keys(config, shape))
        price = tr("**{saved}** with the fold, which is the price of it.", saved=keyed)
        if shape.pool:
            price = tr("**{saved}** with the layer after the pool, which is the price of it.", saved=keyed)
        said = spaced(said, price)
    totals = {"full": si(full.macs, "MAC"), "sra": si(sra.macs, "MAC"), "more": more}
    if sra.macs > full.macs:
        whole = tr(
            "But the whole forward takes {full} without SRA and {sra} with it: at this size other stages have fewer"
            " tokens than keys, and every key goes through a layer. Those layers **add** {more:,} parameters.",
            **totals,
        )
    else:
        whole = tr(
            "The whole forward takes {full} without SRA and {sra} with it, **{whole}** less: what is done for every"
            " token stays, the MLPs above all. SRA **adds** {more:,} parameters, the layers that make the keys: it"
            " saves arithmetic, not weights.",
            whole=factor(full.macs / sra.macs),
            **totals,
        )
    return spaced(said, whole)


def _lines(scene: Scene, shape: StageShape) -> tuple[Line, ...]:
    """2·N·M·C without SRA and with it, and what makes the keys: for one block of the stage."""
    config, size, (h, w) = scene.selection.config, scene.selection.image_size, shape.grid
    without = without_sra(config)
    plain = without.shapes()[shape.index - 1]
    n, m = ("N⁺", "M⁺") if shape.n_prefix else ("N", "M")
    everywhere = (figures.box(shape, (0, 0, h, w), size),)

    def products(keys: Term, macs: int) -> tuple[Term, ...]:
        queries = Term(f"{shape.queries:,}", everywhere, "queries", tr("{count:,} queries", count=shape.queries))
        return Term("2 ·"), queries, Term("·"), keys, Term(f"· {shape.dim} = {si(macs, 'MAC')}")

    every = Term(f"{plain.keys:,}", everywhere, "every", tr("{count:,} keys", count=plain.keys))
    lines = [Line(tr("Every token a key, 2·{n}·{n}·C", n=n), products(every, Making(without, plain).attention_macs))]
    if not shape.reduces:
        return tuple(lines)
    making, behind = Making(config, shape), squares(scene, shape)
    keys = Term(f"{shape.keys:,}", behind, "keys", tr("{count:,} keys", count=shape.keys))
    made = Term(f"{shape.reduced_tokens:,}", behind, "keys", tr("{count:,} keys", count=shape.reduced_tokens))
    layer = Term(f"· {shape.dim} · {shape.dim} = {si(making.macs, 'MAC')}")
    lines.append(Line(tr("With SRA, 2·{n}·{m}·C", n=n, m=m), products(keys, making.attention_macs)))
    if shape.pool:
        return *lines, Line(tr("The layer after the pool, M·C·C"), (made, layer))
    square = Term(
        f"{shape.reduction}²",
        (behind[len(behind) // 2],),
        "square",
        tr("{r}² tokens behind one key", r=shape.reduction),
    )
    label = tr("The fold, M·R²·C·C") if any(shape.unfolded) else tr("The fold, M·R²·C·C = N·C²")
    return *lines, Line(label, (made, Term("·"), square, layer))


STEP = Step(
    key="cost",
    title=N_("What SRA saves: arithmetic"),
    show=show,
    page="cost",
    invitation=N_("Count it at any image size: Cost page"),
)
