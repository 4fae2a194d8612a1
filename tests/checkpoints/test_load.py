"""Weights from a file and back, at their own setting and at others; one sentence tells of a file that is no use."""

import json
import random
from functools import cache

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from pvt_viz import PRESETS, build_model, get_config, images, scenes, trace
from pvt_viz.checkpoints import BUNDLED, Checkpoint, WeightsError, load_model, load_segmentation, moments
from pvt_viz.checkpoints import own as load
from pvt_viz.checkpoints.moments import Moment
from pvt_viz.models import Weights
from pvt_viz.models.segmentation import SegmentationHead

TRAINED = Weights(
    source="training",
    trained=True,
    classes=scenes.CLASSES,
    patch_sizes=((4, 8), (2,), (2,), (2,)),
    reductions=((1, 2, 4, 16), (1, 2, 4), (1, 2), (1,)),
)
SMALL = get_config(
    "flexi_pvt",
    image_size=64,
    patch_sizes=(4, 2),
    dims=(4, 6),
    depths=(1, 1),
    heads=(1, 2),
    mlp_ratios=(1, 1),
    reductions=(8, 1),
)


@cache
def tensors_of(config) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        segment = SegmentationHead(config)
    network = build_model(config)
    kept = {f"network.{name}": values for name, values in network.state_dict().items()}
    return kept | {f"segment.{name}": values for name, values in segment.state_dict().items()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A whole network as it ships."""
    at = tmp_path_factory.mktemp("weights") / "ours.safetensors"
    load.save(at, tensors_of(get_config("flexi_pvt")), get_config("flexi_pvt"), TRAINED)
    return at


@pytest.fixture(scope="module")
def picture() -> Tensor:
    return images.standardise(scenes.generate(2).images)


@pytest.fixture
def small(tmp_path):
    """Write tensors and what is said of them, as the file of a small network."""

    def write(change=None, *, say=None):
        at = tmp_path / "small.safetensors"
        tensors = tensors_of(SMALL)
        load.save(at, tensors if change is None else change(tensors), SMALL, TRAINED)
        if say is not None:
            with safe_open(at, framework="pt") as file:
                kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
                about = json.loads(file.metadata()["about"])
            save_file(kept, at, metadata=say(about))
        return at

    return write


def refused(source, reader=load_model, error=WeightsError) -> str:
    with pytest.raises(error) as caught:
        reader(source)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith("."), message
    return message


READERS = pytest.mark.parametrize("reader", [load.read, load_segmentation])


def test_weights_that_are_loaded_answer_as_the_network_that_was_saved(path, picture):
    built = build_model("flexi_pvt")
    loaded = load_model(path)
    with torch.no_grad():
        said, again = built(picture), loaded(picture)
        assert (again - said).abs().max() < 0.01 < said.abs().max()
        built.load_state_dict({name: values.half().float() for name, values in built.state_dict().items()})
        assert torch.equal(again, built(picture))


def test_a_loaded_network_says_what_it_is(path):
    loaded = load_model(path)
    assert loaded.config == get_config("flexi_pvt")
    assert not loaded.training
    assert {(p.dtype, p.device.type, p.requires_grad) for p in loaded.parameters()} == {(torch.float32, "cpu", False)}
    weights = loaded.weights
    assert (weights.source, weights.trained, weights.problem) == ("ours.safetensors", True, "")
    assert weights.classes == scenes.CLASSES
    assert weights.patch_sizes == TRAINED.patch_sizes
    assert weights.reductions == TRAINED.reductions


def test_a_path_may_be_a_string(path, picture):
    with torch.no_grad():
        assert torch.equal(load_model(str(path))(picture), load_model(path)(picture))


def test_two_loaded_networks_share_no_memory(path):
    one, other = load_model(path), load_model(path)
    with torch.no_grad():
        one.head.weight.zero_()
    assert other.head.weight.any()


def test_a_bundled_name_is_a_file_in_the_folder(path, monkeypatch, tmp_path, picture):
    monkeypatch.setattr(load, "FOLDER", tmp_path)
    (tmp_path / "flexi_pvt.safetensors").write_bytes(path.read_bytes())
    loaded = load_model("flexi_pvt")
    assert loaded.weights.source == "flexi_pvt.safetensors"
    with torch.no_grad():
        assert torch.equal(loaded(picture), load_model(path)(picture))
    assert load_segmentation("flexi_pvt").classify.out_features == 12


def test_a_plain_vit_is_saved_and_loaded_too(tmp_path):
    config = get_config("scene_vit", dims=(16,), depths=(1,), image_size=(32, 48))
    load.save(tmp_path / "vit.safetensors", tensors_of(config), config, TRAINED)
    loaded = load_model(tmp_path / "vit.safetensors")
    assert loaded.config == config
    assert loaded(torch.zeros(1, 3, 32, 48)).shape == (1, 10)


def test_a_folder_that_is_not_there_is_made(tmp_path):
    at = tmp_path / "new" / "folder" / "small.safetensors"
    load.save(at, tensors_of(SMALL), SMALL, TRAINED)
    assert load_model(at).config == SMALL


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"reductions": (4, 4, 2, 1)},
        {"reductions": (1, 1, 1, 2)},
        {"reductions": (16, 8, 4, 4)},
        {"patch_sizes": (8, 2, 2, 2), "reductions": (4, 2, 1, 1)},
        {"patch_sizes": (2, 2, 2, 2)},
        {"image_size": 96},
        {"image_size": (128, 160), "reductions": (8, 2, 2, 1)},
    ],
)
def test_a_network_loaded_at_another_setting_runs_and_says_which(path, overrides):
    loaded = load_model(path, **overrides)
    assert loaded.config == get_config("flexi_pvt", **overrides)
    height, width = loaded.config.image_hw
    pictures = images.standardise(scenes.generate(1, (height, width)).images)
    seen = trace(loaded, pictures)
    assert seen.logits.shape == (1, 10)
    assert seen.logits.isfinite().all()
    assert seen.logits.abs().max() > 0.01
    assert tuple(stage.shape.reduction for stage in seen.stages) == loaded.config.reductions
    assert tuple(stage.shape.patch_size for stage in seen.stages) == loaded.config.patch_sizes
    assert seen.weights.trained


def test_folded_differently_the_answer_moves_but_not_at_random(path, picture):
    with torch.no_grad():
        own, other = load_model(path)(picture), load_model(path, reductions=(4, 4, 2, 1))(picture)
        unrelated = build_model("flexi_pvt", seed=1)(picture)
    assert 0 < (own - other).norm() < 0.5 * (own - unrelated).norm()


@pytest.mark.parametrize("overrides", [{}, {"patch_sizes": (8, 2, 2, 2), "reductions": (4, 2, 1, 1)}])
def test_the_segmentation_head_runs_on_the_maps_of_its_network(path, picture, overrides):
    head, model = load_segmentation(path), load_model(path, **overrides)
    assert not head.training
    with torch.no_grad():
        maps = model.encode(picture)[1]
        logits = head(maps)
    assert logits.shape == (2, 12, *maps[0].shape[-2:])
    assert logits.isfinite().all()
    assert logits.std() > 0.01
    kept = {name.removeprefix("segment."): v for name, v in tensors_of(model.config).items() if "segment." in name}
    assert head.state_dict().keys() == kept.keys()
    assert all(torch.equal(values, kept[name].half().float()) for name, values in head.state_dict().items())


@READERS
def test_a_file_that_is_not_there_is_named_with_what_there_is(reader, tmp_path):
    message = refused(tmp_path / "none.safetensors", reader)
    assert all(word in message for word in ("none.safetensors", *BUNDLED))
    assert "ours.pt" in refused("ours.pt", reader)
    refused(tmp_path, reader)


@READERS
@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_file_that_is_not_there_is_named(reader, name, monkeypatch, tmp_path):
    monkeypatch.setattr(load, "FOLDER", tmp_path)
    assert f"{name}.safetensors" in refused(name, reader)


@READERS
@pytest.mark.parametrize("name", sorted(set(PRESETS) - set(BUNDLED)))
def test_a_preset_without_weights_is_told_from_those_with(reader, name):
    message = refused(name, reader)
    assert all(word in message for word in (name, *BUNDLED))


@READERS
def test_a_file_that_was_cut_short_is_damaged(reader, path, tmp_path):
    whole, cut = path.read_bytes(), tmp_path / "cut.safetensors"
    for length in (0, 1, 7, 8, 9, 100, 5_000, 100_000, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        assert all(word in refused(cut, reader) for word in ("cut.safetensors", "damaged"))


@READERS
def test_bytes_at_random_are_damaged(reader, tmp_path):
    at, chance = tmp_path / "noise.safetensors", random.Random(0)
    for length in (3, 8, 64, 4_096, 100_000):
        at.write_bytes(chance.randbytes(length))
        assert all(word in refused(at, reader) for word in ("noise.safetensors", "damaged"))


def test_a_header_with_one_wrong_byte_is_refused_or_harmless(small, tmp_path):
    whole, at, chance = small().read_bytes(), tmp_path / "byte.safetensors", random.Random(1)
    header, refusals = int.from_bytes(whole[:8], "little"), 0
    for _ in range(60):
        wrong = bytearray(whole)
        wrong[chance.randrange(8, 8 + header)] ^= 1 << chance.randrange(8)
        at.write_bytes(wrong)
        try:
            load_model(at)
        except WeightsError:
            refusals += 1
    assert refusals > 50


@READERS
@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"format": "pvt-viz 2", "about": "{}"}])
def test_tensors_of_somebody_else_are_not_ours(reader, metadata, tmp_path):
    at = tmp_path / "theirs.safetensors"
    save_file({"network.head.weight": torch.zeros(10, 160)}, at, metadata=metadata)
    assert all(word in refused(at, reader) for word in ("theirs.safetensors", "not a weights file of pvt-viz"))


@pytest.mark.parametrize("about", ["", "{", "nonsense", "[]", "3", "{}", "null", '{"config": null}'])
@READERS
def test_a_description_that_cannot_be_read_is_refused(reader, about, small):
    assert "small.safetensors" in refused(small(say=lambda _: {"format": load.FORMAT, "about": about}), reader)


@pytest.mark.parametrize("lost", ["config", "classes", "trained_patch_sizes", "trained_reductions"])
def test_a_description_that_lacks_a_part_is_refused(lost, small):
    def without(about):
        return {"format": load.FORMAT, "about": json.dumps({k: v for k, v in about.items() if k != lost})}

    assert "small.safetensors" in refused(small(say=without))


@pytest.mark.parametrize(
    "fields",
    [{"name": "pvt_gigantic"}, {"heads": [1, 5]}, {"reductions": [99, 1]}, {"windows": 3}, {"dims": 8}],
)
def test_a_network_that_this_version_does_not_know_is_refused(fields, small):
    def other(about):
        return {"format": load.FORMAT, "about": json.dumps(about | {"config": about["config"] | fields})}

    message = refused(small(say=other))
    assert all(word in message for word in ("small.safetensors", *(word for word in fields if word != "name")))


def reader_of(name: str):
    return load_segmentation if name.startswith("segment.") else load_model


def test_a_tensor_that_is_missing_is_missed(small):
    for lost in tensors_of(SMALL):
        at = small(lambda tensors, lost=lost: {name: v for name, v in tensors.items() if name != lost})
        assert all(word in refused(at, reader_of(lost)) for word in ("small.safetensors", "does not hold"))


@pytest.mark.parametrize(
    "name", ["network.more", "network.stages.1.blocks.0.attention.reduce.norm.bias", "segment.more"]
)
def test_a_tensor_too_many_is_refused(name, small):
    at = small(lambda tensors: tensors | {name: torch.zeros(8)})
    assert all(word in refused(at, reader_of(name)) for word in ("small.safetensors", "does not hold"))


def test_a_tensor_of_the_wrong_width_is_refused(small):
    for wrong, values in tensors_of(SMALL).items():
        if values.numel() and not wrong.endswith("embed.position"):
            wide = torch.cat([values, values], dim=-1)
            at = small(lambda tensors, wrong=wrong, wide=wide: tensors | {wrong: wide})
            assert all(word in refused(at, reader_of(wrong)) for word in ("small.safetensors", "does not hold"))


@pytest.mark.parametrize("shape", [(1, 4, 16, 32), (1, 4, 8, 8), (2, 4, 16, 16), (1, 8, 16, 16), (4, 256), (1024,)])
def test_a_position_embedding_of_the_wrong_shape_is_refused(shape, small):
    at = small(lambda tensors: tensors | {"network.stages.0.embed.position": torch.zeros(shape)})
    assert "does not hold" in refused(at)


@pytest.mark.parametrize(
    "name",
    [
        "network.stages.0.embed.project.weight",
        "network.stages.1.embed.prefix",
        "network.stages.0.blocks.0.attention.reduce.project.weight",
        "network.stages.0.blocks.0.attention.reduce.norm.weight",
        "network.head.weight",
        "segment.narrow.0.weight",
        "segment.classify.bias",
    ],
)
@pytest.mark.parametrize("reshape", [lambda v: v.flatten()[:-1], lambda v: torch.cat([v, v]), lambda v: v[None]])
def test_a_tensor_of_the_wrong_shape_is_refused(name, reshape, small):
    at = small(lambda tensors: tensors | {name: reshape(tensors[name])})
    assert "does not hold" in refused(at, reader_of(name))


def test_a_tensor_of_the_wrong_shape_is_refused_where_it_is_resized_too(small):
    for name in ("stages.0.embed.project.weight", "stages.0.blocks.0.attention.reduce.project.weight"):
        at = small(lambda tensors, name=name: tensors | {f"network.{name}": tensors[f"network.{name}"][:, :-1]})
        message = refused(at, lambda at: load_model(at, patch_sizes=(8, 1), reductions=(4, 1)))
        assert "does not hold" in message


@pytest.mark.parametrize(
    "overrides, words",
    [
        ({"dims": (24, 48, 96, 160)}, ["dims", "image_size", "patch_sizes", "reductions"]),
        ({"num_classes": 10}, ["num_classes", "image_size"]),
        ({"colour": 1}, ["colour", "image_size"]),
        ({"reductions": (8, 4, 2)}, ["reductions=(8, 4, 2)"]),
        ({"reductions": (33, 4, 2, 1)}, ["R_1 = 33", "1 to 32"]),
        ({"patch_sizes": (0, 2, 2, 2)}, ["patch_sizes", "0"]),
        ({"patch_sizes": (200, 1, 1, 1)}, ["p_1 = 200"]),
        ({"image_size": "large"}, ["image_size='large'"]),
        ({"image_size": 8}, ["image 8×8"]),
    ],
)
def test_an_override_that_is_not_valid_is_answered_with_one_sentence_that_names_it(path, overrides, words):
    message = refused(path, lambda at: load_model(at, **overrides), ValueError)
    assert all(word in message for word in words), message


def test_weights_tell_what_they_were_not_trained_at():
    assert TRAINED.untrained(get_config("flexi_pvt", reductions=(4, 4, 2, 1))) == ()
    odd = get_config("flexi_pvt", image_size=512, patch_sizes=(16, 2, 2, 1), reductions=(4, 8, 2, 2))
    assert TRAINED.untrained(odd) == ("p₁ = 16", "p₄ = 1", "R₂ = 8", "R₄ = 2")
    assert TRAINED.untrained(get_config("flexi_pvt", reductions=(8, 4, 2, 1))) == ("R₁ = 8",)


def test_weights_that_never_met_a_setting_tell_nothing():
    assert Weights(source="random, seed 0", trained=False).untrained(get_config("flexi_pvt")) == ()


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Save moments as those of a bundled network; returns where."""
    monkeypatch.setattr(moments, "FOLDER", tmp_path)

    def write(*some: Moment):
        at = tmp_path / "flexi_pvt.moments.safetensors"
        moments.save(list(some), at)
        return at

    return write


def state_of(seed: int = 0, config="flexi_pvt") -> dict[str, Tensor]:
    return build_model(config, seed=seed).state_dict()


def test_moments_come_back_by_rising_step_whole_and_each_with_its_own_weights(recorded):
    saved = {step: state_of(step, SMALL) for step in (1500, 20, 300, 3)}
    recorded(*(Moment(step, state) for step, state in saved.items()))
    loaded = moments.load("flexi_pvt")
    assert [moment.step for moment in loaded] == [3, 20, 300, 1500]
    for moment in loaded:
        state = saved[moment.step]
        assert {name: v.shape for name, v in moment.state.items()} == {name: v.shape for name, v in state.items()}
        assert all(values.dtype == torch.float32 for values in moment.state.values())
        torch.testing.assert_close(moment.state["head.weight"], state["head.weight"], atol=0.01, rtol=0)


def test_matrices_are_off_by_at_most_half_a_step_of_their_row(recorded):
    state = state_of()
    recorded(Moment(5, state))
    (moment,) = moments.load("flexi_pvt")
    for name, values in state.items():
        if values.ndim < 2 or not values.numel():
            continue
        # A position embedding (1, channel, h, w) has a row for each channel.
        rows, kept = (v.flatten(0, v.ndim - 2 if v.shape[0] > 1 else 1) for v in (values, moment.state[name]))
        rows, kept = rows.flatten(1), kept.flatten(1)
        step = rows.abs().amax(dim=1, keepdim=True) / 127
        assert ((rows - kept).abs() <= 0.5001 * step).all(), name
        assert (rows - kept).abs().max() > 0, name


def test_vectors_are_kept_as_float16(recorded, generator):
    state = {
        name: torch.randn(v.shape, generator=generator) if v.ndim == 1 else v
        for name, v in state_of(config=SMALL).items()
    }
    recorded(Moment(5, state))
    (moment,) = moments.load("flexi_pvt")
    vectors = [name for name, values in state.items() if values.ndim == 1]
    assert len(vectors) > 20
    assert all(torch.equal(moment.state[name], state[name].half().float()) for name in vectors)


def test_rows_of_nothing_or_of_very_different_size_survive(recorded):
    matrix = torch.tensor([[0.0, 0.0, 0.0], [1e-5, -2e-5, 0.0], [300.0, -1.0, 2.0]])
    recorded(Moment(0, {"matrix": matrix, "single": torch.ones(1, 1, 3), "empty": torch.zeros(1, 0, 3)}))
    (moment,) = moments.load("flexi_pvt")
    step = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert ((moment.state["matrix"] - matrix).abs() <= 0.5001 * step).all()
    torch.testing.assert_close(moment.state["single"], torch.ones(1, 1, 3))
    assert moment.state["empty"].shape == (1, 0, 3)


def test_a_matrix_of_one_row_is_kept(recorded):
    matrix = torch.tensor([[0.5, -1.0, 0.25]])
    recorded(Moment(0, {"matrix": matrix}))
    torch.testing.assert_close(moments.load("flexi_pvt")[0].state["matrix"], matrix, atol=0.005, rtol=0)


def test_a_moment_answers_nearly_as_the_weights_that_were_recorded(recorded):
    pictures = images.standardise(scenes.generate(8).images)
    recorded(Moment(5, state_of()))
    (moment,) = moments.load("flexi_pvt")
    exact, kept = build_model("flexi_pvt"), build_model("flexi_pvt", seed=1)
    kept.load_state_dict(moment.state)
    with torch.no_grad():
        said, nearly = exact(pictures), kept(pictures)
    # Measured: 3.2% of the length of all logits, and 0.08 at most where they reach 2.3.
    assert 0 < (nearly - said).norm() < 0.05 * said.norm()
    assert (nearly - said).abs().max() < 0.15 < said.abs().max()


def test_a_moment_takes_little_more_than_a_byte_per_parameter(recorded):
    state = state_of()
    at = recorded(Moment(1, state), Moment(2, state_of(1)), Moment(3, state_of(2)))
    assert at.stat().st_size < 1.1 * 3 * sum(values.numel() for values in state.values())


def test_a_moment_runs_at_another_setting(recorded):
    config = get_config("flexi_pvt")
    recorded(Moment(5, state_of()))
    (moment,) = moments.load("flexi_pvt")
    other = get_config("flexi_pvt", reductions=(4, 2, 1, 2), image_size=64)
    model = Checkpoint(config, moment.state, TRAINED).model(other)
    assert model.config == other
    assert model(torch.zeros(1, 3, 64, 64)).isfinite().all()


def test_moments_that_are_not_there_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(moments, "FOLDER", tmp_path)
    assert "scene_vit.moments.safetensors" in refused("scene_vit", moments.load)


def test_moments_that_are_damaged_are_named(recorded):
    at = recorded(Moment(5, state_of(config=SMALL)))
    whole = at.read_bytes()
    noise = random.Random(0).randbytes(len(whole))
    for wrong in (b"", whole[:7], whole[:100], whole[: len(whole) // 2], whole[:-1], noise):
        at.write_bytes(wrong)
        assert all(word in refused("flexi_pvt", moments.load) for word in (at.name, "damaged"))


def test_a_weights_file_is_no_file_of_moments(recorded, small):
    at = recorded(Moment(5, state_of(config=SMALL)))
    at.write_bytes(small().read_bytes())
    assert at.name in refused("flexi_pvt", moments.load)
