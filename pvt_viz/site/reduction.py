"""The Reduction page as sections, one a stage: from tokens to keys, one query's way, and what every R would leave."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz.budget import LARGEST_REDUCTION
from pvt_viz.choices.view import View
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import plates
from pvt_viz.lesson.reduction import way, words
from pvt_viz.lesson.reduction.way import Focus
from pvt_viz.lesson.section import Section
from pvt_viz.lesson.table import Table
from pvt_viz.scene import Scene
from pvt_viz.walkthrough import entries_by_reduction
from pvt_viz.words import factor


def sections(scene: Scene, view: View) -> Iterator[Section]:
    """The place that the view points at is followed in its block and head of every stage."""
    shapes = scene.selection.config.shapes()
    for shape in shapes:
        focus = way.focus(scene, replace(view, stage=shape.index))
        tables = [way.strongest(way.steps(scene.key, focus, scene))]
        if len(shapes) > 1 and not shape.pool:
            tables.append(_every_r(focus))
        followed = tr(
            "From tokens to keys, and one query's way through one head: block {block}, head {head}.",
            block=focus.block,
            head=focus.head,
        )
        entries = tr(
            "An attention map has {queries:,} queries × {keys:,} keys = **{entries:,} entries** here.",
            queries=shape.queries,
            keys=shape.keys,
            entries=shape.map_entries // (shape.depth * shape.heads),
        )
        yield Section(
            f"reduction-{shape.index}",
            tr("Spatial reduction in stage {index}, step by step", index=shape.index),
            spaced(followed, entries, words.saving(shape)),
            plates=plates.reduction(scene, focus),
            tables=tables,
        )


def _every_r(focus: Focus) -> Table:
    shape = focus.shape
    tokens = shape.tokens
    rows = [
        {
            "R": f"**{r}**" if r == shape.reduction else str(r),
            tr("keys M"): f"{keys:,}",
            tr("entries N·M"): f"{entries:,}",
            tr("fewer than N·N"): tr(factor(tokens**2 / entries)),
        }
        for r, keys, entries in entries_by_reduction(shape, LARGEST_REDUCTION)
    ]
    alt = tr("Entries of one attention map of stage {index} for every R; bold is the chosen one.", index=shape.index)
    return Table(alt, rows)
