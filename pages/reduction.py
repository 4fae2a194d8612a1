"""Spatial reduction, step by step, on the real tensors of one stage."""

from dataclasses import replace

import streamlit as st

from pvt_viz.budget import LARGEST_REDUCTION
from pvt_viz.figures import entries
from pvt_viz.figures.reduction import MOST_ROWS
from pvt_viz.language import spaced, tr
from pvt_viz.lesson import plates
from pvt_viz.lesson.reduction import way, words
from pvt_viz.ui import address, code, controls, explorer, fold_and_pool, parts, table, takeaway, view
from pvt_viz.walkthrough import Making, entries_by_reduction, prefix_words, window_size
from pvt_viz.words import SUBSCRIPTS, times

st.title(tr("Spatial-reduction attention (SRA), step by step"), anchor=False)
scene = parts.scene_or_stop()
shapes = [stage.shape for stage in scene.trace.stages]


def choose_stage() -> None:
    address.touch()
    view.keep(replace(view.current(), stage=st.session_state["stage"]))


if len(shapes) > 1:
    st.session_state["stage"] = view.current().stage
    controls.segmented_control(
        tr("Stage"),
        [shape.index for shape in shapes],
        key="stage",
        format_func=lambda i: f"{i} · {words.how(shapes[i - 1])}",
        on_change=choose_stage,
    )
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
who = "CLS"
if focus.token is not None:
    who = tr("the token at row {row}, column {column}", row=focus.token[0] + 1, column=focus.token[1] + 1)
followed = tr(
    "Followed below: **{token}**, block {block}, head {head}. Click in the picture to follow another; block and head"
    " are chosen in the panel (a mean of heads has no q, K or V of its own).",
    token=who,
    block=focus.block,
    head=focus.head,
)
st.markdown(f":material/ads_click: {followed}")

st.header(tr("From N tokens to M keys"), anchor=False)
tokens, cut, projection, norm = st.columns(4)
with tokens:
    st.subheader(tr("1 · Tokens"), anchor=False)
    parts.picture(
        steps.tokens, alt=tr("The {grid} tokens that enter the attention, as colours.", grid=times(shape.grid))
    )
    st.caption(
        tr(
            "{grid} = {count:,} tokens of {channels} channels, after the block's first LayerNorm.",
            grid=times(shape.grid),
            count=n,
            channels=shape.dim,
        )
    )
with cut:
    if shape.pool:
        name = tr("2 · Pool to {grid}", grid=times(shape.reduced_grid))
        alt = tr(
            "The same tokens in windows of up to {size}; the one that the query is in is outlined.",
            size=times(window_size(shape)),
        )
    else:
        name = tr("2 · Fold {r}×{r}", r=r)
        alt = tr("The same tokens in squares of {r}×{r}; the one that the query is in is outlined.", r=r)
    st.subheader(name, anchor=False)
    parts.picture(steps.windows, alt=alt)
    for caption in words.cut(shape):
        st.caption(caption)
with projection:
    st.subheader(tr("3 · Project"), anchor=False)
    if steps.projected:
        parts.picture(
            steps.projected, alt=tr("The {grid} projected tokens, as colours.", grid=times(shape.reduced_grid))
        )
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
    last = "LayerNorm, GELU" if shape.pool else "LayerNorm" if steps.projected else tr("As it was")
    st.subheader(f"4 · {last}", anchor=False)
    parts.picture(
        steps.reduced, alt=tr("The {grid} tokens that K and V are made from.", grid=times(shape.reduced_grid))
    )
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
st.caption(
    spaced(
        tr("Colours: the three principal components of each picture as red, green and blue."),
        tr("Pictures 3 and 4 share theirs.") if steps.projected else "",
    )
)
if shape.reduces:
    code.show("pool" if shape.pool else "fold", "keys")

st.header(tr("K, V and one query"), anchor=False)
keys, values = st.columns(2)
with keys:
    st.subheader(tr("5 · Keys K"), anchor=False)
    parts.picture(
        steps.keys.picture,
        alt=tr("Keys of head {head}: {keys:,} rows of {d} numbers.", head=focus.head, keys=shape.keys, d=d),
    )
    parts.colour_scale("cividis", f"{steps.keys.low:.2f}", f"{steps.keys.high:.2f}", tr("own scale"))
    if prefix:
        rows = tr(
            "{keys:,} rows, one per key ({tokens} first); {d} columns, one per channel.",
            keys=shape.keys,
            tokens=prefix,
            d=d,
        )
    else:
        rows = tr("{keys:,} rows, one per key; {d} columns, one per channel.", keys=shape.keys, d=d)
    st.caption(
        spaced(rows, tr("Squeezed into {count} rows of means.", count=MOST_ROWS) if shape.keys > MOST_ROWS else "")
    )
with values:
    st.subheader(tr("Values V"), anchor=False)
    parts.picture(
        steps.values.picture,
        alt=tr("Values of head {head}: {keys:,} rows of {d} numbers.", head=focus.head, keys=shape.keys, d=d),
    )
    parts.colour_scale("cividis", f"{steps.values.low:.2f}", f"{steps.values.high:.2f}", tr("own scale"))
    st.caption(tr("The same rows in the same order: what each key gives when it is looked at."))


query, score, softmax, output = st.columns(4)
with query:
    st.subheader(tr("6 · Query q"), anchor=False)
    parts.picture(steps.vector.picture, alt=tr("The query: {d} numbers as colours.", d=d))
    parts.colour_scale("cividis", f"{steps.vector.low:.2f}", f"{steps.vector.high:.2f}", tr("own scale"))
    st.caption(tr("{d} numbers: {first}, …", d=d, first=way.numbers(steps.first_of_vector)))
with score:
    st.subheader(tr("7 · Scores"), anchor=False)
    parts.picture(
        steps.scores.picture, alt=tr("The query's score with each of the {count:,} keys of the plane.", count=m)
    )
    parts.colour_scale("viridis", f"{steps.scores.low:+.2f}", f"{steps.scores.high:+.2f}", tr("own scale"))
    st.caption(tr("q·k/√d with every key, where the key lies."))
with softmax:
    st.subheader(tr("8 · Softmax"), anchor=False)
    parts.picture(steps.weights.picture, alt=tr("The softmax of the scores: the query's row of the attention map."))
    parts.colour_scale("magma", "0 %", f"{steps.weights.high:.2%}", tr("own scale"))
    if prefix:
        st.caption(tr("The same as weights (those of {tokens} with them): they sum to 100 %.", tokens=prefix))
    else:
        st.caption(tr("The same as weights: they sum to 100 %."))
with output:
    st.subheader(tr("9 · Weighted sum"), anchor=False)
    parts.picture(steps.output.picture, alt=tr("The weighted sum of the values: {d} numbers as colours.", d=d))
    parts.colour_scale("cividis", f"{steps.output.low:.2f}", f"{steps.output.high:.2f}", tr("own scale"))
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
takeaway.offer(lambda: plates.reduction(scene, focus), key="reduction", explorer=lambda: explorer.file(scene))
parts.credit(scene.picture)
