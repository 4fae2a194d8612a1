"""What the network answers, on a page."""

import html

import streamlit as st

from pvt_viz.language import spaced, tr
from pvt_viz.lesson import answer
from pvt_viz.lesson.known import knows_scenes, unsure
from pvt_viz.scene import Scene
from pvt_viz.ui.looking import known, table

ROW = (
    "<div style='display:grid;grid-template-columns:minmax(0,{share}fr) minmax(0,6fr)"
    " 3.4rem;gap:0.5rem;align-items:center;line-height:1.5'><span>{name}</span><span aria-hidden='true'"
    " style='height:0.65rem;border-radius:2px;background:color-mix(in srgb, currentColor 12%, transparent)'><span"
    " style='display:block;height:100%;width:{width}%;border-radius:2px;background:#3e959c'></span></span><span"
    " style='text-align:right'>{percent}</span></div>"
)


MARKS = {True: ":material/check: ", False: ":material/close: ", None: ""}
"""Before a verdict: whether the answer is right."""


def show(scene: Scene, *, stacked: bool = False, worth: bool = True) -> None:
    """The strongest answers with their probabilities; nothing for a network whose classes have no names.

    `stacked` puts the words under them, for half a page, and leaves out what is the same in both halves; `worth` adds
    what was measured of the network at this setting.
    """
    weights = scene.trace.weights
    if not weights.classes:
        if weights.trained:
            st.caption(tr("These weights are a backbone: without a head there is no answer, only maps and features."))
        return
    ours, found = knows_scenes(weights), answer.strongest(scene)
    rows = [
        ROW.format(
            share=5 if ours else 12,  # names of ImageNet's classes are long
            name=html.escape(answer.named(weights, i)),
            width=f"{100 * chance:.1f}",
            percent=f"{chance:.1%}",
        )
        for i, chance in found.items()
    ]
    widths = [2, 3] if ours else [3, 2]
    left, right = (st.container(), st.container()) if stacked else st.columns(widths, vertical_alignment="center")
    with left:
        st.html(f"<div style='font-variant-numeric:tabular-nums'>{''.join(rows)}</div>")
    with right:
        first = next(iter(found))
        st.markdown(spaced(_marked(scene, first), unsure(scene, found[first])))
        if worth:
            st.caption(answer.worth(scene))
        if not stacked:
            known.things(scene)


def _marked(scene: Scene, index: int) -> str:
    return MARKS[answer.right(scene, index)] + answer.verdict(scene, index)


def lens(scene: Scene) -> None:
    """What the head would have said after each block of the last stage; nothing where there is no answer either."""
    weights, stage = scene.trace.weights, scene.trace.stages[-1].shape
    if not weights.classes or not weights.trained:
        return
    with st.expander(tr("What it would have said earlier: the logit lens"), icon=":material/search:"):
        if not scene.fitted.config.by_mean:
            early = tr(
                "The last norm and the head read CLS too early: after each of the {depth} blocks of stage {index}. The"
                " last row is the answer.",
                depth=stage.depth,
                index=stage.index,
            )
        else:
            early = tr(
                "The last norm and the head read the mean token too early: after each of the {depth} blocks of stage"
                " {index}. The last row is the answer.",
                depth=stage.depth,
                index=stage.index,
            )
        st.markdown(early)
        table.show(answer.read_early(scene))
