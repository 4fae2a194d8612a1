"""What stands at the end of a page about a scene."""

from collections.abc import Callable

from pvt_viz.figures.plate import Plate
from pvt_viz.scene import Scene
from pvt_viz.ui import parts
from pvt_viz.ui.looking import explorer, takeaway


def show(scene: Scene, plates: Callable[[], list[Plate]], *, key: str) -> None:
    """The page's pictures as files, and whom to thank for the picture."""
    takeaway.offer(plates, key=key, explorer=lambda: explorer.file(scene))
    parts.credit(scene.picture)
