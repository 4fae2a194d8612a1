"""Figures about drawn scenes and trained networks: outlines, maps over pictures, and their charts."""

import numpy as np
import pytest
import torch
from PIL import Image

from pvt_viz import scenes
from pvt_viz.figures import evidence, heat, learning, tradeoff, truth
from pvt_viz.figures.colour import lut
from pvt_viz.figures.tradeoff import Point
from pvt_viz.report import Intervention
from pvt_viz.scenes import CLASSES, COLOURS

GREY = Image.new("RGB", (64, 64), (120, 120, 120))


def test_a_scene_is_told_in_words():
    drawn = scenes.generate(1, 64, 3)
    told = truth.describe(drawn)
    layout = drawn.layout
    for kind, colour in zip(layout.kind[0].tolist(), layout.colour[0].tolist(), strict=True):
        assert f"{COLOURS[colour]} {CLASSES[kind]}" in told
    assert told.endswith(f"the tag with the white rim is {scenes.colours(3)[0]}")


def test_a_scene_of_one_shape_has_no_tag_to_tell_of():
    told = truth.describe(scenes.generate(1, 64, 3, task="single"))
    assert "tag" not in told
    assert " and " not in told


@pytest.mark.parametrize("times", [1, 3])
def test_an_outline_lies_around_the_shape_and_leaves_it_as_it_was(times):
    mask = np.zeros((64, 64), bool)
    mask[20:40, 25:45] = True
    picture = GREY.resize((64 * times, 64 * times))
    outlined = np.asarray(truth.outline(picture, mask))
    changed = (outlined != np.asarray(picture)).any(axis=-1)
    inside = np.asarray(Image.fromarray(mask).resize(picture.size, Image.Resampling.NEAREST))
    assert changed.any()
    assert not (changed & inside).any()
    rows = np.nonzero(changed)[0]
    assert rows.min() >= 20 * times - 4 * times
    assert rows.max() < 40 * times + 4 * times
    assert {tuple(colour) for colour in outlined[changed]} == {(0, 0, 0), (255, 255, 255)}


def test_a_map_is_brightest_where_it_is_greatest_and_leaves_the_rim_bare():
    values = np.array([[0.0, 1.0], [2.0, 4.0]])
    shown = np.asarray(heat.over(GREY, values, (48, 48), (64, 64))).astype(int)
    bare = shown[60, 60]
    assert (bare == bare[0]).all()
    assert (shown[:48, 48:] == bare).all()
    cells = [shown[12, 12], shown[12, 36], shown[36, 12], shown[36, 36]]
    assert [int(cell.sum()) for cell in cells] == sorted(int(cell.sum()) for cell in cells)
    strongest = lut("magma")[255].astype(int)
    assert np.abs(cells[3] - (heat.STRENGTH * strongest + (1 - heat.STRENGTH) * bare)).max() <= 1


def test_interventions_are_bars_beside_the_untouched_network():
    found = [
        Intervention(stage=stage, kind=kind, accuracy=0.1 * stage + 0.01 * i)
        for stage in (1, 2)
        for i, kind in enumerate(("off", "uniform", "swapped"))
    ]
    chart = evidence.interventions(found, 0.98, caption="")
    bars = {series.name: series.y for series in chart.series}
    assert bars == {
        "untouched": (98.0, 98.0),
        "off": (10.0, 20.0),
        "uniform": (11.0, 21.0),
        "swapped": (12.0, 22.0),
    }


POINTS = [
    Point("flexi_pvt", (4, 2, 2, 2), (8, 4, 2, 1), 0.99, 57_600_000, 60_000),
    Point("flexi_pvt", (4, 2, 2, 2), (1, 4, 2, 1), 0.98, 158_000_000, 2_100_000),
    Point("flexi_pvt", (8, 2, 2, 2), (8, 4, 2, 1), 0.95, 15_000_000, 9_000),
    Point("flexi_pvt_fixed", (4, 2, 2, 2), (1, 4, 2, 1), 0.2, 158_000_000, 2_100_000),
]


@pytest.mark.parametrize("axis, place", [("MACs", 57.6), ("attention entries", 60.0)])
def test_every_setting_is_a_point_of_its_network_and_patch_size(axis, place):
    chart = tradeoff.tradeoff(POINTS, POINTS[0], axis=axis, hollow=("flexi_pvt_fixed",), caption="")
    assert [series.name for series in chart.series] == list(tradeoff.by_series(POINTS))
    assert [series.hollow for series in chart.series] == [False, False, True]
    assert sum(len(series.x) for series in chart.series) == len(POINTS)
    assert chart.mark == chart.series[0].x[0] == place
    assert chart.series[0].y == (99.0, 98.0)
    xs = [x for series in chart.series for x in series.x]
    assert chart.ticks[0] <= min(xs)
    assert chart.ticks[-1] >= max(xs)


def test_no_place_is_marked_where_the_setting_was_not_measured():
    assert tradeoff.tradeoff(POINTS, None, axis="MACs", hollow=(), caption="").mark is None


def test_the_curves_of_a_training_mark_the_step():
    loss, accuracy = learning.curves([(10, 3.0, 0.1), (20, 2.0, 0.5)], 10, caption="")
    assert (loss.series[0].x, loss.series[0].y, loss.mark) == ((10, 20), (3.0, 2.0), 10)
    assert accuracy.series[0].y == (10.0, 50.0)
    assert learning.curves([(10, 3.0, 0.1), (20, 2.0, 0.5)], None, caption="")[0].mark is None


def test_the_mask_of_a_drawn_scene_can_be_outlined_at_any_enlargement():
    drawn = scenes.generate(1, 64, 1)
    picture = Image.fromarray((drawn.images[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy())
    outlined = truth.outline(picture.resize((320, 320)), drawn.masks[0].numpy())
    assert outlined.size == (320, 320)
