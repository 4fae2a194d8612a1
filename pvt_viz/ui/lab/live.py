"""Measure now: points from this machine, and recorded ones from others, over the predicted curves."""

from functools import partial

import streamlit as st

from pvt_viz import devices
from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.cost import recording, sweep
from pvt_viz.cost.compare import SIDES
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.scope import Scope, scopes
from pvt_viz.cost.variants import Variant, variants
from pvt_viz.language import tr, tr_n
from pvt_viz.ui import address, controls
from pvt_viz.ui.lab import choice, points
from pvt_viz.ui.running import measuring
from pvt_viz.ui.told import tell

EVERY = 1.0  # seconds between two looks at a sweep that is on its way
FIRST_SIZES = ("96", "224", "320", "448")


def show(config: PVTConfig, lab: Lab, device: str) -> None:
    st.header(tr("Measure now"), anchor=False)
    chosen = devices.resolve(device)
    st.markdown(
        tr(
            "Median time and peak extra memory on the {device}, one at a time, in a process of its own. Memory is"
            " predicted: its points should lie on the curves. Time is not: its lines are a lower bound.",
            device=devices.describe(chosen),
        )
    )
    scope = _controls(config, lab, chosen)
    others = _recordings()
    polling = measuring.current() is not None
    st.fragment(partial(_live, config, lab, scope, chosen, others, polling), run_every=EVERY if polling else None)()


def _controls(config: PVTConfig, lab: Lab, device: str) -> Scope:
    offered = {f"{scope.kind}-{scope.stage}" if scope.stage else scope.kind: scope for scope in scopes(config)}
    scope = lab.measured(config)
    tell("scope", next(name for name, one in offered.items() if one == scope))
    controls.selectbox(
        tr("What to measure"),
        list(offered),
        key="scope",
        format_func=lambda name: tr(offered[name].label).capitalize(),
        on_change=choice.changed,
        args=("scope",),
    )
    picked = _pills(
        tr("Image sizes, px"), {str(side): side for side in SIDES if side >= config.least_side}, "sizes", FIRST_SIZES
    )
    ways = _pills(tr("Attention"), {way.label: way for way in variants(config)}, "ways")
    with st.container(horizontal=True):
        count = len(picked) * len(ways)
        st.button(
            tr_n("Measure {count} point", "Measure {count} points", count),
            icon=":material/play_arrow:",
            disabled=not count,
            on_click=_start,
            args=(config, picked, ways, scope, lab, device),
        )
        st.button(
            tr("Forget all points"),
            disabled=not (measuring.results() or measuring.current()),
            on_click=measuring.forget,
        )
    return scope


def _pills(label: str, offered: dict, name: str, first: tuple[str, ...] | None = None) -> tuple:
    """Any number of the options, at first those of `first`, or all; returns what stands behind the chosen ones.

    What was chosen outlives a visit to another page, and a model for which some of it is not offered.
    """
    key, kept = f"measure_{name}", f"measure_{name}_kept"
    wanted = st.session_state.get(kept, first)

    def chosen() -> None:
        address.touch()
        hidden = [text for text in wanted or () if text not in offered]
        st.session_state[kept] = (*st.session_state[key], *hidden)

    now, held = [text for text in offered if wanted is None or text in wanted], st.session_state.get(key)
    tell(key, held if held is not None and sorted(held) == sorted(now) else now)  # the order is that of the clicks
    return tuple(
        offered[text] for text in controls.pills(label, list(offered), key=key, format_func=tr, on_change=chosen)
    )


def _start(
    config: PVTConfig, sizes: tuple[int, ...], ways: tuple[Variant, ...], scope: Scope, lab: Lab, device: str
) -> None:
    address.touch()
    tasks = sweep.plan(config, sizes, lab.batch, dtype=lab.dtype, only=(scope,), ways=ways)
    measuring.start(tasks, device)


def _live(config: PVTConfig, lab: Lab, scope: Scope, device: str, others: list[Recording], polling: bool) -> None:
    """Redrawn by itself while a sweep is on its way."""
    on_its_way = measuring.current()
    told, halt = st.columns([5, 1], vertical_alignment="center")
    with told:  # always there, so that nothing moves when a sweep begins or ends
        if on_its_way:
            st.progress(on_its_way.done / len(on_its_way.tasks), text=on_its_way.look())
        else:
            st.progress(*measuring.outcome())
    with halt:
        st.button(tr("Stop"), icon=":material/stop:", on_click=measuring.stop, disabled=not on_its_way, width="stretch")
    here = [point for (_, on), point in list(measuring.results().items()) if on == device]
    points.show({points.LIVE: here, **{one.label: one.points for one in others}}, config, lab, scope)
    if polling and not measuring.current():
        st.rerun()  # the whole page once more, which then no longer polls


def _recordings() -> list[Recording]:
    """The recorded files that the visitor wants to see beside the live points."""
    found, unread = recording.all_in(recording.FOLDER)
    for problem in unread:
        st.caption(f":material/warning: {tr(problem)}")
    return (
        list(_pills(tr("Recorded on other machines"), {one.label: one for one in found}, "recorded", ()))
        if found
        else []
    )
