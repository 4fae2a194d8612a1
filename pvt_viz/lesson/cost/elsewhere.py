"""The other side of the bargain: what R adds elsewhere, and the same network under other ratios."""

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.cost.variants import what_ifs
from pvt_viz.language import say, tr
from pvt_viz.lesson.table import Table
from pvt_viz.words import si, times


def title(config: PVTConfig) -> str:
    """What this is about in a network of this kind."""
    return tr("What linear SRA costs elsewhere") if config.pool else tr("What R costs elsewhere")


def bargain(config: PVTConfig, lab: Lab) -> str:
    """What SRA adds to the parameters, and to the arithmetic."""
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    folds = report.select(part=parts.REDUCTION)
    if not folds:
        return nothing_added()
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
        return tr(
            "SRA *adds* parameters: the layers behind the pools hold **{params}** of {all_params} ({share:.1%}). In"
            " arithmetic they are cheap: **{macs}** of {all_macs} ({macs_share:.1%}). One costs {keys}·C² a block,"
            " whatever the picture; the averages before it are sums, and not counted.",
            keys=report.shapes[0].reduced_tokens,
            **numbers,
        )
    return tr(
        "SRA *adds* parameters: the folds hold **{params}** of {all_params} ({share:.1%}). In arithmetic they"
        " are cheap: **{macs}** of {all_macs} ({macs_share:.1%}). A fold costs N·C² a block, whatever R is"
        " (where R divides the grid); its weights grow with R².",
        **numbers,
    )


def nothing_added() -> str:
    """Where nothing is reduced."""
    return tr("Every R is 1 here: there is no fold, and nothing is added.")


def added(config: PVTConfig, lab: Lab) -> Table:
    """What the folds, or the layers behind the pools, add to every stage."""
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    alt = tr("Parameters and multiply-adds of the folds, per stage.")
    if config.pool:
        alt = tr("Parameters and multiply-adds of the layers behind the pools, per stage.")
    stages = range(1, len(report.shapes) + 1)
    return Table(
        alt,
        [_fold(report, stage, lab, exact=False) for stage in stages],
        numbers=[_fold(report, stage, lab, exact=True) for stage in stages],
        setting=setting_of(config, lab),
    )


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
    return row if exact else {tr(column): str(value) for column, value in row.items()}


def otherwise(config: PVTConfig, lab: Lab) -> Table:
    """The cost of the same network under other ratios."""
    ifs = {
        name: {kind: analyze(other, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
        for name, other in what_ifs(config).items()
    }
    return Table(
        tr("Cost of the same network under other ratios."),
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
        setting=setting_of(config, lab),
    )


def compared_with(config: PVTConfig) -> str:
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
