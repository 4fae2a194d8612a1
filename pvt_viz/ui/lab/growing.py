"""What a larger image costs, and how large a picture fits, on the page."""

import streamlit as st

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.cost import growing
from pvt_viz.ui.looking import charts, table


def show_growth(config: PVTConfig, lab: Lab) -> None:
    st.header(tr("What a larger image costs"), anchor=False)
    charts.show(
        growing.described_growth(config, lab),
        key="growth",
        alt=tr("Lines: {unit}s of a forward over the image side, for every network.", unit=lab.unit),
        setting=setting_of(config, lab),
    )
    st.markdown(growing.at_the_side(config, lab))
    st.markdown(f":material/compare_arrows: {growing.beside_the_paper()}")


def show_frontier(config: PVTConfig, lab: Lab) -> None:
    st.header(tr("How large a picture fits"), anchor=False)
    charts.show(
        growing.described_frontier(config, lab),
        key="frontier",
        alt=tr("Bars: the largest square image for five memory budgets, for every variant."),
        setting=setting_of(config, lab),
    )
    table.show(growing.tabulated_frontier(config, lab), key="frontier")
    if change := growing.fused_kernels(config, lab):
        st.markdown(f":material/lightbulb: {change}")
