"""What a step of the tour is: one idea, one figure, and where to play on."""

from collections.abc import Callable
from dataclasses import dataclass

from pvt_viz.config import PVTConfig
from pvt_viz.scene import Scene


@dataclass(frozen=True)
class Step:
    """A step; its words are marked by `N_` and translated where they are shown."""

    key: str
    """In the URL: /tour?step=fold."""
    title: str
    """One idea: a short sentence or a question."""
    show: Callable[[Scene], None]
    """Draws words, question, figure and formula."""
    page: str
    """The file in pages/ where one plays on: "reduction"."""
    invitation: str
    """What to do there: "Fold this picture at every R on the Reduction page"."""
    title_of: Callable[[PVTConfig], str] | None = None
    """What the step is called for a network that does otherwise."""

    def titled(self, config: PVTConfig) -> str:
        """The title, for this network."""
        return self.title_of(config) if self.title_of else self.title
