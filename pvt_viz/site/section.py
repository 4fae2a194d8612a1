"""What a section of the exported page is made of."""

from dataclasses import dataclass, field

from pvt_viz.figures.chart import Chart
from pvt_viz.figures.plate import Plate


@dataclass(frozen=True)
class Table:
    """Rows by the names of their columns; cells and the `note` below them are Markdown."""

    alt: str
    rows: list[dict[str, str]]
    note: str = ""


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
