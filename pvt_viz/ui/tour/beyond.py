"""Step 10: what the pyramid is for beyond one answer: a map at every scale; and what the reader can answer by now."""

import streamlit as st

from pvt_viz.config import StageShape
from pvt_viz.language import N_, tr
from pvt_viz.lesson.pyramid import StageView, stage_views
from pvt_viz.listed import enumerated
from pvt_viz.scene import Scene
from pvt_viz.ui import pages, parts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.stages import strided_as_a_cnn
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import query_at
from pvt_viz.widgets.worked import Board, Line, Term, worked
from pvt_viz.words import times

THING, NEEDED = 20, 4
"""Side of a small thing, in pixels; and more tokens than this should lie on it."""
NOWHERE = "0"
CAN_ANSWER = {
    "pyramid": N_("What is a token, and what does it look at?"),
    "reduction": N_("How do R×R tokens become one key?"),
    "evidence": N_("Where does the network look, and does that matter?"),
    "trade_off": N_("What do p and R cost in accuracy?"),
    "cost": N_("What does SRA save, and what does it not?"),
}


def show(scene: Scene) -> None:
    shapes = [stage.shape for stage in scene.trace.stages]
    with figures.words_and_question() as (words, question):
        with words:
            _what(shapes)
        with question:
            shown = _ask(shapes)
    views = stage_views(scene.key, scene)
    with st.container(key="tour_figure"):
        for column, view in zip(st.columns(max(2, len(views))), views, strict=False):
            with column:
                _map(view)
    if shown:
        _worked(scene, shapes)
    st.header(tr("What you can answer now"), anchor=False)
    for name, question in CAN_ANSWER.items():
        page = pages.named(name)
        st.page_link(
            page.file,
            label=tr(question),
            icon=f":material/{page.icon}:",
            query_params=st.query_params.to_dict(),
        )
    st.markdown(
        tr("Now try a picture of your own: **Upload** it in the sidebar. It ends with your visit, and is in no link.")
    )


def last_with_enough(shapes: list[StageShape]) -> str:
    """The last stage with more than NEEDED tokens on a THING, as its number; NOWHERE if there is none."""
    fit = [str(shape.index) for shape in shapes if tokens_on(shape) > NEEDED]
    return fit[-1] if fit else NOWHERE


def tokens_on(shape: StageShape) -> float:
    """How many tokens' squares go into a THING, by area."""
    return (THING / shape.stride) ** 2


def _what(shapes: list[StageShape]) -> None:
    if len(shapes) == 1:
        st.markdown(
            tr(
                "To find things, or to outline them, one answer is not enough: it takes maps. A plain ViT has one, of"
                " {grid} tokens, at one scale: a token every {stride} px. A PVT makes four on its way, from fine to"
                " coarse.",
                grid=times(shapes[0].grid),
                stride=shapes[0].stride,
            )
        )
        return
    st.markdown(
        tr(
            "To find things, or to outline them, one answer is not enough: it takes maps. The end of every stage is"
            " one, and together they are a **feature pyramid**, with a token every {strides} px. A plain ViT has one"
            " map, at one scale.",
            strides=tr(enumerated(*(str(shape.stride) for shape in shapes))),
        )
    )
    if strided_as_a_cnn(shapes):
        figures.aside(
            tr(
                "These are the strides of a ResNet: detectors and segmenters made for one take these maps as they are,"
                " in the paper RetinaNet, Mask R-CNN and Semantic FPN."
            )
        )


def _map(view: StageView) -> None:
    shape = view.shape
    alt = tr("Feature map of stage {i}: three principal components as red, green and blue.", i=shape.index)
    parts.picture(view.colours, alt=alt)
    st.markdown(
        tr(
            "**Stage {i}**  \n{grid} tokens  \n{dim} channels  \nstride {stride} px",
            i=shape.index,
            grid=times(shape.grid),
            dim=shape.dim,
            stride=shape.stride,
        )
    )


def _ask(shapes: list[StageShape]) -> bool:
    question = tr(
        "An object is only {side}×{side} px large. Up to which stage do more than {count} tokens fit on it?",
        side=THING,
        count=NEEDED,
    )
    options = {str(shape.index): tr("Stage {i}", i=shape.index) for shape in shapes}
    return guess.choice("beyond", question, options | {NOWHERE: tr("Not even stage 1")}, last_with_enough(shapes))


def _worked(scene: Scene, shapes: list[StageShape]) -> None:
    """(thing / stride)² at every stage, and both squares in the middle of the picture."""
    h, w = size = scene.selection.image_size
    top, left = max(h - THING, 0) // 2, max(w - THING, 0) // 2
    thing = (top / h, left / w, min((top + THING) / h, 1.0), min((left + THING) / w, 1.0))
    lines = []
    for shape in shapes:
        row, column = query_at(shape, left / w, top / h, size)
        token = figures.box(shape, (row, column, row + 1, column + 1), size)
        terms = (
            Term("("),
            Term(f"{THING} px", (thing,), "thing", tr("the object, {side} px wide", side=THING)),
            Term("/"),
            Term(
                f"{shape.stride} px", (token,), f"token{shape.index}", tr("a token, {side} px wide", side=shape.stride)
            ),
            Term(f")² = {tokens_on(shape):.3g}"),
        )
        lines.append(Line(tr("Stage {i}: tokens on the object, by area", i=shape.index), terms))
    alt = tr("{picture} In its middle a square of {side} px is outlined.", picture=scene.picture.alt, side=THING)
    worked(Board(picture=figures.bare(scene), alt=alt, rows=tuple(lines), marks=(thing,)), key="tour_beyond")


STEP = Step(
    key="beyond",
    title=N_("What a pyramid is for"),
    show=show,
    page="pyramid",
    invitation=N_("See these maps, and more: Pyramid page"),
)
