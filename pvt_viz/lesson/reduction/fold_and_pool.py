"""One stage's tokens made into keys twice, side by side: by v1's fold, and by the pooling of PVTv2's linear SRA."""

from dataclasses import dataclass

from pvt_viz.figures import encode, pyramid, reduction
from pvt_viz.lesson.pyramid import WIDTH
from pvt_viz.lesson.reduction.way import Focus
from pvt_viz.scene import Scene, once
from pvt_viz.walkthrough import FOLDS, Making, averaged, window_edges, with_fold, with_pool


@dataclass(frozen=True)
class Pair:
    """The same stage with a fold and with a pool; one of the two is what the network does."""

    fold: Making
    pool: Making


@dataclass(frozen=True)
class Pictures:
    """What there is to see of both; the first, third and fourth in the tokens' own colours."""

    squares: bytes
    folded: bytes | None
    """The fold's own output, in colours of its own; None where the network has no fold here."""
    windows: bytes
    pooled: bytes


def pairs(scene: Scene, focus: Focus) -> tuple[Pair, Pair]:
    """At this picture's size, and at twice its side."""
    h, w = scene.selection.image_size
    i = focus.shape.index - 1
    small, large = (scene.selection.config.shapes(size)[i] for size in ((h, w), (2 * h, 2 * w)))
    ratio = with_fold(small, FOLDS[i]).reduction if small.pool else small.reduction
    config = scene.selection.config
    return tuple(
        Pair(Making(config, with_fold(shape, ratio)), Making(config, with_pool(shape))) for shape in (small, large)
    )


@once(most=8)
def pictures(key: tuple, focus: Focus, _pair: Pair, _scene: Scene) -> Pictures:
    shape = focus.shape
    block = _scene.trace.stages[shape.index - 1].blocks[focus.block - 1]
    inputs = block.inputs[0, shape.n_prefix :].T.reshape(shape.dim, *shape.grid)
    fold, pool = _pair.fold.shape, _pair.pool.shape
    tokens, pooled = pyramid.principal_colours(inputs.numpy(), averaged(inputs, pool).numpy())
    folded = None
    if block.projected is not None and not shape.pool:
        [folded] = pyramid.principal_colours(block.projected[0].numpy())
    return Pictures(
        squares=encode.png(reduction.cells(tokens, WIDTH, window_edges(fold))),
        folded=folded and encode.png(reduction.cells(folded, WIDTH)),
        windows=encode.png(reduction.cells(tokens, WIDTH, window_edges(pool))),
        pooled=encode.png(reduction.cells(pooled, WIDTH)),
    )
