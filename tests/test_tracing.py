"""A trace leaves nothing behind, agrees with the fused path, and belongs to its own run."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from pvt_viz import build_model, get_config, trace
from pvt_viz.models import PVT


@pytest.fixture(scope="module")
def model():
    return build_model(get_config("pvt_tiny", image_size=64))


def hooks(model) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_no_hook_is_left(model, generator):
    trace(model, torch.randn(1, 3, 64, 64, generator=generator))
    assert hooks(model) == 0
    with pytest.raises(ValueError):
        trace(model, torch.zeros(1, 3, 8, 8))
    assert hooks(model) == 0


def test_a_hook_of_somebody_else_still_runs_and_stays(model):
    calls = []
    handle = model.stages[0].register_forward_hook(lambda *_: calls.append(1))
    try:
        trace(model, torch.zeros(1, 3, 64, 64))
        assert calls == [1]
        assert hooks(model) == 1
    finally:
        handle.remove()


def test_explicit_and_fused_paths_agree(generator):
    for preset in ("pvt_small", "vit_tiny_16"):
        model = build_model(get_config(preset, image_size=96))
        images = torch.randn(2, 3, 96, 96, generator=generator)
        with torch.no_grad():
            assert (trace(model, images).logits - model(images)).abs().max() <= 1e-5


def test_an_unwatched_run_makes_no_map(model, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("softmax was called: the explicit path ran")

    monkeypatch.setattr(torch.Tensor, "softmax", refuse)
    with torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    with pytest.raises(AssertionError):
        trace(model, torch.zeros(1, 3, 64, 64))


def test_values_weighted_by_the_map_are_what_the_block_mixed(model, generator):
    for stage in trace(model, torch.randn(1, 3, 64, 64, generator=generator)).stages:
        for block in stage.blocks:
            torch.testing.assert_close(block.attention @ block.values, block.mixed, atol=1e-5, rtol=1e-5)


def test_at_ratio_one_the_reduced_map_is_the_blocks_own_input(model, generator):
    stage = trace(model, torch.randn(1, 3, 64, 64, generator=generator)).stages[3]
    block = stage.blocks[0]
    assert block.projected is None
    plane = block.inputs[:, 1:].transpose(1, 2).reshape(block.reduced.shape)
    assert torch.equal(block.reduced, plane)


def test_threads_that_share_a_model_get_their_own_maps(model, generator):
    pictures = [torch.randn(1, 3, 64, 64, generator=generator) for _ in range(8)]
    expected = [trace(model, picture) for picture in pictures]

    def many(worker: int) -> int:
        wrong = 0
        for turn in range(20):
            i = (worker + turn) % len(pictures)
            seen = trace(model, pictures[i])
            for stage, other in zip(seen.stages, expected[i].stages, strict=True):
                for block, twin in zip(stage.blocks, other.blocks, strict=True):
                    wrong += not torch.allclose(block.attention, twin.attention, atol=1e-6)
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(many, range(8))) == 0
    assert hooks(model) == 0


def test_weights_say_that_they_are_random(model):
    seen = trace(model, torch.zeros(1, 3, 64, 64))
    assert not seen.weights.trained
    assert "random" in seen.weights.source


def test_seeded_weights_repeat():
    config = get_config("pvt_tiny", image_size=32)
    one, same, other = build_model(config), build_model(config), build_model(config, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.head.weight, other.head.weight)


@pytest.mark.parametrize(
    "images, words",
    [
        (torch.zeros(1, 3, 64, 64, dtype=torch.float64), "float64"),
        ("cat.jpg", "str"),
        (torch.zeros(3, 64, 64), "(3, 64, 64)"),
        (torch.zeros(1, 1, 64, 64), "(1, 1, 64, 64)"),
        (torch.zeros(1, 3, 64, 3), "p_1 = 4"),
    ],
)
def test_bad_images_are_answered_with_one_sentence(model, images, words):
    with pytest.raises(ValueError) as caught:
        trace(model, images)
    assert words in str(caught.value)


def test_a_model_that_borrows_weights_shares_memory_and_moves_alone():
    base = build_model(get_config("pvt_tiny", image_size=64))
    borrower = build_model(get_config("pvt_tiny", image_size=64, reductions=(4, 4, 2, 1)), share=base)
    alone = build_model(get_config("pvt_tiny", image_size=64, reductions=(4, 4, 2, 1)))
    assert all(torch.equal(a, b) for a, b in zip(borrower.parameters(), alone.parameters(), strict=True))
    assert borrower.head.weight.data_ptr() == base.head.weight.data_ptr()
    borrower.to("meta")
    assert {p.device.type for p in base.parameters()} == {"cpu"}


def test_a_trace_keeps_its_own_picture():
    model = build_model(get_config("pvt_tiny", image_size=32))
    images = torch.zeros(1, 3, 32, 32, requires_grad=True)
    seen = trace(model, images)
    with torch.no_grad():
        images.fill_(1)
    assert seen.image.numpy().max() == 0


def test_a_model_made_by_hand_can_be_traced():
    assert not trace(PVT(get_config("pvt_tiny", image_size=32)), torch.zeros(1, 3, 32, 32)).weights.trained
