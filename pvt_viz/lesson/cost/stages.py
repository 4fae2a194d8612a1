"""Where SRA saves: multiply-adds and memory of every stage's attention, three ways."""

from pvt_viz.choices.lab import Lab, images_of, setting_of
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import parts
from pvt_viz.cost.compare import StageCost, by_stage
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.variants import FULL_EXPLICIT, FULL_FUSED, SRA, without_sra
from pvt_viz.figures import cost as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import N_, Sentence, joined, say, spaced, tr
from pvt_viz.lesson.cost import ways
from pvt_viz.lesson.table import Table
from pvt_viz.words import factor, si, times

WHOLE = {  # by the network's version: less than without SRA, or more
    1: (
        N_(
            "The whole forward takes **{factor} less** than without SRA: its MLPs alone are {mlps} of {all}"
            " ({share:.0%}), and SRA does not touch them."
        ),
        N_(
            "The whole forward takes **{factor} more** than without SRA: its MLPs alone are {mlps} of {all}"
            " ({share:.0%}), and SRA does not touch them."
        ),
    ),
    2: (
        N_(
            "The whole forward takes **{factor} less** than without SRA: its MLPs, with their convolutions, are {mlps}"
            " of {all} ({share:.0%}), and SRA does not touch them."
        ),
        N_(
            "The whole forward takes **{factor} more** than without SRA: its MLPs, with their convolutions, are {mlps}"
            " of {all} ({share:.0%}), and SRA does not touch them."
        ),
    ),
}
FEWER, LESS, MORE = N_("{factor} fewer"), N_("{factor} less"), N_("{factor} more")


def kernels(config: PVTConfig) -> str:
    """What explicit and fused attention are, and SRA."""
    two = tr(
        "**Explicit** attention writes every N×M map out to memory, as the paper's code did. A **fused** kernel"
        " (FlashAttention and its kin) computes the same products but never stores the map."
    )
    if config.pool:
        fewer = tr(
            "**Linear SRA** averages the tokens to {keys} keys, so that there is less to compute in the first place.",
            keys=ways.pooled(config),
        )
    else:
        fewer = tr("**SRA** folds R×R tokens into one key, so that there is less to compute in the first place.")
    return spaced(two, fewer)


def saved(config: PVTConfig, lab: Lab) -> list[str]:
    """What SRA saves, stage by stage; nothing where there is no SRA."""
    stages, shapes = by_stage(config, lab.batch, lab.dtype), config.shapes()
    if SRA.name not in {cost.variant.name for cost in stages[0]}:
        return []
    return [
        tr("**Stage {stage}**: {ratios}", stage=costs[0].stage, ratios=_ratios(costs, shapes[costs[0].stage - 1]))
        for costs in stages
    ]


def described(config: PVTConfig, lab: Lab) -> tuple[Chart, Chart]:
    """Two charts: multiply-adds of every stage's attention, and memory of one attention layer, three ways."""
    stages = by_stage(config, lab.batch, lab.dtype)
    labels = {cost.variant.name: cost.variant.label for cost in stages[0]}
    places, log = [str(costs[0].stage) for costs in stages], lab.axis == "log"
    macs = figures.bars(
        places,
        {name: [lab.counted(costs[i].attention_macs) for costs in stages] for i, name in enumerate(labels)},
        labels,
        title=say("Attention per stage, {unit}s", unit=lab.unit),
        x_title=say("stage"),
        y_title=say("QKᵀ and softmax·V"),
        caption=say(
            "QKᵀ and softmax·V in all blocks of a stage, for {images}. Fused kernels multiply as much.",
            images=images_of(lab),
        ),
        unit=lab.unit,
        log=log,
    )
    memory = figures.bars(
        places,
        {name: [costs[i].peak_bytes for costs in stages] for i, name in enumerate(labels)},
        labels,
        title=say("Attention per stage, memory"),
        x_title=say("stage"),
        y_title=say("peak of one attention layer"),
        caption=say(
            "One attention layer at its worst moment, {dtype}, for {images}; predicted.",
            dtype=lab.dtype,
            images=images_of(lab),
        ),
        unit="B",
        log=log,
    )
    return macs, memory


def tabulated(config: PVTConfig, lab: Lab) -> Table:
    """Multiply-adds and memory of every stage's attention, in numbers."""
    stages = by_stage(config, lab.batch, lab.dtype)
    rows = [(cost.stage, cost.variant.label, cost) for costs in stages for cost in costs]
    products = tr("QKᵀ and softmax·V, {unit}", unit=lab.unit)
    layers = tr("with fold and projections, {unit}", unit=lab.unit)
    if config.pool:
        layers = tr("with pool and projections, {unit}", unit=lab.unit)
    return Table(
        tr("Multiply-adds and memory of every stage's attention, for every variant."),
        [
            {
                tr("stage"): str(stage),
                tr("attention"): tr(label),
                products: lab.amount(cost.attention_macs),
                layers: lab.amount(cost.layer_macs),
                tr("peak of one layer"): si(cost.peak_bytes, "B"),
            }
            for stage, label, cost in rows
        ],
        numbers=[
            {
                "stage": stage,
                "attention": label,
                f"attention_{lab.unit}": lab.counted(cost.attention_macs),
                f"attention_layer_{lab.unit}": lab.counted(cost.layer_macs),
                "layer_peak_bytes": cost.peak_bytes,
            }
            for stage, label, cost in rows
        ],
        setting=setting_of(config, lab),
    )


def whole(config: PVTConfig, lab: Lab) -> str:
    """Why the whole forward gains less than its attention."""
    report, full = analyze(config, batch=lab.batch), analyze(without_sra(config), batch=lab.batch)
    mlps = sum(row.macs for row in report.select(part=parts.MLP))
    numbers = {
        "mlps": lab.amount(mlps),
        "all": lab.amount(report.macs),
        "share": mlps / report.macs,
    }
    return tr(ways.compared(full.macs, report.macs, *WHOLE[config.version], **numbers))


def _ratios(costs: tuple[StageCost, ...], shape: StageShape) -> Sentence:
    by_name = {cost.variant.name: cost for cost in costs}
    sra, fused, explicit = by_name[SRA.name], by_name[FULL_FUSED.name], by_name[FULL_EXPLICIT.name]
    if sra.attention_macs == fused.attention_macs:
        same = say("R = 1: SRA is full attention here.")
        if shape.pool:
            same = say(
                "{grid} tokens: the pool leaves as many keys, and its layer comes on top.", grid=times(shape.grid)
            )
        saved = factor(explicit.peak_bytes / fused.peak_bytes)
        return joined(same, say("Not storing the map, as fused kernels do, saves {saved} memory.", saved=saved))
    fewer = {
        "fewer": ways.compared(explicit.attention_macs, sra.attention_macs, FEWER, MORE),
        "whole": ways.compared(explicit.layer_macs, sra.layer_macs, "{factor}", MORE),
        "square": shape.reduction**2,
    }
    if shape.pool:
        arithmetic = say(
            "**{fewer}** multiply-adds in QKᵀ and softmax·V ({whole} with the pool and the projections)", **fewer
        )
    elif any(shape.unfolded):
        arithmetic = say(
            "**{fewer}** multiply-adds in QKᵀ and softmax·V, more than R² = {square} since some tokens fill no square"
            " ({whole} with the fold and the projections)",
            **fewer,
        )
    else:
        arithmetic = say(
            "**{fewer}** multiply-adds in QKᵀ and softmax·V ({whole} with the fold and the projections)", **fewer
        )
    return say(
        "{arithmetic}; **{explicit}** attention memory than full attention explicit, {fused} than full attention"
        " fused.",
        arithmetic=arithmetic,
        explicit=ways.compared(explicit.peak_bytes, sra.peak_bytes, LESS, MORE),
        fused=ways.compared(fused.peak_bytes, sra.peak_bytes, LESS, MORE),
    )
