"""Where SRA saves: multiply-adds and memory of every stage's attention, three ways."""

import streamlit as st

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import parts
from pvt_viz.cost.compare import StageCost, by_stage
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.variants import FULL_EXPLICIT, FULL_FUSED, SRA, without_sra
from pvt_viz.figures import cost as figures
from pvt_viz.ui import charts
from pvt_viz.ui.lab import choice, ways
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.words import factor, si, times


def show(config: PVTConfig, lab: Lab) -> None:
    st.header("Where SRA saves, stage by stage", anchor=False)
    fewer = f"averages the tokens to {ways.pooled(config)} keys" if config.pool else "folds R×R tokens into one key"
    st.markdown(
        "**Explicit** attention writes every N×M map out to memory, as the paper's code did. A **fused** kernel"
        " (FlashAttention and its kin) computes the same products but never stores the map."
        f" **{'Linear SRA' if config.pool else 'SRA'}** {fewer}, so that there is less to compute in the first place."
    )
    setting = choice.setting(config, lab)
    stages = by_stage(config, lab.batch, lab.dtype)
    labels = {cost.variant.name: cost.variant.label for cost in stages[0]}
    places = [str(costs[0].stage) for costs in stages]
    log = lab.axis == "log"
    with st.container(key="wide_stages"):  # one below the other on a phone
        left, right = st.columns(2)
    with left:
        st.subheader(f"Attention, {lab.unit}s", anchor=False)
        chart = figures.bars(
            places,
            {name: [lab.counted(costs[i].attention_macs) for costs in stages] for i, name in enumerate(labels)},
            labels,
            title=f"Attention per stage, {lab.unit}s",
            x_title="stage",
            y_title="QKᵀ and softmax·V",
            caption=f"QKᵀ and softmax·V in all blocks of a stage, for {choice.images(lab)}. Fused kernels multiply as"
            " much.",
            unit=lab.unit,
            log=log,
        )
        charts.show(
            chart,
            key="stage_macs",
            alt=f"Bars: {lab.unit}s of attention per stage, for every variant.",
            setting=setting,
        )
    with right:
        st.subheader("Attention, memory", anchor=False)
        chart = figures.bars(
            places,
            {name: [costs[i].peak_bytes for costs in stages] for i, name in enumerate(labels)},
            labels,
            title="Attention per stage, memory",
            x_title="stage",
            y_title="peak of one attention layer",
            caption=f"One attention layer at its worst moment, {lab.dtype}, for {choice.images(lab)}; predicted.",
            unit="B",
            log=log,
        )
        charts.show(
            chart,
            key="stage_memory",
            alt="Bars: peak memory of one attention layer per stage, for every variant.",
            setting=setting,
        )
    if SRA.name in labels:
        shapes = config.shapes()
        noun = ways.noun(config)
        lines = [
            f"- **Stage {costs[0].stage}**: {_ratios(costs, shapes[costs[0].stage - 1], noun)}" for costs in stages
        ]
        st.markdown("\n".join(lines))
        _whole(config, lab)
    else:
        st.markdown("Every R is 1 here: there is no SRA to compare with. The fused kernel alone saves the maps.")
    rows = [(cost.stage, cost.variant.label, cost) for costs in stages for cost in costs]
    with st.expander("The same as a table"):
        charts.table(
            [
                {
                    "stage": stage,
                    "attention": label,
                    f"QKᵀ and softmax·V, {lab.unit}": lab.amount(cost.attention_macs),
                    f"with {ways.noun(config)} and projections, {lab.unit}": lab.amount(cost.layer_macs),
                    "peak of one layer": si(cost.peak_bytes, "B"),
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
            key="stages",
            setting=setting,
            alt="Multiply-adds and memory of every stage's attention, for every variant.",
        )


def _whole(config: PVTConfig, lab: Lab) -> None:
    """Why the whole forward gains less than its attention."""
    report, full = analyze(config, batch=lab.batch), analyze(without_sra(config), batch=lab.batch)
    mlps = sum(row.macs for row in report.select(part=parts.MLP))
    convolved = ", with their convolutions," if config.version == 2 else " alone"
    st.markdown(
        f"The whole forward takes **{ways.compared(full.macs, report.macs)}** than without SRA: its MLPs{convolved} are"
        f" {lab.amount(mlps)} of {lab.amount(report.macs)} ({mlps / report.macs:.0%}), and SRA does not touch them."
    )


def _ratios(costs: tuple[StageCost, ...], shape: StageShape, noun: str) -> str:
    by_name = {cost.variant.name: cost for cost in costs}
    sra, fused, explicit = by_name[SRA.name], by_name[FULL_FUSED.name], by_name[FULL_EXPLICIT.name]
    if sra.attention_macs == fused.attention_macs:
        saved = factor(explicit.peak_bytes / fused.peak_bytes)
        same = "R = 1: SRA is full attention here."
        if shape.pool:
            same = f"{times(shape.grid)} tokens: the {noun} leaves as many keys, and its layer comes on top."
        return f"{same} Not storing the map, as fused kernels do, saves {saved} memory."
    fewer = ways.compared(explicit.attention_macs, sra.attention_macs, "fewer")
    in_all = ways.compared(explicit.layer_macs, sra.layer_macs, "").strip()
    dropped = f", more than R² = {shape.reduction**2} since some tokens fill no square" if any(shape.unfolded) else ""
    return (
        f"**{fewer}** multiply-adds in QKᵀ and softmax·V{dropped}"
        f" ({in_all} with the {noun} and the projections);"
        f" **{ways.compared(explicit.peak_bytes, sra.peak_bytes)}** attention memory than full attention explicit,"
        f" {ways.compared(fused.peak_bytes, sra.peak_bytes)} than full attention fused."
    )
