"""Where linear SRA starts to pay, on the page."""

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.language import tr
from pvt_viz.lesson.cost import linear
from pvt_viz.ui.looking import charts


def show(lab: Lab) -> None:
    st.header(tr("Where linear SRA starts to pay"), anchor=False)
    st.markdown(linear.two_ways())
    charts.show(
        linear.described(lab),
        key="linear",
        alt=tr(
            "Lines: {unit}s of the attention layers over the image side, with folds and with linear SRA.",
            unit=lab.unit,
        ),
        setting=linear.setting(lab),
    )
    st.markdown("\n".join(f"- {line}" for line in linear.found(lab)))
