"""The tables of the Reference page: every symbol with its values here, and the paper's Table 1."""

from collections.abc import Mapping
from types import MappingProxyType

from pvt_viz.config import PVTConfig
from pvt_viz.language import tr
from pvt_viz.lesson.table import Table
from pvt_viz.reference import table_one
from pvt_viz.reference.counters import counters
from pvt_viz.reference.symbols import symbols


def values(config: PVTConfig, pages: Mapping[str, str] = MappingProxyType({})) -> Table:
    """Every symbol; where `pages` have titles, by name, with the one on which it can be seen to move."""
    rows = [
        {
            tr("in the paper"): symbol.paper or "–",
            tr("here"): symbol.here or "–",
            tr("word"): f"**{tr(symbol.word)}**",
            tr("what it is"): tr(symbol.meaning),
            tr("formula"): symbol.formula or "–",
            **{tr("stage {i}", i=i): tr(value) for i, value in enumerate(symbol.values, 1)},
            **({tr("see it move"): pages[symbol.page]} if pages else {}),
        }
        for symbol in symbols(config)
    ]
    alt = tr("Symbols of the paper with their meaning, formula and value in every stage of the chosen network.")
    return Table(alt, rows)


def sizes() -> Table:
    """What each size of PVT is made of."""
    numbers = table_one.rows()
    rows = [
        {
            tr("stage"): row["stage"] or "–",
            tr("tokens"): row["output"] or "–",
            tr("layer"): tr(table_one.LAYERS[row["layer"]]),
            **{name: row[name] for name in table_one.SIZES},
        }
        for row in numbers
    ]
    alt = tr("Patch sizes, channels, reduction ratios, heads, MLP ratios and depths of PVT Tiny, Small, Medium, Large.")
    return Table(alt, rows, numbers=numbers, setting={"image": "224×224"})


def counted() -> Table:
    """What tools that count say of PVT-Tiny."""
    found = counters()
    rows = [
        {
            tr("counted by"): tr(counter.name),
            tr("multiply-adds"): f"{counter.macs:,}",
            tr("beside the first row"): f"{counter.macs - found[0].macs:+,}".replace("-", "−")
            if counter.macs != found[0].macs
            else "–",
            tr("why"): tr(counter.differs),
        }
        for counter in found
    ]
    alt = tr("Seven ways to count the multiply-adds of PVT-Tiny, each with its number and what it leaves out or adds.")
    return Table(alt, rows)
