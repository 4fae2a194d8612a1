"""Step 9: fused kernels never store the map: what remains of SRA's advantage in memory, and in arithmetic."""

from collections.abc import Iterable

import streamlit as st

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import memory
from pvt_viz.cost.compare import StageCost
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.variants import FULL_EXPLICIT, FULL_FUSED, SRA, Variant
from pvt_viz.figures.cost import bars
from pvt_viz.language import N_, say, tr
from pvt_viz.listed import listed
from pvt_viz.scene import Scene
from pvt_viz.ui.looking import charts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.cost import costs_of, reducing, savings, savings_with_keys
from pvt_viz.ui.tour.stages import squares
from pvt_viz.ui.tour.step import Step
from pvt_viz.widgets.worked import Board, Line, Term, worked
from pvt_viz.words import factor, si

SAME = 1.1
"""Ratios that differ by less are called equal."""
LABELS = {
    FULL_EXPLICIT: N_("every token a key, explicit"),
    FULL_FUSED: N_("every token a key, fused"),
    SRA: N_("SRA, fused"),
}


MAPS = ("scores", "weights")
OF_KEYS = ("reduced", "keys' tokens, with CLS", "K", "V", "copy of V")
"""Tensors of `pvt_viz.cost.memory`: (head, query, key), and those with a row for each key; the rest has one a query."""


def show(scene: Scene) -> None:
    config = scene.selection.config
    shape = reducing(config)
    costs = costs_of(config, shape)
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(
                tr(
                    "**Explicit** attention writes its map to memory: where every token is a key, {count:,} × {count:,}"
                    " numbers a head in stage {i}. A **fused** kernel (FlashAttention) takes the keys piece by piece"
                    " and never stores the map. It multiplies just as much.",
                    count=shape.queries,
                    i=shape.index,
                )
            )
            if config.reduces:
                figures.aside(
                    tr("The paper is from 2021, a year before FlashAttention, and counts memory among SRA's gains.")
                )
        with question:
            shown = _ask(config, shape, costs)
    _chart(config, shape, costs, shown=shown)
    if shown:
        st.markdown(_found(config, shape, costs))
        variants = [variant for variant in LABELS if variant.name in costs]
        rows = tuple(_line(scene, shape.index, variant) for variant in variants)
        worked(Board(picture=figures.bare(scene), alt=scene.picture.alt, rows=rows), key="tour_fused")


def remains(costs: dict[str, StageCost]) -> str:
    """Of SRA's advantage in memory, once full attention is fused, too: "all", "some" or "none"."""
    explicit, fused = ratios(costs)
    if fused < SAME:
        return "none"
    return "all" if explicit < SAME * fused else "some"


def ratios(costs: dict[str, StageCost]) -> tuple[float, float]:
    """How many times more memory than SRA's full attention takes, explicit and fused."""
    explicit, fused, sra = (costs[variant.name].peak_bytes for variant in (FULL_EXPLICIT, FULL_FUSED, SRA))
    return explicit / sra, fused / sra


def _ask(config: PVTConfig, shape: StageShape, costs: dict[str, StageCost]) -> bool:
    """Not where SRA does not save: there is nothing to guess."""
    if not config.reduces or (explicit := ratios(costs)[0]) <= 1:
        return True
    question = tr(
        "In stage {i} SRA, with a fused kernel, needs {ratio} less memory than full attention without one. How much of"
        " that remains when full attention is fused, too?",
        ratio=factor(explicit),
        i=shape.index,
    )
    options = {
        "all": tr("All of it: there are fewer keys, fused or not"),
        "some": tr("Some of it: a smaller factor"),
        "none": tr("Nothing: SRA then needs as much, or more"),
    }
    return guess.choice("fused", question, options, remains(costs))


def _chart(config: PVTConfig, shape: StageShape, costs: dict[str, StageCost], *, shown: bool) -> None:
    """Three bars; the one in question comes after the guess."""
    kept = [variant for variant in LABELS if variant.name in costs]
    charts.show(
        bars(
            [tr("stage {i}", i=shape.index)],
            {v.name: [costs[v.name].peak_bytes if shown or v != FULL_FUSED else None] for v in kept},
            {v.name: tr(LABELS[v]) for v in kept},
            title=tr("Memory of one attention layer"),
            x_title="",
            y_title=tr("peak of one attention layer"),
            caption=tr("One attention layer at its worst moment, float32, one image; predicted."),
            unit="B",
            log=False,
        ),
        key="tour_memory",
        alt=tr("Bars: peak memory of one attention layer of stage {i}, explicit, fused and with SRA.", i=shape.index),
        setting=setting_of(config, Lab()),
    )


def _found(config: PVTConfig, shape: StageShape, costs: dict[str, StageCost]) -> str:
    if not config.reduces:
        saved = costs[FULL_EXPLICIT.name].peak_bytes / costs[FULL_FUSED.name].peak_bytes
        return tr(
            "Every token is a key here, so there is no SRA to compare with. A fused kernel needs {saved} less"
            " memory, and not one multiply-add less.",
            saved=factor(saved),
        )
    explicit, fused = ratios(costs)
    saved = savings(config, shape)
    if saved <= 1:
        return tr(
            "With {keys} keys for {count} tokens linear SRA saves neither memory nor arithmetic in stage {i} at this"
            " size; a larger picture has more tokens, and the same {keys} keys.",
            keys=shape.keys,
            count=shape.tokens,
            i=shape.index,
        )
    return tr(
        "Full attention takes **{explicit}** the memory of SRA if it is explicit, **{fused}** if it is fused as well:"
        " then no map is stored, and SRA does not shrink what belongs to the queries. In arithmetic the **{saved}** of"
        " the step before remain, {with_keys} with what makes the keys: with fused kernels that is the main gain of"
        " SRA.",
        explicit=factor(explicit),
        fused=factor(fused),
        saved=factor(saved),
        with_keys=factor(savings_with_keys(config, shape)),
    )


def _line(scene: Scene, stage: int, variant: Variant) -> Line:
    """What lives at the worst moment of one attention layer: maps, and what has a row for each query, or each key."""
    shape = variant.of(scene.selection.config).shapes()[stage - 1]
    live = memory.peak(memory.attention(shape, 1, variant.attention)).live
    size, (h, w) = BYTES["float32"], shape.grid
    maps, of_keys, of_queries = [], {}, {}
    for name, numbers in live.items():
        if numbers and name in MAPS:
            maps.append(name)
        elif numbers:
            (of_keys if name in OF_KEYS else of_queries)[name] = numbers
    everywhere = (figures.box(shape, (0, 0, h, w), scene.selection.image_size),)
    stored = Term(tr("no map"))
    if maps:
        spoken = tr(
            "{names}: {maps} maps a head (heads: {heads}), {queries:,} queries, {keys:,} keys, {size} bytes a number",
            names=_named(maps),
            maps=len(maps),
            heads=shape.heads,
            queries=shape.queries,
            keys=shape.keys,
            size=size,
        )
        numbers = f"{len(maps)} · {shape.heads} · {shape.queries:,} · {shape.keys:,} · {size} B"
        stored = Term(f"{numbers} ({_named(maps)})", everywhere, "map", spoken)
    queries = Term(_amount(of_queries, size), everywhere, "queries")
    keys = Term(_amount(of_keys, size), squares(scene, shape), f"keys.{variant.reduces}")
    total = Term(f"= {si(size * sum(live.values()), 'B')}")
    return Line(tr(LABELS[variant]), (stored, Term("+"), queries, Term("+"), keys, total))


def _amount(tensors: dict[str, int], size: int) -> str:
    """Bytes of tensors of so many numbers, and what they are."""
    return f"{si(size * sum(tensors.values()), 'B')} ({_named(tensors)})"


def _named(tensors: Iterable[str]) -> str:
    return tr(listed(*(say(name) for name in tensors)))


STEP = Step(
    key="fused",
    title=N_("What fused kernels change: memory"),
    show=show,
    page="cost",
    invitation=N_("Measure both kernels here: Cost page"),
)
