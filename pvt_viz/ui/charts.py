"""A chart on a page, and everything that it can be taken away as."""

import csv
import io
from functools import partial

import streamlit as st

from pvt_viz.figures import chart, chart_paper, chart_screen
from pvt_viz.figures.chart import Chart

QUIET = {"displaylogo": False, "displayModeBar": False}


def show(shown: Chart, *, key: str, alt: str) -> None:
    """The chart with its caption, and a menu of files."""
    st.plotly_chart(chart_screen.figure(shown), key=key, config=QUIET, alt=alt)
    st.caption(shown.caption)
    _files(shown, key)


@st.fragment
def _files(shown: Chart, key: str) -> None:
    """The menu is filled when it is opened, which redraws nothing else; a file is made when it is asked for."""
    png = partial(chart_paper.png, shown)
    files = [
        *((f"PNG, {scale}×", "image/png", f"{scale}x.png", partial(png, scale)) for scale in chart_paper.SCALES),
        ("SVG", "image/svg+xml", "svg", partial(chart_paper.svg, shown)),
        ("Interactive HTML", "text/html", "html", partial(chart_screen.html, shown)),
        ("Numbers (CSV)", "text/csv", "csv", partial(chart.csv, shown)),
    ]
    with st.popover("Download", icon=":material/download:", key=f"{key}_files", on_change="rerun") as menu:
        for label, mime, ending, make in files if menu.open else ():
            st.download_button(
                label,
                make,
                file_name=f"pvt-viz-{key}.{ending}",
                mime=mime,
                key=f"{key}_{ending}",
                on_click="ignore",
                width="stretch",
            )


def table(rows: list[dict], *, key: str, alt: str, numbers: list[dict] | None = None) -> None:
    """A table; `numbers`, where given, is the same at full precision, and what the CSV holds."""
    st.table(rows, alt=alt, hide_index=True)
    st.download_button(
        "Table (CSV)",
        partial(_csv, numbers or rows),
        file_name=f"pvt-viz-{key}.csv",
        mime="text/csv",
        key=f"{key}_table",
        icon=":material/download:",
        on_click="ignore",
    )


def _csv(rows: list[dict]) -> bytes:
    out = io.StringIO()
    lines = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    return out.getvalue().encode()
