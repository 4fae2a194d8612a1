"""Plates of the landing page: the picture; and of every stage its grid, its features and their lengths."""

from pvt_viz.figures import pyramid as painted
from pvt_viz.figures.plate import Plate, Scale
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import pyramid as told
from pvt_viz.lesson.plates.common import TOKENS, decoded, pixels, setting
from pvt_viz.lesson.pyramid import StageView
from pvt_viz.scene import Scene
from pvt_viz.tracing import StageTrace
from pvt_viz.words import times


def pyramid(scene: Scene) -> list[Plate]:
    """The picture, then stage by stage."""
    found = [_picture(scene)]
    for view, stage in zip(told.stage_views(scene.key, scene), scene.trace.stages, strict=True):
        found += [_grid(scene, view, stage), _features(scene, view, stage), _lengths(scene, view, stage)]
    return found


def _picture(scene: Scene) -> Plate:
    shown = scene.picture
    return Plate(
        name="picture",
        title=tr(shown.title),
        caption=spaced(
            tr(shown.alt),
            tr("Photograph: {credit}", credit=shown.credit) if shown.credit else "",
            *map(tr, shown.notes),
        ),
        alt=tr(shown.alt),
        pixels=pixels(scene.shown),
        numbers={"image": scene.trace.image[0].numpy()},
        axes={"image": "channel H W"},
        setting=setting(scene),
    )


def _grid(scene: Scene, view: StageView, stage: StageTrace) -> Plate:
    shape, grid = stage.shape, times(stage.grid)
    said = [
        tr("{grid} tokens of {side}×{side} px, {dim} channels each.", grid=grid, side=shape.stride, dim=shape.dim),
        tr("One line in {step} is drawn.", step=view.line_step) if view.line_step > 1 else "",
        tr("Hatched: pixels that fill no token and are dropped.") if any(shape.rim) else "",
    ]
    return Plate(
        name=f"grid-{shape.index}",
        title=tr("Stage {index}: token grid", index=shape.index),
        caption=spaced(*said),
        alt=told.grid_alt(shape),
        # Drawn again: what the page shows of it is a JPEG.
        pixels=pixels(painted.patch_grid(scene.shown, shape, scene.selection.image_size)),
        numbers={"tokens": stage.tokens[0, shape.n_prefix :].T.reshape(shape.dim, *shape.grid).numpy()},
        axes={"tokens": f"channel {TOKENS}"},
        setting=setting(scene, shape),
    )


def _features(scene: Scene, view: StageView, stage: StageTrace) -> Plate:
    return Plate(
        name=f"features-{stage.shape.index}",
        title=tr("Stage {index}: features as colours", index=stage.shape.index),
        caption=tr(told.FEATURES),
        alt=told.features_alt(stage.shape),
        pixels=decoded(view.colours),
        numbers={"feature_map": stage.feature_map[0].numpy()},
        axes={"feature_map": f"channel {TOKENS}"},
        setting=setting(scene, stage.shape),
    )


def _lengths(scene: Scene, view: StageView, stage: StageTrace) -> Plate:
    return Plate(
        name=f"lengths-{stage.shape.index}",
        title=tr("Stage {index}: lengths of the features", index=stage.shape.index),
        caption=tr("The length of each token's vector of {dim} features.", dim=stage.shape.dim),
        alt=told.lengths_alt(stage.shape),
        pixels=decoded(view.lengths),
        scale=Scale(colour_map="viridis", low=view.low, high=view.high, note=tr("L2 norm, own scale"), form=".1f"),
        numbers={"lengths": painted.lengths(stage.feature_map[0].numpy())},
        axes={"lengths": TOKENS},
        setting=setting(scene, stage.shape),
    )
