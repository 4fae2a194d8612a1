"""Where attention goes, scored against the truth; and what matters, by changing one stage at a time."""

import streamlit as st

from pvt_viz import report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.config import PRESETS
from pvt_viz.figures import evidence as figures
from pvt_viz.ui import answer, charts, evidence, pagewords, parts
from pvt_viz.ui.selection import SEEDS
from pvt_viz.words import escaped

SCORES = {"pointing": "brightest on it", "energy": "weight on it", "overlap": "overlap (IoU)"}

st.title("What it looks at, and whether that matters", anchor=False)
scene = parts.scene_or_stop()
st.markdown(
    "**Maps show where attention goes; interventions show what matters.** The two can disagree: a network may look at a"
    " place and make nothing of it. With drawn scenes the truth is known, so both can be checked."
)
answer.show(scene)
parts.honest_line(scene)
if not scene.selection.config.num_classes:
    st.markdown("These weights have no head: there is no answer to follow back, and none that could change.")
    st.stop()
config, drawn = scene.selection.config, scene.picture.scenes
found = report.load(config.name) if scene.trace.weights.trained else None

st.header("Where attention goes", anchor=False)
pagewords.told("method")
method = st.segmented_control(
    "Method", list(METHODS), required=True, key="method", on_change=pagewords.changed, args=("method",)
)
st.caption(evidence.about(method, config))
views = evidence.maps(scene.key, method, scene)
for column, view in zip(st.columns(max(4, len(views))), views, strict=False):
    with column:
        st.subheader(f"Stage {view.stage}", anchor=False)
        parts.picture(view.picture, alt=f"Map of {method} on the tokens of stage {view.stage}, over the picture.")
        parts.colour_scale("magma", "0", f"{view.high:.1%}", "of the map, own scale")
        if view.scores:
            st.caption(" · ".join(f"{words} {view.scores[name]:.0%}" for name, words in SCORES.items()))
if drawn is not None:
    st.caption("Outlined: the right answer. The numbers say how much of the map agrees, on this picture.")

if found:
    st.subheader(f"On {found.scored:,} held-out scenes, at the default p and R", anchor=False)
    st.markdown(
        "Of many equally bright pixels, the part on the shape counts. **Chance** is a flat map, the **centre prior**"
        " knows only the middle; a **ceiling** is the true shape drawn in the cells of that stage: coarse cells"
        " cannot do better."
    )
    rows = [
        {
            "map": row.method,
            "stage": str(row.stage or "–"),
            **{words: f"{getattr(row, name):.1%}" for name, words in SCORES.items()},
        }
        for row in found.scores
    ]
    charts.table(
        rows,
        key="scores",
        alt="Scores of every method and stage against the true shape, with chance, the centre prior and ceilings.",
        numbers=[
            {"map": row.method, "stage": row.stage, **{name: getattr(row, name) for name in SCORES}}
            for row in found.scores
        ],
        setting={"model": config.name},
    )

st.header("What matters", anchor=False)
if not scene.trace.weights.classes:
    st.markdown("Choose a network with weights (flexi_pvt): random ones have no answer that could change.")
    st.stop()
other_seed = SEEDS[(scene.selection.seed + 1) % len(SEEDS)]
st.markdown("\n".join(f"- **{kind.capitalize()}.** {words}" for kind, words in KINDS.items()))
changed = evidence.interventions(scene.key, other_seed, scene)
before = escaped(scene.trace.weights.classes[int(scene.trace.logits[0].argmax())])
st.subheader("On this picture", anchor=False)
by_stage = {}
for row in changed:
    by_stage.setdefault(row.stage, {})[row.kind] = row
st.table(
    [
        {
            "attention of": f"stage {stage}",
            **{
                kind: f"{said if said == before else f'**{said}**'} {row.chance:.0%}"
                for kind, row in kinds.items()
                for said in (escaped(row.answer),)
            },
        }
        for stage, kinds in by_stage.items()
    ],
    hide_index=True,
    alt="The answer with the attention of each stage off, uniform, or with keys and values of another picture.",
)
st.caption(
    f"Untouched it answers {before}. Bold: the answer changed. Swapped keys and values are those of scene {other_seed};"
    " percentages are the probability of the answer given."
)
if found:
    st.subheader(f"On {found.scenes:,} held-out scenes", anchor=False)
    untouched = found.accuracy(PRESETS[config.name])
    chart = figures.interventions(
        found.interventions,
        untouched,
        caption=f"Accuracy of {config.name} at its default p and R with one stage's attention changed. Untouched it is"
        f" {untouched:.1%}; one answer in three is what knowing the shapes but not the cue would give.",
    )
    charts.show(
        chart,
        key="interventions",
        alt="Bars: accuracy with the attention of each stage off, uniform or swapped, beside the untouched network.",
        setting={"model": config.name},
    )
    worst = min(found.interventions, key=lambda row: row.accuracy)
    least = max(found.interventions, key=lambda row: row.accuracy)
    st.markdown(
        f"The most is lost with stage {worst.stage} {worst.kind} ({worst.accuracy:.1%} left), the least with stage"
        f" {least.stage} {least.kind} ({least.accuracy:.1%}). *Off* and *swapped* tell whether a stage's attention is"
        " needed at all; *uniform* tells whether its **pattern** is, or whether an even mixture would do."
    )
parts.credit(scene.picture)
