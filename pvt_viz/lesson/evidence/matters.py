"""What matters: what the network answers to this picture with the attention of one stage changed."""

from dataclasses import dataclass

import torch

from pvt_viz import attribution, images
from pvt_viz.attribution import KINDS
from pvt_viz.choices.selection import SEEDS
from pvt_viz.language import say, tr
from pvt_viz.lesson import answer
from pvt_viz.lesson.known import knows_scenes
from pvt_viz.lesson.table import Table
from pvt_viz.models import Weights
from pvt_viz.picture import Picture
from pvt_viz.samples import SAMPLES
from pvt_viz.scene import Scene, once
from pvt_viz.words import escaped


@dataclass(frozen=True)
class Changed:
    """What the network answers with one stage changed."""

    stage: int
    kind: str
    answer: int
    """A number into the classes."""
    chance: float
    """Of that answer."""


def said(changed: Changed, before: int, weights: Weights) -> str:
    """The answer, bold where it is another than `before`, and its probability."""
    name = escaped(answer.named(weights, changed.answer))
    return f"{name if changed.answer == before else f'**{name}**'} {changed.chance:.0%}"


def another(scene: Scene) -> tuple[Picture, str]:
    """The picture whose keys and values are swapped in, and what it is called within a sentence.

    A network that knows photographs is given one on a photograph: a sample, another than the one that is shown.
    """
    selection = scene.selection
    if scene.picture.scenes is None and not knows_scenes(scene.trace.weights):
        names = list(SAMPLES)
        shown = scene.picture.digest.removeprefix("sample:")
        name = names[(names.index(shown) + 1) % len(names)] if shown in names else names[0]
        return Picture.sample(name), say("the photograph “{title}”", title=SAMPLES[name].title)
    seed = SEEDS[(selection.seed + 1) % len(SEEDS)]
    return Picture.scene(selection.image_size, seed, selection.clutter, None), say("scene {seed}", seed=seed)


def tabulated(scene: Scene) -> Table:
    """What the network answers to this picture with the attention of one stage changed."""
    weights, before = scene.trace.weights, int(scene.trace.logits[0].argmax())
    other, called = another(scene)
    by_stage: dict[int, dict[str, str]] = {}
    for row in interventions(scene, other):
        stage = by_stage.setdefault(row.stage, {tr("attention of"): tr("stage {stage}", stage=row.stage)})
        stage[tr(row.kind)] = said(row, before, weights)
    return Table(
        tr("The answer with the attention of each stage off, uniform, or with keys and values of another picture."),
        list(by_stage.values()),
        note=tr(
            "Untouched it answers {answer}. Bold: the answer changed. Swapped keys and values are those of {other};"
            " percentages are the probability of the answer given.",
            answer=escaped(answer.named(weights, before)),
            other=called,
        ),
    )


def interventions(scene: Scene, other: Picture) -> list[Changed]:
    """Every kind at every stage on this picture; swapped keys and values are those of `other`."""
    with scene.studio.waiting(tr("Changing one stage after the other …")):
        return _interventions(scene.key, other.digest, other, scene)


@once(most=8)
def _interventions(key: tuple, other: str, _other: Picture, _scene: Scene) -> list[Changed]:
    config = _scene.selection.config
    pair = torch.cat([images.to_tensor(_other.image, config), _scene.trace.image])
    studio = _scene.studio
    model = studio.network_of(_scene)
    found = []
    for stage in range(1, len(config.dims) + 1):
        for kind in KINDS:
            logits = studio.run(attribution.intervene(model, stage, kind), pair, _scene)[1]
            chances = logits.softmax(dim=0)
            best = int(chances.argmax())
            found.append(Changed(stage, kind, best, float(chances[best])))
    return found
