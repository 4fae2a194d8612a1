"""Where this visitor looks, as the session keeps it and the URL says it."""

import streamlit as st

from pvt_viz.choices.view import View
from pvt_viz.language import Sentence, say

_KEPT = "view"
_ASKED = "view_asked"


def current() -> View:
    return View.parse(st.session_state.get(_KEPT, "")) or View()


def keep(view: View) -> None:
    st.session_state[_KEPT] = view.text()


def adopt(text: str) -> list[Sentence]:
    """Take over the view of a link; returns the sentences to say where it cannot be read."""
    view = View.parse(text)
    reset()
    if view is not None:
        keep(view)
    elif text:
        return [say("The link's view could not be read; the default view is shown instead.")]
    return []


def reset() -> None:
    """Back to the default; an explorer that is on screen is told by the next `asked`."""
    st.session_state.pop(_KEPT, None)
    st.session_state[_ASKED] = asked() + 1


def asked() -> int:
    """How many times the view was set from outside the explorer."""
    return st.session_state.get(_ASKED, 0)


def query() -> dict[str, str]:
    """The view as it stands in the URL; nothing while it is the default."""
    view = current()
    return {} if view == View() else {"view": view.text()}
