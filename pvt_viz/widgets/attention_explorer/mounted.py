"""The explorer as a component of Streamlit's."""

from collections.abc import Callable

import streamlit as st

from pvt_viz.widgets.attention_explorer.source import MARKUP, SCRIPTS, STYLES, read

_mount = st.components.v2.component(
    "pvt_viz.attention_explorer", html=read(MARKUP), css=read(*STYLES), js=read(*SCRIPTS)
)


def attention_explorer(blob: bytes, *, key: str, on_view_change: Callable[[], None] | None = None) -> str | None:
    """Mount the explorer over a blob of `payload.pack`; returns the view last pinned or set, None before that.

    A live component keeps its own view until the blob's `asked` changes. Pass the same blob on every rerun: an
    unchanged one is not sent again. The value ends in "~n" and a number that tells repeated views apart.
    """
    result = _mount(data=blob, key=key, on_view_change=on_view_change or _ignore)
    return result.view


def _ignore() -> None:
    """Streamlit knows a state by its callback, so there has to be one."""
