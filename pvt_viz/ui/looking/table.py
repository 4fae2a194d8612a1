"""A table on a page, and its numbers as a file."""

from functools import partial

import streamlit as st

from pvt_viz.language import tr
from pvt_viz.lesson.table import Table, as_csv
from pvt_viz.ui.looking.charts import file_name


def show(shown: Table, *, key: str = "") -> None:
    """The table with its note; its numbers, where it has some, can be had as CSV, and `key` names widget and file."""
    st.table(shown.rows, alt=shown.alt, hide_index=True)
    if shown.note:
        st.caption(shown.note)
    if shown.numbers:
        st.download_button(
            tr("Table (CSV)"),
            partial(as_csv, shown),
            file_name=f"{file_name(key, shown.setting)}.csv",
            mime="text/csv",
            key=f"{key}_table",
            icon=":material/download:",
            on_click="ignore",
        )
