"""Four totals of the chosen network, each beside what it would be without SRA."""

from dataclasses import dataclass

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.variants import without_sra
from pvt_viz.language import N_, tr
from pvt_viz.lesson.cost import ways
from pvt_viz.words import factor, si

LESS = N_("{factor} less than without SRA, {before}")
MORE = N_("{factor} more than without SRA, {before}")
IF_KEPT_LESS = N_("if kept; {factor} less than without SRA, {before}")
IF_KEPT_MORE = N_("if kept; {factor} more than without SRA, {before}")
IN_FUSED = N_("in a fused kernel, beside the weights; without SRA {before}, {factor}")
IN_FUSED_SAME = N_("in a fused kernel, beside the weights; the same without SRA")
EXPLICIT = N_("explicit: {peak}; without SRA {before}, {factor}")
EXPLICIT_SAME = N_("explicit: {peak}; the same without SRA")


@dataclass(frozen=True)
class Total:
    """One number of the network, and what is said below it, line by line."""

    name: str
    amount: str
    notes: tuple[str, ...]


def totals(config: PVTConfig, lab: Lab) -> tuple[Total, ...]:
    """Parameters, one forward, all attention maps, and the peak of working memory."""
    chosen = {kind: analyze(config, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
    ones = without_sra(config)
    full = {kind: analyze(ones, batch=lab.batch, attention=kind, dtype=lab.dtype) for kind in ("explicit", "fused")}
    added, forward, kept = tr("no fold, so none added"), tr("full attention"), tr("if kept")
    params, macs, maps = chosen["fused"].params, chosen["fused"].macs, chosen["explicit"].attention_map_bytes
    if config != ones:
        macs_before, maps_before = full["fused"].macs, full["explicit"].attention_map_bytes
        added = tr("SRA adds {added} of them", added=si(params - full["fused"].params, ""))
        forward = tr(ways.compared(macs_before, macs, LESS, MORE, before=lab.amount(macs_before)))
        kept = tr(ways.compared(maps_before, maps, IF_KEPT_LESS, IF_KEPT_MORE, before=si(maps_before, "B")))
    positions, placed = sum(parts.positions(config, s) for s in chosen["fused"].shapes), tr("none for positions")
    if positions:
        placed = tr("{positions} are position embeddings for this size", positions=si(positions, ""))
    fused, explicit = chosen["fused"].peak_activation_bytes, chosen["explicit"].peak_activation_bytes
    return (
        Total(tr("Parameters"), si(params, ""), (added, placed)),
        Total(tr("One forward"), lab.amount(macs), (forward,)),
        Total(tr("All attention maps"), si(maps, "B"), (kept,)),
        Total(
            tr("Peak working memory"),
            si(fused, "B"),
            (
                _beside(fused, full["fused"].peak_activation_bytes, IN_FUSED, IN_FUSED_SAME),
                _beside(explicit, full["explicit"].peak_activation_bytes, EXPLICIT, EXPLICIT_SAME),
            ),
        ),
    )


def _beside(peak: int, before: int, more: str, same: str) -> str:
    """A peak beside that without SRA, where that is more."""
    if before > peak:
        return tr(more, peak=si(peak, "B"), before=si(before, "B"), factor=factor(before / peak))
    return tr(same, peak=si(peak, "B"))
