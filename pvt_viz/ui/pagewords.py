"""Choices that belong to one page, not to the sidebar: kept over a visit to another page, and part of the link."""

import streamlit as st

from pvt_viz.attribution import METHODS
from pvt_viz.figures.tradeoff import AXES
from pvt_viz.language import N_, Sentence, say
from pvt_viz.report import KINDS
from pvt_viz.ui import address
from pvt_viz.ui.nearest import nearest, replacement
from pvt_viz.ui.selection import POWERS
from pvt_viz.ui.told import tell

MOMENTS = 8
STEPS = ("patches", "embedding", "attention", "fold", "with_and_without", "stages", "answer", "cost", "fused", "beyond")
"""Of the tour."""
_OPTIONS = {
    "method": tuple(METHODS),
    "across": tuple(AXES),
    "points": KINDS,
    "compared": (1, 2, 3, 4),
    "other": POWERS,
    "moment": tuple(range(MOMENTS)),
    "step": STEPS,
    "presenter": ("off", "on"),
}
_LABELS = {
    "method": N_("Method"),
    "across": N_("Across"),
    "points": N_("Measured on"),
    "compared": N_("Stage"),
    "other": N_("Compared R"),
    "moment": N_("Moment of the training"),
    "step": N_("Step of the tour"),
    "presenter": N_("Presenter"),
}
_DEFAULTS = {
    "method": "rollout",
    "across": "MACs",
    "compared": 1,
    "other": 1,
    "moment": MOMENTS - 1,
    "step": STEPS[0],
    "presenter": "off",
}
"""`points` has none of its own: it follows the network."""
_KEPT = "page_words"


def _kept() -> dict[str, object]:
    return st.session_state.setdefault(_KEPT, {})


def told(name: str, offered: tuple | None = None, default: object = None) -> object:
    """Call before the widget of this key is drawn: it shows what was chosen, or of what is `offered` the nearest.

    `default` is what is shown where nothing was chosen, of a choice that has no default of its own.
    """
    value = _kept().get(name, _DEFAULTS.get(name, default))
    if offered is not None and value not in offered:
        value = nearest(value, offered, offered[0])
    tell(name, value)
    return value


def changed(name: str, default: object = None) -> None:
    """A widget of this name was moved; back to a `default` that follows what else is chosen, it follows it again."""
    address.touch()
    _kept()[name] = st.session_state[name]
    if default is not None and st.session_state[name] == default:
        forget(name)


def forget(name: str) -> None:
    """As if nothing had been chosen."""
    _kept().pop(name, None)


def adopt(query: dict[str, str]) -> list[Sentence]:
    """Take over what a link says; returns the sentences about what had to be replaced."""
    found, said = {}, []
    for name, allowed in _OPTIONS.items():
        if name in query:
            found[name] = nearest(query[name], allowed, _DEFAULTS.get(name, allowed[0]))
            if str(found[name]) != query[name]:
                value = say(found[name]) if isinstance(found[name], str) else found[name]
                said.append(replacement(_LABELS[name], query[name], value))
    st.session_state[_KEPT] = found
    return said


def reset() -> None:
    st.session_state.pop(_KEPT, None)


def query() -> dict[str, str]:
    """What differs from the defaults."""
    return {name: str(value) for name, value in _kept().items() if value != _DEFAULTS.get(name)}
