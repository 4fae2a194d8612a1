"""The attention explorer: point at a place in a picture and see what every stage's token there attends to.

    blob = payload.pack(trace, picture, view=st.query_params.get("view", ""))
    view = attention_explorer(blob, key="explorer")

Everything is sent once; blocks, heads, scales and the pointer live in the browser. Python hears only of pins and
of changed controls, as one short string that a shared link can carry.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pvt_viz.widgets.attention_explorer.payload import pack

__all__ = ["attention_explorer", "pack"]

_FOLDER = Path(__file__).parent
_SCRIPTS = (
    "decode.js",
    "places.js",
    "view.js",
    "paint.js",
    "timing.js",
    "panel.js",
    "wall.js",
    "gestures.js",
    "explorer.js",
    "mount.js",
)
"""One module when joined; each file uses only what stands before it."""


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "pvt_viz.attention_explorer",
    html=_read("explorer.html"),
    css=_read("explorer.css"),
    js="\n".join(map(_read, _SCRIPTS)),
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
