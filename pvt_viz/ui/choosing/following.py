"""Whether the network follows the picture: it does until somebody chooses one."""

import streamlit as st

_STOPPED = "network_chosen"


def stopped() -> bool:
    """Whether a network was chosen: whatever the picture, it stays."""
    return st.session_state.get(_STOPPED, False)


def stop() -> None:
    """A network was chosen: in the sidebar, by a click elsewhere, or by a link."""
    st.session_state[_STOPPED] = True


def follow() -> None:
    """Forget that: from now on the network comes with the picture, at its own size, p and R."""
    st.session_state[_STOPPED] = False
