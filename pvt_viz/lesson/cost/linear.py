"""Where linear SRA starts to pay: the attention layers of PVTv2-B2 and of PVTv2-B2-Li over the image size."""

from pvt_viz.choices.lab import Lab, images_of
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.compare import SIDES, attention_growth, fold_and_pool
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.figures import cost as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import N_, Sentence, say, say_n, spaced, tr
from pvt_viz.lesson.cost import ways
from pvt_viz.listed import both, either, enumerated
from pvt_viz.words import factor, times

PAPER_SIDE = 224
LAYERS, PRODUCTS = say("whole attention layers"), say("QKᵀ and softmax·V alone")
FEWER_PRODUCTS = N_("{factor} fewer {unit}s for QKᵀ and softmax·V")
MORE_PRODUCTS = N_("{factor} more {unit}s for QKᵀ and softmax·V")
FEWER_LAYERS = N_("{factor} fewer for whole attention layers: {pooled} in place of {folded}")
MORE_LAYERS = N_("{factor} more for whole attention layers: {pooled} in place of {folded}")
COUNTED = {LAYERS: parts.ATTENTION_LAYER, PRODUCTS: parts.ATTENTION}


def two_ways() -> str:
    """To fewer keys, in the two networks that are compared."""
    (folding, _), (pooling, pool) = fold_and_pool().items()
    return tr(
        "PVTv2 has two ways to fewer keys. **Folds** ({folding}) make one key of R×R tokens, so keys grow with the"
        " picture. **Linear SRA** ({pooling}) averages the tokens to {keys}, however many there are. The two"
        " networks differ in nothing else that is counted.",
        folding=folding,
        pooling=pooling,
        keys=ways.pooled(pool),
    )


def setting(lab: Lab) -> dict[str, str]:
    """For what the chart is made."""
    fold, pool = fold_and_pool().values()
    return {"model": both(fold.name, pool.name), "batch": say("batch {batch}", batch=lab.batch)}


def found(lab: Lab) -> list[str]:
    """What is the same at the paper's size, what holds at the chosen one, and from where on linear SRA is cheaper."""
    fold, pool = fold_and_pool().values()
    paper, chosen = ([analyze(network, side, lab.batch) for network in (fold, pool)] for side in (PAPER_SIDE, lab.side))
    return [_equal(*paper, lab), _chosen(*chosen, lab), _first(fold, pool)]


def described(lab: Lab) -> Chart:
    """Lines: multiply-adds of the attention layers over the image side, with folds and with linear SRA."""
    networks = fold_and_pool()
    (folding, fold), (pooling, pool) = networks.items()
    curves = {
        say("{network}, {what}", network=name, what=what): attention_growth(network, part, lab.batch)
        for what, part in COUNTED.items()
        for name, network in networks.items()
    }
    return figures.fold_or_pool(
        lab.curves(curves),
        SIDES,
        lab.side,
        caption=say(
            "{folding} with R = {reductions}, {pooling} with {keys} keys; all stages and blocks, for {images}. Whole"
            " layers: fold or pool, projections, QKᵀ and softmax·V.",
            folding=folding,
            reductions=fold.reductions,
            pooling=pooling,
            keys=ways.pooled(pool),
            images=images_of(lab),
        ),
        unit=lab.unit,
    )


def _sum(report: CostReport, part: tuple[str, ...], stage: int | None = None) -> int:
    return sum(row.macs for row in report.select(stage=stage, part=part))


def _stages(indices: list[int], of: int) -> Sentence:
    """In words: in every stage, in stages 1, 2, 3."""
    if len(indices) == of:
        return say("in every stage")
    return say_n("in stage {stages}", "in stages {stages}", len(indices), stages=enumerated(*map(str, indices)))


def _equal(fold: CostReport, pool: CostReport, lab: Lab) -> str:
    """What is the same with folds and with the pool at the paper's size, and what is not."""
    stages = [shape.index for shape in fold.shapes]
    rest = tuple(part for part in parts.ATTENTION_LAYER if part not in parts.REDUCTION)
    same = [i for i in stages if all(_sum(fold, (part,), i) == _sum(pool, (part,), i) for part in rest)]
    folds, pools = ([i for i in stages if _sum(report, parts.REDUCTION, i)] for report in (fold, pool))
    extra = [i for i in pools if i not in folds]
    said = tr(
        "**At {size}** both have {keys} keys: QKᵀ, softmax·V and the projections cost the same {same}, {products} for"
        " the two products together. Only the way to the keys differs. Folds take N·C² a block {folding}, {folds} in"
        " all; the layer behind the pool takes {pooled}·C² a block {pooling}, {pools}.",
        size=times(fold.image_hw),
        keys=either(*sorted({times(shape.reduced_grid) for shape in (*fold.shapes, *pool.shapes)})),
        same=_stages(same, len(stages)),
        products=lab.amount(_sum(fold, parts.ATTENTION)),
        folding=_stages(folds, len(stages)),
        folds=lab.amount(_sum(fold, parts.REDUCTION)),
        pooled=pool.shapes[0].reduced_tokens,
        pooling=_stages(pools, len(stages)),
        pools=lab.amount(_sum(pool, parts.REDUCTION)),
    )
    if not extra:
        return said
    on_top = tr("So it comes on top {stages}, where R = 1 needs no fold.", stages=_stages(extra, len(stages)))
    return spaced(said, on_top)


def _chosen(fold: CostReport, pool: CostReport, lab: Lab) -> str:
    """The same at the page's size."""
    keys = [f"{shape.reduced_tokens:,}" for shape in fold.shapes]
    if len(set(keys)) == 1:
        left = say("{keys} keys in every stage", keys=keys[0])
    else:
        left = say("{keys} keys, stage by stage", keys=enumerated(*keys))
    (folded, pooled), layers = (
        [_sum(report, part) for report in (fold, pool)] for part in (parts.ATTENTION, parts.ATTENTION_LAYER)
    )
    keys_said = tr(
        "**At the chosen {size}** folds leave {left}, and the pool {pooled} in each.",
        size=times(fold.image_hw),
        left=left,
        pooled=pool.shapes[0].reduced_tokens,
    )
    if folded == pooled:
        products = say("as many {unit}s for QKᵀ and softmax·V", unit=lab.unit)
    else:
        products = ways.compared(folded, pooled, FEWER_PRODUCTS, MORE_PRODUCTS, unit=lab.unit)
    amounts = {"folded": lab.amount(layers[0]), "pooled": lab.amount(layers[1])}
    costs_said = tr(
        "Linear SRA takes {products}, and {layers}.",
        products=products,
        layers=ways.compared(*layers, FEWER_LAYERS, MORE_LAYERS, **amounts),
    )
    return spaced(keys_said, costs_said)


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
    return tr(
        "**It starts to pay** at {layers} pixels for whole layers (of the sizes on the curve), and at {products} for"
        " the two products. Its keys outnumber those of the folds in a small picture: at {least} pixels whole layers"
        " take {factor} more. In a large one folds leave keys in proportion to the area: from {small} to {large} pixels"
        " the products become {folded} dearer with folds, and {pooled} with the pool.",
        layers=first[0],
        products=first[1],
        least=SIDES[0],
        factor=factor(layers[1][0] / layers[0][0]),
        small=PAPER_SIDE,
        large=2 * PAPER_SIDE,
        folded=folded,
        pooled=pooled,
    )
