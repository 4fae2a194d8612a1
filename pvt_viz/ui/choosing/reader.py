"""The language of a visit: the browser's own, until another is chosen in the sidebar or by a link."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pvt_viz import language
from pvt_viz.choices.nearest import nearest, replacement
from pvt_viz.language import LANGUAGES, SOURCE, say
from pvt_viz.ui import address, controls
from pvt_viz.ui.told import tell

KEY = "lang"


def arrive() -> None:
    """Call first in a visit's script: what follows is named in the language that its link asks for."""
    if _kept() is None:
        keep(nearest(st.query_params.get(KEY, _home()), tuple(LANGUAGES), _home()))


def adopt(query: dict[str, str]) -> list[str]:
    """Take over what a link says; returns the sentence about a language that is not spoken here.

    A link that asks for another language than the page has been named in so far has the page drawn anew.
    """
    asked = query.get(KEY, _home())
    found = nearest(asked, tuple(LANGUAGES), _home())
    if found != _kept():
        keep(found)
        st.rerun()
    return [] if found == asked else [replacement(say("Language"), asked, found)]


def keep(chosen: str) -> None:
    st.session_state["language"] = chosen


def choose() -> None:
    """The switch."""
    tell(KEY, _kept())
    controls.segmented_control(
        "Language · 语言",  # in both, for those who cannot read the one that is shown
        list(LANGUAGES),
        key=KEY,
        label_visibility="collapsed",
        format_func=LANGUAGES.get,
        width="stretch",
        on_change=_changed,
    )


def query() -> dict[str, str]:
    """Nothing for English in a browser that speaks it."""
    return {} if _kept() == _home() == SOURCE else {KEY: _kept()}


def _changed() -> None:
    address.touch()
    keep(st.session_state[KEY])


def _kept() -> str | None:
    return st.session_state.get("language")


def _home() -> str:
    """The browser's own language where it is one of ours, else English."""
    spoken = (st.context.locale or SOURCE).partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else SOURCE


def _of_visit() -> str | None:
    return None if get_script_run_ctx(suppress_warning=True) is None else _kept()


language.ask_reader(_of_visit)
