"""Spatial reduction step by step: of which stage, and each step as a picture."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pvt_viz.config import StageShape
from pvt_viz.language import tr
from pvt_viz.lesson.reduction import words
from pvt_viz.lesson.reduction.pictures import Told
from pvt_viz.lesson.reduction.way import Shown
from pvt_viz.ui import address, controls, parts
from pvt_viz.ui.choosing import view


def switch(shapes: Sequence[StageShape]) -> None:
    """The control that says of which stage; nothing where there is one."""
    if len(shapes) == 1:
        return
    st.session_state["stage"] = view.current().stage
    controls.segmented_control(
        tr("Stage"),
        [shape.index for shape in shapes],
        key="stage",
        format_func=lambda i: f"{i} · {words.how(shapes[i - 1])}",
        on_change=_chosen,
    )


def _chosen() -> None:
    address.touch()
    view.keep(replace(view.current(), stage=st.session_state["stage"]))


def show(told: Told, shown: bytes | Shown | None, colour_map: str = "", form: str = "") -> None:
    """A picture where there is one, with its scale where it has one, and what is said of it."""
    st.subheader(told.title, anchor=False)
    if shown is None:
        return
    if isinstance(shown, Shown):
        parts.picture(shown.picture, alt=told.alt)
        low = "0 %" if colour_map == "magma" else form.format(shown.low)
        parts.colour_scale(colour_map, low, form.format(shown.high), tr("own scale"))
    else:
        parts.picture(shown, alt=told.alt)
    for sentence in told.said:
        st.caption(sentence)
