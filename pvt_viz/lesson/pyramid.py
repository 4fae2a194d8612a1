"""Cached pictures of a scene: the pages show them, `pvt_viz.figures` draws them."""

from dataclasses import dataclass

from pvt_viz.config import Size, StageShape
from pvt_viz.figures import colour, encode, pyramid
from pvt_viz.language import N_, tr
from pvt_viz.scene import Scene, once
from pvt_viz.words import times

WIDTH = 448  # pixels: wider than a column of four, also on a dense screen


@dataclass(frozen=True)
class StageView:
    """What the landing page shows of one stage."""

    shape: StageShape
    grid: bytes
    line_step: int
    colours: bytes
    lengths: bytes
    low: float
    high: float


@once(most=8)
def stage_views(key: tuple, _scene: Scene) -> list[StageView]:
    image_size = _scene.selection.image_size
    views = []
    for stage in _scene.trace.stages:
        features = stage.feature_map[0].numpy()
        lengths = pyramid.lengths(features)
        low, high = float(lengths.min()), float(lengths.max())
        views.append(
            StageView(
                shape=stage.shape,
                grid=encode.jpeg(pyramid.patch_grid(_scene.shown, stage.shape, image_size)),
                line_step=pyramid.lines_step(stage.stride * _scene.shown.width / image_size[1]),
                colours=encode.png(colour.enlarge(pyramid.principal_colours(features)[0], WIDTH)),
                lengths=encode.png(colour.enlarge(colour.paint(lengths, "viridis", low, high), WIDTH)),
                low=low,
                high=high,
            )
        )
    return views


FEATURES = N_("Features: three principal components as red, green and blue; colours are of this stage alone.")


def grid_alt(shape: StageShape) -> str:
    """What is to be seen of a stage's grid."""
    grid = times(shape.grid)
    return tr("The picture with the {grid} tokens of stage {index} drawn over it.", grid=grid, index=shape.index)


def features_alt(shape: StageShape) -> str:
    """What is to be seen of its features."""
    return tr(
        "Feature map of stage {index}: its three strongest principal components as red, green, blue.",
        index=shape.index,
    )


def lengths_alt(shape: StageShape) -> str:
    """What is to be seen of their lengths."""
    return tr("Length of each token's feature vector at the end of stage {index}.", index=shape.index)


def overlap(shape: StageShape, image_size: Size) -> list[str]:
    """What a stage of overlapping patches reads beyond its tokens' own squares; nothing where they do not overlap."""
    if shape.window == shape.patch_size:
        return []
    wider = N_(
        "Each token reads a window of {window} tokens of stage {below}, wider than its own {own} square: it reaches"
        " {reach} further up and left."
    )
    if shape.index == 1:
        wider = N_(
            "Each token reads a window of {window} px, wider than its own {own} square: it reaches {reach} further up"
            " and left."
        )
    said = [
        tr(
            wider,
            window=times((shape.window,) * 2),
            below=shape.index - 1,
            own=times((shape.patch_size,) * 2),
            reach=shape.window - shape.patch_size,
        )
    ]
    over = [grid * shape.stride - side for grid, side in zip(shape.grid, image_size, strict=True)]
    if any(over):
        said.append(
            tr(
                "The grid rounds up: it reaches over the picture's edge by {rows} px (bottom) and {columns} px (right),"
                " where there is no picture.",
                rows=over[0],
                columns=over[1],
            )
        )
    return said
