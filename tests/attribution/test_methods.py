"""Attribution: what is looked at is what the network did, and each method and score is what its formula says."""

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

import small_networks
from configs import small_configs
from pvt_viz import build_model, trace
from pvt_viz.attribution import METHODS, look
from pvt_viz.attribution.compare import common_weight
from pvt_viz.attribution.look import BlockLook
from pvt_viz.attribution.pyramid import to_children, unfold
from pvt_viz.config import PVTConfig, PVTv2Config
from pvt_viz.models.tap import twin
from small_networks import (
    FLOORS,
    LINEAR,
    NETWORKS,
    SINGLE_BLOCKS,
    V2,
    hooks,
    network,
    pictures,
)

floors = small_networks.floors


def answering(config: PVTConfig, queries: int) -> list[float]:
    """What each token of the last stage has of the answer."""
    if not config.n_prefix:
        return [1 / queries] * queries
    return [0.5, 0.5, *[0.0] * (queries - 2)] if config.distilled else [1.0, *[0.0] * (queries - 1)]


@pytest.fixture(scope="module", params=NETWORKS)
def looked(request):
    """(model, images, what was seen of them)."""
    model, images = network(NETWORKS[request.param]), pictures(NETWORKS[request.param])
    return model, images, look(model, images)


def test_the_maps_are_those_of_a_trace(looked):
    model, images, seen = looked
    traced = trace(model, images)
    torch.testing.assert_close(seen.logits, traced.logits, atol=1e-5, rtol=1e-5)
    for stage, other in zip(seen.stages, traced.stages, strict=True):
        assert stage.shape == other.shape
        for block, twin_of_it in zip(stage.blocks, other.blocks, strict=True):
            torch.testing.assert_close(block.attention, twin_of_it.attention)
            assert block.gradient.shape == block.attention.shape
    for stage, other in zip(seen.stages[:-1], traced.stages[:-1], strict=True):
        torch.testing.assert_close(stage.features, other.feature_map)


def test_looking_leaves_the_model_and_the_pictures_as_they_were():
    model, images = build_model(FLOORS), pictures(FLOORS)
    with torch.no_grad():
        before = model(images)
        seen = look(model, images)
        assert torch.equal(model(images), before)
    assert hooks(model) == 0
    assert not images.requires_grad
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    for stage in seen.stages:
        kept = [
            stage.features,
            stage.gradient,
            *(b.attention for b in stage.blocks),
            *(b.gradient for b in stage.blocks),
        ]
        assert not any(tensor.requires_grad for tensor in kept)


def test_the_models_own_answer_is_looked_for_unless_a_class_is_named(floors):
    images = pictures(FLOORS)
    own = look(floors, images)
    assert torch.equal(own.classes, own.logits.argmax(dim=1))
    named = torch.tensor([(int(c) + 1) % 5 for c in own.classes])
    other = look(floors, images, named)
    assert torch.equal(other.classes, named)
    assert torch.equal(other.stages[0].blocks[0].attention, own.stages[0].blocks[0].attention)
    assert not torch.allclose(other.stages[0].blocks[0].gradient, own.stages[0].blocks[0].gradient)


def test_gradients_of_the_maps_are_finite_differences_of_the_logit_with_the_rest_held(generator):
    config = SINGLE_BLOCKS
    model = network(config).double()
    images, classes = pictures(config).double(), torch.tensor([3, 1])
    seen = look(model, images, classes)
    step = 1e-4
    deviations, maps = [], {}

    def deviation(x, eps):
        return (x.var(dim=-1, unbiased=False, keepdim=True) + eps).sqrt()

    watched = twin(model)
    for module in watched.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.register_forward_hook(lambda norm, args, _output: deviations.append(deviation(args[0], norm.eps)))
    for i, stage in enumerate(watched.stages):
        for j, block in enumerate(stage.blocks):
            block.attention.map.register_forward_hook(lambda _m, _a, output, at=(i, j): maps.update({at: output}))
    watched(images)

    def nudged(i: int, j: int, place: tuple[int, ...], by: float) -> torch.Tensor:
        changed, left = twin(model), iter(deviations)

        def same_deviation(norm, args, _output):
            return (args[0] - args[0].mean(dim=-1, keepdim=True)) / next(left) * norm.weight + norm.bias

        for module in changed.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.register_forward_hook(same_deviation)
        for at, kept in maps.items():
            changed.stages[at[0]].blocks[at[1]].attention.map.register_forward_hook(lambda *_, kept=kept: kept)

        def nudge(_module, _args, output):
            output = output.clone()
            output[place] += by
            return output

        changed.stages[i].blocks[j].attention.map.register_forward_hook(nudge)
        return changed(images)

    for i, stage in enumerate(seen.stages):
        for j, block in enumerate(stage.blocks):
            for turn in range(8):
                place = [int(torch.randint(side, (), generator=generator)) for side in block.attention.shape]
                if i == len(seen.stages) - 1 and turn % 2:
                    place[2] = 0  # CLS's own row: the others of the very last block lead nowhere
                picture = place[0]
                up, down = (nudged(i, j, tuple(place), by)[:, classes[picture]] for by in (step, -step))
                slope = (up - down) / (2 * step)
                expected = torch.zeros(2, dtype=torch.float64)
                expected[picture] = block.gradient[tuple(place)]
                torch.testing.assert_close(slope, expected, atol=1e-7, rtol=1e-5)
    assert seen.stages[-1].blocks[-1].gradient[:, :, 0].abs().min() > 0
    assert seen.stages[-1].blocks[-1].gradient[:, :, 1:].abs().max() == 0


def test_pictures_of_a_batch_do_not_touch_each_other(floors):
    images = pictures(FLOORS, 3)
    together = look(floors, images)
    for i in range(3):
        alone = look(floors, images[i : i + 1])
        for stage, other in zip(together.stages, alone.stages, strict=True):
            torch.testing.assert_close(stage.features[i : i + 1], other.features, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(stage.gradient[i : i + 1], other.gradient, atol=1e-5, rtol=1e-4)
            for block, single in zip(stage.blocks, other.blocks, strict=True):
                torch.testing.assert_close(block.attention[i : i + 1], single.attention, atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(block.gradient[i : i + 1], single.gradient, atol=1e-5, rtol=1e-4)
        for method in METHODS.values():
            for whole, part in zip(method(together), method(alone), strict=True):
                if whole is not None:
                    torch.testing.assert_close(whole[i : i + 1], part, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_every_map_has_the_grid_of_its_stage(looked, name):
    _, images, seen = looked
    planes = METHODS[name](seen)
    for plane, stage in zip(planes, seen.stages, strict=True):
        if plane is not None:
            assert plane.shape == (len(images), *stage.shape.grid)
            assert bool(plane.isfinite().all())
            assert plane.min() >= 0
    missing = [plane is None for plane in planes]
    assert missing == [name == "raw" and i < len(planes) - 1 for i in range(len(planes))]


def test_every_token_has_its_part_in_the_answer(looked):
    model, _, seen = looked
    assert seen.answering.tolist() == pytest.approx(answering(model.config, seen.stages[-1].shape.queries))


def slow_taps(model, i: int, j: int, r: int) -> list[list[float]]:
    if r == 1:
        return [[1.0]]
    weight = model.stages[i].blocks[j].attention.reduce.project.weight.double()
    dim = weight.shape[0]
    norms = [[float(weight[:, (y * r + x) * dim :][:, :dim].norm()) for x in range(r)] for y in range(r)]
    total = sum(map(sum, norms))
    return [[norm / total for norm in row] for row in norms]


def slow_unfolding(model, i: int, j: int, shape) -> torch.Tensor:
    """(key, token), prefix tokens first: what a key's weight comes to on every token."""
    (h, w), r, n = shape.grid, shape.reduction, shape.n_prefix
    matrix = torch.zeros(shape.keys, shape.queries, dtype=torch.float64)
    matrix[:n, :n] = torch.eye(n)
    if shape.pool:  # a token's part in a key is how much the key changes with it
        tokens = torch.eye(h * w, dtype=torch.float64).view(h * w, 1, h, w)
        matrix[n:, n:] = torch.nn.functional.adaptive_avg_pool2d(tokens, shape.pool).view(h * w, -1).T
        return matrix
    taps = slow_taps(model, i, j, r)
    for key in range(shape.reduced_tokens):
        row, column = divmod(key, w // r)
        for y in range(r):
            for x in range(r):
                matrix[n + key, n + (row * r + y) * w + column * r + x] = taps[y][x]
    return matrix


def slow_children(shape, below) -> torch.Tensor:
    """(token, token below): even parts of what its patch embedding reads, padding left out."""
    matrix = torch.zeros(shape.tokens, below.tokens, dtype=torch.float64)
    for token in range(shape.tokens):
        row, column = divmod(token, shape.grid[1])
        lead = shape.window - shape.patch_size  # as much padding stands above and to the left
        read = [
            y * below.grid[1] + x
            for y in range(row * shape.patch_size - lead, row * shape.patch_size - lead + shape.window)
            for x in range(column * shape.patch_size - lead, column * shape.patch_size - lead + shape.window)
            if 0 <= y < below.grid[0] and 0 <= x < below.grid[1]
        ]
        matrix[token, read] = 1 / len(read)
    return matrix


def slow_descent(model, seen, step) -> list[torch.Tensor]:
    """Per stage (batch, h, w), from N×N matrices that are written out: `step(picture, i, j)` is (query, key)."""
    top = seen.stages[-1].shape
    planes = [[] for _ in seen.stages]
    for picture in range(len(seen.logits)):
        mass = torch.tensor(answering(model.config, top.queries), dtype=torch.float64)
        for i in reversed(range(len(seen.stages))):
            shape = seen.stages[i].shape
            for j in reversed(range(shape.depth)):
                kept, mixed = step(picture, i, j)
                back = mixed @ slow_unfolding(model, i, j, shape)
                mass = mass @ (kept * torch.eye(shape.queries, dtype=torch.float64) + back)
            plane = mass[shape.n_prefix :]
            plane = plane / plane.sum()
            planes[i].append(plane.view(shape.grid))
            if i:
                mass = plane @ slow_children(shape, seen.stages[i - 1].shape)
    return [torch.stack(some).float() for some in planes]


def test_rollout_equals_one_with_full_matrices(looked):
    model, images, seen = looked
    traced = trace(model, images)

    def step(picture, i, j):
        return 0.5, 0.5 * traced.stages[i].blocks[j].attention[picture].double().mean(dim=0)

    for plane, expected in zip(METHODS["rollout"](seen), slow_descent(model, seen, step), strict=True):
        torch.testing.assert_close(plane, expected, atol=1e-6, rtol=1e-4)


def test_gradient_rollout_equals_one_with_full_matrices(looked):
    model, _, seen = looked

    def useful(picture, block):
        product = (block.attention[picture] * block.gradient[picture]).double()
        return torch.where(product > 0, product, 0).mean(dim=0)

    def step(picture, i, j):
        blocks = [block for stage in seen.stages for block in stage.blocks]
        strongest = max(float(useful(picture, block).sum(dim=1).max()) for block in blocks)
        return 1.0, useful(picture, seen.stages[i].blocks[j]) / strongest

    for plane, expected in zip(METHODS["gradient rollout"](seen), slow_descent(model, seen, step), strict=True):
        torch.testing.assert_close(plane, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", ["rollout", "gradient rollout"])
def test_a_rollout_sums_to_one_at_every_stage(looked, name):
    for plane in METHODS[name](looked[2]):
        torch.testing.assert_close(plane.sum(dim=(1, 2)), torch.ones(len(plane)))
        assert plane.min() >= 0


def test_where_no_attention_would_raise_the_answer_gradient_rollout_is_still_a_map(floors):
    seen = look(floors, pictures(FLOORS))
    useless = tuple(
        replace(stage, blocks=tuple(replace(block, gradient=-block.gradient.abs()) for block in stage.blocks))
        for stage in seen.stages
    )
    for plane in METHODS["gradient rollout"](replace(seen, stages=useless)):
        assert bool(plane.isfinite().all())
        assert plane.min() >= 0


def test_gradient_rollout_tells_classes_apart_and_rollout_does_not(floors):
    images = pictures(FLOORS, 1)
    one, other = (look(floors, images, torch.tensor([c])) for c in (0, 1))
    assert torch.equal(METHODS["rollout"](one)[0], METHODS["rollout"](other)[0])
    assert not torch.allclose(METHODS["gradient rollout"](one)[0], METHODS["gradient rollout"](other)[0])


@given(small_configs(), st.integers(0, 2**32 - 1))
def test_no_mass_is_lost_between_keys_and_tokens_nor_between_stages(fields, seed):
    try:
        shapes = PVTConfig(**fields).shapes()
    except ValueError:
        assume(False)
    generator = torch.Generator().manual_seed(seed)
    for below, shape in zip((None, *shapes), shapes, strict=False):
        n, r, (h, w) = shape.n_prefix, shape.reduction, shape.grid
        taps = torch.rand(r, r, generator=generator) + 0.01
        block = BlockLook(attention=torch.empty(0), gradient=torch.empty(0), taps=taps / taps.sum())
        mass = torch.rand(2, shape.keys, generator=generator)
        tokens = unfold(mass, block, shape)
        assert tokens.shape == (2, shape.queries)
        torch.testing.assert_close(tokens.sum(dim=1), mass.sum(dim=1))
        assert torch.equal(tokens[:, :n], mass[:, :n])
        plane = tokens[:, n:].view(2, h, w)
        torch.testing.assert_close(plane[:, :r, :r].sum(dim=(1, 2)), mass[:, n])
        assert plane[:, h // r * r :].sum() == plane[:, :, w // r * r :].sum() == 0
        if below is not None:
            children, p = to_children(plane, shape, below), shape.patch_size
            assert children.shape == (2, *below.grid)
            torch.testing.assert_close(children.sum(dim=(1, 2)), plane.sum(dim=(1, 2)))
            for row in range(below.grid[0]):
                for column in range(below.grid[1]):
                    inside = row < h * p and column < w * p
                    expected = plane[:, row // p, column // p] / p**2 if inside else torch.zeros(2)
                    torch.testing.assert_close(children[:, row, column], expected)


@given(small_configs(), st.booleans(), st.integers(0, 2**32 - 1))
def test_no_mass_is_lost_with_overlapping_patches_and_pools_either(fields, linear, seed):
    reductions = {"reductions": (1,) * len(fields["dims"])} if linear else {}
    try:
        shapes = PVTv2Config(**fields | reductions, linear=linear).shapes()
    except ValueError:
        assume(False)
    generator = torch.Generator().manual_seed(seed)
    for below, shape in zip((None, *shapes), shapes, strict=False):
        r = shape.reduction
        block = BlockLook(torch.empty(0), torch.empty(0), taps=None if linear else torch.full((r, r), 1 / r**2))
        mass = torch.rand(2, shape.keys, generator=generator)
        tokens = unfold(mass, block, shape)
        torch.testing.assert_close(tokens.sum(dim=1), mass.sum(dim=1))
        if linear:
            torch.testing.assert_close(tokens, (mass.double() @ slow_unfolding(None, 0, 0, shape)).float())
        if below is not None:
            children = to_children(tokens.view(2, *shape.grid), shape, below)
            torch.testing.assert_close(children.sum(dim=(1, 2)), tokens.sum(dim=1))
            expected = (tokens.double() @ slow_children(shape, below)).float()
            torch.testing.assert_close(children.flatten(1), expected)


@pytest.mark.parametrize("config", [V2, LINEAR, FLOORS], ids=lambda config: config.name)
def test_children_are_what_a_token_really_reads(config):
    model, shapes = network(config), config.shapes()
    for below, shape, stage in zip(shapes[:-1], shapes[1:], model.stages[1:], strict=True):
        children = slow_children(shape, below)
        plane = torch.randn(1, shape.in_channels, *below.grid, generator=torch.Generator().manual_seed(2))
        plane.requires_grad_()
        tokens = stage.embed(plane, shape.grid)[:, shape.n_prefix :]
        for token in range(shape.tokens):
            heard = torch.autograd.grad(tokens[0, token, 0], plane, retain_graph=True)[0][0].abs().sum(dim=0) > 0
            assert torch.equal(heard.flatten(), children[token] > 0)


def test_taps_are_shares_of_the_folds_weights(looked):
    model, _, seen = looked
    for i, stage in enumerate(seen.stages):
        for j, block in enumerate(stage.blocks):
            r = stage.shape.reduction
            assert (block.taps is None) == bool(stage.shape.pool)
            if stage.shape.pool:  # no place of a window counts for more
                continue
            assert block.taps.shape == (r, r)
            assert float(block.taps.sum()) == pytest.approx(1, abs=1e-6)
            torch.testing.assert_close(block.taps, torch.tensor(slow_taps(model, i, j, r)))


@pytest.mark.parametrize("tap", [(0, 1), (1, 0), (2, 2)])
def test_a_tap_is_the_token_that_the_fold_listens_to(floors, tap):
    model = copy.deepcopy(floors)
    reduce = model.stages[0].blocks[0].attention.reduce
    plane = torch.zeros(1, 3, 3, 6, requires_grad=True)
    with torch.no_grad():
        dim, at = 6, tap[0] * 3 + tap[1]
        reduce.project.weight[:, : at * dim] = 0
        reduce.project.weight[:, (at + 1) * dim :] = 0
    heard = torch.autograd.grad(reduce.project(plane.reshape(1, -1)).square().sum(), plane)[0].abs().sum(dim=(0, 3))
    assert heard.nonzero().tolist() == [list(tap)]
    taps = look(model, pictures(FLOORS, 1)).stages[0].blocks[0].taps
    assert taps.nonzero().tolist() == [list(tap)]
    assert taps[tap] == 1


def test_without_a_fold_every_key_is_its_token(generator):
    shape = FLOORS.shapes()[1].with_reduction(1)
    seen = look(network(SINGLE_BLOCKS), pictures(SINGLE_BLOCKS)).stages[1]
    assert seen.shape.reduction == 1
    assert all(torch.equal(block.taps, torch.ones(1, 1)) for block in seen.blocks)
    mass = torch.rand(2, shape.queries, generator=generator)
    assert torch.equal(unfold(mass, seen.blocks[0], shape), mass)


def test_raw_is_the_row_of_what_answers_spread_over_footprints(looked):
    model, images, seen = looked
    plane = METHODS["raw"](seen)[-1]
    block = trace(model, images).stages[-1].blocks[-1]
    n, stride = block.shape.n_prefix, block.shape.stride
    weights = torch.tensor(answering(model.config, block.shape.queries))
    row = (block.attention.mean(dim=1) * weights[:, None]).sum(dim=1)
    torch.testing.assert_close(plane.sum(dim=(1, 2)), 1 - row[:, :n].sum(dim=1))
    drawn = plane.repeat_interleave(stride, dim=1).repeat_interleave(stride, dim=2) / stride**2
    expected = torch.zeros_like(drawn)
    for key in range(n, block.shape.keys):
        top, left, bottom, right = block.footprint(key)
        share = row[:, key, None, None] / ((bottom - top) * (right - left))
        expected[:, top:bottom, left:right] += share
        if not block.shape.pool:  # the taps decide who gets how much of it, but not how much there is
            parts = (plot[:, top:bottom, left:right].sum(dim=(1, 2)) for plot in (drawn, expected))
            torch.testing.assert_close(*parts, atol=1e-5, rtol=1e-4)
    if block.shape.pool or block.shape.reduction == 1:
        torch.testing.assert_close(drawn, expected, atol=1e-6, rtol=1e-4)


class HeldNorm(nn.Module):
    """A LayerNorm whose deviation is a number that does not depend on its input."""

    def __init__(self, norm: nn.LayerNorm):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x):
        variance = x.detach().var(dim=-1, keepdim=True, unbiased=False)
        return (x - x.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + self.eps) * self.weight + self.bias


class HeldMap(nn.Module):
    """A map that does not depend on what it was made from."""

    listened = True

    def forward(self, attention):
        return attention.detach()


def with_constants(model):
    """A copy in which deviations and maps are constants, made by other modules in their places."""
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.LayerNorm):
                setattr(module, name, HeldNorm(child))
    for block in (block for stage in model.stages for block in stage.blocks):
        block.attention.map = HeldMap()
    return model


def test_gradient_times_activation_is_the_product_done_by_hand(looked):
    model, images, seen = looked
    model = with_constants(model)
    planes = METHODS["gradient × activation"](seen)
    shapes, n = model.config.shapes(), model.config.n_prefix
    below = images
    for i, (stage, shape) in enumerate(zip(model.stages, shapes, strict=True)):
        tokens, feature_map = stage(below, shape)
        if i < len(shapes) - 1:
            features = feature_map.detach().requires_grad_()
            above = features
            for later, its_shape in zip(model.stages[i + 1 :], shapes[i + 1 :], strict=True):
                tokens, above = later(above, its_shape)
        elif n:
            start = stage.embed(below, shape.grid)
            for block in stage.blocks[:-1]:
                start = block(start, shape.grid, n)
            features = start.detach().requires_grad_()
            tokens = stage.blocks[-1](features, shape.grid, n)
        else:
            features = feature_map.detach().requires_grad_()
            tokens = features.flatten(2).transpose(1, 2)
        tokens = model.norm(tokens)
        logits = model.head(tokens[:, 0] if n else tokens.mean(dim=1))
        if model.config.distilled:
            logits = (logits + model.distilled_head(tokens[:, 1])) / 2
        chosen = sum(logits[k, seen.classes[k]] for k in range(len(images)))
        product = features * torch.autograd.grad(chosen, features)[0]
        if i == len(shapes) - 1 and n:
            product = product[:, n:].transpose(1, 2).reshape(len(images), -1, *shape.grid)
        expected = product.detach().sum(dim=1)
        assert expected.min() < 0 < expected.max()
        torch.testing.assert_close(planes[i], torch.where(expected > 0, expected, 0), atol=1e-5, rtol=1e-3)
        below = feature_map


def slow_weights(block, picture: int = 0) -> torch.Tensor:
    """(query, n_prefix + N): each key's weight in even parts on its tokens."""
    shape = block.shape
    n, r, (h, w) = shape.n_prefix, shape.reduction, shape.grid
    attention = block.attention[picture].double().mean(dim=0)
    if shape.pool:
        return attention @ slow_unfolding(None, 0, 0, shape)
    spread = torch.zeros(shape.queries, n + h * w, dtype=torch.float64)
    spread[:, :n] = attention[:, :n]
    for token in range(h * w):
        row, column = token // w // r, token % w // r
        if row < h // r and column < w // r:
            spread[:, n + token] = attention[:, n + row * (w // r) + column] / r**2
    return spread


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("ratios", [(1, 2), (2, 3), (2, 4), (4, 6), (3, 3)])
def test_common_weight_is_what_two_maps_give_to_the_same_tokens(stage, ratios):
    reductions = [tuple(r if i == stage else 1 for i in (1, 2)) for r in ratios]
    models = [network(replace(FLOORS, reductions=some)) for some in reductions]
    one, other = (trace(model, pictures(FLOORS)).stages[stage - 1].blocks[0] for model in models)
    expected = torch.minimum(slow_weights(one), slow_weights(other)).sum(dim=1).mean()
    assert common_weight(one, other) == pytest.approx(float(expected), abs=1e-5)
    assert common_weight(other, one) == pytest.approx(float(expected), abs=1e-5)
    assert common_weight(one, one) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_fold_and_a_pool_have_a_common_weight_too(stage):
    fold, pool = (trace(network(config), pictures(config)).stages[stage - 1].blocks[0] for config in (V2, LINEAR))
    expected = torch.minimum(slow_weights(fold), slow_weights(pool)).sum(dim=1).mean()
    assert common_weight(fold, pool) == pytest.approx(float(expected), abs=1e-5)
    assert common_weight(pool, fold) == pytest.approx(float(expected), abs=1e-5)


def test_maps_of_different_grids_have_no_common_weight(floors):
    first, last = (stage.blocks[0] for stage in trace(floors, pictures(FLOORS)).stages)
    with pytest.raises(ValueError, match=r"\(13, 18\) and \(6, 9\)"):
        common_weight(first, last)
