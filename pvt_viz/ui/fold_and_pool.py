"""One stage's tokens made into keys twice, side by side: by v1's fold, and by the pooling of PVTv2's linear SRA."""

from dataclasses import dataclass

import streamlit as st

from pvt_viz.figures import encode, pyramid, reduction
from pvt_viz.ui import parts
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.figures import WIDTH
from pvt_viz.ui.reduction import Focus
from pvt_viz.walkthrough import FOLDS, Making, averaged, window_edges, window_size, with_fold, with_pool
from pvt_viz.words import factor, si, times


@dataclass(frozen=True)
class Pair:
    """The same stage with a fold and with a pool; one of the two is what the network does."""

    fold: Making
    pool: Making


@dataclass(frozen=True)
class Pictures:
    """What there is to see of both; the first, third and fourth in the tokens' own colours."""

    squares: bytes
    folded: bytes | None
    """The fold's own output, in colours of its own; None where the network has no fold here."""
    windows: bytes
    pooled: bytes


def pairs(scene: Scene, focus: Focus) -> tuple[Pair, Pair]:
    """At this picture's size, and at twice its side."""
    h, w = scene.selection.image_size
    i = focus.shape.index - 1
    small, large = (scene.selection.config.shapes(size)[i] for size in ((h, w), (2 * h, 2 * w)))
    ratio = with_fold(small, FOLDS[i]).reduction if small.pool else small.reduction
    config = scene.selection.config
    return tuple(
        Pair(Making(config, with_fold(shape, ratio)), Making(config, with_pool(shape))) for shape in (small, large)
    )


@st.cache_resource(max_entries=8, show_spinner=False, scope="session")
def pictures(key: tuple, focus: Focus, _pair: Pair, _scene: Scene) -> Pictures:
    shape = focus.shape
    block = _scene.trace.stages[shape.index - 1].blocks[focus.block - 1]
    inputs = block.inputs[0, shape.n_prefix :].T.reshape(shape.dim, *shape.grid)
    fold, pool = _pair.fold.shape, _pair.pool.shape
    tokens, pooled = pyramid.principal_colours(inputs.numpy(), averaged(inputs, pool).numpy())
    folded = None
    if block.projected is not None and not shape.pool:
        [folded] = pyramid.principal_colours(block.projected[0].numpy())
    return Pictures(
        squares=encode.png(reduction.cells(tokens, WIDTH, window_edges(fold))),
        folded=folded and encode.png(reduction.cells(folded, WIDTH)),
        windows=encode.png(reduction.cells(tokens, WIDTH, window_edges(pool))),
        pooled=encode.png(reduction.cells(pooled, WIDTH)),
    )


def show(scene: Scene, focus: Focus) -> None:
    """The whole section."""
    shape = focus.shape
    now, twice = pairs(scene, focus)
    shown = pictures(scene.key, focus, now, scene)
    r, pool = now.fold.shape.reduction, times(now.pool.shape.reduced_grid)
    st.header("v1's fold beside v2's pooling", anchor=False)
    st.markdown(
        f"Two ways from the same {times(shape.grid)} tokens to keys. **Fold** (PVT, most of PVTv2): squares of"
        f" R×R tokens are laid end to end, and one linear layer takes R²·C numbers to C. **Pool** (PVTv2's linear SRA):"
        f" tokens are averaged to {pool}, whatever their grid, and one linear layer takes C to C."
        f" This network {'pools' if shape.pool else 'folds' if shape.reduces else 'does neither in this stage'}."
    )
    squares, folded, windows, pooled = st.columns(4)
    with squares:
        st.subheader(f"Fold: {r}×{r}" if r > 1 else "Fold: R = 1", anchor=False)
        parts.picture(shown.squares, alt=f"The tokens of the stage, cut into squares of {r}×{r}.")
        network = "PVTv2-B2" if shape.pool else "this network"
        st.caption(f"R = {r}: {network} " + ("cuts them so." if r > 1 else "folds nothing in this stage."))
    with folded:
        st.subheader("Folded", anchor=False)
        if shown.folded:
            parts.picture(shown.folded, alt=f"The {times(shape.reduced_grid)} folded tokens, as colours.")
            st.caption(f"What its layer {now.fold.inputs:,} → {shape.dim} makes of them; colours of their own.")
        elif shape.pool:
            st.caption("No picture: this network has no fold, and a made-up one would show nothing.")
        else:
            st.caption("At R = 1 there is no layer: the keys are made from the tokens as they are.")
    with windows:
        st.subheader(f"Pool: {pool}", anchor=False)
        parts.picture(shown.windows, alt=f"The same tokens with the windows that are averaged to {pool}.")
        whose = "how this network pools them" if shape.pool else "how linear SRA would pool them"
        st.caption(f"Means of {times(window_size(now.pool.shape))} tokens at most: {whose}.")
    with pooled:
        st.subheader("Pooled", anchor=False)
        parts.picture(shown.pooled, alt=f"The {pool} averages of the tokens, in the colours of the tokens.")
        layer = (
            f"its layer {shape.dim} → {shape.dim} made picture 3 from them" if shape.pool else "no layer follows here"
        )
        st.caption(f"The real averages, in the tokens' own colours; {layer}.")
    _table(scene, now, twice)


def _table(scene: Scene, now: Pair, twice: Pair) -> None:
    h, w = scene.selection.image_size
    r, pool = now.fold.shape.reduction, times(now.pool.shape.reduced_grid)
    larger = f"at {times((2 * h, 2 * w))}"
    rows = [
        ("keys of the plane, M", lambda way: f"{way.shape.reduced_tokens:,}"),
        ("parameters that make them", lambda way: f"{way.params:,}"),
        ("to make them", lambda way: si(way.macs, "MAC")),
        ("QKᵀ and softmax·V", lambda way: si(way.attention_macs, "MAC")),
    ]
    st.table(
        [
            {
                "in one block": name,
                f"fold, R = {r}": count(now.fold),
                f"pool, {pool}": count(now.pool),
                f"fold, {larger}": count(twice.fold),
                f"pool, {larger}": count(twice.pool),
            }
            for name, count in rows
        ],
        hide_index=True,
        alt="Keys, parameters and multiply-adds of a fold and of a pool, for this picture and one of twice the side.",
    )
    tokens, keys = (
        factor(getattr(twice.fold.shape, count) / getattr(now.fold.shape, count))
        for count in ("tokens", "reduced_tokens")
    )
    fold, pooled = (
        factor(after.attention_macs / before.attention_macs)
        for before, after in ((now.fold, twice.fold), (now.pool, twice.pool))
    )
    st.caption(
        f"Twice the side is {tokens} the tokens. The fold makes {keys} the keys of them, and attention costs {fold}."
        f" The pool keeps its {now.pool.shape.reduced_tokens} keys, and attention costs {pooled}. Averages only add and"
        " count no MAC; LayerNorm and GELU are left out, as everywhere here."
    )
