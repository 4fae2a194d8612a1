"""The end of a page: its pictures to take away, for slides and papers, and the numbers behind them."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pvt_viz.figures import plate as numbers
from pvt_viz.figures import plate_paper
from pvt_viz.figures.chart_paper import SCALES
from pvt_viz.figures.paper_font import can_write
from pvt_viz.figures.plate import Plate
from pvt_viz.language import SOURCE, current, speaking, tr
from pvt_viz.ui.looking import charts


def offer(plates: Callable[[], list[Plate]], *, key: str, explorer: Callable[[], str] | None = None) -> None:
    """A section with a menu of the page's `plates`, and of what `explorer` gives: one HTML file, as text.

    Plates are collected when the menu is opened, and a file is made when it is asked for.
    """
    st.header(tr("Take it with you"), anchor=False)
    st.markdown(tr("Every picture of this page as a file: for slides, for a paper, or as the numbers behind it."))
    _menu(plates, key, explorer)


@st.fragment
def _menu(plates: Callable[[], list[Plate]], key: str, explorer: Callable[[], str] | None) -> None:
    """What is chosen in it redraws nothing else."""
    with charts.menu(key) as opened:
        if not opened:
            return
        found = {plate.name: plate for plate in plates()}
        name = st.selectbox(
            tr("Picture"), list(found), key=f"{key}_picture", format_func=lambda name: found[name].title
        )
        plate = on_paper = found[name]
        if not can_write(current()):
            st.caption(tr("PNG, SVG and PDF are in English: this machine has no font with Chinese characters."))
            with speaking(SOURCE):
                on_paper = next(plate for plate in plates() if plate.name == name)
        for label, mime, ending, make in _files(plate, on_paper):
            file = f"{charts.file_name(f'{key}-{name}', plate.setting)}.{ending}"
            charts.button(label, make, mime=mime, file=file, key=f"{key}_{ending}")
        if explorer:
            whole = partial(_in_language, current(), explorer)
            file = f"{charts.file_name(f'{key}-explorer', plate.setting)}.html"
            charts.button(tr("The explorer as one HTML file"), whole, mime="text/html", file=file, key=f"{key}_html")


def _files(plate: Plate, on_paper: Plate) -> list[tuple[str, str, str, Callable[[], bytes]]]:
    """What a plate can be had as: its name in the menu, its MIME type, the file's ending, and how it is made."""
    files = [
        *(
            (f"PNG, {scale}×", "image/png", f"{scale}x.png", partial(plate_paper.png, on_paper, scale))
            for scale in SCALES
        ),
        ("SVG", "image/svg+xml", "svg", partial(plate_paper.svg, on_paper)),
        ("PDF", "application/pdf", "pdf", partial(plate_paper.pdf, on_paper)),
        (tr("Numbers (NPZ)"), "application/octet-stream", "npz", partial(numbers.npz, plate)),
    ]
    if plate.tabular:
        files.append((tr("Numbers (CSV)"), "text/csv", "csv", partial(numbers.csv, plate)))
    return files


def _in_language(language: str, explorer: Callable[[], str]) -> str:
    """A file is made by a thread that has no reader."""
    with speaking(language):
        return explorer()
