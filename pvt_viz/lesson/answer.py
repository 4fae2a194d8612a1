"""What the network answers, whether that is right, and what it is worth: accuracy at this setting beside its cost."""

from pvt_viz import cost, report
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.language import Sentence, spaced, tr
from pvt_viz.lesson import known, measured
from pvt_viz.lesson.table import Table
from pvt_viz.listed import enumerated
from pvt_viz.models import Weights
from pvt_viz.report import PHOTOGRAPHS, Report
from pvt_viz.scene import Scene
from pvt_viz.scenes import CLASSES
from pvt_viz.words import escaped, si

MOST, MOST_OF_SHAPES = 5, 3
LENS = 3
"""Answers a block."""


def strongest(scene: Scene) -> dict[int, float]:
    """The answers with most probability, the first one first: a number into the classes, and its probability."""
    chances = scene.trace.logits[0].softmax(dim=0)
    most = MOST_OF_SHAPES if known.knows_scenes(scene.trace.weights) else MOST
    return {i: float(chances[i]) for i in chances.argsort(descending=True).tolist()[:most]}


def named(weights: Weights, index: int) -> str:
    """A class for a reader: what ours know, and mere numbers, in the reader's language; else as people named it."""
    name = weights.classes[index]
    return tr(name) if known.kind(weights) or isinstance(name, Sentence) else name


def right(scene: Scene, index: int) -> bool | None:
    """Whether an answer, a number into the classes, is right; None where the truth is not known to be among them."""
    drawn = scene.picture.scenes
    if drawn is None or not known.knows_scenes(scene.trace.weights):
        return None
    return int(drawn.labels[0]) == index


def verdict(scene: Scene, index: int) -> str:
    """What is to be said of an answer, a number into the classes."""
    answer, is_right = escaped(named(scene.trace.weights, index)), right(scene, index)
    if is_right is None:
        return tr("It answers **{answer}**.", answer=answer)
    drawn = scene.picture.scenes
    truth = tr(CLASSES[int(drawn.labels[0])])
    if drawn.layout.tag_colour.shape[1]:
        why = tr("The cue (white rim) is {colour}, and so is the {shape}.", colour=tr(scene.selection.cue), shape=truth)
    else:
        why = "" if is_right else tr("It is a {shape}.", shape=truth)
    if is_right:
        return spaced(tr("It answers **{answer}**, and that is right.", answer=answer), why)
    return spaced(tr("It answers **{answer}**, and that is wrong.", answer=answer), why)


def read_early(scene: Scene) -> Table:
    """One row for each block of the last stage: what the head would have said there."""
    weights, chances = scene.trace.weights, scene.trace.lens[0].softmax(dim=-1)
    final = int(chances[-1].argmax())
    rows = []
    for block, row in enumerate(chances, 1):
        best = row.argsort(descending=True).tolist()[:LENS]
        said = tr(enumerated(*(f"{named(weights, i)} {float(row[i]):.1%}" for i in best)))
        rows.append(
            {
                tr("block"): str(block),
                tr("it would have said"): escaped(said),
                tr("of the answer"): f"{float(row[final]):.1%}",
            }
        )
    return Table(tr("The strongest answers read after each block of the last stage."), rows)


def worth(scene: Scene) -> str:
    """Accuracy at the p_i and R_i of a network with weights, and its arithmetic on one image.

    No accuracy beside a picture that it is not about: it was measured on pictures of the kind that the network knows.
    """
    selection, config = scene.selection, scene.selection.config
    macs = si(cost.analyze(config, image_size=config.image_size).macs, "MAC")
    found = known.report_of(scene)
    if config.name not in BUNDLED or (found is None and report.load(config.name)):
        return tr("One picture costs {macs}.", macs=macs)
    accuracy = measured.accuracy(selection)
    if accuracy is None:
        unknown = tr("Accuracy at these p and R was not measured.")
        if measured.resized_otherwise(selection):
            unknown = tr("Accuracy at these p and R, with kernels resized so, was not measured.")
        return spaced(unknown, tr("One picture costs {macs}.", macs=macs))
    if found.kind == PHOTOGRAPHS:
        return _worth_photographs(scene, found, accuracy, macs)
    if max(config.image_hw) == found.side:
        return tr(
            "At these p and R it is right on **{accuracy:.1%}** of {scenes:,} held-out scenes, for {macs} each.",
            accuracy=accuracy,
            scenes=found.scenes,
            macs=macs,
        )
    return tr(
        "At these p and R it is right on **{accuracy:.1%}** of {scenes:,} held-out scenes (measured at {side}×{side}),"
        " for {macs} each.",
        accuracy=accuracy,
        scenes=found.scenes,
        side=found.side,
        macs=macs,
    )


def _worth_photographs(scene: Scene, found: Report, accuracy: float, macs: str) -> str:
    """The same in words about photographs; at the default setting also how often the five strongest have the answer."""
    resized = scene.selection.resized
    numbers = {
        "accuracy": accuracy,
        "photographs": found.changed_on if resized else found.scenes,
        "macs": macs,
    }
    if max(scene.selection.image_size) == found.side:
        said = tr(
            "At these p and R it is right on **{accuracy:.1%}** of {photographs:,} held-out photographs, for {macs}"
            " each.",
            **numbers,
        )
    else:
        said = tr(
            "At these p and R it is right on **{accuracy:.1%}** of {photographs:,} held-out photographs (measured at"
            " {side}×{side}), for {macs} each.",
            side=found.side,
            **numbers,
        )
    if resized or found.top5 is None:
        return said
    return spaced(said, tr("The right answer is among its five strongest on **{top5:.1%}**.", top5=found.top5))
