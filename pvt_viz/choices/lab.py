"""What the Cost page has of its own: image size, batch, precision, and how its numbers are written."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from pvt_viz.choices.nearest import nearest, replacement
from pvt_viz.choices.selection import DEFAULT_SIDE
from pvt_viz.config import PVTConfig
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.scope import Scope, scopes
from pvt_viz.language import N_, Sentence, say
from pvt_viz.words import si

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
OPTIONS = {
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

    def curves(self, macs: dict[str, Iterable[float | None]]) -> dict[str, list[float | None]]:
        """The same of many, by name; None where there is nothing to count."""
        return {name: [None if at is None else self.counted(at) for at in curve] for name, curve in macs.items()}

    @property
    def itemsize(self) -> int:
        return BYTES[self.dtype]

    def measured(self, config: PVTConfig) -> Scope:
        """The scope to measure; that of a stage which the network lacks becomes the nearest there is."""
        kind, _, stage = self.scope.partition("-")
        wanted = Scope(kind, min(int(stage), len(config.dims)) if stage else 0)
        return next(scope for scope in scopes(config) if scope == wanted)


def images_of(lab: Lab) -> Sentence:
    """What is priced at once."""
    return say("one image") if lab.batch == 1 else say("a batch of {batch}", batch=lab.batch)


def setting_of(config: PVTConfig, lab: Lab) -> dict[str, str]:
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


def read(query: dict[str, str]) -> tuple[Lab, list[Sentence]]:
    """What a link says of it, and the sentences about what had to be replaced."""
    default, found, said = Lab(), {}, []
    for name, allowed in OPTIONS.items():
        if name in query:
            found[name] = nearest(query[name], allowed, getattr(default, name) or DEFAULT_SIDE)
            if str(found[name]) != query[name]:
                said.append(replacement(LABELS[name], query[name], _said(name, found[name])))
    return replace(default, **found), said


def written(lab: Lab) -> dict[str, str]:
    """What a link says: what differs from the defaults."""
    default = Lab()
    names = [field.name for field in fields(lab)]
    return {name: str(getattr(lab, name)) for name in names if getattr(lab, name) != getattr(default, name)}


def _said(name: str, option: str | int) -> str | int:
    return say(option) if name == "axis" else option
