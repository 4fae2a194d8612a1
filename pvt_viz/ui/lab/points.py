"""Measured points over predicted curves, and in a table, on the page."""

from collections.abc import Iterable

import streamlit as st

from pvt_viz.choices.lab import Lab
from pvt_viz.config import PVTConfig
from pvt_viz.cost.scope import Scope
from pvt_viz.cost.task import Measurement
from pvt_viz.language import tr, tr_n
from pvt_viz.lesson.cost import points
from pvt_viz.lesson.cost.points import LIVE
from pvt_viz.ui.looking import charts, table


def show(sources: dict[str, Iterable[Measurement]], config: PVTConfig, lab: Lab, scope: Scope) -> None:
    found = {name: points.matching(several, config, lab, scope) for name, several in sources.items()}
    made = points.setting(config, lab, found)
    alt = tr("Predicted and measured peak memory of {scope}.", scope=scope.label)
    charts.show(points.memory(config, lab, scope, found), key="measured_memory", alt=alt, setting=made)
    if (times := points.time(config, lab, scope, found)) is not None:
        alt = tr("Measured time of {scope}.", scope=scope.label)
        charts.show(times, key="measured_time", alt=alt, setting=made)
    else:
        later = tr("Times appear here with the first measured point.")
        st.caption(f":material/timer: {later}")
    if (every := points.tabulated(config, lab, found)) is not None:
        table.show(every, key="measured")
        for machine in points.machines(found):
            st.caption(machine)
    hidden = len(list(sources[LIVE])) - len(found[LIVE])
    if hidden:
        others = tr_n(
            "{count} point measured with other settings (batch, precision, what, p or R) not shown here.",
            "{count} points measured with other settings (batch, precision, what, p or R) not shown here.",
            hidden,
        )
        st.caption(f":material/visibility_off: {others}")
