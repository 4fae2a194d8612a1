"""Plates of the Evidence page: the maps of one method over the picture."""

from pvt_viz.attribution import METHODS
from pvt_viz.figures.plate import Plate, Scale
from pvt_viz.language import spaced, tr
from pvt_viz.lesson.evidence import maps
from pvt_viz.lesson.plates.common import TOKENS, decoded, setting
from pvt_viz.scene import Scene


def evidence(scene: Scene, method: str) -> list[Plate]:
    """One plate for each stage that the method has a map for; of a drawn scene with the truth beside it."""
    planes, drawn = METHODS[method](scene.studio.look(scene)), scene.picture.scenes
    said, numbers, axes = maps.about(method, scene.selection.config), {}, {}
    if drawn is not None:
        said = spaced(said, tr("Outlined: the right answer."))
        numbers, axes = {"mask": drawn.masks[0].numpy()}, {"mask": "H W"}
    return [
        Plate(
            name=f"map-{view.stage}",
            title=tr("Stage {index}: {method}", index=view.stage, method=tr(method)),
            caption=said,
            alt=maps.alt(method, view.stage),
            pixels=decoded(view.picture),
            scale=Scale(colour_map="magma", low=0.0, high=view.high, note=tr("of the map, own scale"), form=".1%"),
            numbers={"map": planes[view.stage - 1][0].numpy()} | numbers,
            axes={"map": TOKENS} | axes,
            setting=setting(scene, scene.trace.stages[view.stage - 1].shape) | {"method": tr(method)},
        )
        for view in maps.views(scene.key, method, scene)
    ]
