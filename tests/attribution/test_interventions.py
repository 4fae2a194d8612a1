"""One stage's attention off, uniform or swapped: what changes, and what must not."""

import copy

import pytest
import torch

import small_networks
from pvt_viz import trace
from pvt_viz.attribution import KINDS, intervene
from small_networks import DISTILLED, FLOORS, LINEAR, TWO_TOKENS, V2, hooks, network, pictures

floors = small_networks.floors


def without(model, stage: int, *parts: str):
    """A copy in which those linear layers of a stage's attention say 0 to everything."""
    changed = copy.deepcopy(model)
    for block in changed.stages[stage - 1].blocks:
        for part in parts:
            layer = getattr(block.attention, part)
            layer.weight.zero_()
            layer.bias.zero_()
    return changed


@pytest.mark.parametrize("stage", [1, 2])
def test_attention_off_adds_nothing(floors, stage):
    images = pictures(FLOORS)
    off = intervene(floors, stage, "off")(images)
    torch.testing.assert_close(off, without(floors, stage, "project")(images), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(off, floors(images), atol=1e-3)


@pytest.mark.parametrize("stage", [1, 2])
def test_uniform_attention_weighs_all_keys_alike(floors, stage):
    images = pictures(FLOORS)
    changed = intervene(floors, stage, "uniform")
    seen, before = trace(changed, images), trace(floors, images)
    for i, (some, others) in enumerate(zip(seen.stages, before.stages, strict=True), 1):
        for block, old in zip(some.blocks, others.blocks, strict=True):
            if i == stage:
                assert bool((block.attention == 1 / block.shape.keys).all())
            if i < stage:
                assert torch.equal(block.attention, old.attention)
            if i > stage:
                assert not torch.allclose(block.attention, old.attention)
    # Queries that are all 0 score every key alike.
    torch.testing.assert_close(changed(images), without(floors, stage, "query")(images), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("stage", [1, 2])
def test_swapped_takes_keys_and_values_from_the_picture_before(floors, stage):
    images = pictures(FLOORS, 3)
    changed = intervene(floors, stage, "swapped")
    block, old = (trace(model, images).stages[stage - 1].blocks[0] for model in (changed, floors))
    n = block.shape.n_prefix
    torch.testing.assert_close(block.queries, old.queries)
    for now, was in ((block.keys, old.keys), (block.values, old.values)):
        torch.testing.assert_close(now[:, :, :n], was[:, :, :n])
        for i in range(3):
            torch.testing.assert_close(now[i, :, n:], was[i - 1, :, n:], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(changed(images), floors(images), atol=1e-3)


@pytest.mark.parametrize("config", [V2, LINEAR, DISTILLED, TWO_TOKENS], ids=lambda config: config.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_can_be_changed(config, kind):
    model, images = network(config), pictures(config, 3)
    for stage in range(1, len(config.dims) + 1):
        changed, before = intervene(model, stage, kind), model(images)
        assert not torch.allclose(changed(images), before, atol=1e-3)
        if kind == "off":
            torch.testing.assert_close(changed(images), without(model, stage, "project")(images), atol=1e-5, rtol=1e-5)
        if kind == "swapped":
            same = images[:1].expand(2, -1, -1, -1)
            torch.testing.assert_close(changed(same), model(same), atol=1e-5, rtol=1e-5)


def test_swapping_identical_pictures_changes_nothing(floors):
    images = pictures(FLOORS, 1).expand(2, -1, -1, -1)
    for stage in (1, 2):
        torch.testing.assert_close(intervene(floors, stage, "swapped")(images), floors(images))


def test_one_picture_cannot_be_swapped(floors):
    with pytest.raises(ValueError, match="two or more"):
        intervene(floors, 1, "swapped")(pictures(FLOORS, 1))


@pytest.mark.parametrize(
    "stage, kind, words",
    [(0, "off", ["stage=0", "1 to 2"]), (3, "off", ["stage=3", "1 to 2"]), (1, "loud", ["'loud'", *KINDS])],
)
def test_a_bad_intervention_is_answered_with_what_is_valid(floors, stage, kind, words):
    with pytest.raises(ValueError) as caught:
        intervene(floors, stage, kind)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("kind", KINDS)
def test_the_original_is_untouched(floors, kind):
    images = pictures(FLOORS)
    before, state = floors(images), {name: values.clone() for name, values in floors.state_dict().items()}
    changed = intervene(floors, 1, kind)
    changed(images)
    trace(changed, images)
    assert hooks(floors) == 0
    assert torch.equal(floors(images), before)
    assert all(torch.equal(values, state[name]) for name, values in floors.state_dict().items())
    shared = zip(changed.parameters(), floors.parameters(), strict=True)
    assert all(ours.data_ptr() == theirs.data_ptr() for ours, theirs in shared)
