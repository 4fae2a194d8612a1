"""What was chosen on the Cost page, as the session keeps it and the URL says it."""

from dataclasses import fields, replace

import streamlit as st

from pvt_viz.choices import lab
from pvt_viz.choices.lab import SIDES, Lab
from pvt_viz.choices.nearest import nearest
from pvt_viz.choices.selection import Selection
from pvt_viz.config import Size
from pvt_viz.language import Sentence
from pvt_viz.ui import address
from pvt_viz.ui.told import tell

_KEPT = "lab"


def current() -> Lab:
    return st.session_state.get(_KEPT, Lab())


def changed(name: str) -> None:
    """A widget of this name was moved."""
    address.touch()
    st.session_state[_KEPT] = replace(current(), **{name: st.session_state[name]})


def size(selection: Selection) -> Size:
    """Of the page's image."""
    side = current().side or nearest(selection.size, SIDES, SIDES[0])
    return side, side


def tell_widgets(selection: Selection) -> Lab:
    """Call before the widgets are drawn: they show what was chosen, on this visit to the page or before it."""
    chosen = current()
    for field in fields(chosen):
        if field.name not in ("side", "scope"):  # a scope depends on the network, and is told where it is chosen
            tell(field.name, getattr(chosen, field.name))
    side, _ = size(selection)
    tell("side", side)
    return replace(chosen, side=side)


def adopt(query: dict[str, str]) -> list[Sentence]:
    """Take over what a link says; returns the sentences about what had to be replaced."""
    st.session_state[_KEPT], said = lab.read(query)
    return said


def reset() -> None:
    st.session_state.pop(_KEPT, None)


def query() -> dict[str, str]:
    """What differs from the defaults."""
    return lab.written(current())
