"""What a larger image costs: the paper's Figure 6 recomputed, and the largest image that a memory allows."""

from dataclasses import replace
from functools import partial

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.cost.compare import SIDES, figure_6, growth
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.frontier import Limit, frontier
from pvt_viz.cost.variants import FULL_EXPLICIT, FULL_FUSED, SRA, SRA_EXPLICIT, Variant
from pvt_viz.figures import cost as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import Sentence, say, tr
from pvt_viz.lesson.table import Table
from pvt_viz.listed import both, listed
from pvt_viz.words import factor, times

BUDGETS = (4, 8, 16, 24, 80)
"""Gigabytes (10⁹ bytes) of common cards."""
FROM, TO = 224, 640


def described_growth(config: PVTConfig, lab: Lab) -> Chart:
    """Lines: a forward over the image side, for the networks of Figure 6 and the chosen one."""
    curves = {name: growth(network, batch=lab.batch) for name, network in _networks(config).items()}
    return figures.growth(
        lab.curves(curves),
        SIDES,
        lab.side,
        caption=say(
            "The transformers of the paper's Figure 6, recomputed, and PVT-Small with R = 1 everywhere. The figure's"
            " GFLOPs are GMACs; its ResNet50 is left out, since only transformers are priced here."
        ),
        unit=lab.unit,
    )


def at_the_side(config: PVTConfig, lab: Lab) -> str:
    """What a forward costs at the chosen size, for each of them."""
    now = {name: growth(network, batch=lab.batch, sides=(lab.side,))[0] for name, network in _networks(config).items()}
    costs = {name: lab.amount(macs) for name, macs in now.items() if macs is not None}
    return tr("At the chosen {size}: {costs}.", size=times((lab.side, lab.side)), costs=_each(costs))


def beside_the_paper() -> str:
    """Where the recomputed figure differs from the paper's."""
    ends = {name: growth(network, sides=(FROM, TO)) for name, network in figure_6().items()}
    return tr(
        "**Where this differs from the paper.** Its caption ranks the growth: ViT-Small/16, then ViT-Small/32, then"
        " PVT-Small. Counted from {small} to {large} pixels a forward becomes dearer by factors: {factors}. With SRA"
        " every stage has one key for 32×32 pixels, as ViT-Small/32 has, but PVT-Small asks far more queries. The gap"
        " between the two PVT curves is what SRA is worth.",
        small=FROM,
        large=TO,
        factors=_each({name: factor(large / small) for name, (small, large) in ends.items()}),
    )


def _networks(config: PVTConfig) -> dict[str, PVTConfig]:
    """Those of Figure 6, and the chosen one where it is none of them."""
    found = dict(figure_6())
    if not any(config.alike(other) for other in found.values()):
        found[say("{model} as chosen", model=config.name)] = replace(config, image_size=config.least_side)
    return found


def _each(numbers: dict[Sentence, str]) -> Sentence:
    """Networks by name, each with its number."""
    return listed(*(say("{network} {number}", network=name, number=number) for name, number in numbers.items()))


def described_frontier(config: PVTConfig, lab: Lab) -> Chart:
    """Bars: the largest square image for some memory budgets, for every variant."""
    limits = _limits(config, lab)
    return figures.bars(
        [f"{gigabytes} GB" for gigabytes in BUDGETS],
        {way.name: [limit.side_pixels for limit in found] for way, found in limits.items()},
        {way.name: way.label for way in limits},
        title=say("The largest square image, one at a time"),
        x_title=say("memory"),
        y_title=say("side, pixels"),
        caption=say(
            "{model}, {dtype}, without gradients: weights, image and the worst moment together. 1 GB is 10⁹ bytes, and"
            " the network is taken to have all of it; in fact a driver and a desktop take their share.",
            model=config.name,
            dtype=lab.dtype,
        ),
        unit="",
        log=lab.axis == "log",
    )


def tabulated_frontier(config: PVTConfig, lab: Lab) -> Table:
    """The same, with what gives out first."""
    limits = _limits(config, lab)
    return Table(
        tr("The largest square image for five memory budgets, and what gives out first."),
        [
            {
                tr("attention"): tr(way.label),
                **{f"{b} GB": _cell(limit) for b, limit in zip(BUDGETS, found, strict=True)},
            }
            for way, found in limits.items()
        ],
        numbers=[
            {
                "attention": way.label,
                "budget_bytes": limit.budget_bytes,
                "side_pixels": limit.side_pixels,
                "used_bytes": limit.used_bytes,
                "breaks_stage": limit.breaks.stage,
                "breaks_while": limit.breaks.doing,
            }
            for way, found in limits.items()
            for limit in found
        ],
        setting=setting_of(config, lab),
        note=tr(
            "After the colon: what breaks first, at the next size up ({step} pixels more).",
            step=limits[FULL_FUSED][0].step_pixels,
        ),
    )


def _limits(config: PVTConfig, lab: Lab) -> dict[Variant, tuple[Limit, ...]]:
    """For every way to do attention the largest image in each budget."""
    ways = (FULL_EXPLICIT, FULL_FUSED, SRA_EXPLICIT, SRA) if config.reduces else (FULL_EXPLICIT, FULL_FUSED)
    budgets = tuple(gigabytes * 10**9 for gigabytes in BUDGETS)
    return {way: frontier(way.of(config), way.attention, budgets, lab.dtype) for way in ways}


def _cell(limit: Limit) -> str:
    breaks = {"stage": limit.breaks.stage, "doing": say(limit.breaks.doing)}
    if not limit.side_pixels:
        return tr("nothing: stage {stage}, {doing}", **breaks)
    return tr("{side:,} px: stage {stage}, {doing}", side=limit.side_pixels, **breaks)


def fused_kernels(config: PVTConfig, lab: Lab) -> str:
    """What they change about the largest picture; nothing where there is no SRA, or nothing fits."""
    limits = _limits(config, lab)
    if SRA not in limits:
        return ""
    fused, sra = limits[FULL_FUSED][-1], limits[SRA][-1]
    side = min(fused.side_pixels, sra.side_pixels)
    if not side:
        return ""
    price = partial(analyze, image_size=side, batch=1)
    full, reduced = price(FULL_FUSED.of(config)).macs, price(config).macs
    breaks = dict.fromkeys(
        say("the {doing} of stage {stage}", doing=say(limit.breaks.doing), stage=limit.breaks.stage)
        for limit in (fused, sra)
    )
    return tr(
        "**What fused kernels change.** They store no map, so at {budget} GB full attention reaches {fused:,} px and"
        " SRA {sra:,} px: what gives out first is {breaks}. The arithmetic stays: at {side:,} px a forward takes {full}"
        " with full attention and {reduced} with SRA, **{factor}** less.",
        budget=BUDGETS[-1],
        fused=fused.side_pixels,
        sra=sra.side_pixels,
        breaks=both(*breaks),
        side=side,
        full=lab.amount(full),
        reduced=lab.amount(reduced),
        factor=factor(full / reduced),
    )
