"""The URL of a session: tell when it says something new, and keep it saying what is on screen."""

import streamlit as st

_WRITTEN = "address_written"


def arrived() -> dict[str, str] | None:
    """The query of a link that has just been opened; None while the URL is still what this session wrote itself."""
    query = st.query_params.to_dict()
    if _WRITTEN in st.session_state and query == st.session_state[_WRITTEN]:
        return None
    return query


def write(query: dict[str, str]) -> None:
    """Make the URL say this, and nothing else."""
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[_WRITTEN] = query
