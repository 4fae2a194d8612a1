"""What one stage makes of the picture."""

import streamlit as st

from pvt_viz.config import Size
from pvt_viz.language import tr
from pvt_viz.lesson import pyramid
from pvt_viz.ui import parts
from pvt_viz.words import times


def show(view: pyramid.StageView, image_size: Size) -> None:
    """Its grid over the picture, its feature map in colours, and the lengths of its vectors."""
    shape = view.shape
    st.subheader(tr("Stage {index}", index=shape.index), anchor=False)
    parts.picture(
        view.grid,
        alt=pyramid.grid_alt(shape),
    )
    st.markdown(
        tr(
            "**{grid}** tokens of {side}×{side} px, **{channels}** channels each.",
            grid=times(shape.grid),
            side=shape.stride,
            channels=shape.dim,
        )
    )
    for sentence in pyramid.overlap(shape, image_size):
        st.caption(sentence)
    if view.line_step > 1:
        st.caption(tr("One line in {count} is drawn: all of them would hide the picture.", count=view.line_step))
    if any(shape.rim):
        st.caption(
            tr(
                "Hatched: {rows} rows (bottom) and {columns} columns (right) of pixels fill no token and are dropped.",
                rows=shape.rim[0],
                columns=shape.rim[1],
            )
        )
    parts.picture(
        view.colours,
        alt=pyramid.features_alt(shape),
        caption=tr(pyramid.FEATURES),
    )
    parts.picture(view.lengths, alt=pyramid.lengths_alt(shape))
    parts.colour_scale("viridis", f"{view.low:.1f}", f"{view.high:.1f}", tr("L2 norm, own scale"))
