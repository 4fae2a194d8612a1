"""Choices that belong to one page, not to the sidebar: kept over a visit to another page, and part of the link."""

import streamlit as st

from pvt_viz.choices import page
from pvt_viz.choices.nearest import nearest
from pvt_viz.language import Sentence
from pvt_viz.ui import address
from pvt_viz.ui.told import tell

_KEPT = "page_words"


def _kept() -> dict[str, object]:
    return st.session_state.setdefault(_KEPT, {})


def told(name: str, offered: tuple | None = None, default: object = None) -> object:
    """Call before the widget of this key is drawn: it shows what was chosen, or of what is `offered` the nearest.

    `default` is what is shown where nothing was chosen, of a choice that has no default of its own.
    """
    value = _kept().get(name, page.DEFAULTS.get(name, default))
    if offered is not None and value not in offered:
        value = nearest(value, offered, offered[0])
    tell(name, value)
    return value


def changed(name: str, default: object = None) -> None:
    """A widget of this name was moved; back to a `default` that follows what else is chosen, it follows it again."""
    address.touch()
    _kept()[name] = st.session_state[name]
    if default is not None and st.session_state[name] == default:
        forget(name)


def forget(name: str) -> None:
    """As if nothing had been chosen."""
    _kept().pop(name, None)


def adopt(query: dict[str, str]) -> list[Sentence]:
    """Take over what a link says; returns the sentences about what had to be replaced."""
    st.session_state[_KEPT], said = page.read(query)
    return said


def reset() -> None:
    st.session_state.pop(_KEPT, None)


def query() -> dict[str, str]:
    """What differs from the defaults."""
    return page.written(_kept())
