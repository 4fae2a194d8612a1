"""What a page of steps does with the keyboard; and with a browser: its language, turns, translators, paper.

    page_keys(key="turn", step="attention", on_turn=lambda: turn_by(turned("turn")))
    page_language("zh-Hans")
    page_manners()

None takes any room on the page.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

__all__ = ["page_keys", "page_language", "page_manners", "turned"]

_FOLDER = Path(__file__).parent
_OUT_OF_THE_FLOW = "{ position: absolute; width: 0; height: 0; overflow: hidden; }"  # in it, nothing has a gap above it


def _invisible(name: str, script: str):
    """A component without anything to see."""
    component = st.components.v2.component(
        f"pvt_viz.{name}",
        html=(_FOLDER / "nothing.html").read_text(encoding="utf-8"),
        js=(_FOLDER / script).read_text(encoding="utf-8"),
    )

    def mount(*, key: str, **asked):
        # A style of the component's own would come with its script: until then the page would keep a place for it.
        st.html(f"<style>.st-key-{key} {_OUT_OF_THE_FLOW}</style>")
        return component(key=key, **asked)

    return mount


_keys = _invisible("page_keys", "keys.js")
_language = _invisible("page_language", "language.js")
_MANNERS = [(_FOLDER / script).read_text(encoding="utf-8") for script in ("history.js", "translators.js", "paper.js")]


def page_keys(*, key: str, step: str, on_turn: Callable[[], None]) -> int | None:
    """Listen for ← and → (PageUp, PageDown) anywhere on the page; returns −1 or +1 in the run that a key caused.

    `on_turn` runs before the script does, as every callback of Streamlit; there `turned(key)` is −1 or +1. When `step`
    changes, the page goes to its top and the focus to its h1, so that a screen reader reads on from there.
    """
    turns = f"{key}: turns"

    def count_and_turn() -> None:
        st.session_state[turns] = st.session_state.get(turns, 0) + 1
        on_turn()

    # The browser sends the next turn when it sees this one counted: of two at a time Streamlit keeps the last.
    data = {"step": step, "turns": st.session_state.get(turns, 0)}
    return _keys(data=data, key=key, on_turn_change=count_and_turn).turn


def turned(key: str) -> int:
    """By how many steps the reader turns, within `on_turn`: −1 or +1."""
    return st.session_state[key]["turn"]


def page_language(language: str) -> None:
    """Tell the browser which language the page is in, as a BCP 47 tag such as "en" or "zh-Hans"."""
    _language(data={"language": language}, key="page_language")


def page_manners() -> None:
    """Have the browser keep one entry for each turn of the menu, outlive its translator, print whole charts."""
    # No component: its script would come after the first page, and a quick hand turns before that.
    # Nothing in them may look like a tag, a comment's words neither: the page would drop them all.
    scripts = "".join(f"(() => {{\n{script}}})();\n" for script in _MANNERS)
    # Streamlit may run this again, the window stays.
    once = f"if (!window.pvtVizManners) {{\nwindow.pvtVizManners = true;\n{scripts}}}"
    st.html(f"<script>{once}</script>", unsafe_allow_javascript=True)
