"""The fine print: every symbol with its value here, the paper's Table 1, and where sources disagree."""

import streamlit as st

from pvt_viz.language import tr
from pvt_viz.lesson import reference
from pvt_viz.reference.disputes import disputes
from pvt_viz.reference.symbols import shares_keys, symbols
from pvt_viz.ui import pages, parts
from pvt_viz.ui.looking import code, table
from pvt_viz.words import times

st.title(tr("Symbols, tables and fine print"), anchor=False)
selection = parts.selection()
config = selection.config

st.header(tr("Every symbol, with its value here"), anchor=False)
st.markdown(
    tr(
        "The paper's letters, this app's words, and what they are for **{name}** at {size} pixels. Choose another"
        " network, size, p or R in the sidebar, and the values follow.",
        name=config.name,
        size=times(config.image_hw),
    )
)
table.show(reference.values(config, pages.titles()))
with st.container(horizontal=True, gap="medium"):
    for name in dict.fromkeys(symbol.page for symbol in symbols(config)):
        pages.link(name)
shapes = config.shapes()
if len(shapes) > 1 and shares_keys(shapes):
    st.caption(
        tr(
            "Every stage has the same {grid} keys: the picture to remember. Each of them stands for the same square of"
            " the picture, {side}×{side} px.",
            grid=times(shapes[0].reduced_grid),
            side=shapes[0].stride * shapes[0].reduction,
        )
        if shapes[0].pool is None
        else tr("Every stage has the same {grid} keys, whatever the picture.", grid=times(shapes[0].reduced_grid))
    )
code.show("grids", "reduction")

st.header(tr("Table 1 of the paper, from the presets"), anchor=False)
st.markdown(
    tr(
        "What each size of PVT is made of, for a 224×224 picture. In this table N is the number of heads, as the paper"
        " has it. Parameters and multiply-adds are counted here, layer by layer; the paper rounds the same numbers to"
        " 13.2, 24.5, 44.2, 61.4 M and 1.9, 3.8, 6.7, 9.8 G. For stage 2 of Small and Medium it prints 3 blocks, which"
        " does not give them (see below)."
    )
)
table.show(reference.sizes(), key="table-1")

st.header(tr("Where sources disagree"), anchor=False)
st.markdown(tr("Each with the number that decides it. All of them are counted while this page is drawn."))
for dispute in disputes():
    st.subheader(tr(dispute.question), anchor=False)
    st.markdown(
        tr(
            "**Written:** {written}  \n**Holds:** {holds}  \n**The number:** {number}",
            written=tr(dispute.written),
            holds=tr(dispute.holds),
            number=tr(dispute.number),
        )
    )
code.show("fold_cost", "scores")

st.header(tr("Why counters disagree"), anchor=False)
st.markdown(
    tr(
        "One picture of 224×224 through PVT-Tiny, in multiply-adds. Most tools count the layers that they know, and"
        " attention is none: SRA's products of activations are what they miss. The rows of fvcore, ptflops and thop"
        " were counted once with the tool, on the network as its authors write it; the others follow from the closed"
        " forms."
    )
)
table.show(reference.counted())
