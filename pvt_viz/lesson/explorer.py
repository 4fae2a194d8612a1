"""The attention explorer of a scene as a file of its own."""

from pvt_viz.choices.view import View
from pvt_viz.language import spaced, tr
from pvt_viz.scene import Scene
from pvt_viz.widgets.attention_explorer import pack, standalone
from pvt_viz.words import times


def file(scene: Scene, view: View) -> str:
    """One HTML file with the picture, all maps and the explorer: it opens on this view."""
    config, weights = scene.selection.config, scene.trace.weights
    blob = pack(scene.trace, scene.shown, view=view.text(), alt=tr(scene.picture.alt))
    about = tr(
        "{picture}, {size} px, by {name}: p = {patches}, R = {reductions}.",
        picture=tr(scene.picture.title),
        size=times(scene.selection.image_size),
        name=config.name,
        patches=config.patch_sizes,
        reductions=config.reductions,
    )
    random = "" if weights.trained else tr("Its weights are random: what it looks at says nothing about pictures.")
    return standalone.page(blob, title=tr("What {name} looks at", name=config.name), caption=spaced(about, random))
