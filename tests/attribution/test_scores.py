"""Scores of maps against the truth: pointing, energy and overlap, and what chance and the grid allow."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pvt_viz.attribution import scores

CORNER = torch.zeros(1, 4, 4, dtype=torch.bool)
CORNER[:, :2, :2] = True


def scored(rows: list[list[float]], masks: torch.Tensor = CORNER) -> tuple[float, float, float]:
    return tuple(scores.score(torch.tensor([rows]), masks, masks.shape[1] // len(rows)).means().values())


@pytest.mark.parametrize(
    "rows, pointing, energy, overlap",
    [
        # One brightest pixel, on the shape or beside it; the four brightest are clear.
        ([[9, 8, 0, 0], [1, 0, 0, 0], [7, 6, 0, 0], [1, 0, 0, 0]], 1, 18 / 32, 2 / 6),
        ([[8, 7, 9, 0], [6, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], 0, 22 / 32, 3 / 5),
        # Three are brightest, two of them on the shape; of three that are equally fourth, one is.
        ([[3, 3, 3, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], 2 / 3, 7 / 12, (2 + 1 / 3) / (8 - 2 - 1 / 3)),
        # Two of four places are left for four pixels, one of which is on the shape.
        ([[3, 2, 3, 2], [0, 0, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0]], 1 / 2, 5 / 14, 1.5 / 6.5),
        # Nothing on the shape at all.
        ([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]], 0, 0, 0),
    ],
)
def test_scores_of_maps_made_by_hand(rows, pointing, energy, overlap):
    assert scored([[float(x) for x in row] for row in rows]) == pytest.approx((pointing, energy, overlap), abs=1e-6)


def test_a_cell_counts_for_all_of_its_pixels():
    assert scored([[3.0, 1.0], [0.0, 0.0]]) == pytest.approx((1, 0.75, 1))
    assert scored([[0.0, 2.0], [2.0, 0.0]]) == pytest.approx((0, 0, 0))


def test_every_picture_of_a_batch_is_scored_alone(generator):
    heat = torch.rand(5, 4, 4, generator=generator)
    masks = torch.rand(5, 8, 8, generator=generator) < 0.3
    together = vars(scores.score(heat, masks, 2))
    for i in range(5):
        alone = vars(scores.score(heat[i : i + 1], masks[i : i + 1], 2))
        assert {name: float(values[i]) for name, values in together.items()} == {n: float(v) for n, v in alone.items()}


@given(st.integers(1, 63), st.integers(0, 2**32 - 1))
def test_the_mask_itself_is_a_perfect_map(area, seed):
    order = torch.randperm(64, generator=torch.Generator().manual_seed(seed))
    masks = (order < area).view(1, 8, 8)
    assert scores.score(masks.float(), masks, 1).means() == {"pointing": 1, "energy": 1, "overlap": 1}
    upside_down = scores.score((~masks).float(), masks, 1).means()
    assert upside_down["pointing"] == upside_down["energy"] == 0


@pytest.mark.parametrize("size", [(8, 8), (8, 12), (12, 8)])
def test_chance_scores_the_masks_share(size, generator):
    masks = torch.rand(4, *size, generator=generator) < torch.tensor([0.1, 0.3, 0.5, 0.9])[:, None, None]
    share = masks.double().mean(dim=(1, 2))
    found = scores.score(scores.chance(masks), masks, 1)
    torch.testing.assert_close(found.pointing.double(), share, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.energy, share, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.overlap.double(), share / (2 - share), atol=1e-6, rtol=0)


def test_the_centre_prior_is_brightest_in_the_middle():
    masks = torch.zeros(1, 9, 15, dtype=torch.bool)
    prior = scores.centre_prior(masks)
    assert prior.shape == (1, 9, 15)
    assert divmod(int(prior.argmax()), 15) == (4, 7)
    torch.testing.assert_close(prior, prior.flip(1, 2))
    masks[:, 4, 7] = True
    assert scores.score(prior, masks, 1).means()["pointing"] == 1


@given(st.sampled_from([(8, 8, 2), (8, 8, 4), (12, 8, 4), (9, 6, 3)]), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_no_map_of_cells_beats_the_ceiling(grid, seed, levels):
    height, width, side = grid
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(6, height, width, generator=generator) < torch.rand(6, 1, 1, generator=generator)
    masks[:, 0, 0] = True
    cells = torch.randint(levels, (6, height // side, width // side), generator=generator).float()
    best = scores.score(scores.ceiling(masks, side), masks, side)
    assert bool((best.overlap >= scores.score(cells, masks, side).overlap - 1e-6).all())


def test_the_ceiling_of_cells_of_one_pixel_is_perfect():
    assert scores.score(scores.ceiling(CORNER, 1), CORNER, 1).means() == {"pointing": 1, "energy": 1, "overlap": 1}


@pytest.mark.parametrize(
    "size, side",
    [
        ((8, 8), 4),
        ((11, 9), 4),
        ((35, 54), 8),
        ((112, 112), 32),  # three cells and half a cell: flexi_pvt's last stage on pictures that it was trained on
        ((60, 40), 32),
    ],
)
def test_every_cell_lies_over_its_own_pixels_and_the_rim_is_dark(size, side):
    h, w = size[0] // side, size[1] // side
    heat = torch.arange(1.0, h * w + 1).view(1, h, w)
    drawn = scores.at_pixels(heat, side, size)
    expected = torch.zeros(1, *size)
    for row in range(h * side):
        for column in range(w * side):
            expected[0, row, column] = heat[0, row // side, column // side]
    assert torch.equal(drawn, expected)
