"""Accuracy against cost over every measured setting, and the same picture at two of them."""

from dataclasses import replace
from functools import partial

import streamlit as st

from pvt_viz.choices.selection import POWERS
from pvt_viz.figures import tradeoff as figures
from pvt_viz.language import say, spaced, tr
from pvt_viz.lesson import measured, plates, tradeoff
from pvt_viz.report import SCENES
from pvt_viz.ui import controls, parts
from pvt_viz.ui.choosing import pagewords, view
from pvt_viz.ui.looking import answer, charts, code, ending, explorer
from pvt_viz.ui.looking.tradeoff import go_to
from pvt_viz.words import SUBSCRIPTS, factor

st.title(tr("What does less attention cost, and save?"), anchor=False)
selection = parts.selection()
if kinds := tradeoff.kinds():
    home = measured.kind(selection, parts.shown())
    kind = pagewords.told("points", kinds, home)
    words = st.container()
    with st.container(key="wide_points"):  # one below the other on a phone
        kind_column, axis_column = st.columns(2)
    if len(kinds) > 1:
        with kind_column:
            kind = controls.segmented_control(
                tr("Measured on"),
                kinds,
                key="points",
                format_func=tr,
                on_change=pagewords.changed,
                args=("points", home),
            )
    words.markdown(tradeoff.about(kind))
    pagewords.told("across")
    with axis_column:
        axis = controls.segmented_control(
            tr("Across"),
            list(figures.AXES),
            key="across",
            format_func=tr,
            on_change=pagewords.changed,
            args=("across",),
        )
    alt = tr("Points: accuracy in percent over {axis}, for each network and p₁.", axis=say(axis))
    if kind == SCENES:
        alt = spaced(alt, tr("Hollow points fall far below."))
    charts.show(
        tradeoff.described(selection, kind, axis),
        key="tradeoff",
        alt=alt,
        setting={"points": kind, "across": axis},
        on_click=partial(go_to, kind),
    )
    if why := tradeoff.unmarked(selection, kind):
        st.caption(why)
else:
    st.info(
        tr(
            "The measurements that come with the weights are not there: `make train` makes weights and measurements"
            " anew."
        )
    )

st.header(tr("The same picture at two settings"), anchor=False)
scene = parts.scene_or_stop()
shapes = [stage.shape for stage in scene.trace.stages]
if len(shapes) == 1:
    st.markdown(tr("A plain ViT has no R to change. Choose a pvt model in the sidebar to compare two of them."))
    st.stop()
if shapes[0].pool:
    st.markdown(
        tr("Linear SRA has no R to change: its keys are 7×7 whatever the picture. Choose a network that folds.")
    )
    st.stop()
with st.container(key="wide_settings"):  # one below the other on a phone
    stage_column, other_column = st.columns(2)
with stage_column:
    offered = tuple(shape.index for shape in shapes)
    pagewords.told("compared", offered)
    i = controls.segmented_control(
        tr("Stage"), offered, key="compared", on_change=pagewords.changed, args=("compared",)
    )
shape = shapes[i - 1]
others = tuple(r for r in POWERS if r <= min(shape.grid) and r != shape.reduction)
if not others:
    st.markdown(tr("This stage's grid allows no other R."))
    st.stop()
with other_column:
    pagewords.told("other", others)
    other_r = controls.segmented_control(
        tr("Compare {ratio} = {r} with", ratio=f"R{SUBSCRIPTS[i]}", r=shape.reduction),
        others,
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
    tr(
        "One pointer moves both. **In the map**: of a query's weight in the last block, {common:.0%} lies on the same"
        " places in both (mean over queries and heads). **In the cost**: {one:,} against {other:,} entries in all"
        " attention maps of this stage, {factor} apart.",
        common=common,
        one=a.shape.map_entries,
        other=b.shape.map_entries,
        factor=factor(max(entries, 1 / entries)),
    )
)
parts.honest_line(other)
code.show("resize")
ending.show(scene, lambda: plates.side_by_side((scene, other), view.current().only(shape), i), key="tradeoff_maps")
