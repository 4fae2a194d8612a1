"""Maps are about the picture and not about rounding: other precisions, other scales and planted answers."""

import copy
from dataclasses import replace

import pytest
import torch

from pvt_viz import attribution, get_config
from pvt_viz.attribution import METHODS, look
from pvt_viz.models import build_model
from small_networks import NETWORKS, SINGLE_BLOCKS, V2, VIT, network, pictures

MEAN_VIT = replace(VIT, name="mean vit", n_prefix=0)
ALL = NETWORKS | {"mean vit": MEAN_VIT}


@pytest.fixture(scope="module", params=ALL)
def looked(request):
    """(model, images, what was seen of them)."""
    model, images = network(ALL[request.param]), pictures(ALL[request.param], 3)
    return model, images, look(model, images)


def ranks(plane: torch.Tensor) -> torch.Tensor:
    return plane.flatten().argsort().argsort().double()


def likeness(one: torch.Tensor, other: torch.Tensor) -> float:
    """Rank correlation (Spearman's)."""
    return float(torch.corrcoef(torch.stack([ranks(one), ranks(other)]))[0, 1])


def signed(stage) -> torch.Tensor:
    return (stage.features * stage.gradient).sum(dim=1)


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_the_same_in_another_precision(looked, method):
    model, images, seen = looked
    double = look(copy.deepcopy(model).double(), images.double(), seen.classes)
    for one, other in zip(METHODS[method](seen), METHODS[method](double), strict=True):
        for a, b in zip(one, other, strict=True) if one is not None else ():
            some = b > 0  # places that are cut to 0 have no order
            assert likeness(a[some], b[some]) > 0.99
            assert float((a - b).abs().max()) < 1e-3 * float(b.max())


@pytest.mark.parametrize("method", METHODS)
def test_no_map_is_blank_or_flat(looked, method):
    for plane in METHODS[method](looked[2]):
        for one in plane if plane is not None else ():
            assert float(one.max()) > 0
            assert float(one.max() - one.min()) > 0.01 * float(one.max())


def test_what_features_add_up_to_is_far_above_the_rounding_of_its_parts(looked):
    for stage in looked[2].stages:
        parts = (stage.features * stage.gradient).abs().sum(dim=1).mean(dim=(1, 2))
        assert (signed(stage).abs().mean(dim=(1, 2)) > 0.02 * parts).all()


def test_held_networks_answer_the_same(looked):
    model, images, seen = looked
    torch.testing.assert_close(attribution.held.held(model)(images), seen.logits, atol=1e-5, rtol=1e-4)


def test_the_scale_of_the_logits_does_not_change_where_a_rollout_leads(looked):
    model, images, seen = looked
    louder = copy.deepcopy(model)
    for name, values in louder.named_parameters():
        if "head." in name:
            values.mul_(10)
    again = look(louder, images, seen.classes)
    for one, other in zip(METHODS["gradient rollout"](seen), METHODS["gradient rollout"](again), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("config", [V2, MEAN_VIT, SINGLE_BLOCKS], ids=lambda config: config.name)
def test_without_gelu_and_biases_features_add_up_to_the_logit(config):
    """What all places of the last stage add, and CLS, is the answer itself: nothing is lost on the way."""
    model, images = network(config), pictures(config)
    for name, values in model.named_parameters():
        if name.endswith("bias"):
            values.zero_()
    for block in (block for stage in model.stages for block in stage.blocks):
        block.mlp.narrow.weight.zero_()
    seen = look(model, images)
    if config.n_prefix:
        return  # CLS adds its own part, which has no place
    chosen = seen.logits.gather(1, seen.classes[:, None])[:, 0]
    torch.testing.assert_close(signed(seen.stages[-1]).sum(dim=(1, 2)), chosen, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("config", [V2, MEAN_VIT, get_config("flexi_pvt", image_size=64)], ids=lambda c: c.name)
@pytest.mark.parametrize("place", [(0.2, 0.7), (0.6, 0.3)])
def test_a_planted_feature_that_decides_the_answer_lights_up(config, place):
    """One channel is 0 everywhere but at one place, and the head of one class hears that channel alone."""
    model = build_model(config).requires_grad_(False)
    last, shape = model.stages[-1], config.shapes()[-1]
    h, w = shape.grid
    row, column = int(place[0] * h), int(place[1] * w)
    at = shape.n_prefix + row * w + column
    start = (last.blocks[-2] if len(last.blocks) > 1 else last.tokens) if shape.n_prefix else last.norm
    if shape.n_prefix:  # CLS takes over what it looks at, as it is
        attention = last.blocks[-1].attention
        for layer in (attention.value, attention.project):
            layer.weight.copy_(torch.eye(shape.dim))
        last.blocks[-1].mlp.narrow.weight.zero_()
    model.head.weight.zero_()
    model.head.weight[1, 3] = 5.0

    def plant(_module, _args, output):
        planted = output.clone()
        planted[:, :, 3] = 0
        planted[:, at, 3] = 20
        return planted

    start.register_forward_hook(plant)
    seen = look(model, torch.randn(1, 3, *config.image_hw), torch.tensor([1]))
    plane = METHODS["gradient × activation"](seen)[-1][0]
    assert divmod(int(plane.argmax()), w) == (row, column)
    assert float(plane.max()) > 2 * float(plane.flatten().sort().values[-2])


def test_a_network_without_a_head_has_nothing_to_follow_back():
    model = build_model(replace(SINGLE_BLOCKS, num_classes=0))
    with pytest.raises(ValueError, match="without a head has no answer"):
        look(model, pictures(SINGLE_BLOCKS))
