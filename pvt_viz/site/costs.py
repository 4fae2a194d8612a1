"""The Cost page as sections: its charts and its tables, for one picture and the network that it is seen through."""

from collections.abc import Iterator
from dataclasses import replace

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.language import tr
from pvt_viz.lesson.cost import elsewhere, formulas, growing, linear, stages
from pvt_viz.lesson.section import Section
from pvt_viz.listed import listed
from pvt_viz.scene import Scene


def sections(scene: Scene) -> Iterator[Section]:
    """Counted for the network and the size of the scene, one image, float32, in MACs."""
    config = scene.selection.config
    lab = replace(Lab(), side=max(config.image_hw))
    setting = listed(*setting_of(config, lab).values())
    charts = (
        *stages.described(config, lab),
        growing.described_growth(config, lab),
        growing.described_frontier(config, lab),
        linear.described(lab),
    )
    yield Section(
        "cost",
        tr("What attention costs"),
        tr("Counted in closed form for this network and this picture, and for larger ones."),
        charts=[replace(chart, setting=setting) for chart in charts[:-1]] + [charts[-1]],
        tables=[stages.tabulated(config, lab), growing.tabulated_frontier(config, lab)],
    )
    words = tr("SRA cuts arithmetic and memory. What it adds are the parameters that make its keys.")
    if not config.reduces:
        words = elsewhere.nothing_added()
    tables = [elsewhere.added(config, lab), elsewhere.otherwise(config, lab)]
    yield Section("elsewhere", elsewhere.title(config), words, tables=tables)
    yield Section(
        "formulas",
        tr("Every formula, with its numbers"),
        tables=[formulas.tabulated(config, lab)],
        notes=[tr(note) for note in formulas.NOTES[:-1]],  # the last is about measuring, which a file cannot
    )
