"""What the Cost page has of its own: image size, batch, precision, and how its numbers are written; also in the URL."""

from dataclasses import dataclass, fields, replace

import streamlit as st

from pvt_viz.config import PVTConfig, Size
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.scope import Scope, scopes
from pvt_viz.language import N_, Sentence, say
from pvt_viz.ui import address
from pvt_viz.ui.nearest import nearest, replacement
from pvt_viz.ui.selection import DEFAULT_SIDE, Selection
from pvt_viz.ui.told import tell
from pvt_viz.words import si

_KEPT = "lab"
SIDES = tuple(range(64, 2049, 16))
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
UNITS = {"MAC": 1, "FLOP": 2}
"""What counts as one: a multiplication with its addition, or each of them."""
LABELS = {
    "side": N_("Image size"),
    "batch": N_("Batch"),
    "dtype": N_("Precision"),
    "unit": N_("Count in"),
    "axis": N_("Bars"),
    "scope": N_("What to measure"),
}
_OPTIONS = {
    "side": SIDES,
    "batch": BATCHES,
    "dtype": ("float32", "bfloat16", "float16"),
    "unit": tuple(UNITS),
    "axis": (N_("linear"), N_("log")),
    "scope": ("forward", *(f"{kind}-{i}" for kind in ("attention", "stage") for i in range(1, 5))),
}


@dataclass(frozen=True)
class Lab:
    """Field names are those of the widgets and of the URL."""

    side: int | None = None
    """Image size in pixels; None while it follows the sidebar's."""
    batch: int = 1
    dtype: str = "float32"
    unit: str = "MAC"
    axis: str = "linear"
    """Of the bars; curves over the image size are always on logarithmic axes."""
    scope: str = "attention-1"
    """What is measured: "attention-1", "stage-1" … or "forward"."""

    def amount(self, macs: float) -> str:
        """Multiply-adds, in the unit that is chosen: 1.93 GMAC, or 3.87 GFLOP."""
        return si(self.counted(macs), self.unit)

    def counted(self, macs: float) -> float:
        """Multiply-adds as a bare number in the unit that is chosen."""
        return macs * UNITS[self.unit]

    @property
    def itemsize(self) -> int:
        return BYTES[self.dtype]

    def measured(self, config: PVTConfig) -> Scope:
        """The scope to measure; that of a stage which the network lacks becomes the nearest there is."""
        kind, _, stage = self.scope.partition("-")
        wanted = Scope(kind, min(int(stage), len(config.dims)) if stage else 0)
        return next(scope for scope in scopes(config) if scope == wanted)


def images(lab: Lab) -> Sentence:
    """What is priced at once."""
    return say("one image") if lab.batch == 1 else say("a batch of {batch}", batch=lab.batch)


def setting(config: PVTConfig, lab: Lab) -> dict[str, str]:
    """For what the page's numbers were made, for files that leave it."""
    h, w = config.image_hw
    return {
        "model": config.name,
        "image": f"{h}×{w}",
        "p": f"p {'-'.join(map(str, config.patch_sizes))}",
        "R": say("linear SRA") if config.pool else f"R {'-'.join(map(str, config.reductions))}",
        "batch": say("batch {batch}", batch=lab.batch),
        "precision": lab.dtype,
    }


def options(name: str) -> tuple:
    """What a choice can be."""
    return _OPTIONS[name]


def current() -> Lab:
    return st.session_state.get(_KEPT, Lab())


def changed(name: str) -> None:
    """A widget of this name was moved."""
    address.touch()
    st.session_state[_KEPT] = replace(current(), **{name: st.session_state[name]})


def size(selection: Selection) -> Size:
    """Of the page's image."""
    side = current().side or nearest(selection.size, SIDES, SIDES[0])
    return side, side


def tell_widgets(selection: Selection) -> Lab:
    """Call before the widgets are drawn: they show what was chosen, on this visit to the page or before it."""
    lab = current()
    for field in fields(lab):
        if field.name not in ("side", "scope"):  # a scope depends on the network, and is told where it is chosen
            tell(field.name, getattr(lab, field.name))
    side, _ = size(selection)
    tell("side", side)
    return replace(lab, side=side)


def adopt(query: dict[str, str]) -> list[str]:
    """Take over what a link says; returns the sentences about what had to be replaced."""
    default, found, said = Lab(), {}, []
    for name, allowed in _OPTIONS.items():
        if name in query:
            found[name] = nearest(query[name], allowed, getattr(default, name) or DEFAULT_SIDE)
            if str(found[name]) != query[name]:
                said.append(replacement(LABELS[name], query[name], _said(name, found[name])))
    st.session_state[_KEPT] = replace(default, **found)
    return said


def _said(name: str, option: str | int) -> str | int:
    return say(option) if name == "axis" else option


def reset() -> None:
    st.session_state.pop(_KEPT, None)


def query() -> dict[str, str]:
    """What differs from the defaults."""
    lab, default = current(), Lab()
    names = [field.name for field in fields(lab)]
    return {name: str(getattr(lab, name)) for name in names if getattr(lab, name) != getattr(default, name)}
