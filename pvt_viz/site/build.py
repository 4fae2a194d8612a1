"""Write the walk-through of one picture into a folder: index.html, explorer.html, and every figure as files."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image

from pvt_viz import language
from pvt_viz.choices.view import View
from pvt_viz.cost import parts
from pvt_viz.figures import chart, chart_paper, plate, plate_paper
from pvt_viz.figures.chart import Chart
from pvt_viz.figures.paper_font import can_write
from pvt_viz.figures.plate import Plate
from pvt_viz.language import N_, tr
from pvt_viz.lesson import explorer, honesty, table
from pvt_viz.lesson.section import Section
from pvt_viz.lesson.table import Table
from pvt_viz.scene import Scene
from pvt_viz.site import calculator, sections
from pvt_viz.words import times

FOLDER = Path(__file__).parent
FIGURES = "figures"
PAGE, EXPLORER = "index.html", "explorer.html"
PNG_SCALE = 2
CALCULATOR_WORDS = {
    "wrong": N_("Stage {i}: p = {p} or R = {r} does not fit {below} below it and {grid} tokens. What was there stays."),
    "stage": N_("stage {i}"),
    "tokens": N_("tokens"),
    "keys": N_("keys"),
    "all": N_("all parts"),
    "params": N_("Parameters"),
    "forward": N_("One forward"),
    "attention": N_("QKᵀ and softmax·V"),
    "maps": N_("All attention maps, if kept (4 bytes a number)"),
    "without": N_("{amount} without SRA, {times}"),
}
"""Of the calculator; braces are filled in by the browser."""


@dataclass(frozen=True)
class Words:
    """Of a figure, in the language of the page; the picture itself may say title and caption in English."""

    title: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Figure:
    """A picture in the page and the files that it can be had as, by paths from the page."""

    words: Words
    picture: str
    size: tuple[int, int]
    files: list[tuple[str, str]]
    wide: bool = False


def write(scene: Scene, view: View, out: Path, told: Callable[[str], None] = lambda _line: None) -> Path:
    """The whole site, in the language that is spoken; returns the page. `told` hears of every section that is done.

    Files of the same names are replaced, others in the folder stay. Raises OSError where it cannot be written.
    """
    (out / FIGURES).mkdir(parents=True, exist_ok=True)
    (out / EXPLORER).write_text(explorer.file(scene, View()), encoding="utf-8")

    def made(make: Callable[[], Iterator[Section]]) -> list[dict]:
        return [_section(section, printed, out, told) for section, printed in _on_screen_and_paper(make)]

    shown = [
        *made(lambda: sections.before(scene)),
        _explorer(),
        *made(lambda: sections.after(scene, view)),
        _calculator(scene),
        *made(lambda: sections.last(scene)),
    ]
    page = out / PAGE
    page.write_text(_page(scene, shown), encoding="utf-8")
    return page


def _on_screen_and_paper(make: Callable[[], Iterator[Section]]) -> Iterator[tuple[Section, Section]]:
    """Sections twice: in the reader's language, and as this machine's fonts can print them, which may be English."""
    if can_write(language.current()):
        yield from ((section, section) for section in make())
        return
    with language.speaking(language.SOURCE):
        printed = list(make())
    yield from zip(make(), printed, strict=True)


def _page(scene: Scene, shown: list[dict]) -> str:
    config = scene.selection.config
    lead = tr(
        "{picture}, {size} px, followed through **{name}** with p = {patches} and R = {reductions}. Everything here is"
        " a file: no server, no network.",
        picture=tr(scene.picture.title),
        size=times(scene.selection.image_size),
        name=config.name,
        patches=config.patch_sizes,
        reductions=config.reductions,
    )
    return (
        _templates()
        .get_template("index.jinja")
        .render(
            lang=language.TAGS[language.current()],
            title=tr("Pyramid Vision Transformer, on one picture"),
            lead=_rich(lead),
            notes=[*(_rich(sentence) for _, sentence in honesty.honestly(scene)), *_in_english()],
            sections=shown,
            readable=can_write(language.current()),
            style=Markup((FOLDER / "site.css").read_text(encoding="utf-8")),
            footer=tr("Made with pvt-viz, Apache License 2.0. This page works without a network and sends nothing."),
        )
    )


def _in_english() -> list[str]:
    if can_write(language.current()):
        return []
    return [tr("Words inside the pictures are English: the machine that drew them has no Chinese font.")]


def _section(section: Section, printed: Section, out: Path, told: Callable[[str], None]) -> dict:
    pairs = zip(section.plates, printed.plates, strict=True)
    figures = [_plate(section.key, one, on_paper, out) for one, on_paper in pairs]
    figures += [_chart(f"{section.key}-{i}", one, out) for i, one in enumerate(section.charts, 1)]
    tables = [_table(f"{section.key}-table-{i}", one, out) for i, one in enumerate(section.tables, 1)]
    told(section.title)
    return {
        "key": section.key,
        "title": section.title,
        "words": _rich(section.words),
        "notes": [_rich(note) for note in section.notes],
        "figures": figures,
        "tables": tables,
    }


def _plate(key: str, one: Plate, on_paper: Plate, out: Path) -> Figure:
    name = f"{FIGURES}/{key}-{one.name}"
    files = {
        "PNG": ("png", plate_paper.png(on_paper, PNG_SCALE)),
        "SVG": ("svg", plate_paper.svg(on_paper)),
        "NPZ": ("npz", plate.npz(one)),
    }
    if one.tabular:
        files["CSV"] = ("csv", plate.csv(one))
    return _figure(name, Words(one.title, one.caption, one.alt), files, out)


def _chart(key: str, one: Chart, out: Path) -> Figure:
    spoken = chart.spoken(one)
    on_paper = spoken if can_write(language.current()) else one
    files = {
        "PNG": ("png", chart_paper.png(on_paper, PNG_SCALE)),
        "SVG": ("svg", chart_paper.svg(on_paper)),
        "CSV": ("csv", chart.csv(one)),
    }
    alt = tr("{title}: {caption}", title=spoken.title, caption=spoken.caption)
    return _figure(f"{FIGURES}/{key}", Words(spoken.title, spoken.caption, alt), files, out, wide=True)


def _table(key: str, one: Table, out: Path) -> dict:
    file = ""
    if one.numbers:
        file = f"{FIGURES}/{key}.csv"
        (out / file).write_bytes(table.as_csv(one))
    rows = [{name: _rich(cell) for name, cell in row.items()} for row in one.rows]
    return {"alt": one.alt, "rows": rows, "note": _rich(one.note), "file": file}


def _figure(name: str, words: Words, files: dict[str, tuple[str, bytes]], out: Path, *, wide: bool = False) -> Figure:
    written = []
    for label, (ending, data) in files.items():
        (out / f"{name}.{ending}").write_bytes(data)
        written.append((label, f"{name}.{ending}"))
    picture = f"{name}.png"
    with Image.open(out / picture) as drawn:
        size = drawn.size
    return Figure(words, picture, tuple(side // PNG_SCALE for side in size), written, wide)


def _explorer() -> dict:
    words = tr("Point anywhere in the picture: every stage shows what its token there attends to.")
    title = tr("The attention explorer")
    return _only("explorer", title, words) | {"explorer": EXPLORER}


def _calculator(scene: Scene) -> dict:
    """The closed forms in the browser, set to the network that is shown, where it is a preset."""
    config = scene.selection.config
    words = {name: tr(message) for name, message in CALCULATOR_WORDS.items()}
    data = {
        "networks": calculator.networks(),
        "forms": {"maps": calculator.MAPS, "params": calculator.PARAMS, "attention": parts.ATTENTION},
        "words": words | {"parts": {name: tr(name) for name in (*parts.STAGE_PARTS, parts.HEAD)}},
        "start": {
            "name": config.name,
            "side": max(config.image_hw),
            "patches": config.patch_sizes,
            "reductions": config.reductions,
        },
    }
    script = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("calculator.js", "calculator_page.js"))
    told = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    form = _templates().get_template("calculator.jinja").render()
    words = tr("Choose a network, an image size, p and R: multiply-adds, parameters and maps follow at once.")
    filled = Markup(f'{form}<script type="module">{script}calculatorPage({told});</script>')
    return _only("calculator", tr("Cost calculator"), words) | {"calculator": filled}


def _only(key: str, title: str, words: str) -> dict:
    """A section with neither figures nor tables."""
    return {"key": key, "title": title, "words": words, "notes": [], "figures": [], "tables": []}


def _rich(markdown: str) -> Markup:
    """Markdown of one line as HTML; what looks like HTML in it is text."""
    return Markup(MarkdownIt("js-default").renderInline(markdown))


def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    found.globals["tr"] = tr
    return found
