"""What the network answers, whether that is right, and what it is worth: accuracy at this setting beside its cost."""

import html

import streamlit as st

from pvt_viz import cost, report
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import measured
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.selection import Selection
from pvt_viz.words import escaped, si

MOST, MOST_OF_SHAPES = 5, 3
LENS = 3
"""Answers a block."""
ROW = (
    "<div style='display:grid;grid-template-columns:minmax(0,{share}fr) minmax(0,6fr)"
    " 3.4rem;gap:0.5rem;align-items:center;line-height:1.5'><span>{name}</span><span aria-hidden='true'"
    " style='height:0.65rem;border-radius:2px;background:color-mix(in srgb, currentColor 12%, transparent)'><span"
    " style='display:block;height:100%;width:{width}%;border-radius:2px;background:#3e959c'></span></span><span"
    " style='text-align:right'>{percent}</span></div>"
)


def show(scene: Scene, *, stacked: bool = False, worth: bool = True) -> None:
    """The strongest answers with their probabilities; nothing for a network whose classes have no names.

    `stacked` puts the words under them, for half a page; `worth` adds what was measured of the network at this setting.
    """
    weights = scene.trace.weights
    if not weights.classes:
        if weights.trained:
            st.caption("These weights are a backbone: without a head there is no answer, only maps and features.")
        return
    chances = scene.trace.logits[0].softmax(dim=0)
    ours = weights.classes == CLASSES
    order = chances.argsort(descending=True).tolist()[: MOST_OF_SHAPES if ours else MOST]
    rows = [
        ROW.format(
            share=5 if ours else 12,  # names of ImageNet's classes are long
            name=html.escape(weights.classes[i]),
            width=f"{100 * float(chances[i]):.1f}",
            percent=f"{float(chances[i]):.1%}",
        )
        for i in order
    ]
    widths = [2, 3] if ours else [3, 2]
    left, right = (st.container(), st.container()) if stacked else st.columns(widths, vertical_alignment="center")
    with left:
        st.html(f"<div style='font-variant-numeric:tabular-nums'>{''.join(rows)}</div>")
    with right:
        st.markdown(_verdict(scene, escaped(weights.classes[order[0]])))
        if worth:
            st.caption(_worth(scene.selection))


def _verdict(scene: Scene, answer: str) -> str:
    drawn = scene.picture.scenes
    if drawn is None or scene.trace.weights.classes != CLASSES:
        return f"It answers **{answer}**."
    truth = CLASSES[int(drawn.labels[0])]
    why = f" The cue (white rim) is {scene.selection.cue}, and so is the {truth}."
    if not drawn.layout.tag_colour.shape[1]:
        why = "" if answer == truth else f" It is a {truth}."
    if answer == truth:
        return f":material/check: It answers **{answer}**, and that is right.{why}"
    return f":material/close: It answers **{answer}**, and that is wrong.{why}"


def lens(scene: Scene) -> None:
    """What the head would have said after each block of the last stage; nothing where there is no answer either."""
    weights, stage = scene.trace.weights, scene.trace.stages[-1].shape
    if not weights.classes or not weights.trained:
        return
    with st.expander("What it would have said earlier: the logit lens", icon=":material/search:"):
        st.markdown(
            f"The last norm and the head read {'CLS' if stage.n_prefix else 'the mean token'} too early: after each of"
            f" the {stage.depth} blocks of stage {stage.index}. The last row is the answer."
        )
        chances = scene.trace.lens[0].softmax(dim=-1)
        final = int(chances[-1].argmax())
        rows = []
        for block, row in enumerate(chances, 1):
            best = row.argsort(descending=True).tolist()[:LENS]
            said = ", ".join(f"{weights.classes[i]} {float(row[i]):.1%}" for i in best)
            rows.append(
                {"block": block, "it would have said": escaped(said), "of the answer": f"{float(row[final]):.1%}"}
            )
        st.table(rows, hide_index=True, alt="The strongest answers read after each block of the last stage.")


def _worth(selection: Selection) -> str:
    """Accuracy at the p_i and R_i of a network with weights, and its arithmetic on one image."""
    config = selection.config
    macs = si(cost.analyze(config, image_size=config.image_size).macs, "MAC")
    if config.name not in BUNDLED:
        return f"One picture costs {macs}."
    accuracy = measured.accuracy(selection)
    if accuracy is None:
        how = ", with kernels resized so," if measured.resized_otherwise(selection) else ""
        return f"Accuracy at these p and R{how} was not measured. One picture costs {macs}."
    found = report.load(config.name)
    at = "" if max(config.image_hw) == found.side else f" (measured at {found.side}×{found.side})"
    return (
        f"At these p and R it is right on **{accuracy:.1%}** of {found.scenes:,} held-out scenes{at}, for {macs} each."
    )
