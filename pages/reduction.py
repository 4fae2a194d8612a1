"""Spatial reduction, step by step, on the real tensors of one stage."""

from dataclasses import replace

import streamlit as st

from pvt_viz.figures import reduction as figures
from pvt_viz.ui import address, explorer, parts, reduction, view
from pvt_viz.ui.selection import LARGEST_REDUCTION
from pvt_viz.walkthrough import entries_by_reduction
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
        format_func=lambda i: f"{i} · R = {shapes[i - 1].reduction}",
        on_change=choose_stage,
    )
focus = reduction.focus(scene, view.current())
steps = reduction.steps(scene.key, focus, scene)
shape = focus.shape
r, n, m, d = shape.reduction, shape.tokens, shape.reduced_tokens, shape.head_dim
entries, full = shape.queries * shape.keys, shape.queries**2
rows, columns = shape.unfolded

plus_cls = " + CLS" if shape.n_prefix else ""
if r == 1:
    reduced = "R = 1: nothing is folded, every token is a key."
else:
    reduced = f"Only K and V shrink, Q does not: **{full / entries:.0f}× fewer** than the {full:,} of full attention."
    if rows or columns:
        reduced += f" (More than R² = {r * r}, since {rows} rows and {columns} columns fill no square.)"
st.markdown(
    f"One attention map of stage {shape.index}: N{plus_cls} = {shape.queries:,} queries × M{plus_cls} = {shape.keys:,}"
    f" keys = **{entries:,} entries**. {reduced}"
)
parts.honest_line(scene)
explorer.show(scene, key=f"reduction_explorer_{shape.index}", wall=False, stage=shape.index)
who = "CLS" if focus.token is None else f"the token at row {focus.token[0] + 1}, column {focus.token[1] + 1}"
st.markdown(
    f":material/ads_click: Followed below: **{who}**, block {focus.block}, head {focus.head}. Click in the picture to"
    " follow another; block and head are chosen in the panel (a mean of heads has no q, K or V of its own)."
)

st.header("From N tokens to M keys", anchor=False)
tokens, fold, projection, norm = st.columns(4)
with tokens:
    st.subheader("1 · Tokens", anchor=False)
    parts.picture(steps.tokens, alt=f"The {times(shape.grid)} tokens that enter the attention, as colours.")
    st.caption(f"{times(shape.grid)} = {n:,} tokens of {shape.dim} channels, after the block's first LayerNorm.")
with fold:
    st.subheader(f"2 · Fold {r}×{r}", anchor=False)
    parts.picture(steps.squares, alt=f"The same tokens in squares of {r}×{r}; the square of the query is outlined.")
    if r > 1:
        st.caption(f"Each square, laid end to end: {r}·{r}·{shape.dim} = {r * r * shape.dim:,} numbers.")
        if rows or columns:
            st.caption(f"The last {rows} rows and {columns} columns fill no square: as keys they are dropped.")
    else:
        st.caption("R = 1: every square is one token; there is nothing to fold.")
with projection:
    st.subheader("3 · Project", anchor=False)
    if steps.projected:
        parts.picture(steps.projected, alt=f"The {times(shape.reduced_grid)} projected tokens, as colours.")
        st.caption(
            f"One linear layer, {r * r * shape.dim:,} → {shape.dim}: {times(shape.reduced_grid)} = {m:,} tokens."
        )
    else:
        st.caption("Nothing to project: at R = 1 this layer does not exist.")
with norm:
    st.subheader("4 · LayerNorm" if steps.projected else "4 · As it was", anchor=False)
    parts.picture(steps.reduced, alt=f"The {times(shape.reduced_grid)} tokens that K and V are made from.")
    if steps.before and steps.after:
        st.caption(
            f"The outlined cell: mean {steps.before.mean:+.2f} → {round(steps.after.mean, 2) + 0.0:+.2f}, deviation"
            f" {steps.before.deviation:.2f} → {steps.after.deviation:.2f}. K and V are made from these."
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
        f"{shape.keys:,} rows, one per key{' (CLS first)' if shape.n_prefix else ''}; {d} columns, one per channel."
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
    st.caption(f"The same as weights{' (CLS has one too)' if shape.n_prefix else ''}: they sum to 100 %.")
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

if len(shapes) > 1:
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
parts.credit(scene.picture)
