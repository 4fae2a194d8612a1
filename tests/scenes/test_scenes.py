"""Drawn scenes: the truth is what the pixels show, and nothing but the cue's colour says which shape is meant."""

import colorsys
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from pvt_viz import scenes
from pvt_viz.scenes import CLASSES, COLOURS, TASKS, Scenes, generate
from pvt_viz.scenes.drawing import RIM
from pvt_viz.scenes.layout import Layout, sample
from pvt_viz.scenes.shapes import SHAPES

SIZES = [64, (64, 96), (96, 64)]
LAYOUTS = 4000


@pytest.fixture(scope="module")
def some() -> Scenes:
    return generate(40, 128, seed=7)


@pytest.fixture(scope="module")
def layout() -> Layout:
    return sample(LAYOUTS, (1.0, 1.0), torch.Generator().manual_seed(0), shapes=3, tags=3)


def same(a: Scenes, b: Scenes) -> bool:
    fields = ("images", "labels", "masks", "shape_map")
    return all(torch.equal(getattr(a, field), getattr(b, field)) for field in fields)


def one_sentence(message: str) -> bool:
    return "\n" not in message and message.endswith(".")


def pixels(drawn: Scenes) -> tuple[Tensor, Tensor]:
    """(H, 1) and (1, W): where the middle of every pixel is, in shorter sides."""
    height, width = drawn.images.shape[-2:]
    side = min(height, width)
    return (torch.arange(height) + 0.5)[:, None] / side, (torch.arange(width) + 0.5)[None, :] / side


def under_tags(drawn: Scenes) -> Tensor:
    """(scene, tag, H, W)."""
    y, x = pixels(drawn)
    centre = drawn.layout.tag_place[..., None, None]
    return torch.maximum((y - centre[:, :, 0]).abs(), (x - centre[:, :, 1]).abs()) < drawn.layout.tag_size


def inner(region: Tensor, margin: int) -> Tensor:
    """(scene, H, W): less than region by so many pixels all round."""
    return F.max_pool2d((~region).float()[:, None], 2 * margin + 1, 1, margin)[:, 0] == 0


def at(drawn: Scenes, places: Tensor) -> Tensor:
    """(scene, place, 3): the pixels at places (scene, place, 2)."""
    height, width = drawn.images.shape[-2:]
    row, column = (places * min(height, width)).long().unbind(-1)
    return drawn.images[torch.arange(len(places))[:, None], :, row, column]


def hue(colour: Tensor) -> float:
    return colorsys.rgb_to_hsv(*colour.tolist())[0]


def turn_between(one: float, other: float) -> float:
    return abs((one - other + 0.5) % 1 - 0.5)


def hue_of_shape(drawn: Scenes, scene: int, kind: int) -> float:
    inside = drawn.images[scene][:, drawn.shape_map[scene] == kind + 1]
    return hue(inside.median(dim=1).values)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_arguments_give_the_same_pixels_and_another_seed_others(task):
    one, again, other = generate(6, 64, 3, task=task), generate(6, 64, 3, task=task), generate(6, 64, 4, task=task)
    assert same(one, again)
    assert (one.images - other.images).abs().flatten(1).mean(dim=1).min() > 0.02


def test_drawing_leaves_the_random_numbers_of_everybody_else_alone():
    before = torch.random.get_rng_state()
    generate(2, 32)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_scenes_of_one_batch_differ(some):
    assert all((a - b).abs().mean() > 0.02 for a, b in pairwise(some.images))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_arrays_are_of_the_shape_and_kind_that_the_fields_say(task, size):
    drawn = generate(30, size, task=task)
    hw = (size, size) if isinstance(size, int) else size
    assert (drawn.images.shape, drawn.images.dtype) == ((30, 3, *hw), torch.float32)
    assert 0 <= drawn.images.min() < 0.3
    assert 0.7 < drawn.images.max() <= 1
    assert (drawn.labels.shape, drawn.labels.dtype) == ((30,), torch.int64)
    assert (drawn.masks.shape, drawn.masks.dtype) == ((30, *hw), torch.bool)
    assert (drawn.shape_map.shape, drawn.shape_map.dtype) == ((30, *hw), torch.int64)
    assert 0 == drawn.shape_map.min() < drawn.shape_map.max() <= len(CLASSES) == 10


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", TASKS)
def test_the_mask_is_where_the_map_holds_the_label_and_is_never_empty(task, size):
    drawn = generate(250, size, seed=11, task=task)
    answer = drawn.shape_map == drawn.labels[:, None, None] + 1
    assert torch.equal(drawn.masks, answer)
    assert drawn.masks.flatten(1).sum(dim=1).min() >= 50
    kinds = [len(held.unique()) - 1 for held in drawn.shape_map]
    assert kinds == [TASKS[task][0]] * 250


def test_the_answer_has_the_colour_of_the_tag_whose_rim_is_white(some):
    for i, cue in enumerate(at(some, some.layout.tag_place[:, :1])[:, 0]):
        label = some.labels[i].item()
        others = [kind for kind in some.layout.kind[i].tolist() if kind != label]
        assert len(others) == 2
        assert turn_between(hue(cue), hue_of_shape(some, i, label)) < 0.045
        assert min(turn_between(hue(cue), hue_of_shape(some, i, kind)) for kind in others) > 0.08


def test_every_tag_has_the_colour_of_another_shape(some):
    for i, tags in enumerate(at(some, some.layout.tag_place)):
        kinds = some.layout.kind[i].tolist()
        nearest = [min(kinds, key=lambda kind: turn_between(hue(tag), hue_of_shape(some, i, kind))) for tag in tags]
        assert sorted(nearest) == sorted(kinds)
        assert nearest[0] == some.labels[i]


def test_rims_are_white_around_the_cue_and_black_around_the_other_tags(some):
    out = some.layout.tag_size - RIM / 2
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 0.6), (0.3, 1)]
    for step in steps:
        rim = at(some, some.layout.tag_place + out * torch.tensor(step))
        assert rim[:, 0].min() > 0.99
        assert rim[:, 1:].max() < 0.01


def test_tasks_have_the_shapes_and_tags_that_they_say():
    for task, (shapes, tags) in TASKS.items():
        drawn = generate(5, 64, task=task)
        assert drawn.layout.kind.shape == (5, shapes)
        assert drawn.layout.tag_place.shape == (5, tags, 2)


def test_one_shape_alone_is_the_answer_and_has_no_white_rim_about():
    drawn = generate(50, 128, seed=2, task="single")
    assert torch.equal(drawn.masks, drawn.shape_map > 0)
    assert torch.equal(drawn.labels, drawn.layout.kind[:, 0])
    assert (drawn.images.amin(dim=1) < 0.99).all()
    assert (generate(50, 128, seed=2).images.amin(dim=1) > 0.99).flatten(1).any(dim=1).all()


def test_a_cue_alone_is_the_only_tag():
    drawn = generate(50, 128, seed=2, task="cue alone")
    assert (at(drawn, drawn.layout.tag_place + drawn.layout.tag_size - RIM / 2) > 0.99).all()
    colour = drawn.layout.colour.gather(1, drawn.layout.target[:, None])
    assert torch.equal(colour, drawn.layout.tag_colour)


def apart(one: Tensor, other: Tensor) -> float:
    """How far two samples' distributions lie apart, after Kolmogorov and Smirnov."""
    one, other = one.flatten().sort().values, other.flatten().sort().values
    every = torch.cat([one, other])
    below = [torch.searchsorted(part, every, right=True) / len(part) for part in (one, other)]
    return (below[0] - below[1]).abs().max().item()


def by_chance(one: Tensor, other: Tensor) -> float:
    """What samples of one distribution exceed once in a thousand times."""
    return 1.95 * math.sqrt(1 / one.numel() + 1 / other.numel())


def parted(layout: Layout, values: Tensor) -> tuple[Tensor, Tensor]:
    """Of values (scene, shape), those of the answers and those of the others."""
    answers = F.one_hot(layout.target, values.shape[1]).bool()
    return values[answers], values[~answers]


def test_a_difference_between_answers_and_others_would_be_seen(layout):
    answers, others = parted(layout, layout.radius)
    assert apart(answers + 0.004, others) > by_chance(answers, others)


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(lambda s: s.radius, id="radius"),
        pytest.param(lambda s: s.angle, id="angle"),
        pytest.param(lambda s: s.place[..., 0], id="y"),
        pytest.param(lambda s: s.place[..., 1], id="x"),
        pytest.param(lambda s: (s.place - 0.5).norm(dim=-1), id="distance from the middle"),
        pytest.param(lambda s: s.tint[..., 0], id="hue"),
        pytest.param(lambda s: s.tint[..., 1], id="saturation"),
        pytest.param(lambda s: s.tint[..., 2], id="value"),
        pytest.param(lambda s: s.kind.float(), id="kind"),
        pytest.param(lambda s: s.colour.float(), id="colour"),
        pytest.param(lambda s: torch.cdist(s.place, s.tag_place)[..., 0], id="distance from the cue"),
        pytest.param(lambda s: torch.cdist(s.place, s.tag_place).amin(dim=-1), id="distance from the nearest tag"),
        pytest.param(lambda s: torch.cdist(s.place, s.place).sum(dim=-1), id="distance from the other shapes"),
        pytest.param(lambda s: s.place[..., 0] - s.tag_place[:, :1, 0], id="below the cue"),
        pytest.param(lambda s: s.place[..., 1] - s.tag_place[:, :1, 1], id="to the right of the cue"),
    ],
)
def test_what_is_meant_shows_in_no(of, layout):
    answers, others = parted(layout, of(layout))
    assert len(answers) == LAYOUTS
    assert len(others) == 2 * LAYOUTS
    assert apart(answers, others) < by_chance(answers, others)
    error = math.sqrt(answers.var().item() / len(answers) + others.var().item() / len(others))
    assert abs(answers.mean() - others.mean()).item() < 4 * error


@pytest.mark.parametrize("tags", [1, 3])
def test_the_answer_is_drawn_first_second_or_last_equally_often(tags):
    drawn = sample(LAYOUTS, (1.0, 1.0), torch.Generator().manual_seed(1), shapes=3, tags=tags)
    often = drawn.target.bincount(minlength=3) / LAYOUTS
    assert (often - 1 / 3).abs().max() < 4 * math.sqrt(2 / 9 / LAYOUTS)


@pytest.mark.parametrize("shapes, tags", TASKS.values(), ids=TASKS)
def test_every_class_and_every_colour_is_the_answer_equally_often(shapes, tags):
    drawn = sample(LAYOUTS, (1.0, 1.0), torch.Generator().manual_seed(2), shapes=shapes, tags=tags)
    colour = drawn.colour.gather(1, drawn.target[:, None])[:, 0]
    for numbers, options in ((drawn.labels, len(CLASSES)), (colour, len(COLOURS))):
        often = numbers.bincount(minlength=options) / LAYOUTS
        assert len(often) == options
        assert (often - 1 / options).abs().max() < 4 * math.sqrt(1 / options / LAYOUTS)


def test_no_colour_goes_with_a_class(layout):
    together = torch.zeros(len(CLASSES), len(COLOURS))
    together.index_put_((layout.kind.flatten(), layout.colour.flatten()), torch.tensor(1.0), accumulate=True)
    often = together / together.sum()
    expected = 1 / often.numel()
    assert (often - expected).abs().max() < 4 * math.sqrt(expected / together.sum())


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(lambda place: place[..., 0], id="y"),
        pytest.param(lambda place: place[..., 1], id="x"),
        pytest.param(lambda place: (place - 0.5).norm(dim=-1), id="distance from the middle"),
    ],
)
def test_a_tag_with_a_white_rim_may_be_wherever_others_may(of, layout):
    cue, others = of(layout.tag_place[:, :1]), of(layout.tag_place[:, 1:])
    assert apart(cue, others) < by_chance(cue, others)


def test_a_white_rim_hardly_moves_a_tag():
    # The cue is set before the other tags, which find a little less room: seen in many scenes, and useless in one.
    tags = sample(20_000, (1.0, 1.0), torch.Generator().manual_seed(3), shapes=3, tags=3).tag_place
    out = (tags - 0.5).norm(dim=-1)
    assert apart(out[:, :1], out[:, 1:]) < 0.03
    assert abs(out[:, 0].mean() - out[:, 1:].mean()) < 0.01


@pytest.mark.parametrize("extent", [(1.0, 1.0), (1.0, 1.5), (2.0, 1.0)])
def test_things_stay_inside_and_hardly_ever_touch(extent):
    drawn = sample(LAYOUTS, extent, torch.Generator().manual_seed(4), shapes=3, tags=3)
    places = torch.cat([drawn.place, drawn.tag_place], dim=1)
    tags = torch.full(drawn.tag_place.shape[:2], drawn.tag_size)
    border = torch.cat([drawn.radius, tags], dim=1)[..., None]
    assert (places >= border).all()
    assert (places <= torch.tensor(extent) - border).all()
    round_about = torch.cat([drawn.radius, tags * math.sqrt(2)], dim=1)
    gap = torch.cdist(places, places) - round_about[:, :, None] - round_about[:, None]
    gap.diagonal(dim1=1, dim2=2).fill_(1)
    assert (gap < 0).flatten(1).any(dim=1).float().mean() < 0.04


@pytest.mark.parametrize("extent", [(1.0, 1.5), (2.0, 1.0)])
def test_things_are_set_all_over_the_picture(extent):
    place = sample(LAYOUTS, extent, torch.Generator().manual_seed(4), shapes=3, tags=3).place
    share = place / torch.tensor(extent)
    assert (share.flatten(0, 1).mean(dim=0) - 0.5).abs().max() < 0.02
    assert share.amin() < 0.2
    assert share.amax() > 0.8


@pytest.mark.parametrize("size", [128, (128, 192), (192, 128)])
def test_a_shape_is_drawn_where_and_as_large_as_its_layout_says(size):
    drawn = generate(20, size, seed=5)
    y, x = pixels(drawn)
    axis = torch.linspace(-1.2, 1.2, 400)
    fields = [distance(axis[None, :].expand(400, 400), axis[:, None].expand(400, 400)) for distance in SHAPES.values()]
    areas = [(field < 0).float().mean().item() * 2.4**2 for field in fields]
    for i, label in enumerate(drawn.labels.tolist()):
        target = drawn.layout.target[i]
        radius, centre = drawn.layout.radius[i, target], drawn.layout.place[i, target]
        away = torch.hypot(y - centre[0], x - centre[1])[drawn.masks[i]]
        assert away.max() < 1.1 * radius
        assert away.max() > 0.8 * radius
        area = drawn.masks[i].sum().item() / 128**2
        assert area == pytest.approx(areas[label] * radius.item() ** 2, rel=0.1)


def test_no_shape_is_held_under_a_tag():
    drawn = generate(300, 64, seed=6)
    assert not drawn.shape_map[under_tags(drawn).any(dim=1)].any()


def in_colours(drawn: Scenes) -> list[str]:
    return [COLOURS[colour] for colour in drawn.layout.colour[0].tolist()]


@pytest.mark.parametrize("task", ["cue", "cue alone"])
def test_recoloured_the_label_and_the_mask_follow_and_only_tags_change(task):
    for seed in range(12):
        before = generate(1, 96, seed, task=task)
        for shape, colour in enumerate(in_colours(before)):
            after = before.recoloured(colour)
            kind = before.layout.kind[0, shape]
            assert after.labels.tolist() == [kind]
            assert torch.equal(after.masks, before.shape_map == kind + 1)
            assert torch.equal(after.shape_map, before.shape_map)
            changed = (after.images != before.images).any(dim=1)
            assert changed.any() == (after.labels != before.labels).item()
            assert not (changed & ~under_tags(before).any(dim=1)).any()


def test_recoloured_there_and_back_the_pixels_are_the_same():
    for seed in range(12):
        before = generate(1, 64, seed)
        own = COLOURS[before.layout.tag_colour[0, 0]]
        for colour in in_colours(before):
            assert same(before.recoloured(colour).recoloured(own), before)


def test_recoloured_the_tags_still_have_the_colours_of_all_shapes():
    before = generate(1, 64, 3)
    for colour in in_colours(before):
        after = before.recoloured(colour)
        assert sorted(after.layout.tag_colour[0].tolist()) == sorted(after.layout.colour[0].tolist())
        assert COLOURS[after.layout.tag_colour[0, 0]] == colour


def test_a_recoloured_layout_leaves_the_one_it_came_from_alone(some):
    before = generate(1, 64, 3)
    kept = before.layout.tag_colour.clone()
    for colour in in_colours(before):
        before.recoloured(colour)
    assert torch.equal(before.layout.tag_colour, kept)


def test_a_batch_is_recoloured_where_every_scene_has_the_colour():
    shared = ((seed, colours_in_all(generate(2, 32, seed))) for seed in range(20))
    seed, colour = next((seed, found[0]) for seed, found in shared if found)
    before = generate(2, 64, seed)
    after = before.recoloured(colour)
    holder = (before.layout.colour == COLOURS.index(colour)).long().argmax(dim=1)
    assert torch.equal(after.labels, before.layout.kind.gather(1, holder[:, None])[:, 0])


def colours_in_all(drawn: Scenes) -> list[str]:
    rows = [set(row) for row in drawn.layout.colour.tolist()]
    return [COLOURS[colour] for colour in sorted(set.intersection(*rows))]


@pytest.mark.parametrize("colour", ["pink", "RED", "", 0, None])
def test_an_unknown_colour_is_answered_with_those_there_are(colour):
    with pytest.raises(ValueError) as caught:
        generate(1, 32).recoloured(colour)
    message = str(caught.value)
    assert all(word in message for word in (repr(colour), *COLOURS)), message
    assert one_sentence(message)


def test_an_absent_colour_is_answered_with_those_of_the_scene():
    drawn = generate(1, 32, 1)
    present = in_colours(drawn)
    for absent in set(COLOURS) - set(present):
        with pytest.raises(ValueError) as caught:
            drawn.recoloured(absent)
        message = str(caught.value)
        assert all(word in message for word in (absent, *present)), message
        assert not any(other in message for other in set(COLOURS) - {absent, *present}), message
        assert one_sentence(message)


def test_a_colour_that_only_some_scenes_have_is_not_offered_in_the_same_sentence_that_refuses_it():
    drawn = generate(6, 32)
    assert colours_in_all(drawn) == []
    refused = in_colours(drawn)[0]
    with pytest.raises(ValueError) as caught:
        drawn.recoloured(refused)
    message = str(caught.value)
    assert message.count(refused) == 1, message
    assert one_sentence(message)


def test_without_a_cue_there_is_nothing_to_recolour():
    drawn = generate(1, 32, task="single")
    with pytest.raises(ValueError) as caught:
        drawn.recoloured(in_colours(drawn)[0])
    assert one_sentence(str(caught.value))


@pytest.mark.parametrize("small, large", [(64, 128), ((48, 72), (96, 144)), ((80, 50), (160, 100))])
def test_at_twice_the_size_it_is_the_same_scene_in_finer_pixels(small, large):
    coarse, fine, other = generate(8, small, 1), generate(8, large, 1), generate(8, small, 2)
    pooled = F.avg_pool2d(fine.images, 2)
    assert torch.equal(coarse.labels, fine.labels)
    assert (pooled - coarse.images).abs().mean() < 0.01
    assert (pooled - other.images).abs().mean() > 0.1
    masks = F.avg_pool2d(fine.masks[:, None].float(), 2)[:, 0] >= 0.5
    overlap = (masks & coarse.masks).flatten(1).sum(dim=1) / (masks | coarse.masks).flatten(1).sum(dim=1)
    assert overlap.min() > 0.8


@pytest.mark.parametrize("size", [(32, 1024), (1024, 32), (33, 47)])
def test_odd_and_narrow_pictures_are_drawn(size):
    drawn = generate(2, size)
    assert drawn.images.shape == (2, 3, *size)
    assert drawn.masks.flatten(1).any(dim=1).all()


def test_clutter_changes_the_ground_and_nothing_else():
    plain, busy = generate(10, 96, 4, clutter=0.0), generate(10, 96, 4)
    assert torch.equal(plain.masks, busy.masks)
    assert torch.equal(plain.shape_map, busy.shape_map)
    on_shapes = inner(plain.shape_map > 0, 2)
    assert on_shapes.sum() > 1000
    assert torch.equal(*(drawn.images.movedim(1, -1)[on_shapes] for drawn in (plain, busy)))
    assert (plain.images - busy.images).abs().mean() > 0.02


def test_without_clutter_the_ground_is_smooth():
    def roughness(drawn: Scenes) -> float:
        ground = inner((drawn.shape_map == 0) & ~under_tags(drawn).any(dim=1), 4)
        steps = drawn.images.diff(dim=-1).abs().amax(dim=1)
        return steps[ground[..., 1:] & ground[..., :-1]].max().item()

    plain, half, busy = (roughness(generate(10, 96, 4, clutter=clutter)) for clutter in (0.0, 0.5, 1.0))
    assert plain < 0.02 < 0.1 < half < busy


def test_larger_tags_are_drawn_larger():
    small, large = (under_tags(generate(4, 96, tag_size=size)).sum() for size in (0.058, 0.09))
    white = [(generate(20, 96, tag_size=size).images.amin(dim=1) > 0.99).sum() for size in (0.058, 0.09)]
    assert large > 2 * small
    assert white[1] > 1.3 * white[0]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"count": 0}, ["count=0"]),
        ({"count": True}, ["count=True"]),
        ({"count": 2.0}, ["count=2.0"]),
        ({"count": "3"}, ["count='3'"]),
        ({"size": 31}, ["size=31", "32", "1024"]),
        ({"size": 1025}, ["size=1025", "1024"]),
        ({"size": (64, 16)}, ["size=(64, 16)"]),
        ({"size": (64, 64, 3)}, ["size=(64, 64, 3)"]),
        ({"size": (64, 64.0)}, ["size=(64, 64.0)"]),
        ({"size": "128"}, ["size='128'"]),
        ({"size": None}, ["size=None"]),
        ({"size": 64.0}, ["size=64.0"]),
        ({"seed": "a"}, ["seed='a'"]),
        ({"seed": 1.5}, ["seed=1.5"]),
        ({"seed": 1 << 70}, ["seed="]),
        ({"task": "two"}, ["task='two'", *TASKS]),
        ({"task": None}, ["task=None", *TASKS]),
        ({"task": ["cue"]}, ["task=['cue']", *TASKS]),
        ({"clutter": -0.1}, ["clutter=-0.1", "0..1"]),
        ({"clutter": 1.1}, ["clutter=1.1", "0..1"]),
        ({"clutter": float("nan")}, ["clutter=nan", "0..1"]),
        ({"clutter": "busy"}, ["clutter='busy'"]),
        ({"tag_size": 0}, ["tag_size=0"]),
        ({"tag_size": -0.1}, ["tag_size=-0.1"]),
        ({"tag_size": 5}, ["tag_size=5"]),
        ({"tag_size": "large"}, ["tag_size='large'"]),
    ],
)
def test_a_bad_argument_is_answered_with_one_sentence_that_names_it(arguments, words):
    with pytest.raises(ValueError) as caught:
        generate(**{"count": 1, "size": 32} | arguments)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert one_sentence(message)


@given(st.integers(0, (1 << 32) - 1))
def test_colours_of_a_seed_are_those_of_its_scene_the_answers_first(seed):
    drawn = generate(1, 32, seed)
    told = scenes.colours(seed)
    assert sorted(told) == sorted(in_colours(drawn))
    assert same(drawn.recoloured(told[0]), drawn)


@pytest.fixture(scope="module")
def figures() -> dict[str, Tensor]:
    """(300, 300) per shape: its pixels on a plane from -1.25 to 1.25."""
    axis = torch.linspace(-1.25, 1.25, 300)
    x, y = axis[None, :].expand(300, 300), axis[:, None].expand(300, 300)
    return {name: distance(x, y) < 0 for name, distance in SHAPES.items()}


def test_every_shape_fills_a_fair_part_of_the_unit_disc_and_hardly_leaves_it(figures):
    axis = torch.linspace(-1.25, 1.25, 300)
    away = torch.hypot(axis[:, None], axis[None, :])
    for name, inside in figures.items():
        area = inside.float().mean().item() * 2.5**2 / math.pi
        assert 0.35 < area < 0.8, name
        assert 0.85 < away[inside].max() < 1.08, name


def test_no_two_shapes_are_alike(figures):
    for name, one in figures.items():
        for other_name, other in figures.items():
            if name < other_name:
                assert (one & other).sum() / (one | other).sum() < 0.85, (name, other_name)


@pytest.mark.parametrize("name", SHAPES)
def test_distances_grow_by_one_per_unit_of_length(name):
    axis = torch.linspace(-1.1, 1.1, 222)
    x = axis[None, :].expand(222, 222).clone().requires_grad_()
    y = axis[:, None].expand(222, 222).clone().requires_grad_()
    distance = SHAPES[name](x, y)
    slope = torch.hypot(*torch.autograd.grad(distance.sum(), (x, y)))[distance.abs() < 0.05]
    assert slope.max() < 1.001
    assert slope.quantile(0.02) > 0.999


@pytest.mark.parametrize(
    "name, held, mirrored",
    [
        ("triangle", (0.7, 0.4), (0.7, -0.4)),
        ("star", (0.0, -0.9), (0.0, 0.9)),
        ("heart", (0.0, 0.85), (0.0, -0.85)),
        ("crescent", (-0.8, 0.0), (0.8, 0.0)),
        ("arrow", (0.1, 0.5), (-0.1, 0.5)),
        ("half disc", (0.0, -0.5), (0.0, 0.5)),
    ],
)
def test_what_has_a_right_way_up_is_the_right_way_up(name, held, mirrored):
    inside, outside = (SHAPES[name](*map(torch.tensor, point)) for point in (held, mirrored))
    assert inside < 0 < outside
