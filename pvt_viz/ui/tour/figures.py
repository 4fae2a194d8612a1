"""What the figures of the tour share: the followed token, its boxes in the picture, and the board that moves it."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import streamlit as st
from PIL import ImageDraw

from pvt_viz.config import Size, StageShape
from pvt_viz.figures import encode, heat, pyramid
from pvt_viz.language import tr
from pvt_viz.lesson.reduction import way
from pvt_viz.lesson.reduction.way import Focus
from pvt_viz.scene import Scene, once
from pvt_viz.ui import address
from pvt_viz.ui.choosing import view
from pvt_viz.ui.tour import frame
from pvt_viz.walkthrough import Walk, plane, prefix_name, walk
from pvt_viz.widgets.worked import Board, Box, Term, picked, worked

Area = tuple[int, int, int, int]
"""Top, left, bottom, right in tokens; the last two exclusive."""


def focus(scene: Scene, index: int = 1) -> Focus:
    """The token of this stage at the place that is pinned, in the block and the head that are chosen."""
    return way.focus(scene, replace(view.current(), stage=index, cls_query=False))


def followed(scene: Scene, focus: Focus) -> Walk:
    """The query of the followed token, through its head."""
    block = scene.trace.stages[focus.shape.index - 1].blocks[focus.block - 1]
    return walk(block, head=focus.head - 1, query=focus.query)


def box(shape: StageShape, area: Area, image_size: Size) -> Box:
    """Where these tokens lie in the picture; what reaches over its edge is cut off."""
    scales = [shape.stride / side for side in image_size] * 2
    return tuple(min(edge * scale, 1.0) for edge, scale in zip(area, scales, strict=True))


def token_box(scene: Scene, focus: Focus) -> Box:
    row, column = focus.token
    return box(focus.shape, (row, column, row + 1, column + 1), scene.selection.image_size)


def key_boxes(scene: Scene, shape: StageShape) -> tuple[Box, ...]:
    """What is behind every key of the plane, row by row."""
    columns = shape.reduced_grid[1]
    areas = (shape.tokens_behind(*divmod(key, columns)) for key in range(shape.reduced_tokens))
    return tuple(box(shape, area, scene.selection.image_size) for area in areas)


def key_name(shape: StageShape, key: int) -> str:
    """How a key (index in the sequence) is called on the boards: by its number in the plane, from 1, or "CLS"."""
    if key < shape.n_prefix:
        return tr(prefix_name(key, shape.n_prefix - shape.registers))
    return tr("key {number}", number=key - shape.n_prefix + 1)


def bare(scene: Scene) -> bytes:
    """The picture."""
    return _bare(scene.key, scene)


def cut_to_tokens(scene: Scene, shape: StageShape) -> dict:
    """For a board: the picture, what fills no square hatched, and the lines between a stage's tokens."""
    return {
        "picture": _hatched(scene.key, shape, scene),
        "grid_lines": shape.grid,
        "grid_box": _covered(scene, shape),
    }


def cut_to_keys(scene: Scene, shape: StageShape) -> dict:
    """For a board: the same with the squares behind the keys; of pooled windows the even plane that they are near."""
    if shape.pool:
        return {"picture": bare(scene), "grid_lines": shape.reduced_grid}
    return cut_to_tokens(scene, replace(shape, grid=shape.reduced_grid, stride=shape.stride * shape.reduction))


def _covered(scene: Scene, shape: StageShape) -> Box:
    """What a grid covers of the picture, which it may reach over."""
    down, right = (n * shape.stride / side for n, side in zip(shape.grid, scene.selection.image_size, strict=True))
    return 0.0, 0.0, down, right


def heated(scene: Scene, shape: StageShape, weights: np.ndarray, mark: Box | None = None) -> bytes:
    """A query's weights (h', w') over the picture, and a box around the query where no board draws it."""
    if shape.pool:
        covered = scene.selection.image_size
    else:
        side = shape.stride * shape.reduction
        covered = tuple(min(n * side, s) for n, s in zip(weights.shape, scene.selection.image_size, strict=True))
    over = heat.over(scene.shown, weights, covered, scene.selection.image_size)
    if mark:
        top, left, bottom, right = (round(f * side) for f, side in zip(mark, over.size[::-1] * 2, strict=True))
        for width, colour in ((3, "black"), (1, "white")):
            ImageDraw.Draw(over).rectangle([left - 3, top - 3, right + 2, bottom + 2], outline=colour, width=width)
    return encode.jpeg(over)


def weights_of(scene: Scene, focus: Focus) -> np.ndarray:
    """(h', w'): what the followed query gives to each key of the plane."""
    return plane(followed(scene, focus).weights, focus.shape).numpy()


def follow(board: Board, scene: Scene, shape: StageShape, *, key: str) -> None:
    """A board in whose picture another token of this stage can be chosen: all steps and pages follow it.

    The first of its marks is the token that is followed now.
    """

    def moved() -> None:
        address.touch()
        view.keep(replace(view.current(), pin=picked(key), cls_query=False))

    hint = board.hint or tr("Click in the picture to follow another token; point at a number to see its place.")
    top, left, bottom, right = board.marks[0]
    middle = ((left + right) / 2, (top + bottom) / 2)
    cells = {"cells": shape.grid, "cells_box": _covered(scene, shape)}
    worked(replace(board, pick=True, place=middle, hint=hint, **cells), key=key, on_pick=moved)


def aside(text: str) -> None:
    """What a reader may like to know and a class is told: not shown to the presenter's audience."""
    if not frame.presenting():
        st.caption(text)


@contextmanager
def words_and_question():
    """Two columns, one below the other on a phone: what is said, and what is asked."""
    with st.container(key="wide_tour_words"):
        yield st.columns([5, 6], gap="medium")


def equals(shown: float, total: float) -> Term:
    """ "=" where what is printed, with two digits after the point, adds up to the total that is printed; else "≈"."""
    return Term("=" if round(shown, 2) == round(total, 2) else "≈")


def number(value: float) -> str:
    """With its sign, and two digits after the point."""
    return f"{round(float(value), 2) + 0.0:+.2f}".replace("-", "−")


@once(most=8)
def _bare(key: tuple, _scene: Scene) -> bytes:
    return encode.jpeg(_scene.shown)


@once(most=16)
def _hatched(key: tuple, shape: StageShape, _scene: Scene) -> bytes:
    return encode.jpeg(pyramid.patch_grid(_scene.shown, shape, _scene.selection.image_size, lines=False))
