"""What a network knows: which kind of pictures, which things by name, and how sure it should be."""

from collections.abc import Sequence

from pvt_viz import report, scenes
from pvt_viz.checkpoints import tiny_imagenet
from pvt_viz.language import current, tr
from pvt_viz.lesson import measured
from pvt_viz.models import Weights
from pvt_viz.report import PHOTOGRAPHS, SCENES, Report
from pvt_viz.scene import Scene

WEAK = 0.5
"""Below this probability it is said how often such an answer is right."""
HARDLY, OFTEN = 0.05, 0.4
"""How often that is: below the first hardly ever, from the second on some times in ten, between them one time in …"""


def kind(weights: Weights) -> str:
    """Of the pictures that a network of ours was trained on, as reports call it; nothing for those of others."""
    return {scenes.CLASSES: SCENES, tiny_imagenet.CLASSES: PHOTOGRAPHS}.get(weights.classes, "")


def knows_scenes(weights: Weights) -> bool:
    """Whether it was trained on drawn scenes."""
    return kind(weights) == SCENES


def report_of(scene: Scene) -> Report | None:
    """What was measured of the network on pictures of the kind that is shown; else nothing that it could be about."""
    found = report.load(scene.selection.config.name)
    return found if found is not None and found.kind == measured.kind_of(scene.picture) else None


def unsure(scene: Scene, chance: float) -> str:
    """How often the strongest answer is right where its probability is as low as `chance`, in a sentence.

    Nothing where it is not low, or where that was not measured: at another p, R or image size it may be otherwise.
    """
    selection, found = scene.selection, report_of(scene)
    if chance >= WEAK or found is None or found.sureness is None:
        return ""
    if selection.resized or max(selection.image_size) != found.side:
        return ""
    accuracy = found.sureness.accuracy(chance)
    if accuracy is None:
        return ""
    if accuracy < HARDLY:
        return tr("This unsure, it is hardly ever right.")
    if accuracy < OFTEN:
        return tr("This unsure, it is right about one time in {count}.", count=round(1 / accuracy))
    return tr("This unsure, it is right about {count} times in ten.", count=round(10 * accuracy))


def called(names: Sequence[str], wanted: str = "") -> list[str]:
    """Those whose name in the reader's language contains what is wanted, sorted as that language sorts."""
    found = [name for name in map(tr, names) if wanted.strip().casefold() in name.casefold()]
    if current() == "zh":  # this old code has common characters by their sound, as a Chinese dictionary has
        return sorted(found, key=lambda name: name.encode("gb18030"))
    return sorted(found, key=str.casefold)
