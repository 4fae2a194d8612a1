"""What was measured of a network with weights: its accuracy at every setting, and what its maps are worth."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache

from pvt_viz.checkpoints.own import BUNDLED, FOLDER
from pvt_viz.config import PVTConfig, Size

Setting = tuple[tuple[int, ...], tuple[int, ...]]
"""(patch_sizes, reductions)."""


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """Accuracy on held-out scenes with the attention of one stage changed."""

    stage: int
    kind: str
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class MapScore:
    """How well a map shows where the answer is, as a mean over held-out scenes (see `attribution.scores`)."""

    method: str
    stage: int
    """0 for a yardstick that has none."""
    pointing: float
    energy: float
    overlap: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the weights came about."""

    steps: int
    scenes: int
    seconds: float
    machine: str
    torch: str
    date: str
    history: tuple[tuple[int, float, float], ...]
    """(step, loss, accuracy), means over the steps since the row before."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Of one network. Every accuracy is on `scenes` pictures of the cue task that training never saw."""

    name: str
    scenes: int
    side: int
    """Of the square pictures that `accuracies` are for, in pixels."""
    seed: int
    accuracies: dict[Setting, float]
    sizes: dict[Size, float]
    """At other image sizes, at the default p_i and R_i."""
    interventions: tuple[Intervention, ...]
    scored: int
    """How many of the scenes maps are scored on."""
    scores: tuple[MapScore, ...]
    training: Training

    def accuracy(self, config: PVTConfig) -> float | None:
        """At the p_i and R_i of a configuration, on pictures of `side`; None where not measured."""
        return self.accuracies.get((config.patch_sizes, config.reductions))


@cache
def load(name: str) -> Report | None:
    """The report of a bundled network; None where there is none, or none that can be read."""
    path = FOLDER / f"{name}.json"
    if name not in BUNDLED or not path.is_file():
        return None
    try:
        return _read(json.loads(path.read_text()))
    except (ValueError, TypeError, KeyError):
        return None


def save(report: Report) -> None:
    """Write it where `load` finds it."""
    fields = asdict(report)
    fields["accuracies"] = [[*setting, accuracy] for setting, accuracy in report.accuracies.items()]
    fields["sizes"] = [[size, accuracy] for size, accuracy in report.sizes.items()]
    (FOLDER / f"{report.name}.json").write_text(json.dumps(fields, separators=(",", ":")) + "\n")


def _read(fields: dict) -> Report:
    training = dict(fields["training"])
    training["history"] = tuple(map(tuple, training["history"]))
    return Report(
        name=fields["name"],
        scenes=fields["scenes"],
        side=fields["side"],
        seed=fields["seed"],
        accuracies={(tuple(p), tuple(r)): accuracy for p, r, accuracy in fields["accuracies"]},
        sizes={tuple(size): accuracy for size, accuracy in fields["sizes"]},
        interventions=tuple(Intervention(**row) for row in fields["interventions"]),
        scored=fields["scored"],
        scores=tuple(MapScore(**row) for row in fields["scores"]),
        training=Training(**training),
    )
