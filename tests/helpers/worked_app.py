"""A page with two boards and the keys that turn it: what test_browser_worked.py drives."""

import io

import streamlit as st
from PIL import Image

from pvt_viz.widgets.page_keys import page_keys, page_language, turned
from pvt_viz.widgets.worked import Board, Grid, Line, Term, Vector, picked, worked

QUARTERS = ((0, 0, 0.5, 0.5), (0, 0.5, 0.5, 1), (0.5, 0, 1, 0.5), (0.5, 0.5, 1, 1))
KEYS = ("k1", "k2", "k3", "k4")
WHOLE = (0, 0, 1, 1)


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).save(out, "PNG")
    return out.getvalue()


def board(change: int, place: tuple[float, float] | None) -> Board:
    weights = [0.1 + change / 10, 0.2, 0.3, 0.4 - change / 10]
    shift = -0.5 if place is None else place[0]
    terms = [Term("all", boxes=(WHOLE,)), Term("=", spoken="is")]
    terms += [Term(f"{weights[i]:.1f}·v", boxes=(QUARTERS[i],), id=KEYS[i], spoken=f"key {i + 1}") for i in range(4)]
    return Board(
        picture=picture(),
        alt="A gradient.",
        rows=(
            Vector("q", (shift, 0.5, 1.0), note="three channels"),
            Grid("weights", (tuple(weights[:2]), tuple(weights[2:])), QUARTERS, KEYS, "magma", 0, 1),
            Line("sum", tuple(terms)),
        ),
        marks=(QUARTERS[0],),
        grid_lines=(4, 4),
        pick=True,
        place=place,
    )


def turn(by: int) -> None:
    st.session_state["step"] += by


def keep() -> None:
    """Streamlit forgets what belongs to a board that is not shown: the page has to remember."""
    st.session_state["place"] = picked("board")
    st.session_state["picks"] += 1


st.session_state.setdefault("step", 0)
st.session_state.setdefault("picks", 0)
st.session_state.setdefault("place", None)
step = st.session_state["step"]
page_language("zh-Hans")
page_keys(key="turn", step=str(step), on_turn=lambda: turn(turned("turn")))
st.title(f"Step {step}")
st.button("Next", on_click=turn, args=(1,))
change = int(st.checkbox("Change the numbers"))
if step % 2:
    st.write("Only on odd steps: what stands below it moves down by one.")
if not st.checkbox("Hide"):
    place = worked(board(change, st.session_state["place"]), key="board", on_pick=keep)
    st.write(f"Place {place}, picked {st.session_state['picks']} times.")
st.text_input("Words")
st.slider("Number", 0, 10, 5)
st.segmented_control("One of", ["a", "b", "c"])
worked(Board(picture(), "The same gradient.", (Line("half", (Term("0.5", boxes=((0, 0, 1, 0.5),)),)),)), key="second")
for _ in range(20):
    st.write("A long page.")
