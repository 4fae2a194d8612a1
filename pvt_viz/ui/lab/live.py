"""Measure now: points from this machine, and recorded ones from others, over the predicted curves."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import streamlit as st

from pvt_viz import devices
from pvt_viz.config import PVTConfig
from pvt_viz.cost import recording, sweep
from pvt_viz.cost.compare import SIDES, growth, peaks
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.scope import Scope, scopes
from pvt_viz.cost.task import Measurement
from pvt_viz.cost.variants import VARIANTS, Variant, variants
from pvt_viz.figures import cost as figures
from pvt_viz.ui import address, charts, measuring
from pvt_viz.ui.lab import choice
from pvt_viz.ui.lab.choice import Lab
from pvt_viz.words import si

EVERY = 1.0  # seconds between two looks at a sweep that is on its way
FIRST_SIZES = (96, 224, 320, 448)
LIVE = "measured here"


def show(config: PVTConfig, lab: Lab, device: str) -> None:
    st.header("Measure now", anchor=False)
    chosen = devices.resolve(device)
    where = f"on the {devices.describe(chosen)}" if chosen != "cpu" else "on the CPU: no GPU is chosen, or none is here"
    st.markdown(
        f"Median time and peak extra memory, {where}; one at a time, in a process of its own. The curves are predicted:"
        " points should lie on them."
    )
    scope = _controls(config, lab, chosen)
    others = _recordings()
    polling = measuring.current() is not None
    st.fragment(partial(_live, config, lab, scope, others, polling), run_every=EVERY if polling else None)()


def _controls(config: PVTConfig, lab: Lab, device: str) -> Scope:
    offered = {f"{scope.kind}-{scope.stage}" if scope.stage else scope.kind: scope for scope in scopes(config)}
    scope = lab.measured(config)
    st.session_state["scope"] = next(name for name, one in offered.items() if one == scope)
    st.selectbox(
        "What to measure",
        list(offered),
        key="scope",
        format_func=lambda name: offered[name].label.capitalize(),
        on_change=choice.changed,
        args=("scope",),
    )
    picked = _pills(
        "Image sizes, px", {str(side): side for side in SIDES if side >= config.least_side}, "sizes", FIRST_SIZES
    )
    ways = _pills("Attention", {way.label: way for way in variants(config)}, "ways")
    with st.container(horizontal=True):
        count = len(picked) * len(ways)
        st.button(
            f"Measure {count} {'point' if count == 1 else 'points'}",
            icon=":material/play_arrow:",
            disabled=not count,
            on_click=_start,
            args=(config, picked, ways, scope, lab, device),
        )
        st.button("Forget all points", disabled=not measuring.results(), on_click=measuring.forget)
    return scope


def _pills(label: str, offered: dict, name: str, first: tuple | None = None) -> tuple:
    """Any number of the options, at first those of `first` (or all); what is offered no longer is left out."""
    key = f"measure_{name}"
    chosen = st.session_state.get(key, [text for text, value in offered.items() if first is None or value in first])
    st.session_state[key] = [text for text in chosen if text in offered]
    chosen = st.pills(label, list(offered), selection_mode="multi", key=key, on_change=address.touch)
    return tuple(offered[text] for text in chosen)


def _start(
    config: PVTConfig, sizes: tuple[int, ...], ways: tuple[Variant, ...], scope: Scope, lab: Lab, device: str
) -> None:
    address.touch()
    tasks = sweep.plan(config, sizes, lab.batch, dtype=lab.dtype, only=(scope,), ways=ways)
    measuring.start(tasks, device)


def _live(config: PVTConfig, lab: Lab, scope: Scope, others: list[Recording], polling: bool) -> None:
    """Redrawn by itself while a sweep is on its way."""
    on_its_way = measuring.current()
    told, halt = st.columns([5, 1], vertical_alignment="center")
    with told:  # always there, so that nothing moves when a sweep begins or ends
        if on_its_way:
            st.progress(on_its_way.done / len(on_its_way.tasks), text=on_its_way.look())
        else:
            st.progress(0.0, text=measuring.problem() or "Nothing is being measured.")
    with halt:
        st.button("Stop", icon=":material/stop:", on_click=measuring.stop, disabled=not on_its_way, width="stretch")
    sources = {LIVE: measuring.results().values(), **{one.label: one.points for one in others}}
    points = {name: _matching(found, config, lab, scope) for name, found in sources.items()}
    _memory(config, lab, scope, points)
    _time(config, lab, scope, points)
    _table(lab, points)
    if polling and not measuring.current():
        st.rerun()  # the whole page once more, which then no longer polls


def _least(network: PVTConfig) -> PVTConfig:
    """The network written for its least image: curves over the size are the same whatever the page's size is."""
    return replace(network, image_size=network.least_side)


def _matching(found: Iterable[Measurement], config: PVTConfig, lab: Lab, scope: Scope) -> list[Measurement]:
    """The measurements of this very network (at any size), scope, batch and precision."""
    return [
        point
        for point in list(found)
        if (point.task.scope, point.task.batch, point.task.dtype) == (scope, lab.batch, lab.dtype)
        and point.task.network.alike(point.task.variant.of(config))
    ]


Points = dict[str, list[Measurement]]
"""Measurements by where they come from."""


def _by_variant(points: Points, value) -> dict[str, dict[str, list[tuple[int, float, str]]]]:
    """Per source and variant (side, value, note), for the measurements that have one."""
    return {
        source: {
            name: [
                (point.task.config.image_hw[0], value(point), f"median of {point.runs} runs")
                for point in found
                if point.task.variant.name == name and point.seconds
            ]
            for name in VARIANTS
        }
        for source, found in points.items()
    }


def _memory(config: PVTConfig, lab: Lab, scope: Scope, points: Points) -> None:
    ways = variants(config)
    chart = figures.measured(
        {way.name: peaks(_least(way.of(config)), scope, way.attention, lab.batch, lab.dtype) for way in ways},
        _by_variant(points, lambda point: point.peak_bytes),
        {way.name: way.label for way in ways},
        SIDES,
        title=f"Peak extra memory, {scope.label}",
        y_title="peak",
        caption=f"{config.name}, {lab.dtype}, batch {lab.batch}. Lines: predicted in closed form, without the kernel's"
        " own scratch. Filled points: measured here; hollow ones: recorded.",
        unit="B",
    )
    charts.show(chart, key="measured_memory", alt=f"Predicted and measured peak memory of {scope.label}.")


def _time(config: PVTConfig, lab: Lab, scope: Scope, points: Points) -> None:
    rates = defaultdict(float)
    for point in [point for found in points.values() for point in found if point.seconds]:
        rates[point.task.variant] = max(rates[point.task.variant], point.task.macs / point.seconds)
    if not rates:
        st.caption(":material/timer: Times appear here with the first measured point.")
        return

    work = {way: growth(_least(way.of(config)), scope, lab.batch) for way in rates}
    reached = "; ".join(f"{way.label} {lab.amount(rate)}/s" for way, rate in rates.items())
    chart = figures.measured(
        {way.name: [macs and macs / rates[way] for macs in curve] for way, curve in work.items()},
        _by_variant(points, lambda point: point.seconds),
        {way.name: way.label for way in rates},
        SIDES,
        title=f"Time of one run, {scope.label}",
        y_title="median time",
        caption=f"Lines: the multiply-adds at the best rate that each way reached ({reached}); a point above its line"
        " was slower than that, for example because other programs run.",
        unit="s",
    )
    charts.show(chart, key="measured_time", alt=f"Measured time of {scope.label}.")


def _table(lab: Lab, points: Points) -> None:
    measured = [(source, point) for source, found in points.items() for point in found]
    if not measured:
        return
    measured.sort(key=lambda pair: (pair[1].task.config.image_hw, pair[1].task.variant.name, pair[0]))
    charts.table(
        [
            {
                "where": source,
                "image": point.task.size,
                "attention": point.task.variant.label,
                "predicted peak": si(point.task.predicted_peak_bytes, "B"),
                "measured peak": si(point.peak_bytes, "B") if point.peak_bytes is not None else "",
                "measured / predicted": _ratio(point),
                "time": si(point.seconds, "s") if point.seconds else "",
                "speed": f"{lab.amount(point.task.macs / point.seconds)}/s" if point.seconds else "",
                "note": point.failure or f"median of {point.runs}",
            }
            for source, point in measured
        ],
        numbers=[
            {
                "where": source,
                "device": point.machine.name if point.machine else "",
                "torch": point.machine.torch if point.machine else "",
                "threads": point.machine.threads if point.machine else "",
                "model": point.task.config.name,
                "height": point.task.config.image_hw[0],
                "width": point.task.config.image_hw[1],
                "batch": point.task.batch,
                "dtype": point.task.dtype,
                "scope": point.task.scope.label,
                "attention": point.task.variant.label,
                f"{lab.unit}": lab.counted(point.task.macs),
                "predicted_peak_bytes": point.task.predicted_peak_bytes,
                "measured_peak_bytes": point.peak_bytes,
                "seconds": point.seconds,
                "runs": point.runs,
                "failure": point.failure,
            }
            for source, point in measured
        ],
        key="measured",
        alt="Measured points: predicted and measured peak, and time.",
    )
    machine = next((point.machine for _, point in measured if point.machine and _ == LIVE), None)
    if machine:
        st.caption(
            f"Measured here: {machine.name}, torch {machine.torch}, {machine.threads}"
            f" {'thread' if machine.threads == 1 else 'threads'}, {lab.dtype}, batch {lab.batch}."
        )


def _ratio(point: Measurement) -> str:
    return f"{point.peak_bytes / point.task.predicted_peak_bytes:.3f}" if point.peak_bytes is not None else ""


def _recordings() -> list[Recording]:
    """The recorded files that the visitor wants to see beside the live points."""
    found, unread = recording.all_in(recording.FOLDER)
    for problem in unread:
        st.caption(f":material/warning: {problem}")
    if not found:
        return []
    names = {one.label: one for one in found}
    shown = st.pills(
        "Recorded on other machines",
        list(names),
        selection_mode="multi",
        key="recordings",
        on_change=address.touch,
    )
    return [names[label] for label in shown]
