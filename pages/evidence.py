"""Where attention goes, scored against the truth; and what matters, by changing one stage at a time."""

import streamlit as st

from pvt_viz import report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.language import say, spaced, tr
from pvt_viz.lesson import plates
from pvt_viz.lesson.evidence import held_out, maps, matters
from pvt_viz.ui import controls, parts
from pvt_viz.ui.choosing import pagewords
from pvt_viz.ui.looking import answer, charts, code, ending, table

st.title(tr("What it looks at, and whether that matters"), anchor=False)
scene = parts.scene_or_stop()
st.markdown(
    spaced(
        tr(
            "**Maps show where attention goes; interventions show what matters.** The two can disagree: a network may"
            " look at a place and make nothing of it."
        ),
        held_out.truth(scene),
    )
)
answer.show(scene)
parts.honest_line(scene)
if not scene.selection.config.num_classes:
    st.markdown(tr("These weights have no head: there is no answer to follow back, and none that could change."))
    parts.credit(scene.picture)
    st.stop()
config, drawn = scene.selection.config, scene.picture.scenes
found = report.load(config.name) if scene.trace.weights.trained else None

st.header(tr("Where attention goes"), anchor=False)
pagewords.told("method")
method = controls.segmented_control(
    tr("Method"),
    list(METHODS),
    key="method",
    format_func=tr,
    on_change=pagewords.changed,
    args=("method",),
)
st.caption(maps.about(method, config))
views = maps.views(scene.key, method, scene)
for column, view in zip(st.columns(max(4, len(views))), views, strict=False):
    with column:
        st.subheader(tr("Stage {stage}", stage=view.stage), anchor=False)
        parts.picture(view.picture, alt=maps.alt(method, view.stage))
        parts.colour_scale("magma", "0", f"{view.high:.1%}", tr("of the map, own scale"))
        if view.scores:
            st.caption(" · ".join(f"{tr(words)} {view.scores[name]:.0%}" for name, words in maps.SCORES.items()))
if drawn is not None:
    st.caption(tr("Outlined: the right answer. The numbers say how much of the map agrees, on this picture."))
code.show("rollout")

if found:
    for number, scored in enumerate(held_out.scored(found)):
        st.subheader(scored.title, anchor=False)
        if not number:
            st.markdown(spaced(held_out.how_scored(found.kind), held_out.about_another_kind(found, scene)))
        st.markdown(scored.told)
        table.show(scored.table, key=scored.key)

st.header(tr("What matters"), anchor=False)
if not scene.trace.weights.classes:
    st.markdown(
        tr(
            "Choose a network with weights ({network}): random ones have no answer that could change.",
            network="flexi_pvt" if drawn is not None else "photo_pvt",
        )
    )
    ending.show(scene, lambda: plates.evidence(scene, method), key="evidence")
    st.stop()
st.markdown(
    "\n".join(
        tr("- **{kind}.** {words}", kind=tr(kind).capitalize(), words=say(words)) for kind, words in KINDS.items()
    )
)
st.subheader(tr("On this picture"), anchor=False)
table.show(matters.tabulated(scene))
if found:
    st.subheader(held_out.changed_on(found), anchor=False)
    charts.show(
        held_out.accuracy(found),
        key="interventions",
        alt=tr(
            "Bars: accuracy with the attention of each stage off, uniform or swapped, beside the untouched network."
        ),
        setting={"model": config.name},
    )
    if other_kind := held_out.about_another_kind(found, scene):
        st.caption(other_kind)
    worst = min(found.interventions, key=lambda row: row.accuracy)
    least = max(found.interventions, key=lambda row: row.accuracy)
    st.markdown(
        tr(
            "The most is lost with stage {worst} {worst_kind} ({worst_left:.1%} left), the least with stage {least}"
            " {least_kind} ({least_left:.1%}). *Off* and *swapped* tell whether a stage's attention is needed at all;"
            " *uniform* tells whether its **pattern** is, or whether an even mixture would do.",
            worst=worst.stage,
            worst_kind=say(worst.kind),
            worst_left=worst.accuracy,
            least=least.stage,
            least_kind=say(least.kind),
            least_left=least.accuracy,
        )
    )
ending.show(scene, lambda: plates.evidence(scene, method), key="evidence")
