"""Every part with its formula and numbers; what R costs elsewhere; the same network under other ratios."""

from dataclasses import replace

import streamlit as st

from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.cost.variants import what_ifs, without_sra
from pvt_viz.ui import address, charts, view
from pvt_viz.ui.lab import choice, ways
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.words import factor, si, times


def headline(config: PVTConfig, lab: Lab) -> None:
    """Four totals, each beside what it would be without SRA."""
    chosen = {kind: analyze(config, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
    ones = without_sra(config)
    full = {kind: analyze(ones, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
    compared = config != ones

    columns = st.columns(4)
    with columns[0]:
        added = chosen["fused"].params - full["fused"].params
        st.metric("Parameters", si(chosen["fused"].params, ""))
        st.caption(f"SRA adds {si(added, '')} of them" if compared else "no fold, so none added")
        positions = sum(parts.positions(config, shape) for shape in chosen["fused"].shapes)
        st.caption(f"{si(positions, '')} are position embeddings for this size" if positions else "none for positions")
    with columns[1]:
        macs, before = chosen["fused"].macs, full["fused"].macs
        st.metric("One forward", lab.amount(macs))
        st.caption(
            f"{ways.compared(before, macs)} than without SRA, {lab.amount(before)}" if compared else "full attention"
        )
    with columns[2]:
        maps, before = chosen["explicit"].attention_map_bytes, full["explicit"].attention_map_bytes
        st.metric("All attention maps", si(maps, "B"))
        st.caption(
            f"if kept; {ways.compared(before, maps)} than without SRA, {si(before, 'B')}" if compared else "if kept"
        )
    with columns[3]:
        fused, explicit = chosen["fused"].peak_activation_bytes, chosen["explicit"].peak_activation_bytes
        st.metric("Peak working memory", si(fused, "B"))
        st.caption("in a fused kernel, beside the weights" + _without(fused, full["fused"].peak_activation_bytes))
        st.caption(f"explicit: {si(explicit, 'B')}" + _without(explicit, full["explicit"].peak_activation_bytes))


def _without(peak: int, before: int) -> str:
    """The same without SRA, where that is more."""
    return f"; without SRA {si(before, 'B')}, {factor(before / peak)}" if before > peak else "; the same without SRA"


def show_extra(config: PVTConfig, lab: Lab) -> None:
    """The other side of the bargain."""
    st.header(f"What {'linear SRA' if config.pool else 'R'} costs elsewhere", anchor=False)
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    folds = report.select(part=parts.REDUCTION)
    if not folds:
        st.markdown("Every R is 1 here: there is no fold, and nothing is added.")
        if len(report.shapes) == 1:
            return
    else:
        params, macs = sum(fold.params for fold in folds), sum(fold.macs for fold in folds)
        why = "A fold costs N·C² a block, whatever R is (where R divides the grid); its weights grow with R²."
        if config.pool:
            keys = report.shapes[0].reduced_tokens
            why = (
                f"One costs {keys}·C² a block, whatever the picture; the averages before it are sums, and not counted."
            )
        st.markdown(
            f"SRA *adds* parameters: the {_added(config)} hold **{si(params, '')}** of {si(report.params, '')}"
            f" ({params / report.params:.1%}). In arithmetic they are cheap: **{lab.amount(macs)}** of"
            f" {lab.amount(report.macs)} ({macs / report.macs:.1%}). {why}"
        )
    charts.table(
        [_fold(report, stage, lab, exact=False) for stage in range(1, len(report.shapes) + 1)],
        numbers=[_fold(report, stage, lab, exact=True) for stage in range(1, len(report.shapes) + 1)],
        key="folds",
        setting=choice.setting(config, lab),
        alt=f"Parameters and multiply-adds of the {_added(config)}, per stage.",
    )
    st.subheader("The same network, otherwise", anchor=False)
    others = "at one stage alone, " if folds and not config.pool else ""
    if config.version == 2:
        others += "folds instead of linear SRA, " if config.pool else "linear SRA instead of folds, "
    st.markdown(f"SRA at no stage, {others}and a ViT whose patches are as small as those of stage 1.")
    ifs = {
        name: {kind: analyze(other, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
        for name, other in what_ifs(config).items()
    }
    charts.table(
        [
            {
                "network": name,
                "parameters": si(priced["fused"].params, ""),
                f"forward, {lab.unit}": lab.amount(priced["fused"].macs),
                "all maps": si(priced["explicit"].attention_map_bytes, "B"),
                "peak, explicit": si(priced["explicit"].peak_activation_bytes, "B"),
                "peak, fused": si(priced["fused"].peak_activation_bytes, "B"),
            }
            for name, priced in ifs.items()
        ],
        numbers=[
            {
                "network": name,
                "parameters": priced["fused"].params,
                f"forward_{lab.unit}": lab.counted(priced["fused"].macs),
                "attention_map_bytes": priced["explicit"].attention_map_bytes,
                "peak_bytes_explicit": priced["explicit"].peak_activation_bytes,
                "peak_bytes_fused": priced["fused"].peak_activation_bytes,
            }
            for name, priced in ifs.items()
        ],
        key="what_ifs",
        setting=choice.setting(config, lab),
        alt="Cost of the same network under other ratios.",
    )


def _added(config: PVTConfig) -> str:
    """The layers that SRA adds."""
    return "layers behind the pools" if config.pool else "folds"


def _fold(report: CostReport, stage: int, lab: Lab, *, exact: bool) -> dict:
    """What the folds (or pools) of a stage add, and what share of the stage that is; for people, or exactly."""
    fold, whole = (
        report.select(stage=stage, part=parts.REDUCTION),
        report.select(stage=stage, part=tuple(parts.STAGE_PARTS)),
    )
    params, macs = sum(row.params for row in fold), sum(row.macs for row in fold)
    all_params, all_macs = sum(row.params for row in whole), sum(row.macs for row in whole)
    shares, shape, added = (params / all_params, macs / all_macs), report.shapes[stage - 1], _added(report.config)
    return {
        "stage": stage,
        **({"keys": times(shape.reduced_grid)} if shape.pool else {"R": shape.reduction}),
        f"parameters of the {added}": params if exact else si(params, ""),
        "share of the stage's parameters": shares[0] if exact else f"{shares[0]:.1%}",
        f"{lab.unit}s of the {added}": lab.counted(macs) if exact else lab.amount(macs),
        f"share of the stage's {lab.unit}s": shares[1] if exact else f"{shares[1]:.1%}",
    }


def show_formulas(config: PVTConfig, lab: Lab) -> None:
    """Every part of one stage: the formula, the formula with its numbers, and what comes out."""
    st.header("Every formula, with its numbers", anchor=False)
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    stage = _choose_stage(len(report.shapes))
    twice = "2·" if lab.unit == "FLOP" else ""
    rows = report.select(stage=stage)
    charts.table(
        [
            {
                "part": row.part,
                f"{lab.unit}s": f"{twice}{row.formula}" if row.macs else "none",
                "with the numbers": f"{twice}{report.filled(row)}" if row.macs else "",
                "=": f"{lab.counted(row.macs):,}",
                "parameters": f"{row.params:,}",
                "attention maps": si(row.attention_map_bytes, "B") if row.attention_map_bytes else "",
                "written": si(row.activation_bytes, "B"),
            }
            for row in rows
        ],
        numbers=[
            {
                "stage": row.stage,
                "part": row.part,
                "formula": f"{twice}{row.formula}" if row.macs else "",
                "filled": f"{twice}{report.filled(row)}" if row.macs else "",
                lab.unit: lab.counted(row.macs),
                "parameters": row.params,
                "attention_map_bytes": row.attention_map_bytes,
                "activation_bytes": row.activation_bytes,
            }
            for row in report.rows
        ],
        key="formulas",
        setting=choice.setting(config, lab),
        alt=f"Formulas and numbers of every part of stage {stage}.",
    )
    st.caption(
        "B batch, L blocks, N tokens, M keys, C channels (C₀ in the grid below), H hidden channels of the MLP,"
        f" {_symbols(config)}. Written: what the part's layers put out, {lab.dtype}, attention explicit; a training run"
        " keeps it. The CSV has every stage."
    )
    peak = report.peak
    held = ", ".join(
        f"{name} {si(numbers * lab.itemsize, 'B')}"
        for name, numbers in sorted(peak.live.items(), key=lambda item: -item[1])
        if numbers
    )
    where = f"{peak.doing} of stage {peak.stage}" if peak.stage else peak.doing
    st.markdown(
        f":material/memory: **The worst moment** of a forward with explicit attention is **{where}**, when"
        f" {si(report.peak_activation_bytes, 'B')} are held at once: {held}."
    )
    st.subheader("How this is counted, and where sources disagree", anchor=False)
    st.markdown(NOTES)


def _symbols(config: PVTConfig) -> str:
    """What else the formulas of this network say."""
    patch = "k side of a window (2p − 1 for patches of p)" if config.version == 2 else "p patch size"
    ratio = "" if config.pool else ", R reduction ratio"
    convolved = ", 9 the places of a 3×3 convolution" if config.version == 2 else ""
    prefix = {0: "are N and M: there is no CLS", 1: "count CLS, which only the last stage has"}.get(
        config.n_prefix, f"count the {config.n_prefix} tokens before the grid, which only the last stage has"
    )
    return f"{patch}{ratio}{convolved}, K classes; N⁺ and M⁺ {prefix}"


def _choose_stage(stages: int) -> int:
    if stages == 1:
        return 1

    def choose() -> None:
        address.touch()
        view.keep(replace(view.current(), stage=st.session_state["stage"]))

    st.session_state["stage"] = min(view.current().stage, stages)
    return st.segmented_control("Stage", list(range(1, stages + 1)), key="stage", required=True, on_change=choose)


NOTES = """
- **1 MAC = 2 FLOPs.** The PVT paper's "GFLOPs" are GMACs: its 1.9, 3.8, 6.7 and 9.8 for Tiny to Large come out here
  as MACs.
- **Left out**, by that convention: softmax, LayerNorm, GELU, ReLU, biases, residual sums, and the sums of an average
  pool and of a mean token. Everything else equals what
  `torch.utils.flop_counter.FlopCounterMode` counts on the running network, to the last operation; a test holds it
  there.
- **Depths.** The paper's Table 1 prints 3 blocks for stage 2 of Small and Medium. Its parameter counts, 24.5 M and
  44.2 M, need 4; so does the authors' code.
- **PVTv2's Equation 1** gives SRA's cost with an extra R² in the second term. A fold is a convolution of kernel R and
  stride R: R²·C numbers in, C out, at N/R² places, which is N·C² for every R. Its **Equation 2** gives linear SRA's as
  that of QKᵀ and softmax·V alone; the layer behind the pool, M·C² a block, is counted here.
- **Memory** is predicted from what Python still holds at each moment of a forward without gradients. Weights, the image
  and a kernel's own scratch are not in it. *Measure now* holds it against this machine.
"""
