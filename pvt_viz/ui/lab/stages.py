"""Where SRA saves, stage by stage, on the page."""

import streamlit as st

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.cost import stages
from pvt_viz.ui.looking import charts, table


def show(config: PVTConfig, lab: Lab) -> None:
    st.header(tr("Where SRA saves, stage by stage"), anchor=False)
    st.markdown(stages.kernels(config))
    setting = setting_of(config, lab)
    macs, memory = stages.described(config, lab)
    with st.container(key="wide_stages"):  # one below the other on a phone
        left, right = st.columns(2)
    with left:
        st.subheader(tr("Attention, {unit}s", unit=lab.unit), anchor=False)
        charts.show(
            macs,
            key="stage_macs",
            alt=tr("Bars: {unit}s of attention per stage, for every variant.", unit=lab.unit),
            setting=setting,
        )
    with right:
        st.subheader(tr("Attention, memory"), anchor=False)
        charts.show(
            memory,
            key="stage_memory",
            alt=tr("Bars: peak memory of one attention layer per stage, for every variant."),
            setting=setting,
        )
    if lines := stages.saved(config, lab):
        st.markdown("\n".join(f"- {line}" for line in lines))
        st.markdown(stages.whole(config, lab))
    else:
        st.markdown(tr("Every R is 1 here: there is no SRA to compare with. The fused kernel alone saves the maps."))
    with st.expander(tr("The same as a table")):
        table.show(stages.tabulated(config, lab), key="stages")
