"""Fold and pool: which tokens stand behind a key, in words, and what it takes to make the keys."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from pvt_viz import build_model, get_config
from pvt_viz.walkthrough import (
    FOLDS,
    POOL,
    Making,
    averaged,
    key_over,
    key_words,
    prefix_words,
    window_edges,
    window_size,
    with_fold,
    with_pool,
)

SIZES = [(224, 224), (256, 256), (70, 102), (33, 64)]


def test_what_stands_before_the_grid_in_words():
    words = [prefix_words(count) for count in range(4)]
    assert words == [
        "",
        "CLS",
        "CLS and the distillation token",
        "CLS and the distillation token and the prefix token 3",
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["pvt_tiny", "pvt_v2_b1", "pvt_v2_b2_li"])
def test_a_token_is_behind_the_key_over_it(name, size):
    for shape in get_config(name, image_size=size, reductions=(1,) * 4 if "li" in name else (8, 4, 2, 1)).shapes():
        found = Counter()
        for row in range(shape.grid[0]):
            for column in range(shape.grid[1]):
                key = key_over(shape, (row, column))
                if key is None:
                    rows, columns = (count * shape.reduction for count in shape.reduced_grid)
                    assert row >= rows or column >= columns
                    continue
                top, left, bottom, right = shape.tokens_behind(*key)
                assert top <= row < bottom
                assert left <= column < right
                found[key] += 1
        if min(shape.grid) >= (shape.pool or 1):
            assert len(found) == shape.reduced_tokens


def test_keys_in_words():
    fold, pool = (get_config(name, image_size=256).shapes() for name in ("pvt_tiny", "pvt_v2_b2_li"))
    assert key_words(fold[0], 1) == "rows 1–8, columns 9–16"
    assert key_words(fold[3], 0) == "CLS"
    assert key_words(fold[3], 1) == "row 1, column 1"
    # 64 rows to 7: ⌊64·i/7⌋ to ⌈64·(i+1)/7⌉, and so windows of 10 that share a row with the next.
    assert [key_words(pool[0], key).partition(",")[0] for key in (0, 7, 14)] == [
        "rows 1–10",
        "rows 10–19",
        "rows 19–28",
    ]
    assert window_size(pool[0]) == (10, 10)
    assert window_edges(pool[0])[0] == [0, 9, 10, 18, 19, 27, 28, 36, 37, 45, 46, 54, 55, 64]
    assert window_size(fold[0]) == (8, 8)
    assert window_edges(fold[0])[0] == list(range(0, 65, 8))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_averaged_is_the_pool_of_the_network(h, w, seed):
    shape = replace(with_pool(get_config("pvt_v2_b2").shapes()[0]), grid=(h, w))
    tokens = torch.randn(3, h, w, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(averaged(tokens, shape), F.adaptive_avg_pool2d(tokens, POOL), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["pvt_v2_b1", "pvt_v2_b2_li", "pvt_tiny"])
def test_what_it_takes_to_make_keys_is_what_the_network_has(name):
    model = build_model(name)
    for stage, shape in zip(model.stages, model.config.shapes(), strict=True):
        reduce, making = stage.blocks[0].attention.reduce, Making(model.config, shape)
        assert making.params == sum(parameter.numel() for parameter in reduce.parameters())
        weights = reduce.project.weight.numel() if making.params else 0
        assert making.macs == shape.reduced_tokens * weights
        assert making.attention_macs == 2 * shape.queries * shape.keys * shape.dim


def test_a_fold_and_a_pool_of_the_same_stage():
    folds, pools = (get_config(name).shapes() for name in ("pvt_v2_b2", "pvt_v2_b2_li"))
    for fold, pool, reduction in zip(folds, pools, FOLDS, strict=True):
        assert with_pool(fold) == pool
        assert with_fold(pool, reduction) == fold
        assert with_fold(fold, reduction) == fold
    assert with_fold(pools[3], 16).reduction == 7  # no larger than its grid
