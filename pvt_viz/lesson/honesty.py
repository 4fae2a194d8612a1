"""What the weights cannot tell: untrained ones anything, ours nothing about other pictures, resized ones less."""

from pvt_viz.language import spaced, tr
from pvt_viz.lesson import known
from pvt_viz.listed import enumerated
from pvt_viz.models.flexible import PSEUDO_INVERSE
from pvt_viz.scene import Scene
from pvt_viz.words import escaped, times

KINDS = RANDOM, STRANGE, UNTRAINED, RESIZED, POSITIONS = ("random", "strange", "untrained", "resized", "positions")
"""What is the matter: weights are random, network and picture do not belong together, p and R were not
trained, kernels were resized, position embeddings were."""


def honestly(scene: Scene) -> list[tuple[str, str]]:
    """What the weights cannot tell, in sentences, each with its kind; none where they can."""
    said = []
    weights, config = scene.trace.weights, scene.selection.config
    if not weights.trained:
        mechanics = tr(
            "The weights are {source}: shapes, costs and mechanics are real; what the network looks at is not yet"
            " meaningful.",
            source=weights.source,
        )
        return [(RANDOM, spaced(tr(weights.problem), mechanics))]
    drawn = known.knows_scenes(weights)
    if drawn and scene.picture.scenes is None:
        strange = tr(
            "{network} has only ever seen drawn shapes. On a photograph it still names one of ten, and that means"
            " nothing; its maps show how it looks at what it does not know.",
            network=config.name,
        )
        said.append((STRANGE, strange))
    elif not drawn and scene.picture.scenes is not None:
        strange = tr(
            "{network} was not trained on drawn scenes: choose a sample, or a photograph of yours, to ask it what it"
            " knows.",
            network=escaped(config.name),
        )
        said.append((STRANGE, strange))
    if new := weights.untrained(config):
        untrained = tr("Not trained at {ratios}: it is shown all the same.", ratios=enumerated(*new))
        said.append((UNTRAINED, spaced(untrained, _resized(scene))))
    elif scene.selection.resized:
        said.append((RESIZED, _resized(scene)))
    stages = zip(scene.selection.network.config.shapes(), config.shapes(), strict=True)
    moved = [(home, now) for home, now in stages if home.grid != now.grid]
    if config.version == 1 and moved:
        home, now = moved[0]
        sides = {"home": times(home.grid), "now": times(now.grid), "index": now.index}
        if len(moved) > 1:
            positions = tr(
                "Position embeddings are interpolated from {home} tokens to {now} in stage {index}, and likewise"
                " above.",
                **sides,
            )
        else:
            positions = tr(
                "Position embeddings are interpolated from {home} tokens to {now} in stage {index}.", **sides
            )
        said.append((POSITIONS, positions))
    return said


def _resized(scene: Scene) -> str:
    """How the kernels were made to fit, in a sentence."""
    if scene.fitted.kernels == PSEUDO_INVERSE:
        return tr("Kernels are resized by the pseudo-inverse, so that they say the same of a resized patch (FlexiViT).")
    return tr(
        "Kernels are resized bilinearly, as a picture would be: their answers grow with their area, and go astray."
    )
