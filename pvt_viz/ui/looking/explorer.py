"""The attention explorer on a page: pack once, keep the pin, the link and the other pages in step with it."""

import streamlit as st

from pvt_viz import language
from pvt_viz.choices.view import View
from pvt_viz.language import tr
from pvt_viz.lesson import explorer
from pvt_viz.scene import Scene
from pvt_viz.ui import address
from pvt_viz.ui.choosing import view
from pvt_viz.widgets.attention_explorer import pack
from pvt_viz.widgets.attention_explorer.mounted import attention_explorer

_SENT = "explorer_sent"


def show(scene: Scene, *, key: str, wall: bool, stage: int | None = None, link: str = "") -> None:
    """Mount the explorer for all stages, or for one alone. What is clicked in it becomes the session's view.

    Explorers on one page with the same `link` share their pointer.
    """

    def heard() -> None:
        address.touch()
        told = View.parse((st.session_state[key].view or "").rpartition("~n")[0])
        if told is not None:
            view.keep(told if stage is None else view.current().merge(told, len(scene.trace.stages)))

    attention_explorer(_blob(scene, key, wall, stage, link), key=key, on_view_change=heard)


def _blob(scene: Scene, key: str, wall: bool, stage: int | None, link: str) -> bytes:
    """The same bytes on every rerun of a visit to a page: a new pin must not send the maps again."""
    visit = st.session_state["page_visit"]
    mark = (visit, view.asked(), scene.key, wall, stage, language.current())
    sent_here = st.session_state.setdefault(_SENT, {})
    for other in [k for k, (m, _) in sent_here.items() if m[0] != visit]:
        del sent_here[other]  # what another page was sent
    sent = sent_here.get(key)
    if sent is None or sent[0] != mark:
        now = view.current() if stage is None else view.current().only(scene.trace.stages[stage - 1].shape)
        stages = None if stage is None else (stage,)
        blob = pack(
            scene.trace,
            scene.shown,
            view=now.text(),
            asked=view.asked(),
            alt=tr(scene.picture.alt),
            wall=wall,
            turnable=stage is None,
            stages=stages,
            link=link,
        )
        sent = sent_here[key] = (mark, blob)
    return sent[1]


def file(scene: Scene) -> str:
    """One HTML file with the picture, all maps and the explorer: it opens where this visit looks."""
    return explorer.file(scene, view.current())
