"""Four totals of the chosen network, each beside what it would be without SRA."""

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.counted import analyze
from pvt_viz.cost.variants import without_sra
from pvt_viz.language import N_, tr
from pvt_viz.ui.lab import ways
from pvt_viz.words import factor, si


def show(config: PVTConfig, lab: Lab) -> None:
    """In a row; on a phone one below the other."""
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
