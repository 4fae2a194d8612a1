"""Choices that belong to one page, not to the sidebar: what each can be, and how a link says it."""

from pvt_viz.attribution import METHODS
from pvt_viz.choices.nearest import nearest, replacement
from pvt_viz.choices.selection import POWERS
from pvt_viz.figures.tradeoff import AXES
from pvt_viz.language import N_, Sentence, say
from pvt_viz.report import KINDS

MOMENTS = 8
STEPS = ("patches", "embedding", "attention", "fold", "with_and_without", "stages", "answer", "cost", "fused", "beyond")
"""Of the tour."""
OPTIONS = {
    "method": tuple(METHODS),
    "across": tuple(AXES),
    "points": KINDS,
    "compared": (1, 2, 3, 4),
    "other": POWERS,
    "moment": tuple(range(MOMENTS)),
    "step": STEPS,
    "presenter": ("off", "on"),
}
LABELS = {
    "method": N_("Method"),
    "across": N_("Across"),
    "points": N_("Measured on"),
    "compared": N_("Stage"),
    "other": N_("Compared R"),
    "moment": N_("Moment of the training"),
    "step": N_("Step of the tour"),
    "presenter": N_("Presenter"),
}
DEFAULTS = {
    "method": "rollout",
    "across": "MACs",
    "compared": 1,
    "other": 1,
    "moment": MOMENTS - 1,
    "step": STEPS[0],
    "presenter": "off",
}
"""`points` has none of its own: it follows the network."""


def read(query: dict[str, str]) -> tuple[dict[str, object], list[Sentence]]:
    """What a link says of them, and the sentences about what had to be replaced."""
    found, said = {}, []
    for name, allowed in OPTIONS.items():
        if name in query:
            found[name] = nearest(query[name], allowed, DEFAULTS.get(name, allowed[0]))
            if str(found[name]) != query[name]:
                value = say(found[name]) if isinstance(found[name], str) else found[name]
                said.append(replacement(LABELS[name], query[name], value))
    return found, said


def written(chosen: dict[str, object]) -> dict[str, str]:
    """What a link says: what differs from the defaults."""
    return {name: str(value) for name, value in chosen.items() if value != DEFAULTS.get(name)}
