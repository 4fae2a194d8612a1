"""Where linear SRA starts to pay: the attention layers of PVTv2-B2 and of PVTv2-B2-Li over the image size."""

import streamlit as st

from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.compare import SIDES, attention_growth, fold_and_pool
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.figures import cost as figures
from pvt_viz.ui import charts
from pvt_viz.ui.lab import choice, ways
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.words import factor, times

PAPER_SIDE = 224
LAYERS, PRODUCTS = "whole attention layers", "QKᵀ and softmax·V alone"
COUNTED = {LAYERS: parts.ATTENTION_LAYER, PRODUCTS: parts.ATTENTION}


def show(lab: Lab) -> None:
    st.header("Where linear SRA starts to pay", anchor=False)
    networks = fold_and_pool()
    (folding, fold), (pooling, pool) = networks.items()
    st.markdown(
        f"PVTv2 has two ways to fewer keys. **Folds** ({folding}) make one key of R×R tokens, so keys grow with the"
        f" picture. **Linear SRA** ({pooling}) averages the tokens to {ways.pooled(pool)}, however many there are. The"
        " two networks differ in nothing else that is counted."
    )
    curves = {
        f"{name}, {what}": attention_growth(network, part, lab.batch)
        for what, part in COUNTED.items()
        for name, network in networks.items()
    }
    chart = figures.fold_or_pool(
        {name: [None if macs is None else lab.counted(macs) for macs in curve] for name, curve in curves.items()},
        SIDES,
        lab.side,
        caption=f"{folding} with R = {fold.reductions}, {pooling} with {ways.pooled(pool)} keys; all stages and blocks,"
        f" for {choice.images(lab)}. Whole layers: fold or pool, projections, QKᵀ and softmax·V.",
        unit=lab.unit,
    )
    charts.show(
        chart,
        key="linear",
        alt=f"Lines: {lab.unit}s of the attention layers over the image side, with folds and with linear SRA.",
        setting={"model": f"{fold.name} and {pool.name}", "batch": f"batch {lab.batch}"},
    )
    paper, chosen = ([analyze(network, side, lab.batch) for network in (fold, pool)] for side in (PAPER_SIDE, lab.side))
    st.markdown("\n".join([_equal(*paper, lab), _chosen(*chosen, lab), _first(fold, pool)]))


def _sum(report: CostReport, part: tuple[str, ...], stage: int | None = None) -> int:
    return sum(row.macs for row in report.select(stage=stage, part=part))


def _stages(indices: list[int], of: int) -> str:
    """In words: in every stage, in stages 1, 2, 3."""
    if len(indices) == of:
        return "in every stage"
    return f"in stage{'s' * (len(indices) > 1)} {', '.join(map(str, indices))}"


def _equal(fold: CostReport, pool: CostReport, lab: Lab) -> str:
    """What is the same with folds and with the pool at the paper's size, and what is not."""
    stages = [shape.index for shape in fold.shapes]
    rest = tuple(part for part in parts.ATTENTION_LAYER if part not in parts.REDUCTION)
    same = [i for i in stages if all(_sum(fold, (part,), i) == _sum(pool, (part,), i) for part in rest)]
    folds, pools = ([i for i in stages if _sum(report, parts.REDUCTION, i)] for report in (fold, pool))
    extra = [i for i in pools if i not in folds]
    keys = " or ".join(sorted({times(shape.reduced_grid) for shape in (*fold.shapes, *pool.shapes)}))
    return (
        f"- **At {times(fold.image_hw)}** both have {keys} keys: QKᵀ, softmax·V and the projections cost the same"
        f" {_stages(same, len(stages))}, {lab.amount(_sum(fold, parts.ATTENTION))} for the two products together. Only"
        f" the way to the keys differs. Folds take N·C² a block {_stages(folds, len(stages))},"
        f" {lab.amount(_sum(fold, parts.REDUCTION))} in all; the layer behind the pool takes"
        f" {pool.shapes[0].reduced_tokens}·C² a block {_stages(pools, len(stages))},"
        f" {lab.amount(_sum(pool, parts.REDUCTION))}."
        + (f" So it comes on top {_stages(extra, len(stages))}, where R = 1 needs no fold." if extra else "")
    )


def _chosen(fold: CostReport, pool: CostReport, lab: Lab) -> str:
    """The same at the page's size."""
    keys = [f"{shape.reduced_tokens:,}" for shape in fold.shapes]
    left = f"{keys[0]} keys in every stage" if len(set(keys)) == 1 else f"{', '.join(keys)} keys, stage by stage"
    (folded, pooled), layers = (
        [_sum(report, part) for report in (fold, pool)] for part in (parts.ATTENTION, parts.ATTENTION_LAYER)
    )
    products = "as many" if folded == pooled else ways.compared(folded, pooled, "fewer")
    return (
        f"- **At the chosen {times(fold.image_hw)}** folds leave {left}, and the pool"
        f" {pool.shapes[0].reduced_tokens} in each. Linear SRA takes {products} {lab.unit}s for QKᵀ and softmax·V,"
        f" and {ways.compared(*layers, 'fewer')} for whole attention layers: {lab.amount(layers[1])} in place of"
        f" {lab.amount(layers[0])}."
    )


def _first(fold: PVTConfig, pool: PVTConfig) -> str:
    """From which size on linear SRA is the cheaper one, and how both grow."""
    layers, products = (
        [attention_growth(network, part) for network in (fold, pool)]
        for part in (parts.ATTENTION_LAYER, parts.ATTENTION)
    )
    first = [next(side for side, a, b in zip(SIDES, *curves, strict=True) if b < a) for curves in (layers, products)]
    folded, pooled = (
        factor(large / small)
        for small, large in (
            attention_growth(network, parts.ATTENTION, sides=(PAPER_SIDE, 2 * PAPER_SIDE)) for network in (fold, pool)
        )
    )
    return (
        f"- **It starts to pay** at {first[0]} pixels for whole layers (of the sizes on the curve), and at {first[1]}"
        " for the two products. Its keys outnumber those of the folds in a small picture: at"
        f" {SIDES[0]} pixels whole layers take {ways.compared(layers[0][0], layers[1][0])}. In a large one folds leave"
        f" keys in proportion to the area: from {PAPER_SIDE} to {2 * PAPER_SIDE} pixels the products become {folded}"
        f" dearer with folds, and {pooled} with the pool."
    )
