"""Spatial reduction, step by step, on the real tensors of one stage."""

from dataclasses import replace

import streamlit as st

from pvt_viz.figures import reduction as figures
from pvt_viz.ui import address, explorer, fold_and_pool, parts, reduction, view
from pvt_viz.ui import reduction_words as words
from pvt_viz.ui.selection import LARGEST_REDUCTION
from pvt_viz.walkthrough import Making, entries_by_reduction, prefix_words, window_size
from pvt_viz.words import SUBSCRIPTS, times

st.title("Spatial reduction, step by step", anchor=False)
scene = parts.scene_or_stop()
shapes = [stage.shape for stage in scene.trace.stages]


def choose_stage() -> None:
    address.touch()
    view.keep(replace(view.current(), stage=st.session_state["stage"]))


if len(shapes) > 1:
    st.session_state["stage"] = view.current().stage
    st.segmented_control(
        "Stage",
        [shape.index for shape in shapes],
        key="stage",
        required=True,
        format_func=lambda i: f"{i} · {words.how(shapes[i - 1])}",
        on_change=choose_stage,
    )
focus = reduction.focus(scene, view.current())
steps = reduction.steps(scene.key, focus, scene)
shape = focus.shape
r, n, m, d = shape.reduction, shape.tokens, shape.reduced_tokens, shape.head_dim
prefix = prefix_words(shape.n_prefix)
plus = f" + {prefix if shape.n_prefix < 2 else shape.n_prefix}" if prefix else ""
st.markdown(
    f"One attention map of stage {shape.index}: N{plus} = {shape.queries:,} queries × M{plus} = {shape.keys:,}"
    f" keys = **{shape.queries * shape.keys:,} entries**. {words.saving(shape)}"
    + (f" Beside the grid stand {prefix}." if shape.n_prefix > 1 else "")
)
parts.honest_line(scene)
explorer.show(scene, key=f"reduction_explorer_{shape.index}", wall=False, stage=shape.index)
who = "CLS" if focus.token is None else f"the token at row {focus.token[0] + 1}, column {focus.token[1] + 1}"
st.markdown(
    f":material/ads_click: Followed below: **{who}**, block {focus.block}, head {focus.head}. Click in the picture to"
    " follow another; block and head are chosen in the panel (a mean of heads has no q, K or V of its own)."
)

st.header("From N tokens to M keys", anchor=False)
tokens, cut, projection, norm = st.columns(4)
with tokens:
    st.subheader("1 · Tokens", anchor=False)
    parts.picture(steps.tokens, alt=f"The {times(shape.grid)} tokens that enter the attention, as colours.")
    st.caption(f"{times(shape.grid)} = {n:,} tokens of {shape.dim} channels, after the block's first LayerNorm.")
with cut:
    st.subheader(f"2 · Pool to {times(shape.reduced_grid)}" if shape.pool else f"2 · Fold {r}×{r}", anchor=False)
    what = f"windows of up to {times(window_size(shape))}" if shape.pool else f"squares of {r}×{r}"
    parts.picture(steps.windows, alt=f"The same tokens in {what}; the one that the query is in is outlined.")
    for caption in words.cut(shape):
        st.caption(caption)
with projection:
    st.subheader("3 · Project", anchor=False)
    if steps.projected:
        parts.picture(steps.projected, alt=f"The {times(shape.reduced_grid)} projected tokens, as colours.")
        st.caption(
            f"One linear layer, {Making(scene.selection.config, shape).inputs:,} → {shape.dim}:"
            f" {times(shape.reduced_grid)} = {m:,} tokens."
        )
    else:
        st.caption("Nothing to project: at R = 1 this layer does not exist.")
with norm:
    last = "LayerNorm, GELU" if shape.pool else "LayerNorm" if steps.projected else "As it was"
    st.subheader(f"4 · {last}", anchor=False)
    parts.picture(steps.reduced, alt=f"The {times(shape.reduced_grid)} tokens that K and V are made from.")
    if steps.before and steps.after:
        gelu = " (the GELU cuts off what is far below 0)" if shape.pool else ""
        st.caption(
            f"The outlined cell: mean {steps.before.mean:+.2f} → {round(steps.after.mean, 2) + 0.0:+.2f}, deviation"
            f" {steps.before.deviation:.2f} → {steps.after.deviation:.2f}{gelu}. K and V are made from these."
        )
    else:
        st.caption(f"K and V are made from {m:,} tokens.")
shared = " Pictures 3 and 4 share theirs." if steps.projected else ""
st.caption(f"Colours: the three principal components of each picture as red, green and blue.{shared}")

st.header("K, V and one query", anchor=False)
keys, values = st.columns(2)
with keys:
    st.subheader("5 · Keys K", anchor=False)
    parts.picture(steps.keys.picture, alt=f"Keys of head {focus.head}: {shape.keys:,} rows of {d} numbers.")
    parts.colour_scale("cividis", f"{steps.keys.low:.2f}", f"{steps.keys.high:.2f}", "own scale")
    st.caption(
        f"{shape.keys:,} rows, one per key{f' ({prefix} first)' if prefix else ''}; {d} columns, one per channel."
        + (f" Squeezed into {figures.MOST_ROWS} rows of means." if shape.keys > figures.MOST_ROWS else "")
    )
with values:
    st.subheader("Values V", anchor=False)
    parts.picture(steps.values.picture, alt=f"Values of head {focus.head}: {shape.keys:,} rows of {d} numbers.")
    parts.colour_scale("cividis", f"{steps.values.low:.2f}", f"{steps.values.high:.2f}", "own scale")
    st.caption("The same rows in the same order: what each key gives when it is looked at.")


def numbers(some: tuple[float, ...]) -> str:
    return ", ".join(f"{number:+.2f}" for number in some)


query, score, softmax, output = st.columns(4)
with query:
    st.subheader("6 · Query q", anchor=False)
    parts.picture(steps.vector.picture, alt=f"The query: {d} numbers as colours.")
    parts.colour_scale("cividis", f"{steps.vector.low:.2f}", f"{steps.vector.high:.2f}", "own scale")
    st.caption(f"{d} numbers: {numbers(steps.first_of_vector)}, …")
with score:
    st.subheader("7 · Scores", anchor=False)
    parts.picture(steps.scores.picture, alt=f"The query's score with each of the {m:,} keys of the plane.")
    parts.colour_scale("viridis", f"{steps.scores.low:+.2f}", f"{steps.scores.high:+.2f}", "own scale")
    st.caption("q·k/√d with every key, where the key lies.")
with softmax:
    st.subheader("8 · Softmax", anchor=False)
    parts.picture(steps.weights.picture, alt="The softmax of the scores: the query's row of the attention map.")
    parts.colour_scale("magma", "0 %", f"{steps.weights.high:.2%}", "own scale")
    st.caption(f"The same as weights{f' (those of {prefix} with them)' if prefix else ''}: they sum to 100 %.")
with output:
    st.subheader("9 · Weighted sum", anchor=False)
    parts.picture(steps.output.picture, alt=f"The weighted sum of the values: {d} numbers as colours.")
    parts.colour_scale("cividis", f"{steps.output.low:.2f}", f"{steps.output.high:.2f}", "own scale")
    st.caption(f"Σ weight·v = {numbers(steps.first_of_output)}, …")

top = steps.strongest[0]
carried = sum(line.weight for line in steps.strongest)
if shape.keys == 1:
    lesson = "There is only this one key: the softmax has nothing to choose."
else:
    lesson = f"The strongest {len(steps.strongest)} of {shape.keys:,} keys carry {carried:.1%} of the weight:"
st.markdown(
    f"In numbers, for the strongest key ({top.place}): q·k/√{d} = **{top.score:+.3f}**, and the softmax makes it"
    f" e^({top.score:.3f}) / Σ e^score = {steps.exponential:.3g} / {steps.exponential_sum:.4g} = **{top.weight:.2%}**."
    f" {lesson}"
)
st.table(
    [
        {
            "key (in tokens)": line.place,
            "score q·k/√d": f"{line.score:+.3f}",
            "weight": f"{line.weight:.2%}",
            "first numbers of v": numbers(line.value),
        }
        for line in steps.strongest
    ],
    hide_index=True,
    alt="The strongest keys of this query with their scores, weights and values.",
)

if len(shapes) > 1 and not shape.pool:
    st.header("What R changes", anchor=False)
    st.plotly_chart(
        figures.entries(entries_by_reduction(shape, LARGEST_REDUCTION), r),
        key="entries",
        config={"displaylogo": False, "displayModeBar": False},
        alt=f"Entries of one attention map of stage {shape.index} for every reduction ratio; R = {r} is chosen.",
    )
    h, w = shape.grid
    st.caption(
        f"The N = {n:,} queries stay; the keys are M = ⌊{h}/R⌋·⌊{w}/R⌋. Move R{SUBSCRIPTS[shape.index]} in the"
        " sidebar and everything above follows."
    )
if len(shapes) > 1:
    fold_and_pool.show(scene, focus)
parts.credit(scene.picture)
