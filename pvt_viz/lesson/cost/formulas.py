"""Every part of every stage: the formula, the formula with its numbers, and what comes out."""

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.cost.counted import Row, analyze
from pvt_viz.language import N_, Sentence, say, spaced, tr
from pvt_viz.lesson.table import Table
from pvt_viz.listed import enumerated, listed
from pvt_viz.words import si


def tabulated(config: PVTConfig, lab: Lab, stage: int | None = None) -> Table:
    """The parts of one stage, or of all; the numbers are of all."""
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    twice = "2·" if lab.unit == "FLOP" else ""

    def shown(row: Row) -> dict[str, str]:
        return {
            **({} if stage else {tr("stage"): str(row.stage)}),
            tr("part"): tr(row.part),
            tr("{unit}s", unit=lab.unit): f"{twice}{row.formula}" if row.macs else tr("none"),
            tr("with the numbers"): f"{twice}{report.filled(row)}" if row.macs else "",
            "=": f"{lab.counted(row.macs):,}",
            tr("parameters"): f"{row.params:,}",
            tr("attention maps"): si(row.attention_map_bytes, "B") if row.attention_map_bytes else "",
            tr("written"): si(row.activation_bytes, "B"),
        }

    legend = tr(
        "{symbols}; {prefix}. Written: what the part's layers put out, {dtype}, attention explicit; a training run"
        " keeps it.",
        symbols=_symbols(config),
        prefix=_prefix(config),
        dtype=lab.dtype,
    )
    return Table(
        tr("Formulas and numbers of every part of stage {stage}.", stage=stage)
        if stage
        else tr("Formulas and numbers of every part of every stage."),
        [shown(row) for row in (report.select(stage=stage) if stage else report.rows)],
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
        setting=setting_of(config, lab),
        note=spaced(legend, tr("The CSV has every stage.")) if stage else legend,
    )


def worst_moment(config: PVTConfig, lab: Lab) -> str:
    """When most is held at once, and what."""
    report = analyze(config, batch=lab.batch, dtype=lab.dtype)
    peak = report.peak
    doing = say(peak.doing)
    return tr(
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


NOTES = (
    N_(
        '**1 MAC = 2 FLOPs.** The PVT paper\'s "GFLOPs" are GMACs: its 1.9, 3.8, 6.7 and 9.8 for Tiny to Large come out'
        " here as MACs."
    ),
    N_(
        "**Left out**, by that convention: softmax, LayerNorm, GELU, ReLU, biases, residual sums, and the sums of an"
        " average pool and of a mean token. Everything else equals what `torch.utils.flop_counter.FlopCounterMode`"
        " counts when the network runs on the meta device, to the last operation; a test holds it there. On a CPU it"
        " counts fused attention as nothing."
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
