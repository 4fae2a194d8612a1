"""What stands behind a step of the tour: code, and pictures to take away."""

from pvt_viz.config import PVTConfig
from pvt_viz.figures.plate import Plate
from pvt_viz.lesson import plates
from pvt_viz.lesson.reduction import way
from pvt_viz.scene import Scene
from pvt_viz.ui.choosing import view
from pvt_viz.ui.looking import code


def lines(step: str, config: PVTConfig) -> tuple[str, ...]:
    """The code behind a step."""
    pooled = config.pool is not None
    return {
        "patches": (code.embedding(config),),
        "embedding": ("position",) if config.version == 1 else ("windows",),
        "attention": ("map",),
        "fold": ("pool" if pooled else "fold", "keys"),
        "with_and_without": ("attention",),
        "stages": ("grids", "maps"),
        "answer": ("answer",),
        "cost": ("scores", "pool_cost" if pooled else "fold_cost"),
        "fused": ("kernels",),
        "beyond": ("maps",),
    }[step]


def pictures(scene: Scene) -> list[Plate]:
    """Those that the steps are made of: the pyramid, the maps at the followed place, and one stage's reduction."""
    now = view.current()
    return [
        *plates.pyramid(scene),
        *plates.attention(scene, now),
        *plates.reduction(scene, way.focus(scene, now)),
    ]
