"""Step 2: the numbers of one token: pixels, a linear layer, and a position."""

import streamlit as st

from pvt_viz.figures import colour, encode
from pvt_viz.language import N_, tr
from pvt_viz.scene import Scene, once
from pvt_viz.ui import parts
from pvt_viz.ui.tour import figures, guess
from pvt_viz.ui.tour.step import Step
from pvt_viz.widgets.worked import Board, Line, Term, Vector
from pvt_viz.words import times

MAP_WIDTH = 448
NEARER = 0.05
"""By how much the cosine of neighbours has to be above that of any two, to be worth a word."""


def show(scene: Scene) -> None:
    focus = figures.focus(scene)
    shape, config = focus.shape, scene.selection.config
    inputs = shape.window**2 * shape.in_channels
    with figures.words_and_question() as (words, question):
        with words:
            st.markdown(
                tr(
                    "A token starts as its pixels, {inputs} numbers. One linear layer, the same for every token, turns"
                    " them into **C = {dim} channels**: that is a convolution with {window} kernels, moved by"
                    " {patch} pixels at a time.",
                    inputs=inputs,
                    dim=shape.dim,
                    window=times((shape.window,) * 2),
                    patch=shape.patch_size,
                )
            )
            if config.version == 1:
                st.markdown(
                    tr(
                        "Then a learned **position** is added. What follows, attention, lets every token look at every"
                        " other and compares nothing but numbers: what a token should know about its place has to be"
                        " among them."
                    )
                )
            else:
                st.markdown(
                    tr(
                        "PVTv2 adds **no position**: patches overlap, and the zeros around the picture, which windows"
                        " and the convolutions of the MLPs meet at the rim, tell a token where it is."
                    )
                )
        with question:
            _question(config.version)
    mark = figures.token_box(scene, focus)
    rows = _rows(scene, focus, mark)
    alt = tr("{picture} One token is marked.", picture=scene.picture.alt)
    board = Board(picture=figures.bare(scene), alt=alt, rows=rows, marks=(mark,))
    figures.follow(board, scene, shape, key="tour_embedding")
    if config.version == 1:
        _positions(scene, focus)


def _question(version: int) -> None:
    if version == 1:
        guess.choice(
            "embedding",
            tr(
                "Leave positions out and shuffle the squares of the picture. What changes for tokens that look at all"
                " the others?"
            ),
            {
                "neighbours": tr("A token no longer sees its neighbours"),
                "nothing": tr("Nothing: each sees the same tokens, in another order"),
                "colours": tr("The colours of the picture"),
            },
            "nothing",
        )
    else:
        guess.choice(
            "embedding",
            tr("Which tokens can tell where they are from zeros beside the picture, right after the patch embedding?"),
            {
                "all": tr("All of them at once"),
                "rim": tr("Those at the rim; the rest learn it from them, block by block"),
                "none": tr("None of them"),
            },
            "rim",
        )


def _rows(scene: Scene, focus: figures.Focus, mark) -> tuple[Vector | Line, ...]:
    """Pixels, then what the linear layer makes of them, then the sum with the position: on one scale."""
    shape = focus.shape
    token = scene.trace.stages[0].tokens[0, focus.query]
    pixels = _pixels(scene, focus)
    read = Vector(
        tr(
            "Its pixels as the network reads them (normalised): {side}·{side}·{channels} = {count} numbers",
            side=shape.window,
            channels=shape.in_channels,
            count=len(pixels),
        ),
        pixels,
    )
    if scene.selection.config.embed_norm:
        made = tr("One linear layer, {inputs} → {dim}, and a LayerNorm", inputs=len(pixels), dim=shape.dim)
    else:
        made = tr("One linear layer, {inputs} → {dim}", inputs=len(pixels), dim=shape.dim)
    if scene.selection.config.version == 2:
        return read, Vector(made, tuple(token.tolist()))
    position = _position(scene)[focus.query - shape.n_prefix]
    projected = token - position
    limit = float(max(values.abs().max() for values in (projected, position, token)))
    scale = {"low": -limit, "high": limit}
    return (
        read,
        Vector(made, tuple(projected.tolist()), **scale),
        Vector(tr("+ the position of this place"), tuple(position.tolist()), **scale),
        Vector(tr("= the token, as it enters the first block"), tuple(token.tolist()), **scale),
        Line(
            tr("The first channel, in numbers"),
            (
                Term(figures.number(projected[0]), (mark,), "token"),
                Term("+"),
                Term(f"({figures.number(position[0])})", (mark,), "token"),
                figures.equals(round(float(projected[0]), 2) + round(float(position[0]), 2), float(token[0])),
                Term(figures.number(token[0]), (mark,), "token"),
            ),
        ),
    )


def _pixels(scene: Scene, focus: figures.Focus) -> tuple[float, ...]:
    """The window of a token, (p1 p2 c) as the linear layer reads it; beside the picture there are zeros."""
    shape = focus.shape
    image = scene.trace.image[0]
    corner = [
        at * shape.patch_size - (shape.window // 2 if shape.window > shape.patch_size else 0) for at in focus.token
    ]
    found = []
    for y in range(corner[0], corner[0] + shape.window):
        for x in range(corner[1], corner[1] + shape.window):
            inside = 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
            found += image[:, y, x].tolist() if inside else [0.0] * shape.in_channels
    return tuple(found)


def _position(scene: Scene):
    """(query, channel): the position vectors of stage 1, at this grid."""
    embed = scene.studio.network_of(scene).stages[0].embed
    return embed.position_for(scene.trace.stages[0].grid)[0].detach().cpu()


def _positions(scene: Scene, focus: figures.Focus) -> None:
    """How alike the position of the followed token is to every other one."""
    alike, near, any_two = _likeness(scene.key, focus, scene)
    low = float(alike.min())
    painted = colour.enlarge(colour.paint(alike, "viridis", low, 1.0), MAP_WIDTH)
    with st.container(key="wide_tour_positions"):
        words, figure = st.columns([8, 5], gap="medium")
    with words:
        st.header(tr("Positions that are alike"), anchor=False)
        st.markdown(
            tr(
                "The cosine between the position of the marked token and that of each of the {grid} tokens. Over the"
                " whole picture, direct neighbours have **{near}** on average, any two tokens {any_two}.",
                grid=times(focus.shape.grid),
                near=figures.number(near),
                any_two=figures.number(any_two),
            )
        )
        if near > any_two + NEARER:
            st.markdown(tr("Near places have learned positions that are alike, so attention can tell near from far."))
        else:
            st.markdown(tr("These positions do not tell near from far: neighbours are hardly more alike than any two."))
    with figure, st.container(key="tour_small_figure"):
        parts.picture(
            encode.png(painted),
            alt=tr("How similar the position of the followed token is to that of every other token."),
        )
        parts.colour_scale("viridis", figures.number(low), "+1.00", tr("own scale"))


@once(most=16)
def _likeness(key: tuple, focus: figures.Focus, _scene: Scene):
    """Cosines (h, w) of the followed token's position with all others; the mean of neighbours, and of any two."""
    shape = focus.shape
    position = _position(_scene)
    unit = position / position.norm(dim=1, keepdim=True).clamp_min(1e-12)
    plane = unit.unflatten(0, shape.grid)
    pairs = [(plane[1:] * plane[:-1]).sum(dim=-1).flatten(), (plane[:, 1:] * plane[:, :-1]).sum(dim=-1).flatten()]
    near = [float(cosine) for pair in pairs for cosine in pair] or [1.0]
    count = len(unit)
    any_two = (float(unit.sum(dim=0).square().sum()) - count) / max(count * (count - 1), 1)
    alike = (unit @ unit[focus.query - shape.n_prefix]).reshape(shape.grid).numpy()
    return alike, sum(near) / len(near), any_two


STEP = Step(
    key="embedding",
    title=N_("A token is a list of numbers that knows its place"),
    show=show,
    page="pyramid",
    invitation=N_("Look up the shape of every tensor on the Pyramid page"),
)
