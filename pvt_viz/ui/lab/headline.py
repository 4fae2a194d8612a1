"""Four totals of the chosen network on the page, each beside what it would be without SRA."""

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.lesson.cost import headline


def show(config: PVTConfig, lab: Lab) -> None:
    """In a row; on a phone one below the other."""
    totals = headline.totals(config, lab)
    for column, total in zip(st.columns(len(totals)), totals, strict=True):
        with column:
            st.metric(total.name, total.amount)
            for note in total.notes:
                st.caption(note)
