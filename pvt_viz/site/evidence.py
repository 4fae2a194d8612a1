"""The Evidence page as sections: every method's maps, what they are worth, and what changing one stage does."""

from collections.abc import Iterator

from pvt_viz import report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.language import tr
from pvt_viz.report import Report
from pvt_viz.site.section import Section, Table
from pvt_viz.ui import answer, evidence, plates
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.selection import SEEDS
from pvt_viz.words import escaped


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
    if scores := [*_on_this_picture(scene), *_on_held_out(measured)]:
        words = tr(
            "Of many equally bright pixels, the part on the shape counts. **Chance** is a flat map, the **centre"
            " prior** knows only the middle; a **ceiling** is the true shape drawn in the cells of that stage: coarse"
            " cells cannot do better."
        )
        yield Section("scores", tr("How well the maps agree with the truth"), words, tables=scores)
    if scene.trace.weights.classes:
        yield _what_matters(scene, measured)


def _on_this_picture(scene: Scene) -> Iterator[Table]:
    """Where the truth is known: in drawn scenes."""
    if scene.picture.scenes is None:
        return
    rows = [
        {
            tr("map"): tr(method),
            tr("stage"): str(view.stage),
            **{tr(words): f"{view.scores[name]:.0%}" for name, words in evidence.SCORES.items()},
        }
        for method in METHODS
        for view in evidence.maps(scene.key, method, scene)
    ]
    yield Table(tr("Scores of every method and stage against the true shape, on this picture."), rows)


def _on_held_out(measured: Report | None) -> Iterator[Table]:
    if measured is None:
        return
    rows = [
        {
            tr("map"): tr(row.method),
            tr("stage"): str(row.stage or "–"),
            **{tr(words): f"{getattr(row, name):.1%}" for name, words in evidence.SCORES.items()},
        }
        for row in measured.scores
    ]
    yield Table(tr("On {scenes:,} held-out scenes, at the default p and R", scenes=measured.scored), rows)


def _what_matters(scene: Scene, measured: Report | None) -> Section:
    weights, before = scene.trace.weights, int(scene.trace.logits[0].argmax())
    other = SEEDS[(scene.selection.seed + 1) % len(SEEDS)]
    by_stage: dict[int, dict[str, str]] = {}
    for row in evidence.interventions(scene.key, other, scene):
        stage = by_stage.setdefault(row.stage, {tr("attention of"): tr("stage {stage}", stage=row.stage)})
        stage[tr(row.kind)] = evidence.said(row, before, weights)
    note = tr(
        "Untouched it answers {answer}. Bold: the answer changed. Swapped keys and values are those of scene {seed};"
        " percentages are the probability of the answer given.",
        answer=escaped(answer.named(weights, before)),
        seed=other,
    )
    alt = tr("The answer with the attention of each stage off, uniform, or with keys and values of another picture.")
    return Section(
        "what-matters",
        tr("What matters"),
        tr("One stage after the other is changed, and the network asked again: what it then answers."),
        notes=[f"**{tr(kind).capitalize()}.** {tr(words)}" for kind, words in KINDS.items()],
        charts=[] if measured is None else [evidence.accuracy(measured)],
        tables=[Table(alt, list(by_stage.values()), note)],
    )
