"""What a network knows, on a page: its names to search, and the picture in the detail that it sees."""

from collections.abc import Sequence

import streamlit as st

from pvt_viz import images
from pvt_viz.figures import colour, encode
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.known import called, kind
from pvt_viz.report import PHOTOGRAPHS
from pvt_viz.scene import Scene
from pvt_viz.words import escaped, times

SEEN_WIDTH = 448
"""Pixels: what the network sees is drawn so wide at least."""


def things(scene: Scene) -> None:
    """All names that a network for photographs has, one click away, and a sentence on what has none."""
    names = scene.trace.weights.classes
    if kind(scene.trace.weights) != PHOTOGRAPHS:
        return
    if scene.picture.scenes is None:
        st.caption(
            tr(
                "A person, a face, a street or a text is not among the {count} things that it knows: it names one of"
                " them all the same.",
                count=len(names),
            )
        )
    with st.popover(tr("What it knows: {count} things", count=len(names)), icon=":material/list:"):
        _list(names)


@st.fragment
def _list(names: Sequence[str]) -> None:
    """The names in the reader's language, and a field that finds some of them."""
    wanted = st.text_input(tr("Search"), key="known_search", max_chars=60)
    found = called(names, wanted)
    st.caption(tr("{found} of {count}", found=len(found), count=len(names)))
    with st.container(height=280, border=False):
        st.markdown("  \n".join(map(escaped, found)) or tr("None of them is called so."))


def seen(scene: Scene) -> None:
    """The picture as a network sees it that was trained on small ones; nothing where it sees all that there is."""
    config = scene.selection.config
    size = images.seen_size(config)
    if size == config.image_hw or min(scene.picture.image.size) * config.crop <= min(size):
        return
    with st.expander(tr("It was trained on small pictures: this is what it sees"), icon=":material/blur_on:"):
        small = images.fit(scene.picture.image, size, crop=config.crop)
        st.image(
            encode.png(colour.enlarge(small, SEEN_WIDTH)),
            alt=spaced(tr("Reduced to {size} pixels:", size=times(size)), tr(scene.picture.alt)),
        )
        st.caption(
            tr(
                "{size} pixels, enlarged without smoothing. Maps and grids lie over the sharp picture.",
                size=times(size),
            )
        )
