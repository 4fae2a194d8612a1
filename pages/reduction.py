"""Spatial reduction, step by step, on the real tensors of one stage."""

import streamlit as st

from pvt_viz.budget import LARGEST_REDUCTION
from pvt_viz.figures import entries
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import plates
from pvt_viz.lesson.reduction import pictures, way, words
from pvt_viz.ui import parts
from pvt_viz.ui.choosing import view
from pvt_viz.ui.looking import code, ending, explorer, fold_and_pool, stepwise, table
from pvt_viz.walkthrough import Making, entries_by_reduction, prefix_words
from pvt_viz.words import SUBSCRIPTS, times

st.title(tr("Spatial-reduction attention (SRA), step by step"), anchor=False)
scene = parts.scene_or_stop()
shapes = [stage.shape for stage in scene.trace.stages]
stepwise.switch(shapes)
focus = way.focus(scene, view.current())
steps = way.steps(scene.key, focus, scene)
shape = focus.shape
r, n, m, d = shape.reduction, shape.tokens, shape.reduced_tokens, shape.head_dim
prefix = prefix_words(shape.n_prefix, shape.registers)
plus = f" + {'CLS' if shape.n_prefix < 2 else shape.n_prefix}" if prefix else ""
st.markdown(
    spaced(
        tr(
            "One attention map of stage {index}: {n} = {queries:,} queries × {m} = {keys:,} keys ="
            " **{entries:,} entries**.",
            index=shape.index,
            n=f"N{plus}",
            queries=shape.queries,
            m=f"M{plus}",
            keys=shape.keys,
            entries=shape.queries * shape.keys,
        ),
        words.saving(shape),
        tr("Beside the grid stand {tokens}.", tokens=prefix) if shape.n_prefix > 1 else "",
    )
)
parts.honest_line(scene)
explorer.show(scene, key=f"reduction_explorer_{shape.index}", wall=False, stage=shape.index)
followed = tr(
    "Followed below: **{token}**, block {block}, head {head}. Click in the picture to follow another; block and head"
    " are chosen in the panel (a mean of heads has no q, K or V of its own).",
    token=words.token(focus.token),
    block=focus.block,
    head=focus.head,
)
st.markdown(f":material/ads_click: {followed}")

st.header(tr("From N tokens to M keys"), anchor=False)
tokens, cut, projection, norm = st.columns(4)
with tokens:
    stepwise.show(pictures.tokens(shape), steps.tokens)
with cut:
    stepwise.show(pictures.windows(shape), steps.windows)
with projection:
    stepwise.show(pictures.projected(shape), steps.projected)
    if steps.projected:
        st.caption(
            tr(
                "One linear layer, {inputs:,} → {outputs}: {grid} = {count:,} tokens.",
                inputs=Making(scene.selection.config, shape).inputs,
                outputs=shape.dim,
                grid=times(shape.reduced_grid),
                count=m,
            )
        )
    else:
        st.caption(tr("Nothing to project: at R = 1 this layer does not exist."))
with norm:
    stepwise.show(pictures.reduced(shape, projected=bool(steps.projected)), steps.reduced)
    if steps.before and steps.after:
        changed = {
            "mean": steps.before.mean,
            "new_mean": round(steps.after.mean, 2) + 0.0,
            "deviation": steps.before.deviation,
            "new_deviation": steps.after.deviation,
        }
        if shape.pool:
            cell = tr(
                "The outlined cell: mean {mean:+.2f} → {new_mean:+.2f}, deviation {deviation:.2f} →"
                " {new_deviation:.2f} (the GELU cuts off what is far below 0). K and V are made from these.",
                **changed,
            )
        else:
            cell = tr(
                "The outlined cell: mean {mean:+.2f} → {new_mean:+.2f}, deviation {deviation:.2f} →"
                " {new_deviation:.2f}. K and V are made from these.",
                **changed,
            )
        st.caption(cell)
    else:
        st.caption(tr("K and V are made from {count:,} tokens.", count=m))
st.caption(spaced(*pictures.colours(projected=bool(steps.projected))))
if shape.reduces:
    code.show("pool" if shape.pool else "fold", "keys")

st.header(tr("K, V and one query"), anchor=False)
keys, values = st.columns(2)
with keys:
    stepwise.show(pictures.keys(shape, focus.head), steps.keys, "cividis", "{:.2f}")
with values:
    stepwise.show(pictures.values(shape, focus.head), steps.values, "cividis", "{:.2f}")
    st.caption(tr("The same rows in the same order: what each key gives when it is looked at."))


query, score, softmax, output = st.columns(4)
with query:
    stepwise.show(pictures.query(shape), steps.vector, "cividis", "{:.2f}")
    st.caption(tr("{d} numbers: {first}, …", d=d, first=way.numbers(steps.first_of_vector)))
with score:
    stepwise.show(pictures.scores(shape), steps.scores, "viridis", "{:+.2f}")
with softmax:
    stepwise.show(pictures.weights(shape), steps.weights, "magma", "{:.2%}")
with output:
    stepwise.show(pictures.weighted_sum(shape), steps.output, "cividis", "{:.2f}")
    st.caption(tr("Σ weight·v = {first}, …", first=way.numbers(steps.first_of_output)))

top = steps.strongest[0]
carried = sum(line.weight for line in steps.strongest)
if shape.keys == 1:
    lesson = tr("There is only this one key: the softmax has nothing to choose.")
else:
    lesson = tr(
        "The strongest {count} of {keys:,} keys carry {share:.1%} of the weight:",
        count=len(steps.strongest),
        keys=shape.keys,
        share=carried,
    )
in_numbers = tr(
    "In numbers, for the strongest key ({key}): q·k/√{d} = **{score:+.3f}**, and the softmax makes it e^({score:.3f}) /"
    " Σ e^score = {exponential:.3g} / {sum:.4g} = **{weight:.2%}**.",
    key=top.place,
    d=d,
    score=top.score,
    exponential=steps.exponential,
    sum=steps.exponential_sum,
    weight=top.weight,
)
st.markdown(spaced(in_numbers, lesson))
table.show(way.strongest(steps))
code.show("attention")

if len(shapes) > 1 and not shape.pool:
    st.header(tr("What R changes"), anchor=False)
    st.plotly_chart(
        entries.figure(entries_by_reduction(shape, LARGEST_REDUCTION), r),
        key="entries",
        config={"displaylogo": False, "displayModeBar": False},
        alt=tr(
            "Entries of one attention map of stage {index} for every reduction ratio; R = {r} is chosen.",
            index=shape.index,
            r=r,
        ),
    )
    h, w = shape.grid
    st.caption(
        tr(
            "The N = {count:,} queries stay; the keys are M = ⌊{h}/R⌋·⌊{w}/R⌋. Move {ratio} in the sidebar and"
            " everything above follows.",
            count=n,
            h=h,
            w=w,
            ratio=f"R{SUBSCRIPTS[shape.index]}",
        )
    )
if len(shapes) > 1:
    fold_and_pool.show(scene, focus)
ending.show(scene, lambda: plates.reduction(scene, focus), key="reduction")
