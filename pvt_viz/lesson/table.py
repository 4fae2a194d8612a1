"""A table, on a page or on the exported one, and the same numbers at full precision as a file."""

import csv
import io
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows by the names of their columns; cells, and the `note` below them, are Markdown."""

    alt: str
    rows: list[dict[str, str]]
    numbers: list[dict] = field(default_factory=list)
    """The same exactly, with columns in English, for a file; without them none is offered."""
    setting: dict[str, str] = field(default_factory=dict)
    """For what the numbers were made."""
    note: str = ""


def as_csv(shown: Table) -> bytes:
    """The numbers, with the setting in every row; what a row says of itself stands instead of the setting's."""
    made = {name: value for name, value in shown.setting.items() if name not in shown.numbers[0]}
    out = io.StringIO()
    lines = csv.DictWriter(out, [*shown.numbers[0], *made], lineterminator="\n")
    lines.writeheader()
    lines.writerows(row | made for row in shown.numbers)
    return out.getvalue().encode()
