"""What a page, or the part of the sidebar on weights, asks the sidebar to choose when it is drawn next."""

import streamlit as st

from pvt_viz.ui import address

_ASKED = "sidebar_asked"


def ask(words: dict[str, object]) -> None:
    """Call before a rerun: the sidebar takes these over when the page is drawn anew, as if its widgets said them."""
    address.touch()
    st.session_state[_ASKED] = words


def take() -> dict[str, object]:
    """What was asked for since the sidebar was drawn."""
    return st.session_state.pop(_ASKED, {})
