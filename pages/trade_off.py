"""Accuracy against cost over every measured setting, and the same picture at two of them."""

from dataclasses import replace

import streamlit as st

from pvt_viz.figures import tradeoff as figures
from pvt_viz.ui import answer, charts, explorer, pagewords, parts, tradeoff
from pvt_viz.ui.selection import POWERS
from pvt_viz.words import SUBSCRIPTS, factor

st.title("What does less attention cost, and save?", anchor=False)
selection = parts.selection()
points = tradeoff.points()
if points:
    st.markdown(
        "Every point is a network **as it answers at one setting** of p₁ and R, measured on drawn scenes that it"
        " never saw. Filled: `flexi_pvt`, **one set of weights** that has met them all in training. Hollow:"
        " `flexi_pvt_fixed`, the same network trained at p₁ = 4, R = (8, 4, 2, 1) alone. **Click a point to go there.**"
    )
    pagewords.told("across")
    axis = st.segmented_control(
        "Across", list(figures.AXES), required=True, key="across", on_change=pagewords.changed, args=("across",)
    )
    now = tradeoff.now(selection)
    chart = figures.tradeoff(
        points,
        now,
        axis=axis,
        hollow=("flexi_pvt_fixed",),
        caption=f"Accuracy on held-out scenes of the cue task, {len(points)} settings, counted cost (1 MAC = 2 FLOPs).",
    )
    alt = f"Points: accuracy in percent over {axis}, for each network and p₁; hollow points fall far below."
    charts.show(chart, key="tradeoff", alt=alt, setting={"across": axis}, on_click=tradeoff.go_to)
    if now is None:
        st.caption("The setting in the sidebar is not among the measured ones.")
else:
    st.info("The measurements that come with the weights are not there: `make train` makes both anew.")

st.header("The same picture at two settings", anchor=False)
scene = parts.scene_or_stop()
shapes = [stage.shape for stage in scene.trace.stages]
if len(shapes) == 1:
    st.markdown("A plain ViT has no R to change. Choose a pvt model in the sidebar to compare two of them.")
    st.stop()
if shapes[0].pool:
    st.markdown("Linear SRA has no R to change: its keys are 7×7 whatever the picture. Choose a network that folds.")
    st.stop()
stage_column, other_column = st.columns(2)
with stage_column:
    offered = tuple(shape.index for shape in shapes)
    pagewords.told("compared", offered)
    i = st.segmented_control(
        "Stage", offered, required=True, key="compared", on_change=pagewords.changed, args=("compared",)
    )
shape = shapes[i - 1]
others = tuple(r for r in POWERS if r <= min(shape.grid) and r != shape.reduction)
if not others:
    st.markdown("This stage's grid allows no other R.")
    st.stop()
with other_column:
    pagewords.told("other", others)
    other_r = st.segmented_control(
        f"Compare R{SUBSCRIPTS[i]} = {shape.reduction} with",
        others,
        required=True,
        key="other",
        on_change=pagewords.changed,
        args=("other",),
    )
reductions = list(selection.reductions)
reductions[i - 1] = other_r
other = parts.scene_or_stop(replace(selection, reductions=tuple(reductions)))
for column, side in zip(st.columns(2), (scene, other), strict=True):
    with column:
        st.subheader(f"R{SUBSCRIPTS[i]} = {side.selection.reductions[i - 1]}", anchor=False)
        answer.show(side, stacked=True)
        explorer.show(side, key=f"tradeoff_{side.selection.reductions[i - 1]}", wall=False, stage=i, link="tradeoff")
a, b = (side.trace.stages[i - 1] for side in (scene, other))
common = tradeoff.common_weight(scene, other, i)
entries = a.shape.map_entries / b.shape.map_entries
st.markdown(
    f"One pointer moves both. **In the map**: of a query's weight in the last block, {common:.0%} lies on the same"
    f" places in both (mean over queries and heads). **In the cost**: {a.shape.map_entries:,} against"
    f" {b.shape.map_entries:,} attention entries in this stage, {factor(max(entries, 1 / entries))} apart."
)
parts.honest_line(other)
parts.credit(scene.picture)
