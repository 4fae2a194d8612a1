"""The Cost page as sections: the charts, and the tables beside them with what they count of every stage."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz.cost import parts
from pvt_viz.cost.compare import by_stage
from pvt_viz.cost.counted import CostReport, analyze
from pvt_viz.cost.variants import what_ifs
from pvt_viz.language import tr
from pvt_viz.site.section import Section, Table
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.lab import choice, growing, ledger, linear, stages
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.ui.listed import listed
from pvt_viz.words import si, times


def sections(scene: Scene) -> Iterator[Section]:
    """Counted for the network and the size of the scene, one image, float32, in MACs."""
    config = scene.selection.config
    lab = replace(choice.Lab(), side=max(config.image_hw))
    report = analyze(config)
    setting = listed(*choice.setting(config, lab).values())
    charts = (
        *stages.described(config, lab),
        growing.described_growth(config, lab),
        growing.described_frontier(config, lab),
        linear.described(lab),
    )
    yield Section(
        "cost",
        tr("What attention costs"),
        tr("Counted in closed form for this network and this picture, and for larger ones."),
        charts=[replace(chart, setting=setting) for chart in charts[:-1]] + [charts[-1]],
        tables=[_stages(scene, lab)],
    )
    title = tr("What linear SRA costs elsewhere") if config.pool else tr("What R costs elsewhere")
    words = tr("SRA cuts arithmetic and memory. What it adds are the parameters that make its keys.")
    if not report.select(part=parts.REDUCTION):
        words = tr("Every R is 1 here: there is no fold, and nothing is added.")
    yield Section("elsewhere", title, words, tables=[_added(report, lab), _otherwise(scene, lab)])
    yield Section(
        "formulas",
        tr("Every formula, with its numbers"),
        ledger.legend(config),
        tables=[_formulas(report)],
        notes=[tr(note) for note in ledger.NOTES[:-1]],  # the last is about measuring, which a file cannot
    )


def _stages(scene: Scene, lab: Lab) -> Table:
    rows = [
        {
            tr("stage"): str(cost.stage),
            tr("attention"): tr(cost.variant.label),
            tr("QKᵀ and softmax·V, {unit}", unit=lab.unit): lab.amount(cost.attention_macs),
            tr("whole attention layers"): lab.amount(cost.layer_macs),
            tr("peak of one layer"): si(cost.peak_bytes, "B"),
        }
        for variants in by_stage(scene.selection.config)
        for cost in variants
    ]
    return Table(tr("Multiply-adds and memory of every stage's attention, for every variant."), rows)


def _added(report: CostReport, lab: Lab) -> Table:
    """What the folds, or the layers behind the pools, are of every stage."""
    rows = []
    for shape in report.shapes:
        fold, whole = (
            report.select(stage=shape.index, part=names) for names in (parts.REDUCTION, tuple(parts.STAGE_PARTS))
        )
        params, all_params = (sum(row.params for row in found) for found in (fold, whole))
        macs, all_macs = (sum(row.macs for row in found) for found in (fold, whole))
        rows.append(
            {
                tr("stage"): str(shape.index),
                **({tr("keys"): times(shape.reduced_grid)} if shape.pool else {"R": str(shape.reduction)}),
                tr("parameters added"): si(params, ""),
                tr("share of the stage's parameters"): f"{params / all_params:.1%}",
                tr("{unit}s added", unit=lab.unit): lab.amount(macs),
                tr("share of the stage's {unit}s", unit=lab.unit): f"{macs / all_macs:.1%}",
            }
        )
    alt = tr("Parameters and multiply-adds of the folds, per stage.")
    if report.shapes[0].pool:
        alt = tr("Parameters and multiply-adds of the layers behind the pools, per stage.")
    return Table(alt, rows)


def _otherwise(scene: Scene, lab: Lab) -> Table:
    rows = []
    for name, other in what_ifs(scene.selection.config).items():
        explicit, fused = (analyze(other, attention=kind) for kind in ("explicit", "fused"))
        rows.append(
            {
                tr("network"): tr(name),
                tr("parameters"): si(fused.params, ""),
                tr("forward, {unit}", unit=lab.unit): lab.amount(fused.macs),
                tr("all maps"): si(explicit.attention_map_bytes, "B"),
                tr("peak, explicit"): si(explicit.peak_activation_bytes, "B"),
                tr("peak, fused"): si(fused.peak_activation_bytes, "B"),
            }
        )
    return Table(tr("Cost of the same network under other ratios."), rows)


def _formulas(report: CostReport) -> Table:
    rows = [
        {
            tr("stage"): str(row.stage),
            tr("part"): tr(row.part),
            "MAC": f"`{row.formula}`" if row.macs else tr("none"),
            tr("with the numbers"): f"`{report.filled(row)}`" if row.macs else "",
            "=": f"{row.macs:,}",
            tr("parameters"): f"{row.params:,}",
            tr("attention maps"): si(row.attention_map_bytes, "B") if row.attention_map_bytes else "",
        }
        for row in report.rows
    ]
    return Table(tr("Formulas and numbers of every part of every stage."), rows)
