"""The other side of the bargain, on the page: what R adds elsewhere, and the same network under other ratios."""

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.cost import elsewhere
from pvt_viz.ui.looking import table


def show(config: PVTConfig, lab: Lab) -> None:
    st.header(elsewhere.title(config), anchor=False)
    st.markdown(elsewhere.bargain(config, lab))
    if not config.reduces and len(config.dims) == 1:
        return
    table.show(elsewhere.added(config, lab), key="folds")
    st.subheader(tr("The same network, otherwise"), anchor=False)
    st.markdown(elsewhere.compared_with(config))
    table.show(elsewhere.otherwise(config, lab), key="what_ifs")
