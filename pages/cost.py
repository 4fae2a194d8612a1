"""What attention costs: counted in closed form, and measured on this machine."""

from dataclasses import replace

import streamlit as st

from pvt_viz.ui import parts
from pvt_viz.ui.lab import choice, growing, ledger, linear, live, stages, ways

st.title("What attention costs, counted and measured", anchor=False)
selection = parts.selection()
lab = choice.tell_widgets(selection)

size, batch = st.columns(2)
with size:
    st.slider(
        "Image size, px",
        choice.SIDES[0],
        choice.SIDES[-1],
        step=choice.SIDES[1] - choice.SIDES[0],
        key="side",
        on_change=choice.changed,
        args=("side",),
        help="The side of a square image: tokens grow with its square, full attention maps with its fourth power.",
    )
with batch:
    st.select_slider(
        "Batch",
        choice.options("batch"),
        key="batch",
        on_change=choice.changed,
        args=("batch",),
        help="Images at once: arithmetic and activations grow with it. The largest picture is always for one.",
    )
with st.container(horizontal=True, gap="large"):
    for name, words in {
        "dtype": "Bytes per number: 4 or 2. It changes every byte on this page, and no multiply-add.",
        "unit": "1 MAC (multiply and add) is 2 FLOPs. It changes every count of arithmetic; bytes and parameters stay.",
        "axis": "A logarithmic axis shows small bars beside large ones; lengths then show ratios.",
    }.items():
        st.segmented_control(
            choice.LABELS[name],
            choice.options(name),
            key=name,
            required=True,
            on_change=choice.changed,
            args=(name,),
            help=words,
        )

LAST_GOOD = "cost_config"
try:
    config = replace(selection.config, image_size=lab.side)
    st.session_state[LAST_GOOD] = config
except ValueError as error:
    config, tried = st.session_state.get(LAST_GOOD, selection.config), lab.side
    lab = replace(lab, side=config.image_hw[0])
    st.warning(
        f"{tried}×{tried} pixels are too few for these p and R. {error} Still shown: {config.name} at"
        f" {lab.side}×{lab.side}.",
        icon=":material/straighten:",
    )

st.markdown(
    f"**{config.name}** at {lab.side}×{lab.side}, batch {lab.batch}, {lab.dtype}: p = {config.patch_sizes},"
    f" {ways.ratios(config)}. Move {'p' if config.pool else 'them'} in the sidebar; every number follows, and is real"
    " whatever the weights are."
)
ledger.headline(config, lab)
stages.show(config, lab)
growing.show_growth(config, lab)
growing.show_frontier(config, lab)
linear.show(lab)
live.show(config, lab, selection.device)
ledger.show_extra(config, lab)
ledger.show_formulas(config, lab)
