"""The URL of a session: tell when it says something new, and keep it saying what is on screen."""

import streamlit as st

_WRITTEN = "address_written"
_TOUCHED = "address_touched"


def touch() -> None:
    """Call when a control has changed: what the visitor just did counts, whatever the URL still says.

    The browser sends its URL along with every action, and for a moment that is the one from before the last action.
    """
    st.session_state[_TOUCHED] = True


def arrived(*, turned: bool) -> dict[str, str] | None:
    """The query of a link that has just been opened; None while the session goes on by itself.

    `turned`: another page has just been opened. Streamlit's menu does so without the query, which is no link to the
    defaults; but on the same page an empty query is one, by the browser's back button.
    """
    query = st.query_params.to_dict()
    touched = st.session_state.pop(_TOUCHED, False)
    if _WRITTEN in st.session_state and (touched or query == st.session_state[_WRITTEN] or (turned and not query)):
        return None
    return query


def write(query: dict[str, str]) -> None:
    """Make the URL say this, and nothing else; what it says already stays in its order.

    Another order would be another entry of the browser's history, with the same page.
    """
    said = st.query_params.to_dict()
    before = said or st.session_state.get(_WRITTEN, {})  # the menu turns pages without the query
    query = {name: query[name] for name in before if name in query} | query
    if said != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query
