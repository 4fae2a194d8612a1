"""What stands on the exported page, section by section: the same pictures, charts and tables that the pages show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pvt_viz import dataflow, report
from pvt_viz.attribution import METHODS
from pvt_viz.figures.chart import Chart
from pvt_viz.figures.plate import Plate
from pvt_viz.figures.tradeoff import AXES
from pvt_viz.language import spaced, tr
from pvt_viz.reference import disputes, symbols
from pvt_viz.ui import answer, learning, plates, reduction, tradeoff
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.lab import choice, growing, stages
from pvt_viz.ui.listed import listed
from pvt_viz.ui.view import View
from pvt_viz.words import times


@dataclass(frozen=True)
class Table:
    """Rows by the names of their columns; cells are Markdown."""

    alt: str
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class Section:
    """Words, then figures and tables; `key` is its anchor and the beginning of its files' names."""

    key: str
    title: str
    words: str = ""
    plates: list[Plate] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def before(scene: Scene) -> Iterator[Section]:
    """The picture and the answer: what comes ahead of the explorer."""
    weights = scene.trace.weights
    words, tables = "", []
    if weights.classes:
        found = answer.strongest(scene)
        words = re.sub(r"^:material/\w+: ", "", answer.verdict(scene, next(iter(found))))  # the icon is Streamlit's
        rows = [{tr("answer"): answer.named(weights, i), tr("probability"): f"{p:.1%}"} for i, p in found.items()]
        tables.append(Table(tr("The strongest answers with their probabilities."), rows))
        if weights.trained:
            alt = tr("The strongest answers read after each block of the last stage.")
            tables.append(Table(alt, answer.lens_rows(scene)))
    picture, *_ = plates.pyramid(scene)
    yield Section("picture", tr("The picture and the answer"), words, [picture], tables=tables)


def after(scene: Scene, view: View) -> Iterator[Section]:
    """All that follows the explorer."""
    config = scene.selection.config
    steps = [
        {
            tr("where"): tr(step.where),
            tr("tensor"): tr(step.what),
            tr("shape"): times(step.shape),
            tr("made by"): f"`{step.pattern}` {tr(step.layer)}" if step.pattern else tr(step.layer),
        }
        for step in dataflow.steps(config)
    ]
    yield Section(
        "pyramid",
        tr("What each stage makes of it"),
        tr("Tokens at true size, features as colours, and how long each token's vector is."),
        plates.pyramid(scene)[1:],
        tables=[Table(tr("Shapes of every tensor from the image to the logits."), steps)],
    )
    yield Section(
        "attention",
        tr("What a place looks at"),
        tr("At the followed place: the weights over the keys of every stage."),
        plates.attention(scene, view),
    )
    for shape in config.shapes():
        focus = reduction.focus(scene, replace(view, stage=shape.index))
        yield Section(
            f"reduction-{shape.index}",
            tr("Spatial reduction in stage {index}, step by step", index=shape.index),
            tr("From tokens to keys, and one query's way through one head: block {block}, head {head}.", **_at(focus)),
            plates.reduction(scene, focus),
        )
    if config.num_classes:
        yield from _evidence(scene)
    yield from _measured(scene)
    yield _cost(scene)
    yield _reference(scene)


def _at(focus: reduction.Focus) -> dict[str, int]:
    return {"block": focus.block, "head": focus.head}


def _evidence(scene: Scene) -> Iterator[Section]:
    for number, method in enumerate(METHODS, 1):
        found = plates.evidence(scene, method)
        title = tr("Where attention goes: {method}", method=tr(method))
        yield Section(f"evidence-{number}", title, found[0].caption, found)


def _measured(scene: Scene) -> Iterator[Section]:
    """What was measured of a network that ships; others have nothing here."""
    config, trained = scene.selection.config, scene.trace.weights.trained
    if trained and report.load(config.name) is not None:
        yield Section(
            "trade-off",
            tr("Accuracy over cost"),
            tr("Every point is a network as it answers at one setting of p₁ and R, measured on drawn scenes."),
            charts=[tradeoff.described(scene.selection, axis) for axis in AXES],
        )
    found = report.load(learning.NAME)
    if trained and found is not None and config.name == learning.NAME:
        yield Section(
            "learning",
            tr("How it learned"),
            tr("The training of this network, from random weights to those that are shown here."),
            charts=list(learning.described(found, None)),
        )


def _cost(scene: Scene) -> Section:
    config = scene.selection.config
    lab = replace(choice.Lab(), side=max(config.image_hw))
    setting = listed(*choice.setting(config, lab).values())
    charts = (
        *stages.described(config, lab),
        growing.described_growth(config, lab),
        growing.described_frontier(config, lab),
    )
    return Section(
        "cost",
        tr("What attention costs"),
        tr("Counted in closed form for this network and this picture, and for larger ones."),
        charts=[replace(chart, setting=setting) for chart in charts],
    )


def _reference(scene: Scene) -> Section:
    rows = [
        {
            tr("in the paper"): symbol.paper or "–",
            tr("here"): symbol.here or "–",
            tr("word"): f"**{tr(symbol.word)}**",
            tr("what it is"): tr(symbol.meaning),
            tr("formula"): symbol.formula or "–",
            **{tr("stage {i}", i=i): tr(value) for i, value in enumerate(symbol.values, 1)},
        }
        for symbol in symbols.symbols(scene.selection.config)
    ]
    contested = [
        {
            tr("question"): tr(dispute.question),
            tr("what holds"): spaced(tr(dispute.holds), tr(dispute.number)),
        }
        for dispute in disputes.disputes()
    ]
    return Section(
        "reference",
        tr("Symbols and fine print"),
        tr("The paper's letters with their values here, and where sources disagree."),
        tables=[
            Table(tr("Symbols of the paper with their meaning, formula and value in every stage."), rows),
            Table(tr("Where sources disagree, and the number that decides."), contested),
        ],
    )
