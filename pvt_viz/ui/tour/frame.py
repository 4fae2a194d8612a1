"""What stands around every step: where one is, where one can go, and how large it is written."""

from collections.abc import Sequence

import streamlit as st

from pvt_viz import places
from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.ui import controls, parts
from pvt_viz.ui.choosing import pagewords
from pvt_viz.ui.told import tell
from pvt_viz.ui.tour.step import Step
from pvt_viz.widgets.page_keys import page_keys, turned

LOOK = """<style>
[class*="st-key-verdict_"] { min-height: 5.2rem; } /* the answer has its place before it comes */
.st-key-tour_progress [data-testid="stSkeleton"] { height: 1rem; } /* until it comes: no higher than it is */
.st-key-tour_progress [data-testid="stProgress"] > div > div { height: 0.25rem; }
@media (max-width: 640px) { .st-key-tour_where > :has([data-testid="stSelectbox"]) { order: 1; flex: 1 0 100%; } }
@media (hover: none) { .st-key-tour_keyboard { display: none; } }
</style>"""
PRESENTED = """<style>
[data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stExpandSidebarButton"] { display: none; }
html { font-size: 21.6px; } /* 1.35 times as large: everything is measured in it */
.stMainBlockContainer { padding-top: 1rem; max-width: none; }
/* One screen for words and question, one for a figure; on a high screen both have room in one. */
@media (min-width: 1000px) and (max-height: 1000px) { .st-key-wide_tour_words { min-height: calc(100vh - 10.5rem); } }
.st-key-tour_figure img { max-height: 75vh; object-fit: contain; }
:is(.stPlotlyChart, #js-plotly-tester) text { font-size: 16px !important; } /* the second is where plotly measures it */
</style>"""
STEP, PRESENTER, KEYS = "step", "presenter", "tour_keys"


def show(steps: Sequence[Step]) -> None:
    """Draw the step that the URL names, and what leads to the others."""
    keys = [step.key for step in steps]
    at = keys.index(pagewords.told(STEP, tuple(keys)))
    step = steps[at]
    page_keys(key=KEYS, step=step.key, on_turn=lambda: _go(steps, at + turned(KEYS)))
    st.html(LOOK + (PRESENTED if presenting() else ""))
    config = parts.selection().config
    _where(steps, at, config)
    st.title(tr(step.titled(config)), anchor=False)
    scene = parts.scene_or_stop()
    step.show(scene)
    parts.honest_line(scene)
    st.page_link(
        places.PAGES / f"{step.page}.py",
        label=tr(step.invitation),
        icon=":material/open_in_new:",
        query_params=st.query_params.to_dict(),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _turning(steps, at, "below")
        with st.container(key="tour_keyboard", width="content"):
            st.caption(tr("← → on the keyboard turn the steps, too."))
    parts.credit(scene.picture)


def presenting() -> bool:
    """Whether it is shown to a class: larger, with fewer words, and one figure a screen."""
    return pagewords.told(PRESENTER) == "on"


def _where(steps: Sequence[Step], at: int, config: PVTConfig) -> None:
    """How far it is, the list of steps, and the presenter's switch."""
    titles = {step.key: f"{i} · {tr(step.titled(config))}" for i, step in enumerate(steps, 1)}
    with st.container(horizontal=True, vertical_alignment="center", key="tour_where"):
        st.markdown(tr("**{step}** of {steps}", step=at + 1, steps=len(steps)), width="content")
        controls.selectbox(
            tr("Step"),
            list(titles),
            key=STEP,
            format_func=titles.get,
            label_visibility="collapsed",
            on_change=pagewords.changed,
            args=(STEP,),
        )
        if presenting():
            _turning(steps, at, "above")
        tell("presenting", presenting())
        controls.toggle(
            tr("Presenter"),
            key="presenting",
            on_change=_switch,
            help=tr("Larger type and no sidebar; words and question fill the first screen."),
        )
    with st.container(key="tour_progress"):
        st.progress((at + 1) / len(steps))


def _switch() -> None:
    st.session_state[PRESENTER] = "on" if st.session_state["presenting"] else "off"
    pagewords.changed(PRESENTER)


def _turning(steps: Sequence[Step], at: int, where: str) -> None:
    """Back and on."""
    last = at + 1 == len(steps)
    st.button(
        tr("Back"),
        key=f"back_{where}",
        icon=":material/arrow_back:",
        disabled=at == 0,
        on_click=_go,
        args=(steps, at - 1),
    )
    st.button(
        tr("From the start") if last else tr("Next"),
        key=f"next_{where}",
        icon=":material/replay:" if last else ":material/arrow_forward:",
        on_click=_go,
        args=(steps, 0 if last else at + 1),
    )


def _go(steps: Sequence[Step], at: int) -> None:
    """To the step at this place, if there is one."""
    if 0 <= at < len(steps):
        st.session_state[STEP] = steps[at].key
        pagewords.changed(STEP)
