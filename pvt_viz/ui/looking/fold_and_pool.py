"""One stage's tokens made into keys twice, on a page: by v1's fold, and by the pooling of PVTv2's linear SRA."""

import streamlit as st

from pvt_viz.language import N_, spaced, tr
from pvt_viz.lesson.reduction import fold_and_pool, pictures
from pvt_viz.lesson.reduction.way import Focus
from pvt_viz.scene import Scene
from pvt_viz.ui import parts
from pvt_viz.walkthrough import window_size
from pvt_viz.words import factor, si, times

CUTS = {  # does the network pool?, is there something to fold?
    (True, True): N_("R = {r}: PVTv2-B2 cuts them so."),
    (True, False): N_("R = {r}: PVTv2-B2 folds nothing in this stage."),
    (False, True): N_("R = {r}: this network cuts them so."),
    (False, False): N_("R = {r}: this network folds nothing in this stage."),
}


def show(scene: Scene, focus: Focus) -> None:
    """The whole section."""
    shape = focus.shape
    now, twice = fold_and_pool.pairs(scene, focus)
    shown = fold_and_pool.pictures(scene.key, focus, now, scene)
    r, pool = now.fold.shape.reduction, times(now.pool.shape.reduced_grid)
    st.header(tr("v1's fold beside v2's pooling"), anchor=False)
    if shape.pool:
        here = tr("This network pools.")
    else:
        here = tr("This network folds.") if shape.reduces else tr("This network does neither in this stage.")
    ways = tr(
        "Two ways from the same {grid} tokens to keys. **Fold** (PVT, most of PVTv2): squares of R×R tokens are laid"
        " end to end, and one linear layer takes R²·C numbers to C. **Pool** (PVTv2's linear SRA): tokens are averaged"
        " to {pool}, whatever their grid, and one linear layer takes C to C.",
        grid=times(shape.grid),
        pool=pool,
    )
    st.markdown(spaced(ways, here))
    squares, folded, windows, pooled = st.columns(4)
    with squares:
        told = pictures.squares(r)
        st.subheader(told.title if r > 1 else tr("Fold: R = 1"), anchor=False)
        parts.picture(shown.squares, alt=told.alt)
        st.caption(tr(CUTS[bool(shape.pool), r > 1], r=r))
    with folded:
        st.subheader(tr("Folded"), anchor=False)
        if shown.folded:
            alt = tr("The {grid} folded tokens, as colours.", grid=times(shape.reduced_grid))
            parts.picture(shown.folded, alt=alt)
            st.caption(
                tr(
                    "What its layer {inputs:,} → {outputs} makes of them; colours of their own.",
                    inputs=now.fold.inputs,
                    outputs=shape.dim,
                )
            )
        elif shape.pool:
            st.caption(tr("No picture: this network has no fold, and a made-up one would show nothing."))
        else:
            st.caption(tr("At R = 1 there is no layer: the keys are made from the tokens as they are."))
    with windows:
        told = pictures.pool_windows(now.pool.shape)
        st.subheader(told.title, anchor=False)
        parts.picture(shown.windows, alt=told.alt)
        size = times(window_size(now.pool.shape))
        if shape.pool:
            st.caption(tr("Means of {size} tokens at most: how this network pools them.", size=size))
        else:
            st.caption(tr("Means of {size} tokens at most: how linear SRA would pool them.", size=size))
    with pooled:
        told = pictures.pooled(now.pool.shape)
        st.subheader(told.title, anchor=False)
        parts.picture(shown.pooled, alt=told.alt)
        if shape.pool:
            averages = tr(
                "The real averages, in the tokens' own colours; its layer {dim} → {dim} made picture 3 from them.",
                dim=shape.dim,
            )
        else:
            averages = tr("The real averages, in the tokens' own colours; no layer follows here.")
        st.caption(averages)
    _table(scene, now, twice)


def _table(scene: Scene, now: fold_and_pool.Pair, twice: fold_and_pool.Pair) -> None:
    h, w = scene.selection.image_size
    r, pool = now.fold.shape.reduction, times(now.pool.shape.reduced_grid)
    larger = times((2 * h, 2 * w))
    rows = [
        (tr("keys of the plane, M"), lambda way: f"{way.shape.reduced_tokens:,}"),
        (tr("parameters that make them"), lambda way: f"{way.params:,}"),
        (tr("to make them"), lambda way: si(way.macs, "MAC")),
        (tr("QKᵀ and softmax·V"), lambda way: si(way.attention_macs, "MAC")),
    ]
    st.table(
        [
            {
                tr("in one block"): name,
                tr("fold, R = {r}", r=r): count(now.fold),
                tr("pool, {grid}", grid=pool): count(now.pool),
                tr("fold, at {size}", size=larger): count(twice.fold),
                tr("pool, at {size}", size=larger): count(twice.pool),
            }
            for name, count in rows
        ],
        hide_index=True,
        alt=tr(
            "Keys, parameters and multiply-adds of a fold and of a pool, for this picture and one of twice the side."
        ),
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
        tr(
            "Twice the side is {tokens} the tokens. The fold makes {keys} the keys of them, and attention costs {fold}."
            " The pool keeps its {kept} keys, and attention costs {pool}. Averages only add and count no MAC; LayerNorm"
            " and GELU are left out, as everywhere here.",
            tokens=tokens,
            keys=keys,
            fold=fold,
            kept=now.pool.shape.reduced_tokens,
            pool=pooled,
        )
    )
