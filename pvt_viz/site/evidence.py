"""The Evidence page as sections: every method's maps, what they are worth, and what changing one stage does."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz import report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.language import tr
from pvt_viz.report import Report
from pvt_viz.site.section import Section
from pvt_viz.ui import evidence, plates
from pvt_viz.ui.calls import Scene


def sections(scene: Scene) -> Iterator[Section]:
    """Nothing for a network without a head, which has no answer to follow back."""
    config = scene.selection.config
    if not config.num_classes:
        return
    for number, method in enumerate(METHODS, 1):
        found = plates.evidence(scene, method)
        title = tr("Where attention goes: {method}", method=tr(method))
        yield Section(f"evidence-{number}", title, found[0].caption, plates=found)
    measured = report.load(config.name) if scene.trace.weights.trained else None
    scores = [] if scene.picture.scenes is None else [evidence.worth(scene)]
    if measured:
        alt = tr("On {scenes:,} held-out scenes, at the default p and R", scenes=measured.scored)
        scores.append(replace(evidence.worth_held_out(measured), alt=alt))
    if scores:
        words = tr(
            "Of many equally bright pixels, the part on the shape counts. **Chance** is a flat map, the **centre"
            " prior** knows only the middle; a **ceiling** is the true shape drawn in the cells of that stage: coarse"
            " cells cannot do better."
        )
        yield Section("scores", tr("How well the maps agree with the truth"), words, tables=scores)
    if scene.trace.weights.classes:
        yield _what_matters(scene, measured)


def _what_matters(scene: Scene, measured: Report | None) -> Section:
    return Section(
        "what-matters",
        tr("What matters"),
        tr("One stage after the other is changed, and the network asked again: what it then answers."),
        notes=[f"**{tr(kind).capitalize()}.** {tr(words)}" for kind, words in KINDS.items()],
        charts=[] if measured is None else [evidence.accuracy(measured)],
        tables=[evidence.matters(scene)],
    )
