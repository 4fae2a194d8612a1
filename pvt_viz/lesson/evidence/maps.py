"""Where attention goes: maps of every method, with their scores."""

from dataclasses import dataclass

from pvt_viz.attribution import METHODS, scores
from pvt_viz.config import PVTConfig
from pvt_viz.figures import encode, heat, truth
from pvt_viz.language import N_, say, spaced, tr
from pvt_viz.lesson.table import Table
from pvt_viz.listed import listed
from pvt_viz.scene import Scene, once
from pvt_viz.walkthrough import prefix_words

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


def alt(method: str, stage: int) -> str:
    """What is to be seen of a map."""
    return tr("Map of {method} on the tokens of stage {stage}, over the picture.", method=say(method), stage=stage)


@once(most=8)
def views(key: tuple, method: str, _scene: Scene) -> list[MapView]:
    """The maps of a method, one for each stage that it has one for."""
    look = _scene.studio.look(_scene)
    drawn = _scene.picture.scenes
    image_size = _scene.selection.image_size
    found = []
    for stage, plane in zip(look.stages, METHODS[method](look), strict=True):
        if plane is None:
            continue
        shape = stage.shape
        covered = (shape.grid[0] * shape.stride, shape.grid[1] * shape.stride)
        total = float(plane[0].sum())
        picture = heat.over(_scene.bare, plane[0].numpy(), covered, image_size)
        if drawn is not None:
            picture = truth.outline(picture, drawn.masks[0].numpy())
        found.append(
            MapView(
                stage=shape.index,
                picture=encode.png(picture),
                high=float(plane[0].max()) / total if total > 0 else 0.0,
                scores=None if drawn is None else scores.score(plane, drawn.masks, shape.stride).means(),
            )
        )
    return found


def worth(scene: Scene) -> Table:
    """What every map of this picture is worth against the truth, which is known in drawn scenes alone."""
    rows = [
        {
            tr("map"): tr(method),
            tr("stage"): str(view.stage),
            **{tr(words): f"{view.scores[name]:.0%}" for name, words in SCORES.items()},
        }
        for method in METHODS
        for view in views(scene.key, method, scene)
    ]
    return Table(tr("Scores of every method and stage against the true shape, on this picture."), rows)
