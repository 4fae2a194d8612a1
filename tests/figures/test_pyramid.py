"""Figures show the numbers they were given."""

import numpy as np
import pytest
import torch
from PIL import Image

from pvt_viz import build_model, get_config, trace
from pvt_viz.figures import colour, entries, pyramid
from pvt_viz.walkthrough import entries_by_reduction, plane, query_at, walk


def test_paint_maps_the_ends_of_the_scale_to_the_ends_of_the_map():
    table = colour.lut("viridis")
    picture = np.asarray(colour.paint(np.array([[0.0, 1.0, 0.5, -3.0, 9.0]]), "viridis", 0.0, 1.0))
    assert picture[0, 0].tolist() == table[0].tolist() == picture[0, 3].tolist()
    assert picture[0, 1].tolist() == table[255].tolist() == picture[0, 4].tolist()
    assert picture[0, 2].tolist() == table[128].tolist()


def test_a_flat_map_is_painted_without_dividing_by_zero():
    with np.errstate(all="raise"):
        assert np.asarray(colour.paint(np.full((2, 2), 3.0), "magma", 3.0, 3.0)).std() < 10


def test_rainbow_maps_are_refused():
    with pytest.raises(ValueError, match="magma"):
        colour.lut("jet")


def test_grid_lines_fall_on_token_edges_and_the_rim_is_hatched():
    config = get_config("pvt_tiny", image_size=(70, 64))
    shape = config.shapes()[3]  # 2×2 tokens of 32 px; 6 rows are dropped
    grey = Image.new("RGB", (128, 140), (90, 90, 90))
    pixels = np.asarray(pyramid.patch_grid(grey, shape, (70, 64))).astype(int)
    assert (pixels[64, 5] > 120).all()
    assert (pixels[5, 64] > 120).all()
    assert (pixels[5, 5] == 90).all()
    rim = pixels[130:, :, 0]
    assert rim.std() > 20
    assert pixels[70:126, 70:126].std() == 0


def test_principal_colours_tell_features_apart_and_share_a_basis():
    one = np.zeros((6, 4, 4))
    one[0, :, :2] = 5
    a, b = (np.asarray(p) for p in pyramid.principal_colours(one, one[:, ::-1]))
    assert (a == b[::-1]).all()
    assert abs(a[0, 0].astype(int) - a[0, 3].astype(int)).max() == 255
    assert (a[0, 0] == a[3, 1]).all()


def test_a_single_token_is_grey():
    [picture] = pyramid.principal_colours(np.ones((5, 1, 1)))
    assert np.asarray(picture)[0, 0].tolist() == [128, 128, 128]


def test_lengths_are_l2_norms():
    assert pyramid.lengths(np.full((4, 2, 3), 2.0)).tolist() == [[4.0] * 3] * 2


def test_entries_chart_marks_the_chosen_ratio():
    shape = get_config("pvt_tiny").shapes()[0]
    counts = entries_by_reduction(shape, 16)
    assert counts[7] == (8, 49, 3136 * 49)
    bar = entries.figure(counts, 8).data[0]
    assert next(iter(bar.y)) == 3136**2
    assert [i for i, c in enumerate(bar.marker.color) if c == entries.CHOSEN] == [7]


def test_a_walk_ends_where_the_block_did(generator):
    seen = trace(build_model(get_config("pvt_tiny", image_size=64)), torch.randn(1, 3, 64, 64, generator=generator))
    for stage in seen.stages:
        block = stage.blocks[-1]
        for head, query in ((0, 0), (stage.shape.heads - 1, stage.shape.queries - 1)):
            way = walk(block, head=head, query=query)
            torch.testing.assert_close(way.weights, block.attention[0, head, query])
            torch.testing.assert_close(way.output, block.mixed[0, head, query], atol=1e-5, rtol=1e-5)
            assert way.weights[way.strongest[0]] == way.weights.max()
        assert plane(way.weights, stage.shape).shape == stage.shape.reduced_grid
    with pytest.raises(ValueError, match="head=9"):
        walk(block, head=9, query=0)


def test_a_place_on_the_rim_belongs_to_the_nearest_token():
    shape = get_config("pvt_tiny", image_size=(70, 64)).shapes()[3]
    assert query_at(shape, 0.99, 0.99, (70, 64)) == (1, 1)
    assert query_at(shape, 0.0, 0.49, (70, 64)) == (1, 0)
