"""What a section of the exported page is made of."""

from dataclasses import dataclass, field

from pvt_viz.figures.chart import Chart
from pvt_viz.figures.plate import Plate
from pvt_viz.lesson.table import Table


@dataclass(frozen=True)
class Section:
    """Words and a list of `notes`, then figures, then tables; `key` is its anchor and begins its files' names."""

    key: str
    title: str
    words: str = ""
    notes: list[str] = field(default_factory=list)
    plates: list[Plate] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
