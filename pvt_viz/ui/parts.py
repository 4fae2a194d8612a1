"""Pieces that recur on the pages: the honest line, pictures with their colour scale, and the scene itself."""

import html

import streamlit as st

from pvt_viz.choices.selection import KNOWS_SCENES, Selection, native
from pvt_viz.figures.colour import lut
from pvt_viz.language import N_, spaced, tr
from pvt_viz.listed import enumerated
from pvt_viz.models.flexible import PSEUDO_INVERSE
from pvt_viz.picture import Picture
from pvt_viz.scene import Scene
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import address, calls, following
from pvt_viz.ui.uploads import withheld
from pvt_viz.words import escaped, times

STRANGE = "draw"
"""The icon of what is said where network and picture do not belong together."""


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
    for icon, sentence in honestly(scene):
        with st.container(horizontal=icon == STRANGE, vertical_alignment="center"):
            st.caption(f":material/{icon}: {sentence}")
            if icon == STRANGE:
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


def honestly(scene: Scene) -> list[tuple[str, str]]:
    """The same as sentences, each with its icon."""
    said = []
    weights, config = scene.trace.weights, scene.selection.config
    if not weights.trained:
        mechanics = tr(
            "The weights are {source}: shapes, costs and mechanics are real; what the network looks at is not yet"
            " meaningful.",
            source=weights.source,
        )
        return [("casino", spaced(tr(weights.problem), mechanics))]
    if weights.classes == CLASSES and scene.picture.scenes is None:
        strange = tr(
            "{network} has only ever seen drawn shapes. On a photograph it still names one of ten, and that means"
            " nothing; its maps show how it looks at what it does not know.",
            network=config.name,
        )
        said.append((STRANGE, strange))
    elif weights.classes != CLASSES and scene.picture.scenes is not None:
        strange = tr(
            "{network} was not trained on drawn scenes: choose a sample, or a photograph of yours, to ask it what it"
            " knows.",
            network=escaped(config.name),
        )
        said.append((STRANGE, strange))
    if new := weights.untrained(config):
        untrained = tr("Not trained at {ratios}: it is shown all the same.", ratios=enumerated(*new))
        said.append(("explore", spaced(untrained, _resized(scene))))
    elif scene.selection.resized:
        said.append(("fit_screen", _resized(scene)))
    stages = zip(scene.selection.network.config.shapes(), config.shapes(), strict=True)
    moved = [(home, now) for home, now in stages if home.grid != now.grid]
    if config.version == 1 and moved:
        home, now = moved[0]
        sides = {"home": times(home.grid), "now": times(now.grid), "index": now.index}
        if len(moved) > 1:
            positions = tr(
                "Position embeddings are interpolated from {home} tokens to {now} in stage {index}, and likewise"
                " above.",
                **sides,
            )
        else:
            positions = tr(
                "Position embeddings are interpolated from {home} tokens to {now} in stage {index}.", **sides
            )
        said.append(("grid_4x4", positions))
    return said


def _resized(scene: Scene) -> str:
    """How the kernels were made to fit, in a sentence."""
    if scene.fitted.kernels == PSEUDO_INVERSE:
        return tr("Kernels are resized by the pseudo-inverse, so that they say the same of a resized patch (FlexiViT).")
    return tr(
        "Kernels are resized bilinearly, as a picture would be: their answers grow with their area, and go astray."
    )


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
