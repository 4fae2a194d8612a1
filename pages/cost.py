"""What attention costs: counted in closed form, and measured on this machine."""

from dataclasses import replace

import streamlit as st

from pvt_viz.choices.lab import LABELS, OPTIONS, SIDES
from pvt_viz.language import N_, spaced, tr
from pvt_viz.lesson.cost import ways
from pvt_viz.ui import controls, parts
from pvt_viz.ui.lab import choice, elsewhere, formulas, growing, headline, linear, live, stages
from pvt_viz.ui.looking import code

st.title(tr("What attention costs, counted and measured"), anchor=False)
selection = parts.selection()
lab = choice.tell_widgets(selection)

size, batch = st.columns(2)
with size:
    controls.slider(
        tr("Image size, px"),
        SIDES[0],
        SIDES[-1],
        step=SIDES[1] - SIDES[0],
        key="side",
        on_change=choice.changed,
        args=("side",),
        help=tr("The side of a square image: tokens grow with its square, full attention maps with its fourth power."),
    )
with batch:
    controls.select_slider(
        tr("Batch"),
        OPTIONS["batch"],
        key="batch",
        on_change=choice.changed,
        args=("batch",),
        help=tr(
            "Images at once: arithmetic and activations grow with it. How large a picture fits is always told for a"
            " batch of one."
        ),
    )
with st.container(horizontal=True, gap="large"):
    for name, words in {
        "dtype": N_("Bytes per number: 4 or 2. It changes every byte on this page, and no multiply-add."),
        "unit": N_(
            "1 MAC (multiply and add) is 2 FLOPs. It changes every count of arithmetic; bytes and parameters stay."
        ),
        "axis": N_("A logarithmic axis shows small bars beside large ones; lengths then show ratios."),
    }.items():
        controls.segmented_control(
            tr(LABELS[name]),
            OPTIONS[name],
            key=name,
            format_func=tr,
            on_change=choice.changed,
            args=(name,),
            help=tr(words),
        )

LAST_GOOD = "cost_config"
try:
    config = replace(selection.config, image_size=lab.side)
    st.session_state[LAST_GOOD] = config
except ValueError as error:
    config, tried = st.session_state.get(LAST_GOOD, selection.config), lab.side
    lab = replace(lab, side=config.image_hw[0])
    st.warning(
        spaced(
            tr("{tried}×{tried} pixels are too few for these p and R.", tried=tried),
            tr(error),
            tr("Still shown: {model} at {side}×{side}.", model=config.name, side=lab.side),
        ),
        icon=":material/straighten:",
    )

chosen = {
    "model": config.name,
    "side": lab.side,
    "batch": lab.batch,
    "dtype": lab.dtype,
    "patch_sizes": config.patch_sizes if len(config.dims) > 1 else config.patch_sizes[0],
}
if config.pool:
    said = tr(
        "**{model}** at {side}×{side}, batch {batch}, {dtype}: p = {patch_sizes}, keys pooled to {keys} (linear SRA)."
        " Move p in the sidebar; every number follows, and is real whatever the weights are.",
        keys=ways.pooled(config),
        **chosen,
    )
else:
    said = tr(
        "**{model}** at {side}×{side}, batch {batch}, {dtype}: p = {patch_sizes}, R = {reductions}. Move them in the"
        " sidebar; every number follows, and is real whatever the weights are.",
        reductions=config.reductions if len(config.dims) > 1 else config.reductions[0],
        **chosen,
    )
st.markdown(said)
headline.show(config, lab)
stages.show(config, lab)
growing.show_growth(config, lab)
growing.show_frontier(config, lab)
linear.show(lab)
live.show(config, lab, selection.device)
elsewhere.show(config, lab)
formulas.show(config, lab)
code.show("scores", "fold_cost")
