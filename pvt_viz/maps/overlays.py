"""The attention of one picture over that picture, a PNG for every map."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from pvt_viz import images
from pvt_viz.config import PVTConfig
from pvt_viz.figures import encode, heat, truth
from pvt_viz.language import say
from pvt_viz.maps import arrays
from pvt_viz.maps.wanted import Chosen
from pvt_viz.walkthrough import key_spans, plane

WIDTH = 448
"""Pixels, about: the picture is enlarged by a whole factor, so that grids fall on whole pixels."""


def pngs(
    picture: Image.Image, maps: Mapping[str, np.ndarray], chosen: Sequence[Chosen], config: PVTConfig
) -> Iterator[tuple[str, bytes]]:
    """File names and files, of `maps` as `arrays.maps` has them: magma from 0 to each map's own greatest weight.

    Where all heads or all queries are chosen it is their mean that is shown. Numbers in names count from 1; a query
    that is a token of the grid is outlined.
    """
    times = max(1, round(WIDTH / max(config.image_hw)))
    shown = images.fit(picture, config.image_hw, scale=times, crop=config.crop)
    for one in chosen:
        for block in one.blocks:
            for head, by_query in _heads(one, arrays.of(maps, one, block)):
                for query, weights, marked in _queries(one, by_query):
                    name = f"stage-{one.shape.index}-block-{block}-{head}-{query}"
                    yield f"{name}.png", _png(shown, one, weights, marked, config.image_hw, name)


def _heads(one: Chosen, attention: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name and (query, key), of attention (head, query, key)."""
    if one.all_heads:
        yield "mean-of-heads", attention.mean(axis=0)
        return
    yield from ((f"head-{head}", by_query) for head, by_query in zip(one.heads, attention, strict=True))


def _queries(one: Chosen, by_query: np.ndarray) -> Iterator[tuple[str, np.ndarray, tuple[int, int] | None]]:
    """Name, weights (key,) and the row and column of the query, if it is one token of the grid."""
    if one.all_queries:
        yield "mean-of-queries", by_query.mean(axis=0), None
        return
    for query, weights in zip(one.queries, by_query, strict=True):
        if query < one.shape.n_prefix:
            yield "cls", weights, None
            continue
        row, column = divmod(query - one.shape.n_prefix, one.shape.grid[1])
        yield f"row-{row + 1}-column-{column + 1}", weights, (row, column)


def _png(
    shown: Image.Image,
    one: Chosen,
    weights: np.ndarray,
    marked: tuple[int, int] | None,
    image_size: tuple[int, int],
    name: str,
) -> bytes:
    shape, stride = one.shape, one.shape.stride
    covered = tuple(spans[-1][1] * stride for spans in key_spans(shape))
    heatmap = plane(weights, shape)
    picture = heat.over(shown, heatmap, covered, image_size)
    if marked:
        row, column = marked
        mask = np.zeros(image_size, dtype=bool)
        mask[row * stride : (row + 1) * stride, column * stride : (column + 1) * stride] = True
        picture = truth.outline(picture, mask)
    scale = say("Attention weights in magma, from 0 to {most:.4g}, this map's own scale.", most=float(heatmap.max()))
    return encode.png(picture, {"Title": name, "Description": scale})
