"""Every part of every stage, on the page: the formula, the formula with its numbers, and what comes out."""

from dataclasses import replace

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.cost import formulas
from pvt_viz.ui import address, controls
from pvt_viz.ui.choosing import view
from pvt_viz.ui.looking import table


def show(config: PVTConfig, lab: Lab) -> None:
    """Of the stage that is chosen; the CSV has all of them."""
    st.header(tr("Every formula, with its numbers"), anchor=False)
    stage = _choose_stage(len(config.dims))
    table.show(formulas.tabulated(config, lab, stage), key="formulas")
    st.markdown(f":material/memory: {formulas.worst_moment(config, lab)}")
    st.subheader(tr("How this is counted, and where sources disagree"), anchor=False)
    st.markdown("\n".join(f"- {tr(note)}" for note in formulas.NOTES))


def _choose_stage(stages: int) -> int:
    if stages == 1:
        return 1

    def choose() -> None:
        address.touch()
        view.keep(replace(view.current(), stage=st.session_state["stage"]))

    st.session_state["stage"] = min(view.current().stage, stages)
    return controls.segmented_control(tr("Stage"), list(range(1, stages + 1)), key="stage", on_change=choose)
