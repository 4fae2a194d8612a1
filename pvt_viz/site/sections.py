"""What stands on the exported page, section by section: the same pictures, charts and tables that the pages show."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz import report
from pvt_viz.checkpoints import WeightsError
from pvt_viz.choices.view import View
from pvt_viz.figures.tradeoff import AXES
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import answer, learning, plates, reference, shapes, tradeoff
from pvt_viz.lesson.section import Section
from pvt_viz.lesson.table import Table
from pvt_viz.reference import disputes
from pvt_viz.report import PHOTOGRAPHS, Report
from pvt_viz.scene import Scene
from pvt_viz.site import costs, evidence, reduction
from pvt_viz.words import escaped


def before(scene: Scene) -> Iterator[Section]:
    """The picture and the answer: what comes ahead of the explorer."""
    weights, shown = scene.trace.weights, scene.picture
    words, tables = "", []
    if weights.classes:
        found = answer.strongest(scene)
        words = answer.verdict(scene, next(iter(found)))
        rows = [
            {tr("answer"): escaped(answer.named(weights, i)), tr("probability"): f"{p:.1%}"} for i, p in found.items()
        ]
        tables.append(Table(tr("The strongest answers with their probabilities."), rows))
        if weights.trained:
            tables.append(answer.read_early(scene))
    picture, *_ = plates.pyramid(scene)
    credit = escaped(tr("Photograph: {credit}", credit=shown.credit)) if shown.credit else ""
    notes = [escaped(tr(note)) for note in shown.notes]
    title = tr("The picture and the answer") if weights.classes else tr("The picture")
    yield Section("picture", title, spaced(words, credit), notes, plates=[picture], tables=tables)


def after(scene: Scene, view: View) -> Iterator[Section]:
    """What follows the explorer, up to the calculator."""
    yield Section(
        "pyramid",
        tr("What each stage makes of it"),
        tr("Tokens at true size, features as colours, and how long each token's vector is."),
        plates=plates.pyramid(scene)[1:],
        tables=[shapes.tabulated(scene.selection.config)],
    )
    yield Section(
        "attention",
        tr("What a place looks at"),
        tr("At the followed place: the weights over the keys of every stage."),
        plates=plates.attention(scene, view),
    )
    yield from reduction.sections(scene, view)
    yield from evidence.sections(scene)
    yield from _measured(scene)
    yield from costs.sections(scene)


def _measured(scene: Scene) -> Iterator[Section]:
    """What was measured of a network that ships; others have nothing here."""
    config, trained = scene.selection.config, scene.trace.weights.trained
    found = report.load(config.name) if trained else None
    if found is None:
        return
    words = tr("Every point is a network as it answers at one setting of p₁ and R, measured on drawn scenes.")
    if found.kind == PHOTOGRAPHS:
        words = tr("Every point is a network as it answers at one setting of p₁ and R, measured on photographs.")
    yield Section(
        "trade-off",
        tr("Accuracy over cost"),
        words,
        charts=[tradeoff.described(scene.selection, found.kind, axis) for axis in AXES],
    )
    if config.name in learning.NAMES.values():
        yield Section(
            "learning",
            tr("How it learned"),
            tr("The training of this network, from random weights to those that are shown here."),
            charts=list(learning.described(found, None)),
            tables=list(_moments(scene, found)),
        )


def _moments(scene: Scene, found: Report) -> Iterator[Table]:
    """This picture, asked of the network as it was; nothing where the recorded moments are missing."""
    try:
        steps = learning.steps(scene.studio.recorded(found.name), found)
    except WeightsError:
        return
    rows = []
    for step in steps:
        then = scene if step == found.training.steps else scene.studio.scene(scene.selection, scene.picture, step)
        named = {answer.named(then.trace.weights, i): p for i, p in answer.strongest(then).items()}
        said = ", ".join(f"{escaped(name)} {p:.1%}" for name, p in named.items())
        rows.append({tr("step of its training"): f"{step:,}" if step else tr("random"), tr("it answers"): said})
    yield Table(tr("What it answered to this picture at the recorded moments of its training."), rows)


def last(scene: Scene) -> Iterator[Section]:
    """The fine print."""
    contested = [
        {
            tr("question"): tr(dispute.question),
            tr("what is written"): tr(dispute.written),
            tr("what holds"): tr(dispute.holds),
            tr("the number that decides"): tr(dispute.number),
        }
        for dispute in disputes.disputes()
    ]
    yield Section(
        "reference",
        tr("Symbols and fine print"),
        tr("The paper's letters with their values here, its Table 1 counted anew, and where sources disagree."),
        tables=[
            reference.values(scene.selection.config),
            replace(reference.sizes(), alt=tr("Table 1 of the paper, from the presets")),
            Table(tr("Where sources disagree"), contested),
        ],
    )
