"""Step 7: what the answer is read from, where that looks, and how it becomes probabilities."""

import streamlit as st
from torch import Tensor

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import N_, tr, tr_n
from pvt_viz.lesson.answer import named
from pvt_viz.lesson.known import knows_scenes
from pvt_viz.scene import Scene
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.walkthrough import plane, prefix_words
from pvt_viz.widgets.worked import Board, Grid, Line, Term, worked
from pvt_viz.words import escaped, times

MOST = 400
"""Keys whose weights are written as numbers; more are a picture."""
TOP = 3
TIED = 1 - 1e-5
"""Of the greatest weight: what counts as equal to it."""


def show(scene: Scene) -> None:
    config, stage = scene.selection.config, scene.trace.stages[-1]
    shape = stage.shape
    # (head, key): mean of the rows that the answer is read from. For the mean token this is exact: mixing is linear.
    first = config.read_from.start
    rows = stage.blocks[-1].attention[0, :, first : first + reads(config, shape)].mean(dim=1)
    strongest = strongest_keys(rows.mean(dim=0), shape)
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(_who(config, shape))
            if config.num_classes:
                figures.aside(
                    tr(
                        "Then a last linear layer turns {dim} channels into one number for each class, the **logit**;"
                        " softmax makes probabilities of them: e to each logit, divided by the sum of all.",
                        dim=shape.dim,
                    )
                )
            if scene.picture.scenes is not None and knows_scenes(scene.trace.weights):
                figures.aside(
                    tr("The task: the tag with the white rim is the cue, and the answer is the shape of its colour.")
                )
        with question:
            if shape.reduced_tokens == 1:
                st.markdown(tr("Here stage {i} has one key in the picture: nothing to choose from.", i=shape.index))
            elif not _ask(scene, shape, strongest):
                return
    head = _head(shape)
    weights = rows.mean(dim=0) if head == 0 else rows[head - 1]
    values = plane(weights, shape)
    numbers = (_grid(scene, shape, weights),) if shape.reduced_tokens <= MOST else ()
    board = Board(
        **(figures.cut_to_keys(scene, shape) if numbers else {"picture": figures.heated(scene, shape, values.numpy())}),
        alt=_alt(scene, shape),
        rows=(*numbers, *_chances(scene)),
    )
    worked(board, key="tour_answer")
    if not numbers:
        st.caption(tr("{count:,} keys are too many for numbers: brighter is more.", count=shape.reduced_tokens))
    st.markdown(_said(scene))


def reads(config: PVTConfig, shape: StageShape) -> int:
    """How many tokens of the last stage the answer is read from: as `PVT.read` does."""
    return len(range(shape.queries)[config.read_from])


def strongest_keys(weights: Tensor, shape: StageShape) -> list[int]:
    """The key of the plane with most weight, counted row by row; of all that are tied. `weights` are (key,)."""
    values = weights[shape.n_prefix :]
    return (values >= values.max() * TIED).nonzero().flatten().tolist()


def _who(config: PVTConfig, shape: StageShape) -> str:
    i, count = shape.index, shape.tokens
    if config.by_mean:
        return tr(
            "The answer is read from the **mean** of all {count:,} tokens of stage {i}. So the figure shows where they"
            " look on average, in the last block.",
            count=count,
            i=i,
        )
    if config.distilled:
        return tr(
            "Beside the {count:,} tokens of the picture stand two that belong to no place: **CLS** and the"
            " **distillation token**. They gather by attention what the answer needs. Both answer; the mean counts.",
            count=count,
        )
    if i > 1:
        return tr(
            "In stage {i} one more token joins the {count:,} of the picture: **CLS**. It belongs to no place, and"
            " gathers by attention what the answer needs.",
            count=count,
            i=i,
        )
    return tr(
        "Beside the {count:,} tokens of the picture stands **CLS**. It belongs to no place, and gathers by attention"
        " what the answer needs.",
        count=count,
    )


def _ask(scene: Scene, shape: StageShape, strongest: list[int]) -> bool:
    boxes = figures.key_boxes(scene, shape)
    board = Board(
        **figures.cut_to_keys(scene, shape),
        alt=_alt(scene, shape),
        rows=(),
        pick=True,
    )
    question = _question(scene.selection.config, shape)
    return guess.place("answer", question, board, tuple(boxes[key] for key in strongest))


def _alt(scene: Scene, shape: StageShape) -> str:
    return tr(
        "{picture} Over it lie the {grid} keys of stage {i}.",
        picture=scene.picture.alt,
        grid=times(shape.reduced_grid),
        i=shape.index,
    )


def _question(config: PVTConfig, shape: StageShape) -> str:
    if config.by_mean:
        return tr("Where do the tokens of the last block look most, on average over all heads? Choose a square.")
    if config.distilled:
        return tr("Where do CLS and the distillation token look most, in the last block? Choose a square.")
    if shape.heads == 1:
        return tr("Where does CLS look most, in the last block? Choose a square.")
    return tr(
        "Where does CLS look most, in the last block (mean of its {heads} heads)? Choose a square.", heads=shape.heads
    )


def _head(shape: StageShape) -> int:
    """The head that is shown, from 1; 0 for their mean."""
    if shape.heads == 1:
        return 0
    return st.segmented_control(
        tr("Head"),
        range(shape.heads + 1),
        default=0,
        required=True,
        key=f"tour_head_{shape.heads}",
        format_func=lambda head: str(head) if head else tr("mean of all"),
    )


def _grid(scene: Scene, shape: StageShape, weights: Tensor) -> Grid:
    """`weights` (key,) as numbers where the keys lie."""
    values = plane(weights, shape)
    note = tr("own scale")
    if shape.n_prefix:
        beside = float(weights[: shape.n_prefix].sum())
        beyond = tr(prefix_words(shape.n_prefix, shape.registers))
        note = tr("own scale; {share:.1%} go to {prefix}, beside the picture", share=beside, prefix=beyond)
    return Grid(
        tr("Attention in the last block, key by key"),
        tuple(map(tuple, values.tolist())),
        figures.key_boxes(scene, shape),
        tuple(f"key{key}" for key in range(shape.reduced_tokens)),
        "magma",
        0.0,
        float(values.max()),
        note=note,
        form="{:.1%}",
    )


def _chances(scene: Scene) -> tuple[Line, ...]:
    """softmax of the strongest logits, in numbers."""
    logits = scene.trace.logits[0].double()
    exponentials = logits.exp()
    total = float(exponentials.sum())
    lines = []
    for i in logits.argsort(descending=True).tolist()[:TOP]:
        logit, power = float(logits[i]), float(exponentials[i])
        terms = (
            Term(f"exp({figures.number(logit)}) / Σ exp(logit)"),
            Term(f"= {power:.3g} / {total:.4g}"),
            Term(f"= {power / total:.1%}"),
        )
        lines.append(Line(class_name(scene, i), terms))
    if others := len(logits) - len(lines):
        rest = float(logits.softmax(dim=0).sort(descending=True).values[len(lines) :].sum())
        lines.append(Line(tr_n("the other class", "the other {count} classes", others), (Term(f"{rest:.1%}"),)))
    return tuple(lines)


def class_name(scene: Scene, i: int) -> str:
    """What the weights call a class, or its number (from 0)."""
    weights = scene.trace.weights
    return named(weights, i) if weights.classes else tr("class {i}", i=i)


def _said(scene: Scene) -> str:
    logits, weights = scene.trace.logits[0], scene.trace.weights
    if not len(logits):
        return tr("These weights are a backbone without a head: it looks, but there is no answer.")
    if not weights.trained:
        return ""  # the honest line below says what random weights are worth
    chances = logits.softmax(dim=0)
    best = int(chances.argmax())
    return tr(
        "It answers **{name}**: {chance:.1%}.", name=escaped(class_name(scene, best)), chance=float(chances[best])
    )


STEP = Step(
    key="answer",
    title=N_("Where does the answer come from?"),
    show=show,
    page="evidence",
    invitation=N_("Follow the answer back: Evidence page"),
)
