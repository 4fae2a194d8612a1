"""The Evidence page as sections: every method's maps, what they are worth, and what changing one stage does."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz import report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import plates
from pvt_viz.lesson.evidence import held_out, maps, matters
from pvt_viz.lesson.section import Section
from pvt_viz.report import SCENES, Report
from pvt_viz.scene import Scene


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
    scores = [] if scene.picture.scenes is None else [maps.worth(scene)]
    words = ""
    if measured:
        words = spaced(held_out.how_scored(measured.kind), held_out.about_another_kind(measured, scene))
        for scored in held_out.scored(measured):
            scores.append(replace(scored.table, alt=scored.title, note=scored.told))
    elif scores:
        words = held_out.how_scored(SCENES)
    if scores:
        yield Section("scores", tr("How well the maps agree with the truth"), words, tables=scores)
    if scene.trace.weights.classes:
        yield _what_matters(scene, measured)


def _what_matters(scene: Scene, measured: Report | None) -> Section:
    words = tr("One stage after the other is changed, and the network asked again: what it then answers.")
    if measured:
        words = spaced(words, held_out.about_another_kind(measured, scene))
    return Section(
        "what-matters",
        tr("What matters"),
        words,
        notes=[f"**{tr(kind).capitalize()}.** {tr(words)}" for kind, words in KINDS.items()],
        charts=[] if measured is None else [held_out.accuracy(measured)],
        tables=[matters.tabulated(scene)],
    )
