"""Pieces that recur on the pages: the honest line, pictures with their colour scale, and the scene itself."""

import html

import streamlit as st

from pvt_viz.choices.selection import KNOWS_SCENES, Selection, native
from pvt_viz.figures.colour import lut
from pvt_viz.language import N_, tr
from pvt_viz.lesson.honesty import POSITIONS, RANDOM, RESIZED, STRANGE, UNTRAINED, honestly
from pvt_viz.picture import Picture
from pvt_viz.scene import Scene
from pvt_viz.ui import address, calls
from pvt_viz.ui.choosing import following
from pvt_viz.ui.choosing.uploads import withheld
from pvt_viz.words import escaped

ICONS = {RANDOM: "casino", STRANGE: "draw", UNTRAINED: "explore", RESIZED: "fit_screen", POSITIONS: "grid_4x4"}


def selection() -> Selection:
    """What is chosen in the sidebar."""
    return st.session_state["scene_of"][0]


def shown() -> Picture:
    """The picture that goes with it: a sample, a drawn scene, or the visitor's own."""
    return st.session_state["scene_of"][1]


def scene_or_none(chosen: Selection | None = None, moment: int | None = None) -> Scene | None:
    """The traced scene of this visit; where it would be too heavy, a sentence in its place, and None.

    `chosen` is another selection for the same picture, `moment` a step of the network's training.
    """
    selected, picture = st.session_state["scene_of"]
    try:
        return calls.studio.scene(chosen or selected, picture, moment)
    except ValueError as error:
        st.warning(tr(error), icon=":material/scale:")
        return None


def scene_or_stop(chosen: Selection | None = None, moment: int | None = None) -> Scene:
    """The same for a page that has nothing to show without it."""
    return scene_or_none(chosen, moment) or st.stop()


def honest_line(scene: Scene) -> None:
    """Say what the weights cannot tell: untrained ones anything, ours nothing about other pictures. Else silent.

    Where network and picture do not belong together, a button beside the sentence mends it.
    """
    for kind, sentence in honestly(scene):
        with st.container(horizontal=kind == STRANGE, vertical_alignment="center"):
            st.caption(f":material/{ICONS[kind]}: {sentence}")
            if kind == STRANGE:
                _mend(scene)


def _mend(scene: Scene) -> None:
    """The button that has the network follow the picture; nothing on a page that shows another than is chosen."""
    chosen, picture = st.session_state["scene_of"]
    network = native(chosen.picture, own=chosen.own)
    if network == chosen.model or chosen.model != scene.selection.model or picture != scene.picture:
        return
    words = N_("Use {network}, which knows photographs")
    if network == KNOWS_SCENES:
        words = N_("Use {network}, which knows drawn scenes")
    st.button(tr(words, network=network), key="mend", icon=":material/swap_horiz:", on_click=_follow)


def _follow() -> None:
    address.touch()
    following.follow()


def credit(shown: Picture) -> None:
    """Whom to thank for a sample; what was assumed when a visitor's own picture was read."""
    if shown.credit:
        st.caption(tr("Photograph: {credit}", credit=shown.credit))
    notes(shown)


def notes(shown: Picture) -> None:
    """What was assumed when the picture was read, a line each; nothing where nothing was."""
    for note in shown.notes:
        st.caption(escaped(tr(note)))


def uploads_withheld() -> None:
    """Above what takes a file: a sentence where the browser would have it refused."""
    if withheld():
        st.warning(
            tr(
                "Uploads will be refused: in a frame of another site your browser holds back the cookie that they need."
                " Open this page in a tab of its own, with cookies allowed."
            )
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
