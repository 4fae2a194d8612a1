"""Weights at other p, R and sizes: what a resized kernel says of a resized patch, and a network that fits."""

import pytest
import torch
from einops import rearrange
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from pvt_viz import PVTConfig, build_model, get_config
from pvt_viz.models import PVT
from pvt_viz.models.attention import SpatialReduction
from pvt_viz.models.flexible import enlargement, refit, resize_kernel, resize_plane

LARGER = [(1, 2), (1, 7), (2, 3), (2, 4), (3, 4), (3, 8), (4, 6), (5, 16), (7, 8)]
SMALLER = [(new, old) for old, new in LARGER]


def resized(planes: Tensor, old: int, new: int) -> Tensor:
    """planes (batch, channel, h·old, w·old) -> (batch, channel, h·new, w·new), each old×old square on its own."""
    h = planes.shape[-2] // old
    squares = rearrange(planes, "b c (h p1) (w p2) -> (b h w) c p1 p2", p1=old, p2=old)
    squares = F.interpolate(squares, size=(new, new), mode="bilinear", align_corners=False)
    return rearrange(squares, "(b h w) c p1 p2 -> b c (h p1) (w p2)", b=len(planes), h=h)


def answers(weight: Tensor, patches: Tensor) -> Tensor:
    """weight (out, p·p·channel) and patches (n, channel, p, p) -> (n, out), as in the patch embedding."""
    return rearrange(patches, "n c p1 p2 -> n (p1 p2 c)") @ weight.T


@pytest.mark.parametrize("old, new", LARGER + SMALLER)
def test_the_matrix_of_enlargement_resizes_pictures(old, new, generator):
    picture = torch.randn(1, 1, old, old, generator=generator, dtype=torch.float64)
    expected = F.interpolate(picture, size=(new, new), mode="bilinear", align_corners=False)
    assert enlargement(old, new).shape == (new**2, old**2)
    torch.testing.assert_close(enlargement(old, new) @ picture.flatten(), expected.flatten())


@pytest.mark.parametrize("old, new", LARGER)
def test_an_enlarged_kernel_says_of_an_enlarged_patch_what_the_old_one_said_of_the_patch(old, new, generator):
    weight = torch.randn(5, old**2 * 3, generator=generator)
    patches = torch.randn(20, 3, old, old, generator=generator)
    larger = resize_kernel(weight, old, new)
    assert larger.shape == (5, new**2 * 3)
    torch.testing.assert_close(
        answers(larger, resized(patches, old, new)), answers(weight, patches), atol=1e-4, rtol=1e-4
    )


@given(st.integers(1, 8), st.integers(1, 5), st.integers(1, 3), st.integers(0, 999))
def test_the_same_holds_for_any_sizes_and_channels(old, more, channels, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(2, old**2 * channels, generator=generator)
    patches = torch.randn(4, channels, old, old, generator=generator)
    said = answers(resize_kernel(weight, old, old + more), resized(patches, old, old + more))
    torch.testing.assert_close(said, answers(weight, patches), atol=1e-3, rtol=1e-3)


def expected_error(new_kernel: Tensor, kernel: Tensor, old: int, new: int) -> Tensor:
    """Of (⟨w', B x⟩ - ⟨w, x⟩)², over patches x of independent numbers of variance 1."""
    return (enlargement(old, new).T @ new_kernel - kernel).square().sum()


def test_the_expected_error_is_the_one_that_many_patches_have(generator):
    kernel, smaller = (torch.randn(n, generator=generator, dtype=torch.float64) for n in (36, 9))
    patches = torch.randn(50_000, 1, 6, 6, generator=generator, dtype=torch.float64)
    error = answers(smaller[None], resized(patches, 6, 3)) - answers(kernel[None], patches)
    assert error.square().mean() == pytest.approx(expected_error(smaller, kernel, 6, 3).item(), rel=0.03)


@pytest.mark.parametrize("old, new", SMALLER)
def test_no_smaller_kernel_comes_nearer_to_what_the_old_one_said(old, new, generator):
    weight = torch.randn(1, old**2, generator=generator)
    smaller = resize_kernel(weight, old, new)[0].double()
    kernel = weight[0].double()
    least = expected_error(smaller, kernel, old, new)
    assert least > 0.01
    for scale in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(25):
            aside = torch.randn(new**2, generator=generator, dtype=torch.float64) * scale
            assert expected_error(smaller + aside, kernel, old, new) > least
    best = torch.linalg.lstsq(enlargement(old, new).T, kernel[:, None]).solution[:, 0]
    torch.testing.assert_close(smaller, best, atol=1e-5, rtol=1e-5)


def test_enlarged_and_shrunk_again_a_kernel_is_what_it_was(generator):
    weight = torch.randn(3, 4 * 4 * 2, generator=generator)
    spread = resize_kernel(weight, 4, 8)
    assert not torch.equal(spread, weight)
    kernel = rearrange(spread, "out (n c) -> n (out c)", n=64)
    back = enlargement(4, 8).T.float() @ kernel
    torch.testing.assert_close(rearrange(back, "n (out c) -> out (n c)", out=3), weight, atol=1e-5, rtol=1e-5)


def test_channels_are_resized_apart(generator):
    weight = torch.randn(3, 16, 2, generator=generator)
    both = resize_kernel(weight.flatten(1), 4, 6).view(3, 36, 2)
    for channel in range(2):
        torch.testing.assert_close(both[..., channel], resize_kernel(weight[..., channel].contiguous(), 4, 6))


def test_at_the_same_size_it_is_the_very_same_tensor():
    weight, position = torch.randn(3, 4 * 4 * 2), torch.randn(1, 3, 5, 7)
    assert resize_kernel(weight, 4, 4) is weight
    assert resize_plane(position, (5, 7)) is position


@pytest.mark.parametrize("old, new", [(3, 5), (5, 3), (1, 4), (4, 1)])
def test_gradients_come_back_to_the_kernel_that_is_kept(old, new, generator):
    weight = torch.randn(2, old**2 * 3, generator=generator, requires_grad=True)
    upstream = torch.randn(2, new**2 * 3, generator=generator)
    (resize_kernel(weight, old, new) * upstream).sum().backward()
    # Resizing is linear: its gradient must weigh any direction as resizing that direction does.
    for _ in range(5):
        direction = torch.randn(weight.shape, generator=generator)
        along = (resize_kernel(direction, old, new) * upstream).sum()
        torch.testing.assert_close((weight.grad * direction).sum(), along, atol=1e-4, rtol=1e-4)
    assert weight.grad.flatten(1).any(dim=1).all()


def test_gradients_of_a_refitted_network_reach_every_kernel_that_it_uses(generator):
    old = small(reductions=(4, 2), patch_sizes=(4, 2))
    new = small(reductions=(2, 3), patch_sizes=(2, 3))
    state = {name: values.clone().requires_grad_() for name, values in build_model(old).state_dict().items()}
    images = torch.randn(2, 3, 48, 48, generator=generator)
    torch.func.functional_call(fitting(new), refit(state, old, new), (images,)).square().sum().backward()
    unused = {
        name for name, values in state.items() if values.numel() and (values.grad is None or not values.grad.any())
    }
    assert all("key.bias" in name for name in unused), unused  # which adds the same to every score of a query


def small(**fields) -> PVTConfig:
    shared = {"name": "small", "image_size": 48, "num_classes": 5, "depths": (1, 2), "heads": (1, 2)}
    return PVTConfig(**shared | {"dims": (6, 8), "mlp_ratios": (2, 2)} | fields)


def fitting(config: PVTConfig, state: dict[str, Tensor] | None = None) -> PVT:
    with torch.device("meta"):
        model = PVT(config).eval()
    if state is not None:
        model.load_state_dict(state, strict=True, assign=True)
    return model


@st.composite
def settings(draw, stages: int) -> dict:
    """p, R and a picture size that go together, for so many stages."""
    patch_sizes = tuple(draw(st.integers(1, 4)) for _ in range(stages))
    covered = 1
    for p in patch_sizes:
        covered *= p
    image_size = tuple(draw(st.integers(1, 3)) * covered + draw(st.integers(0, 5)) for _ in range(2))
    grid, reductions = image_size, []
    for p in patch_sizes:
        grid = tuple(side // p for side in grid)
        reductions.append(draw(st.integers(1, min(4, *grid))))
    return {"patch_sizes": patch_sizes, "reductions": tuple(reductions), "image_size": image_size}


@st.composite
def pairs(draw) -> tuple[PVTConfig, PVTConfig]:
    stages = draw(st.integers(1, 3))
    heads = tuple(draw(st.integers(1, 2)) for _ in range(stages))
    shared = {
        "name": "random",
        "dims": tuple(h * draw(st.integers(1, 3)) for h in heads),
        "depths": tuple(draw(st.integers(1, 2)) for _ in range(stages)),
        "heads": heads,
        "mlp_ratios": (1,) * stages,
        "num_classes": 5,
    }
    return tuple(PVTConfig(**shared, **draw(settings(stages))) for _ in range(2))


@given(pairs())
def test_refitted_weights_are_those_that_the_other_network_wants(both):
    old, new = both
    state = build_model(old).state_dict()
    fitted = refit(state, old, new)
    wanted = fitting(new).state_dict()
    assert {name: values.shape for name, values in fitted.items()} == {n: v.shape for n, v in wanted.items()}
    assert all(values.dtype == torch.float32 for values in fitted.values())
    height, width = new.image_hw
    with torch.no_grad():
        logits = fitting(new, fitted)(torch.ones(1, 3, height, width))
    assert logits.shape == (1, 5)
    assert logits.isfinite().all()


@given(pairs())
def test_refitting_leaves_the_weights_it_is_given_alone(both):
    old, new = both
    state = build_model(old).state_dict()
    before = {name: values.clone() for name, values in state.items()}
    refit(state, old, new)
    assert list(state) == list(before)
    assert all(torch.equal(values, before[name]) for name, values in state.items())


@given(pairs())
def test_what_no_setting_touches_is_passed_on(both):
    old, new = both
    state = build_model(old).state_dict()
    fitted = refit(state, old, new)
    for name, values in state.items():
        if "attention.reduce" not in name and not name.endswith(("embed.project.weight", "embed.position")):
            assert fitted[name] is values


@given(pairs())
def test_refitting_to_the_same_configuration_changes_nothing(both):
    old, _ = both
    state = build_model(old).state_dict()
    fitted = refit(state, old, old)
    assert fitted.keys() == state.keys()
    assert all(fitted[name] is state[name] for name in state)


@pytest.mark.parametrize("before, after", [((1, 1), (3, 2)), ((4, 2), (1, 1)), ((4, 1), (1, 2))])
def test_folds_come_and_go_with_reduction_ratios_above_one(before, after):
    old, new = small(patch_sizes=(4, 2), reductions=before), small(patch_sizes=(4, 2), reductions=after)
    fitted = refit(build_model(old).state_dict(), old, new)
    folded = {int(name.split(".")[1]) for name in fitted if "attention.reduce" in name}
    assert folded == {i for i, r in enumerate(after) if r > 1}
    fitting(new, fitted)


def reduce_of(config: PVTConfig, state: dict[str, Tensor], stage: int) -> SpatialReduction:
    return fitting(config, state).stages[stage].blocks[0].attention.reduce


def projected(reduce: SpatialReduction, planes: Tensor) -> Tensor:
    """planes (batch, channel, h, w) -> (batch, channel, h', w'): what the fold makes of them before its norm."""
    seen = []
    reduce.projected.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        reduce(rearrange(planes, "b c h w -> b h w c"))
    return rearrange(seen[0], "b h w c -> b c h w")


@pytest.mark.parametrize("reduction", [2, 3, 5, 12])
def test_where_there_was_no_fold_it_is_the_mean_of_its_tokens(reduction, generator):
    old = small(patch_sizes=(4, 2), reductions=(1, 1))
    new = small(patch_sizes=(4, 2), reductions=(reduction, 1))
    reduce = reduce_of(new, refit(build_model(old).state_dict(), old, new), 0)
    planes = torch.randn(2, 6, 12, 12, generator=generator)
    torch.testing.assert_close(projected(reduce, planes), F.avg_pool2d(planes, reduction), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("reduction", [2, 3])
def test_a_fold_that_was_not_there_norms_as_a_fresh_one_does(reduction, generator):
    old = small(patch_sizes=(4, 2), reductions=(1, 1))
    new = small(patch_sizes=(4, 2), reductions=(reduction, 1))
    reduce = reduce_of(new, refit(build_model(old).state_dict(), old, new), 0)
    planes = torch.randn(1, 12, 12, 6, generator=generator)
    with torch.no_grad():
        reduced = reduce(planes)
    torch.testing.assert_close(reduced.mean(dim=-1), torch.zeros(reduced.shape[:-1]), atol=1e-5, rtol=0)
    torch.testing.assert_close(reduced.std(dim=-1, correction=0), torch.ones(reduced.shape[:-1]), atol=0.01, rtol=0)


def test_a_larger_fold_says_of_enlarged_squares_what_the_old_one_said(generator):
    old, new = small(patch_sizes=(2, 2), reductions=(4, 2)), small(patch_sizes=(2, 2), reductions=(6, 3))
    state = build_model(old).state_dict()
    fitted = refit(state, old, new)
    for stage, dim, r, larger in ((0, 6, 4, 6), (1, 8, 2, 3)):
        planes = torch.randn(2, dim, 3 * r, 2 * r, generator=generator)
        torch.testing.assert_close(
            projected(reduce_of(new, fitted, stage), resized(planes, r, larger)),
            projected(reduce_of(old, state, stage), planes),
            atol=1e-4,
            rtol=1e-4,
        )


def test_larger_patches_make_of_an_enlarged_picture_the_same_tokens(generator):
    old, new = small(patch_sizes=(4, 2), reductions=(2, 2)), small(patch_sizes=(6, 2), reductions=(2, 2), image_size=72)
    state = build_model(old).state_dict()
    images = torch.randn(2, 3, 48, 48, generator=generator)
    with torch.no_grad():
        said = fitting(old, state)(images)
        again = fitting(new, refit(state, old, new))(resized(images, 4, 6))
    torch.testing.assert_close(again, said, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [24, (48, 64), (90, 33)])
def test_refitted_to_another_picture_size_it_answers_as_the_old_one_does_there(size, generator):
    old = small(patch_sizes=(4, 2), reductions=(2, 2))
    new = small(patch_sizes=(4, 2), reductions=(2, 2), image_size=size)
    state = build_model(old).state_dict()
    images = torch.randn(1, 3, *new.image_hw, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(fitting(new, refit(state, old, new))(images), fitting(old, state)(images))


@pytest.mark.parametrize("grid", [(3, 5), (8, 8), (12, 7)])
def test_positions_keep_their_order_and_their_range_on_another_grid(grid):
    old = small(patch_sizes=(8, 1), reductions=(1, 1))
    new = small(patch_sizes=(8, 1), reductions=(1, 1), image_size=tuple(8 * side for side in grid))
    state = build_model(old).state_dict()
    rows = torch.linspace(-1, 1, 6)[None, None, :, None].expand(1, 6, 6, 6)
    fitted = refit(state | {"stages.0.embed.position": rows}, old, new)["stages.0.embed.position"]
    assert fitted.shape == (1, 6, *grid)
    assert (fitted.diff(dim=2) > 0).all()
    torch.testing.assert_close(fitted.diff(dim=3), torch.zeros(1, 6, grid[0], grid[1] - 1))
    torch.testing.assert_close(fitted.flip(2), -fitted)
    assert -1 <= fitted.min() < -0.5
    assert 0.5 < fitted.max() <= 1


def test_refitted_weights_stay_on_the_device_of_those_they_come_from():
    old = small(patch_sizes=(4, 2), reductions=(1, 2))
    new = small(patch_sizes=(2, 3), reductions=(3, 1), image_size=60)
    state = fitting(old).state_dict()
    elsewhere = {name for name, values in refit(state, old, new).items() if values.device.type != "meta"}
    assert elsewhere == set()


def test_a_plain_vit_is_refitted_too():
    old = get_config("scene_vit", dims=(8,), heads=(2,), depths=(1,), image_size=32)
    new = get_config("scene_vit", dims=(8,), heads=(2,), depths=(1,), image_size=(48, 36), patch_sizes=(12,))
    fitted = refit(build_model(old).state_dict(), old, new)
    assert fitting(new, fitted)(torch.zeros(1, 3, 48, 36)).shape == (1, 10)
