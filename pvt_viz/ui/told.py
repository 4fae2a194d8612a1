"""Make a widget say something, without taking back what the visitor is just doing."""

import streamlit as st

_VISITS = "told_in_visit"


def tell(key: str, value: object) -> None:
    """Call before the widget of this key is drawn.

    Its value is only set where it differs, since a set value overrides the one that a quick hand has chosen meanwhile;
    and once on every visit to a page: a widget that comes back after a page without it has forgotten its value in the
    browser, and learns it only from one that is set.
    """
    visits, visit = st.session_state.setdefault(_VISITS, {}), st.session_state.get("page_visit")
    if visits.get(key) != visit or st.session_state.get(key) != value:
        st.session_state[key] = value
        visits[key] = visit
