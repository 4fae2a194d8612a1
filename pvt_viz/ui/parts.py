"""Pieces that recur on the pages: the honest line, pictures with their colour scale, and the scene itself."""

import html

import streamlit as st

from pvt_viz.figures.colour import lut
from pvt_viz.tracing import Trace
from pvt_viz.ui import calls
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.selection import Selection
from pvt_viz.ui.uploads import Picture


def selection() -> Selection:
    """What is chosen in the sidebar."""
    return st.session_state["scene_of"][0]


def scene_or_none() -> Scene | None:
    """The traced scene of this visit; where it would be too heavy, a sentence in its place, and None."""
    try:
        return calls.scene(*st.session_state["scene_of"])
    except ValueError as error:
        st.warning(str(error), icon=":material/scale:")
        return None


def scene_or_stop() -> Scene:
    """The same for a page that has nothing to show without it."""
    return scene_or_none() or st.stop()


def honest_line(trace: Trace) -> None:
    """Say that an untrained network looks at nothing in particular; silent once weights are loaded."""
    if not trace.weights.trained:
        st.caption(
            f":material/casino: The weights are {trace.weights.source}: shapes, costs and mechanics are real;"
            " what the network looks at is not yet meaningful."
        )


def credit(shown: Picture) -> None:
    """Whom to thank for a sample; nothing under a visitor's own picture."""
    if shown.credit:
        st.caption(f"Photograph: {shown.credit}")


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
