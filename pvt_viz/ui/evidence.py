"""What the Evidence page shows of a scene: maps of every method with their scores, and what interventions do."""

from dataclasses import dataclass

import torch

from pvt_viz import attribution, images
from pvt_viz.attribution import KINDS, METHODS, scores
from pvt_viz.choices.selection import SEEDS
from pvt_viz.config import PVTConfig
from pvt_viz.figures import encode, heat, truth
from pvt_viz.language import N_, say, spaced, tr
from pvt_viz.listed import listed
from pvt_viz.models import Weights
from pvt_viz.picture import Picture
from pvt_viz.samples import SAMPLES
from pvt_viz.scene import Scene, once
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import answer
from pvt_viz.ui.table import Table
from pvt_viz.walkthrough import prefix_words
from pvt_viz.words import escaped

SCORES = {"pointing": N_("brightest on it"), "energy": N_("weight on it"), "overlap": N_("overlap (IoU)")}
"""What a map is scored by against the truth, in words."""


@dataclass(frozen=True)
class MapView:
    """One method at one stage."""

    stage: int
    picture: bytes
    high: float
    """The greatest value, as a part of the map's sum."""
    scores: dict[str, float] | None
    """Against the truth, where it is known."""


@dataclass(frozen=True)
class Changed:
    """What the network answers with one stage changed."""

    stage: int
    kind: str
    answer: int
    """A number into the classes."""
    chance: float
    """Of that answer."""


def about(method: str, config: PVTConfig) -> str:
    """What a method does with a network of this kind, and what it takes for granted."""
    if method == "gradient rollout":
        return tr(
            "Rollout, following only attention that adds to the answer (gradient × attention above 0, with all other"
            " maps and the deviations of LayerNorms held as they are), each block beside the strongest of all."
        )
    if method == "gradient × activation":
        return tr(
            "What the features of a place add to the answer: times its gradient, with attention maps and the deviations"
            " of LayerNorms held as they are. What speaks against the answer is cut to 0."
        )
    who = "" if config.by_mean else prefix_words(2 if config.distilled else 1)
    if method == "raw":
        if who:
            return tr("What {who} looks at in the last block. It takes the last look for the whole story.", who=who)
        return tr(
            "The mean of what all tokens look at (their mean answers) in the last block. It takes the last look for the"
            " whole story."
        )
    start = who or say("all tokens alike (their mean answers)")
    path = [
        say("From {start} back through every block", start=start),
        say("half attention and half residual"),
    ]
    if config.reduces and config.pool:
        path.append(say("keys spread over the tokens they were pooled from"))
    elif config.reduces:
        path.append(say("keys spread over the tokens they were folded from"))
    overlapping = config.version > 1
    if len(config.dims) > 1 and overlapping:
        path.append(say("tokens over the windows they were made from"))
    elif len(config.dims) > 1:
        path.append(say("tokens over their p×p children"))
    said = tr("{path}. It leaves values, MLPs and signs out.", path=listed(*path))
    if not overlapping:
        return said
    return spaced(said, tr("Where windows overlap, what several of them read gets from each: that is the plaid."))


@once(most=8)
def maps(key: tuple, method: str, _scene: Scene) -> list[MapView]:
    """The maps of a method, one for each stage that it has one for."""
    look = _scene.studio.look(_scene)
    drawn = _scene.picture.scenes
    image_size = _scene.selection.image_size
    views = []
    for stage, plane in zip(look.stages, METHODS[method](look), strict=True):
        if plane is None:
            continue
        shape = stage.shape
        covered = (shape.grid[0] * shape.stride, shape.grid[1] * shape.stride)
        total = float(plane[0].sum())
        picture = heat.over(_scene.bare, plane[0].numpy(), covered, image_size)
        if drawn is not None:
            picture = truth.outline(picture, drawn.masks[0].numpy())
        views.append(
            MapView(
                stage=shape.index,
                picture=encode.png(picture),
                high=float(plane[0].max()) / total if total > 0 else 0.0,
                scores=None if drawn is None else scores.score(plane, drawn.masks, shape.stride).means(),
            )
        )
    return views


def said(changed: Changed, before: int, weights: Weights) -> str:
    """The answer, bold where it is another than `before`, and its probability."""
    name = escaped(answer.named(weights, changed.answer))
    return f"{name if changed.answer == before else f'**{name}**'} {changed.chance:.0%}"


def worth(scene: Scene) -> Table:
    """What every map of this picture is worth against the truth, which is known in drawn scenes alone."""
    rows = [
        {
            tr("map"): tr(method),
            tr("stage"): str(view.stage),
            **{tr(words): f"{view.scores[name]:.0%}" for name, words in SCORES.items()},
        }
        for method in METHODS
        for view in maps(scene.key, method, scene)
    ]
    return Table(tr("Scores of every method and stage against the true shape, on this picture."), rows)


def another(scene: Scene) -> tuple[Picture, str]:
    """The picture whose keys and values are swapped in, and what it is called within a sentence.

    A network that knows photographs is given one on a photograph: a sample, another than the one that is shown.
    """
    selection = scene.selection
    if scene.picture.scenes is None and scene.trace.weights.classes != CLASSES:
        names = list(SAMPLES)
        shown = scene.picture.digest.removeprefix("sample:")
        name = names[(names.index(shown) + 1) % len(names)] if shown in names else names[0]
        return Picture.sample(name), say("the photograph “{title}”", title=SAMPLES[name].title)
    seed = SEEDS[(selection.seed + 1) % len(SEEDS)]
    return Picture.scene(selection.image_size, seed, selection.clutter, None), say("scene {seed}", seed=seed)


def matters(scene: Scene) -> Table:
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
