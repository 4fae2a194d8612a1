"""What was measured of a network with weights: its accuracy at every setting, and what its maps are worth."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache

from pvt_viz.checkpoints.own import BUNDLED, FOLDER
from pvt_viz.config import PVTConfig, Size
from pvt_viz.language import N_

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
    taught_from: int | None = None
    """The step from which a teacher's answers were learnt from beside the labels; None where there was no teacher."""


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """What the probability of the strongest answer is worth, on held-out pictures that the temperature never saw."""

    temperature: float
    """By which the head was divided; fitted on other held-out pictures."""
    pictures: int
    error: float
    """Expected calibration error: how far probability and accuracy are apart, in the mean over pictures."""
    bins: tuple[tuple[float, float, float, int], ...]
    """(from, to, accuracy, pictures) for ranges of that probability, rising."""

    def accuracy(self, chance: float) -> float | None:
        """How often an answer of this probability is right; None where hardly any was measured."""
        for low, high, accuracy, count in self.bins:
            if low <= chance < high or chance == high == 1:
                return accuracy if count >= LEAST_PICTURES else None
        return None


LEAST_PICTURES = 20
"""Below that many, a share says little."""
SCENES, PHOTOGRAPHS = KINDS = N_("scenes"), N_("photographs")
CHANCE, CENTRE_PRIOR, CEILING = YARDSTICKS = N_("chance"), N_("centre prior"), N_("ceiling of the grid")
"""What stands among the scores of maps to compare them with."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Of one network. Every accuracy is on `scenes` pictures of its own kind that training never saw."""

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
    kind: str = SCENES
    """Of the pictures that it knows and was measured on."""
    top5: float | None = None
    """How often the right answer is among the five strongest, at the default setting."""
    sureness: Sureness | None = None
    in_settings: int = 0
    """How many pictures every setting but the default, sizes and interventions were measured on; 0: all `scenes`."""
    small_scored: int = 0
    small_scores: tuple[MapScore, ...] = ()
    """`scores` on those pictures alone whose object fills less than a quarter: how many, and the scores."""

    def accuracy(self, config: PVTConfig) -> float | None:
        """At the p_i and R_i of a configuration, on pictures of `side`; None where not measured."""
        return self.accuracies.get((config.patch_sizes, config.reductions))

    @property
    def changed_on(self) -> int:
        """How many pictures settings other than the default, sizes and interventions were measured on."""
        return self.in_settings or self.scenes


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
    training, sureness = dict(fields["training"]), fields.get("sureness")
    if sureness is not None:
        sureness = Sureness(**sureness | {"bins": tuple(map(tuple, sureness["bins"]))})
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
        kind=fields.get("kind", SCENES),
        top5=fields.get("top5"),
        sureness=sureness,
        in_settings=fields.get("in_settings", 0),
        small_scored=fields.get("small_scored", 0),
        small_scores=tuple(MapScore(**row) for row in fields.get("small_scores", ())),
    )
