"""Pieces that recur on the pages: the honest line, pictures with their colour scale, and the scene itself."""

import html

import streamlit as st

from pvt_viz.figures.colour import lut
from pvt_viz.tracing import Trace
from pvt_viz.ui import calls
from pvt_viz.ui.calls import Scene


def scene_or_stop() -> Scene:
    """The traced scene of this visit; where it would be too heavy, a sentence in its place and nothing else."""
    selection, picture = st.session_state["scene_of"]
    try:
        return calls.scene(selection, picture)
    except ValueError as error:
        st.warning(str(error), icon=":material/scale:")
        st.stop()


def honest_line(trace: Trace) -> None:
    """Say that an untrained network looks at nothing in particular; silent once weights are loaded."""
    if not trace.weights.trained:
        st.caption(
            f":material/casino: The weights are {trace.weights.source}: shapes, costs and mechanics are real;"
            " what the network looks at is not yet meaningful."
        )


def picture(encoded: bytes, *, alt: str, caption: str | None = None) -> None:
    """A picture (PNG or JPEG) across its column, with an alternative text."""
    st.image(encoded, caption=caption, width="stretch", alt=alt)


def colour_scale(colour_map: str, low: str, high: str, note: str) -> None:
    """The printed scale under a heatmap: its two ends, and whether it is shared (`note`)."""
    stops = ", ".join("rgb({},{},{})".format(*lut(colour_map)[i]) for i in range(0, 256, 15))
    low, high, note = map(html.escape, (low, high, note))
    st.html(
        "<div style='font-size:0.8rem;line-height:1.35;font-variant-numeric:tabular-nums'>"
        "<div aria-hidden='true' style='height:0.6rem;border-radius:2px;"
        f"background:linear-gradient(90deg,{stops})'></div>"
        f"<div style='display:flex;justify-content:space-between;gap:0.5rem'><span>{low}</span>"
        f"<span style='opacity:0.75;text-align:center'>{note}</span><span>{high}</span></div></div>"
    )


def times(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
