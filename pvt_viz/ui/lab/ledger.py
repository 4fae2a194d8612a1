"""Every part with its formula and numbers; what R costs elsewhere; the same network under other ratios."""

from dataclasses import replace

import streamlit as st

from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.cost.variants import what_ifs, without_sra
from pvt_viz.language import N_, Sentence, say, tr
from pvt_viz.ui import address, charts, view
from pvt_viz.ui.lab import choice, ways
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.ui.listed import enumerated, listed
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
        st.metric(tr("Parameters"), si(chosen["fused"].params, ""))
        if compared:
            st.caption(tr("SRA adds {added} of them", added=si(added, "")))
        else:
            st.caption(tr("no fold, so none added"))
        positions = sum(parts.positions(config, shape) for shape in chosen["fused"].shapes)
        if positions:
            st.caption(tr("{positions} are position embeddings for this size", positions=si(positions, "")))
        else:
            st.caption(tr("none for positions"))
    with columns[1]:
        macs, before = chosen["fused"].macs, full["fused"].macs
        st.metric(tr("One forward"), lab.amount(macs))
        if compared:
            st.caption(tr(ways.compared(before, macs, LESS, MORE, before=lab.amount(before))))
        else:
            st.caption(tr("full attention"))
    with columns[2]:
        maps, before = chosen["explicit"].attention_map_bytes, full["explicit"].attention_map_bytes
        st.metric(tr("All attention maps"), si(maps, "B"))
        if compared:
            st.caption(tr(ways.compared(before, maps, IF_KEPT_LESS, IF_KEPT_MORE, before=si(before, "B"))))
        else:
            st.caption(tr("if kept"))
    with columns[3]:
        fused, explicit = chosen["fused"].peak_activation_bytes, chosen["explicit"].peak_activation_bytes
        st.metric(tr("Peak working memory"), si(fused, "B"))
        st.caption(_beside(fused, full["fused"].peak_activation_bytes, IN_FUSED, IN_FUSED_SAME))
        st.caption(_beside(explicit, full["explicit"].peak_activation_bytes, EXPLICIT, EXPLICIT_SAME))


LESS = N_("{factor} less than without SRA, {before}")
MORE = N_("{factor} more than without SRA, {before}")
IF_KEPT_LESS = N_("if kept; {factor} less than without SRA, {before}")
IF_KEPT_MORE = N_("if kept; {factor} more than without SRA, {before}")
IN_FUSED = N_("in a fused kernel, beside the weights; without SRA {before}, {factor}")
IN_FUSED_SAME = N_("in a fused kernel, beside the weights; the same without SRA")
EXPLICIT = N_("explicit: {peak}; without SRA {before}, {factor}")
EXPLICIT_SAME = N_("explicit: {peak}; the same without SRA")


def _beside(peak: int, before: int, more: str, same: str) -> str:
    """A peak beside that without SRA, where that is more."""
    if before > peak:
        return tr(more, peak=si(peak, "B"), before=si(before, "B"), factor=factor(before / peak))
    return tr(same, peak=si(peak, "B"))


def show_extra(config: PVTConfig, lab: Lab) -> None:
    """The other side of the bargain."""
    if config.pool:
        st.header(tr("What linear SRA costs elsewhere"), anchor=False)
    else:
        st.header(tr("What R costs elsewhere"), anchor=False)
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    folds = report.select(part=parts.REDUCTION)
    if not folds:
        st.markdown(tr("Every R is 1 here: there is no fold, and nothing is added."))
        if len(report.shapes) == 1:
            return
    else:
        params, macs = sum(fold.params for fold in folds), sum(fold.macs for fold in folds)
        numbers = {
            "params": si(params, ""),
            "all_params": si(report.params, ""),
            "share": params / report.params,
            "macs": lab.amount(macs),
            "all_macs": lab.amount(report.macs),
            "macs_share": macs / report.macs,
        }
        if config.pool:
            bargain = tr(
                "SRA *adds* parameters: the layers behind the pools hold **{params}** of {all_params} ({share:.1%}). In"
                " arithmetic they are cheap: **{macs}** of {all_macs} ({macs_share:.1%}). One costs {keys}·C² a block,"
                " whatever the picture; the averages before it are sums, and not counted.",
                keys=report.shapes[0].reduced_tokens,
                **numbers,
            )
        else:
            bargain = tr(
                "SRA *adds* parameters: the folds hold **{params}** of {all_params} ({share:.1%}). In arithmetic they"
                " are cheap: **{macs}** of {all_macs} ({macs_share:.1%}). A fold costs N·C² a block, whatever R is"
                " (where R divides the grid); its weights grow with R².",
                **numbers,
            )
        st.markdown(bargain)
    alt = tr("Parameters and multiply-adds of the folds, per stage.")
    if config.pool:
        alt = tr("Parameters and multiply-adds of the layers behind the pools, per stage.")
    charts.table(
        [_fold(report, stage, lab, exact=False) for stage in range(1, len(report.shapes) + 1)],
        numbers=[_fold(report, stage, lab, exact=True) for stage in range(1, len(report.shapes) + 1)],
        key="folds",
        setting=choice.setting(config, lab),
        alt=alt,
    )
    st.subheader(tr("The same network, otherwise"), anchor=False)
    st.markdown(_otherwise(config))
    ifs = {
        name: {kind: analyze(other, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
        for name, other in what_ifs(config).items()
    }
    charts.table(
        [
            {
                tr("network"): tr(name),
                tr("parameters"): si(priced["fused"].params, ""),
                tr("forward, {unit}", unit=lab.unit): lab.amount(priced["fused"].macs),
                tr("all maps"): si(priced["explicit"].attention_map_bytes, "B"),
                tr("peak, explicit"): si(priced["explicit"].peak_activation_bytes, "B"),
                tr("peak, fused"): si(priced["fused"].peak_activation_bytes, "B"),
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
        alt=tr("Cost of the same network under other ratios."),
    )


def _otherwise(config: PVTConfig) -> str:
    """What the same network is compared with."""
    if config.pool:
        return tr(
            "SRA at no stage, folds instead of linear SRA, and a ViT whose patches are as small as those of stage 1."
        )
    if config.version == 2 and config.reduces:
        return tr(
            "SRA at no stage, at one stage alone, linear SRA instead of folds, and a ViT whose patches are as small as"
            " those of stage 1."
        )
    if config.version == 2:
        return tr(
            "SRA at no stage, linear SRA instead of folds, and a ViT whose patches are as small as those of stage 1."
        )
    if config.reduces:
        return tr("SRA at no stage, at one stage alone, and a ViT whose patches are as small as those of stage 1.")
    return tr("SRA at no stage, and a ViT whose patches are as small as those of stage 1.")


def _fold(report: CostReport, stage: int, lab: Lab, *, exact: bool) -> dict:
    """What the folds (or pools) of a stage add, and what share of the stage that is; for people, or exactly."""
    fold, whole = (
        report.select(stage=stage, part=parts.REDUCTION),
        report.select(stage=stage, part=tuple(parts.STAGE_PARTS)),
    )
    params, macs = sum(row.params for row in fold), sum(row.macs for row in fold)
    all_params, all_macs = sum(row.params for row in whole), sum(row.macs for row in whole)
    shares, shape = (params / all_params, macs / all_macs), report.shapes[stage - 1]
    params_of, macs_of = say("parameters of the folds"), say("{unit}s of the folds", unit=lab.unit)
    if shape.pool:
        params_of = say("parameters of the layers behind the pools")
        macs_of = say("{unit}s of the layers behind the pools", unit=lab.unit)
    row = {
        say("stage"): stage,
        **({say("keys"): times(shape.reduced_grid)} if shape.pool else {"R": shape.reduction}),
        params_of: params if exact else si(params, ""),
        say("share of the stage's parameters"): shares[0] if exact else f"{shares[0]:.1%}",
        macs_of: lab.counted(macs) if exact else lab.amount(macs),
        say("share of the stage's {unit}s", unit=lab.unit): shares[1] if exact else f"{shares[1]:.1%}",
    }
    return row if exact else {tr(column): value for column, value in row.items()}


def show_formulas(config: PVTConfig, lab: Lab) -> None:
    """Every part of one stage: the formula, the formula with its numbers, and what comes out."""
    st.header(tr("Every formula, with its numbers"), anchor=False)
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    stage = _choose_stage(len(report.shapes))
    twice = "2·" if lab.unit == "FLOP" else ""
    rows = report.select(stage=stage)
    charts.table(
        [
            {
                tr("part"): tr(row.part),
                tr("{unit}s", unit=lab.unit): f"{twice}{row.formula}" if row.macs else tr("none"),
                tr("with the numbers"): f"{twice}{report.filled(row)}" if row.macs else "",
                "=": f"{lab.counted(row.macs):,}",
                tr("parameters"): f"{row.params:,}",
                tr("attention maps"): si(row.attention_map_bytes, "B") if row.attention_map_bytes else "",
                tr("written"): si(row.activation_bytes, "B"),
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
        alt=tr("Formulas and numbers of every part of stage {stage}.", stage=stage),
    )
    st.caption(
        tr(
            "{symbols}; {prefix}. Written: what the part's layers put out, {dtype}, attention explicit; a training run"
            " keeps it. The CSV has every stage.",
            symbols=_symbols(config),
            prefix=_prefix(config),
            dtype=lab.dtype,
        )
    )
    peak = report.peak
    doing = say(peak.doing)
    worst = tr(
        "**The worst moment** of a forward with explicit attention is **{moment}**, when {peak} are held at once:"
        " {held}.",
        moment=say("{doing} of stage {stage}", doing=doing, stage=peak.stage) if peak.stage else doing,
        peak=si(report.peak_activation_bytes, "B"),
        held=enumerated(
            *(
                say("{tensor} {size}", tensor=say(name), size=si(numbers * lab.itemsize, "B"))
                for name, numbers in sorted(peak.live.items(), key=lambda item: -item[1])
                if numbers
            )
        ),
    )
    st.markdown(f":material/memory: {worst}")
    st.subheader(tr("How this is counted, and where sources disagree"), anchor=False)
    st.markdown("\n".join(f"- {tr(note)}" for note in NOTES))


def legend(config: PVTConfig) -> str:
    """The symbols of the formulas of this network, in a sentence."""
    return tr("{symbols}; {prefix}.", symbols=_symbols(config), prefix=_prefix(config))


def _symbols(config: PVTConfig) -> Sentence:
    """What the formulas of this network say."""
    return listed(
        say("B batch, L blocks, N tokens, M keys, C channels (C₀ in the grid below), H hidden channels of the MLP"),
        say("k side of a window (2p − 1 for patches of p)") if config.version == 2 else say("p patch size"),
        "" if config.pool else say("R reduction ratio"),
        say("9 the places of a 3×3 convolution") if config.version == 2 else "",
        say("K classes"),
    )


def _prefix(config: PVTConfig) -> Sentence:
    """What N⁺ and M⁺ are in this network."""
    if config.n_prefix == 0:
        return say("N⁺ and M⁺ are N and M: there is no CLS")
    if config.n_prefix == 1:
        return say("N⁺ and M⁺ count CLS, which only the last stage has")
    return say(
        "N⁺ and M⁺ count the {count} tokens before the grid, which only the last stage has", count=config.n_prefix
    )


def _choose_stage(stages: int) -> int:
    if stages == 1:
        return 1

    def choose() -> None:
        address.touch()
        view.keep(replace(view.current(), stage=st.session_state["stage"]))

    st.session_state["stage"] = min(view.current().stage, stages)
    return st.segmented_control(tr("Stage"), list(range(1, stages + 1)), key="stage", required=True, on_change=choose)


NOTES = (
    N_(
        '**1 MAC = 2 FLOPs.** The PVT paper\'s "GFLOPs" are GMACs: its 1.9, 3.8, 6.7 and 9.8 for Tiny to Large come out'
        " here as MACs."
    ),
    N_(
        "**Left out**, by that convention: softmax, LayerNorm, GELU, ReLU, biases, residual sums, and the sums of an"
        " average pool and of a mean token. Everything else equals what `torch.utils.flop_counter.FlopCounterMode`"
        " counts on the running network, to the last operation; a test holds it there."
    ),
    N_(
        "**Depths.** The paper's Table 1 prints 3 blocks for stage 2 of Small and Medium. Its parameter counts, 24.5 M"
        " and 44.2 M, need 4; so does the authors' code."
    ),
    N_(
        "**PVTv2's Equation 1** gives SRA's cost with an extra R² in the second term. A fold is a convolution of kernel"
        " R and stride R: R²·C numbers in, C out, at N/R² places, which is N·C² for every R. Its **Equation 2** gives"
        " linear SRA's as that of QKᵀ and softmax·V alone; the layer behind the pool, M·C² a block, is counted here."
    ),
    N_(
        "**Memory** is predicted from what Python still holds at each moment of a forward without gradients. Weights,"
        " the image and a kernel's own scratch are not in it. *Measure now* holds it against this machine."
    ),
)
