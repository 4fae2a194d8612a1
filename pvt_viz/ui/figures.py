"""Cached pictures of a scene: the pages show them, `pvt_viz.figures` draws them."""

from dataclasses import dataclass

import streamlit as st

from pvt_viz.config import StageShape
from pvt_viz.figures import colour, encode, pyramid
from pvt_viz.ui.calls import Scene

WIDTH = 448  # pixels: wider than a column of four, also on a dense screen


@dataclass(frozen=True)
class StageView:
    """What the landing page shows of one stage."""

    shape: StageShape
    grid: bytes
    line_step: int
    colours: bytes
    lengths: bytes
    low: float
    high: float


@st.cache_resource(max_entries=8, show_spinner=False, scope="session")
def stage_views(key: tuple, _scene: Scene) -> list[StageView]:
    image_size = _scene.selection.image_size
    views = []
    for stage in _scene.trace.stages:
        features = stage.feature_map[0].numpy()
        lengths = pyramid.lengths(features)
        low, high = float(lengths.min()), float(lengths.max())
        views.append(
            StageView(
                shape=stage.shape,
                grid=encode.jpeg(pyramid.patch_grid(_scene.shown, stage.shape, image_size)),
                line_step=pyramid.lines_step(stage.stride * _scene.shown.width / image_size[1]),
                colours=encode.png(colour.enlarge(pyramid.principal_colours(features)[0], WIDTH)),
                lengths=encode.png(colour.enlarge(colour.paint(lengths, "viridis", low, high), WIDTH)),
                low=low,
                high=high,
            )
        )
    return views
