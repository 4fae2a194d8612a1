"""A worked example: a formula with real numbers in it beside the picture that they come from.

    board = Board(picture=png, alt="…", rows=(Line("Output", (Term("0.12", boxes=(box,), id="k3"), Term("+"), …)),))
    place = worked(board, key="scores")

Whoever points at a number sees its pixels, and whoever points at a place in the picture sees its numbers. All of that
happens in the browser; Python hears only of a place that was chosen, and only where `board.pick` asks for one.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pvt_viz.widgets.worked.board import Board, Box, Grid, Line, Term, Vector
from pvt_viz.widgets.worked.payload import pack

__all__ = ["Board", "Box", "Grid", "Line", "Term", "Vector", "picked", "worked"]

_FOLDER = Path(__file__).parent
_SCRIPTS = ("picture.js", "rows.js", "worked.js", "mount.js")
"""One module when joined; each file uses only what stands before it."""


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "pvt_viz.worked",
    html=_read("worked.html"),
    css=_read("../look.css") + _read("worked.css"),
    js="\n".join(map(_read, _SCRIPTS)),
)


def worked(board: Board, *, key: str, on_pick: Callable[[], None] | None = None) -> tuple[float, float] | None:
    """Mount a board; returns the place last chosen in its picture, (x, y) as fractions, None before that.

    `on_pick` runs before the script does, as every callback of Streamlit; there `picked(key)` is the place. Streamlit
    forgets it when a run does not mount the board: a page that comes back to it keeps the place and gives it as
    `board.place`. A board of another step has another key.
    """
    result = _mount(data=pack(board, board.place or picked(key)), key=key, on_place_change=on_pick or _ignore)
    return _fractions(result.place) if board.pick else None


def picked(key: str) -> tuple[float, float] | None:
    """The place that was chosen in the board of this key, also within a callback."""
    return _fractions(st.session_state.get(key, {}).get("place"))


def _fractions(place: list[float] | None) -> tuple[float, float] | None:
    """What the browser says is numbers, but it is the browser that says so."""
    return tuple(min(max(float(fraction), 0.0), 1.0) for fraction in place) if place else None


def _ignore() -> None:
    """Streamlit knows a state by its callback, so there has to be one."""
