"""A chart on a page, and everything that it can be taken away as."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import streamlit as st

from pvt_viz.figures import chart, chart_paper, chart_screen
from pvt_viz.figures.chart import Chart
from pvt_viz.figures.paper_font import can_write
from pvt_viz.language import current, tr
from pvt_viz.listed import listed

QUIET = {"displaylogo": False, "displayModeBar": False}


def show(
    shown: Chart,
    *,
    key: str,
    alt: str,
    setting: dict[str, str],
    on_click: Callable[[str, int], None] | None = None,
) -> None:
    """The chart with its caption, and a menu of files, which say for which `setting` they were made.

    `on_click` is told the series and the place in it of a point that was clicked, before the page is drawn anew.
    """
    clicks = {}
    if on_click is not None:
        clicks = {"on_select": partial(_clicked, shown, key, on_click), "selection_mode": "points"}
    st.plotly_chart(chart_screen.figure(chart.spoken(shown)), key=key, config=QUIET, alt=alt, **clicks)
    st.caption(tr(shown.caption))
    _files(replace(shown, setting=listed(*setting.values())), key, file_name(key, setting))


def _clicked(shown: Chart, key: str, on_click: Callable[[str, int], None]) -> None:
    for point in st.session_state[key].selection.points:  # one, or none where a point was let go
        on_click(shown.layers[point["curve_number"]].name, point["point_index"])


@st.fragment
def _files(shown: Chart, key: str, name: str) -> None:
    """The menu is filled when it is opened, which redraws nothing else; a file is made when it is asked for."""
    spoken = chart.spoken(shown)
    paper = spoken if can_write(current()) else shown
    png = partial(chart_paper.png, paper)
    files = [
        *((f"PNG, {scale}×", "image/png", f"{scale}x.png", partial(png, scale)) for scale in chart_paper.SCALES),
        ("SVG", "image/svg+xml", "svg", partial(chart_paper.svg, paper)),
        ("PDF", "application/pdf", "pdf", partial(chart_paper.pdf, paper)),
        (tr("Interactive HTML"), "text/html", "html", partial(chart_screen.html, spoken)),
        (tr("Numbers (CSV)"), "text/csv", "csv", partial(chart.csv, shown)),
    ]
    with menu(key) as opened:
        if opened and paper is not spoken:
            st.caption(tr("PNG, SVG and PDF are in English: this machine has no font with Chinese characters."))
        for label, mime, ending, make in files if opened else ():
            button(label, make, mime=mime, file=f"{name}.{ending}", key=f"{key}_{ending}")


@contextmanager
def menu(key: str) -> Iterator[bool]:
    """A menu of files, and whether it is open. Its style (look.css) keeps room for them, for it opens empty."""
    popover = st.popover(tr("Download"), icon=":material/download:", key=f"{key}_files", on_change="rerun")
    with popover, st.container(key=f"menu_{key}"):
        yield bool(popover.open)


def button(label: str, make: Callable[[], str | bytes], *, mime: str, file: str, key: str) -> None:
    """A file in a menu: made when it is asked for, and nothing else is redrawn."""
    st.download_button(label, make, file_name=file, mime=mime, key=key, on_click="ignore", width="stretch")


def file_name(key: str, setting: dict[str, str]) -> str:
    """Of a file, without its ending: two downloads of different settings do not overwrite each other."""
    words = "-".join((key, *setting.values()))
    return "pvt-viz-" + re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")
