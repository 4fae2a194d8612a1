"""What a network knows: which kind of pictures, which things by name, in what detail, and how sure it should be."""

from collections.abc import Sequence

import streamlit as st

from pvt_viz import images, report, scenes
from pvt_viz.checkpoints import tiny_imagenet
from pvt_viz.figures import colour, encode
from pvt_viz.language import current, spaced, tr
from pvt_viz.models import Weights
from pvt_viz.report import PHOTOGRAPHS, SCENES, Report
from pvt_viz.scene import Scene
from pvt_viz.ui import measured
from pvt_viz.words import escaped, times

SEEN_WIDTH = 448
"""Pixels: what the network sees is drawn so wide at least."""
WEAK = 0.5
"""Below this probability it is said how often such an answer is right."""
HARDLY, OFTEN = 0.05, 0.4
"""How often that is: below the first hardly ever, from the second on some times in ten, between them one time in …"""


def kind(weights: Weights) -> str:
    """Of the pictures that a network of ours was trained on, as reports call it; nothing for those of others."""
    return {scenes.CLASSES: SCENES, tiny_imagenet.CLASSES: PHOTOGRAPHS}.get(weights.classes, "")


def report_of(scene: Scene) -> Report | None:
    """What was measured of the network on pictures of the kind that is shown; else nothing that it could be about."""
    found = report.load(scene.selection.config.name)
    return found if found is not None and found.kind == measured.kind_of(scene.picture) else None


def unsure(scene: Scene, chance: float) -> str:
    """How often the strongest answer is right where its probability is as low as `chance`, in a sentence.

    Nothing where it is not low, or where that was not measured: at another p, R or image size it may be otherwise.
    """
    selection, found = scene.selection, report_of(scene)
    if chance >= WEAK or found is None or found.sureness is None:
        return ""
    if selection.resized or max(selection.image_size) != found.side:
        return ""
    accuracy = found.sureness.accuracy(chance)
    if accuracy is None:
        return ""
    if accuracy < HARDLY:
        return tr("This unsure, it is hardly ever right.")
    if accuracy < OFTEN:
        return tr("This unsure, it is right about one time in {count}.", count=round(1 / accuracy))
    return tr("This unsure, it is right about {count} times in ten.", count=round(10 * accuracy))


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


def called(names: Sequence[str], wanted: str = "") -> list[str]:
    """Those whose name in the reader's language contains what is wanted, sorted as that language sorts."""
    found = [name for name in map(tr, names) if wanted.strip().casefold() in name.casefold()]
    if current() == "zh":  # this old code has common characters by their sound, as a Chinese dictionary has
        return sorted(found, key=lambda name: name.encode("gb18030"))
    return sorted(found, key=str.casefold)


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
