"""The pictures that a visitor brings: kept for the visit only; a file that cannot be read changes nothing."""

import threading

import streamlit as st

from pvt_viz import images
from pvt_viz.picture import Picture

_KEPT, _PROBLEMS = "own_pictures", "own_picture_problems"
_COOKIE = "_streamlit_xsrf"
_decoding = threading.BoundedSemaphore(2)  # the largest pictures take up to 0.8 GB while they are decoded


def withheld() -> bool:
    """Whether the browser holds back the cookie that an upload needs, as it does in a frame of another site."""
    asked = bool(st.context.headers) and st.get_option("server.enableXsrfProtection")
    return asked and _COOKIE not in st.context.cookies


def receive(source: str, data: bytes | None, title: str) -> None:
    """A visitor has chosen a file, or (None) taken it back. What cannot be read leaves the picture before it."""
    problems = st.session_state.setdefault(_PROBLEMS, {})
    pictures = st.session_state.setdefault(_KEPT, {})
    problems.pop(source, None)
    if data is None:
        pictures.pop(source, None)
        return
    try:
        with _decoding:
            pictures[source] = Picture.own(data, title)
    except images.ImageError as error:
        problems[source] = error.args[0]


def kept(source: str) -> Picture | None:
    """The last picture from there that could be read."""
    return st.session_state.get(_KEPT, {}).get(source)


def problem(source: str) -> str | None:
    """What was wrong with the last file from there."""
    return st.session_state.get(_PROBLEMS, {}).get(source)


def forget() -> None:
    """Let go of every picture that the visitor brought."""
    st.session_state.pop(_KEPT, None)
    st.session_state.pop(_PROBLEMS, None)
