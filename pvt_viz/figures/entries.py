"""The count of attention entries for every R, as a chart on a screen."""

import plotly.graph_objects as go

from pvt_viz.language import tr

CHOSEN, QUIET = "#3a73d6", "#93a1af"  # seen on light and on dark


def figure(counts: list[tuple[int, int, int]], chosen: int) -> go.Figure:
    """Bars of N·M over R, on a logarithmic axis, the chosen R in its own colour; counts are (R, M, N·M)."""
    found = go.Figure(
        go.Bar(
            x=[str(r) for r, _, _ in counts],
            y=[entries for _, _, entries in counts],
            marker_color=[CHOSEN if r == chosen else QUIET for r, _, _ in counts],
            customdata=[[m] for _, m, _ in counts],
            hovertemplate="R = %{x}: M = %{customdata[0]:,}, N·M = %{y:,}<extra></extra>",
        )
    )
    found.update_layout(
        height=260,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis_title=tr("reduction ratio R"),
        yaxis_title=tr("entries of one map, N·M"),
        yaxis_type="log",
        yaxis_dtick=1,
        xaxis_type="category",
        bargap=0.25,
    )
    return found
