"""Training: lessons that repeat, runs that survive a cut, and measurements that are what they say they are."""

import copy
import json
import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from pvt_viz import get_config, report, scenes
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.checkpoints import BUNDLED, Checkpoint, load_model, load_segmentation, moments
from pvt_viz.checkpoints import own as load
from pvt_viz.choices.selection import SEEDS as PEOPLES
from pvt_viz.choices.selection import SEEDS_FROM
from pvt_viz.models import PVT, Weights, build_model
from pvt_viz.report import Intervention, MapScore, Report, Training
from pvt_viz.scenes.layout import TAG
from pvt_viz.train import card, evaluate, export, run
from pvt_viz.train.make import make
from pvt_viz.train.recipe import RECIPES, SEEDS, Course, Phase, Recipe
from pvt_viz.train.trainer import Trainer, segmentation_loss
from randomised import randomise

SMALL = {"dims": (8, 8, 8, 8), "depths": (1, 1, 1, 1), "heads": (1, 1, 2, 2), "mlp_ratios": (1, 1, 1, 1)}
CONFIG = get_config("flexi_pvt", image_size=32, **SMALL)
OWN = (Course(share=1.0, sizes=(32,), batch=4),)
ALL_R = ((1, 2, 4, 8), (1, 2, 4), (1, 2), (1,))
TINY = Recipe(
    name="flexi_pvt",
    config=CONFIG,
    phases=(
        Phase(steps=2, task="single", courses=OWN, clutter=0.0),
        Phase(steps=2, task="cue alone", courses=OWN, tag_size=0.16),
        Phase(
            steps=4,
            task="cue",
            courses=(
                Course(share=0.5, patch_size=2, reductions=ALL_R, sizes=(32, (32, 64)), batch=4),
                Course(share=0.5, patch_size=8, reductions=ALL_R, sizes=(64,), batch=3),
            ),
        ),
    ),
    warm_up=3,
    moments=(2, 5),
)


class SameLesson(Recipe):
    """A recipe that shows one batch over and over."""

    def lesson(self, step):
        return super().lesson(0)


def lessons(recipe: Recipe, every: int = 1):
    return [recipe.lesson(step) for step in range(0, recipe.steps, every)]


def phase_of(recipe: Recipe, step: int) -> Phase:
    return [phase for phase in recipe.phases for _ in range(phase.steps)][step]


shipped = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@shipped
def test_a_lesson_is_the_same_every_time(recipe):
    assert lessons(recipe, 97) == lessons(recipe, 97)
    again = replace(recipe, warm_up=1)
    assert lessons(recipe, 97) == lessons(again, 97)


def test_lessons_differ_from_step_to_step_and_from_seed_to_seed():
    recipe = RECIPES["flexi_pvt"]
    some = [recipe.lesson(step) for step in range(2000, 2100)]
    assert len({lesson.scenes_seed for lesson in some}) == 100
    assert len({lesson.config for lesson in some}) > 20
    other = [replace(recipe, seed=1).lesson(step) for step in range(2000, 2100)]
    assert not {lesson.scenes_seed for lesson in some} & {lesson.scenes_seed for lesson in other}
    assert [lesson.config for lesson in some] != [lesson.config for lesson in other]


@shipped
def test_phases_follow_each_other(recipe):
    assert recipe.steps == sum(phase.steps for phase in recipe.phases)
    for step in range(0, recipe.steps, 50):
        phase, lesson = phase_of(recipe, step), recipe.lesson(step)
        assert lesson.task == phase.task
        assert lesson.batch in {course.batch for course in phase.courses}
    assert [lesson.task for lesson in lessons(TINY)] == ["single"] * 2 + ["cue alone"] * 2 + ["cue"] * 4


@shipped
def test_clutter_rises_and_tags_shrink(recipe):
    begin = 0
    for phase in recipe.phases:
        some = [recipe.lesson(step) for step in range(begin, begin + phase.steps, 20)]
        clutter, tags = [lesson.clutter for lesson in some], [lesson.tag_size for lesson in some]
        assert (clutter[0], tags[0]) == (phase.clutter, phase.tag_size)
        assert clutter == sorted(clutter)
        assert tags == sorted(tags, reverse=True)
        last = recipe.lesson(begin + phase.steps - 1)
        assert last.clutter == pytest.approx(1, abs=1.01 / phase.steps)
        assert last.tag_size == pytest.approx(TAG, abs=0.2 / phase.steps)
        begin += phase.steps
    assert {lesson.tag_size for lesson in lessons(recipe, 50) if lesson.task == "cue"} == {TAG}
    assert len({phase.clutter for phase in recipe.phases}) == len({phase.tag_size for phase in recipe.phases}) == 2


@pytest.mark.parametrize("recipe", [*RECIPES.values(), TINY], ids=[*RECIPES, "tiny"])
def test_every_lesson_fits_its_pictures_and_is_from_a_course_of_its_phase(recipe):
    for step in range(0, recipe.steps, 3):
        lesson = recipe.lesson(step)
        config = lesson.config
        assert min(config.image_hw) >= scenes.LEAST_SIDE
        assert all(shape.reduction <= min(shape.grid) for shape in config.shapes())
        assert config.patch_sizes[1:] == recipe.config.patch_sizes[1:]

        def allowed(course, config=config, batch=lesson.batch):
            sizes = [(size, size) if isinstance(size, int) else size for size in course.sizes]
            drawn = course.reductions or [(r,) for r in recipe.config.reductions]
            return (
                config.patch_sizes[0] == (course.patch_size or recipe.config.patch_sizes[0])
                and batch == course.batch
                and config.image_hw in sizes
                and all(r in some for r, some in zip(config.reductions, drawn, strict=True))
            )

        assert any(allowed(course) for course in phase_of(recipe, step).courses)


@shipped
def test_a_recipe_says_all_that_its_lessons_draw(recipe):
    configs = {lesson.config for lesson in lessons(recipe)}
    for said, drawn in (
        (recipe.trained_patch_sizes, [config.patch_sizes for config in configs]),
        (recipe.trained_reductions, [config.reductions for config in configs]),
    ):
        assert said == tuple(tuple(sorted(set(values))) for values in zip(*drawn, strict=True))


def test_what_the_shipped_recipes_were_trained_at():
    flexi, fixed, vit = RECIPES.values()
    assert flexi.trained_patch_sizes == ((2, 4, 8), (2,), (2,), (2,))
    assert flexi.trained_reductions == ((1, 2, 4, 8, 16), (1, 2, 4), (1, 2), (1,))
    assert fixed.trained_patch_sizes == ((4,), (2,), (2,), (2,))
    assert fixed.trained_reductions == ((8,), (4,), (2,), (1,))
    assert (vit.trained_patch_sizes, vit.trained_reductions) == (((8,),), ((1,),))


def test_a_course_without_ratios_keeps_those_of_the_configuration():
    course = Course(share=1.0, patch_size=8, sizes=(128,), batch=4)
    recipe = replace(TINY, phases=(Phase(steps=1, task="cue", courses=(course,)),))
    assert recipe.lesson(0).config.patch_sizes == (8, 2, 2, 2)
    assert recipe.lesson(0).config.reductions == CONFIG.reductions
    assert recipe.trained_reductions == tuple((r,) for r in CONFIG.reductions)


@shipped
def test_training_takes_no_seed_of_people_nor_of_the_test_set(recipe):
    seeds = [recipe.lesson(step).scenes_seed for step in (0, 1, recipe.steps - 1)]
    assert seeds == [seeds[0], seeds[0] + 1, seeds[0] + recipe.steps - 1]
    assert min(seeds) >= SEEDS
    assert max(seeds) < evaluate.HELD_OUT
    assert evaluate.HELD_OUT + 100_000 < SEEDS_FROM
    assert SEEDS_FROM + max(PEOPLES) < 1 << 32  # torch tells no more apart


def test_scenes_of_training_of_the_test_set_and_of_people_are_not_the_same_pictures():
    starts = (SEEDS, evaluate.HELD_OUT, SEEDS_FROM)
    one, two, three = (scenes.generate(4, 32, start + 50).images for start in starts)
    assert not torch.equal(one, two)
    assert not torch.equal(one, three)
    assert not torch.equal(two, three)


def test_two_trainers_of_a_recipe_agree_exactly():
    one, other, seeded = Trainer(TINY), Trainer(TINY), Trainer(replace(TINY, seed=1))
    losses = [[trainer.advance().loss for _ in range(TINY.steps)] for trainer in (one, other, seeded)]
    assert losses[0] == losses[1] != losses[2]
    assert same(one.average, other.average)
    assert not same(one.average, seeded.average)


def test_a_trainer_goes_on_from_a_file_as_if_nothing_had_happened(tmp_path):
    straight, cut = Trainer(TINY), Trainer(TINY)
    steps = [straight.advance() for _ in range(TINY.steps)]
    for _ in range(3):
        cut.advance()
    cut.save(tmp_path / "checkpoint.pt")
    cut.advance()
    resumed = Trainer(TINY)
    resumed.load(tmp_path / "checkpoint.pt")
    assert [resumed.advance() for _ in range(3, TINY.steps)] == steps[3:]
    assert same(resumed.average, straight.average)
    assert same(resumed.learner.state_dict(), straight.learner.state_dict())
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def same(some: dict, others: dict) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


def test_the_loss_falls_on_one_batch_shown_again_and_again():
    single = (Phase(steps=50, task="single", courses=(Course(share=1.0, sizes=(32,), batch=6),), clutter=0.0),)
    trainer = Trainer(SameLesson(name="flexi_pvt", config=CONFIG, phases=single, warm_up=5))
    steps = [trainer.advance() for _ in range(trainer.recipe.steps)]
    assert steps[-1].loss < 0.5 * steps[0].loss
    assert steps[-1].accuracy == 1
    assert [step.number for step in steps] == list(range(1, 51))


def test_every_weight_is_trained_and_the_average_follows():
    trainer = Trainer(TINY)
    before = {name: values.detach().clone() for name, values in trainer.learner.named_parameters()}
    assert same(before, trainer.average)
    for _ in range(TINY.steps):
        trainer.advance()
    for name, values in trainer.learner.named_parameters():
        if values.numel():
            assert not torch.equal(values, before[name]), name
            assert not torch.equal(trainer.average[name], before[name]), name


def test_the_pace_rises_then_falls_to_nothing():
    trainer = Trainer(SameLesson(name="flexi_pvt", config=CONFIG, phases=replace_steps(TINY, 24), warm_up=6))
    lrs = []
    for _ in range(24):
        trainer.advance()
        lrs.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])
    for pace, highest in zip(zip(*lrs, strict=True), (trainer.recipe.muon_lr, trainer.recipe.adam_lr), strict=True):
        assert pace[:6] == pytest.approx([highest * (i + 1) / 6 for i in range(6)])
        assert list(pace[6:]) == sorted(pace[6:], reverse=True)
        assert max(pace) == pytest.approx(highest)
        assert pace[6 + 9] == pytest.approx(highest / 2)
        assert pace[-1] < 0.01 * highest


def replace_steps(recipe: Recipe, steps: int) -> tuple[Phase, ...]:
    return (replace(recipe.phases[0], steps=steps, courses=(Course(share=1.0, sizes=(32,), batch=2),)),)


def at_middles(plane: torch.Tensor, p: int) -> torch.Tensor:
    """(scene, H, W) -> (scene, h, w): the pixel in the middle of every token."""
    h, w = plane.shape[1] // p, plane.shape[2] // p
    rows = [[plane[:, y * p + p // 2, x * p + p // 2] for x in range(w)] for y in range(h)]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


@pytest.mark.parametrize("size, p", [(32, 2), ((35, 46), 4), ((39, 33), 8), (33, 1)])
def test_the_segmentation_loss_is_low_for_the_truth_alone(size, p, generator):
    batch = scenes.generate(4, size, 3)
    classes, answer = at_middles(batch.shape_map, p), at_middles(batch.masks, p)
    assert bool(answer.any())
    truth = torch.cat([20.0 * answer[:, None] - 10, 20.0 * F.one_hot(classes, 11).movedim(3, 1) - 10], dim=1)
    right = segmentation_loss(truth, batch, p).item()
    assert right == pytest.approx(0, abs=1e-3)
    nothing = segmentation_loss(torch.zeros_like(truth), batch, p).item()
    assert nothing == pytest.approx(math.log(11) + math.log(2), rel=1e-5)
    other_answer, other_place = truth.clone(), truth.roll(1, dims=3)
    other_answer[:, 0] *= -1
    for wrong in (other_answer, other_place, -truth):
        assert segmentation_loss(wrong, batch, p).item() > right + 0.5

    logits = torch.randn(truth.shape, generator=generator)
    every, on_shape, meant = [], [], []
    for scene, row, column in torch.cartesian_prod(*(torch.arange(side) for side in classes.shape)).tolist():
        scores, kind = logits[scene, 1:, row, column].double(), int(classes[scene, row, column])
        every.append(float(scores.logsumexp(dim=0) - scores[kind]))
        if kind:
            on_shape.append(every[-1])
            sign = 1 if answer[scene, row, column] else -1
            meant.append(math.log1p(math.exp(-sign * float(logits[scene, 0, row, column]))))
    expected = sum(sum(some) / len(some) * weight for some, weight in ((every, 0.5), (on_shape, 0.5), (meant, 1)))
    assert segmentation_loss(logits, batch, p).item() == pytest.approx(expected, rel=1e-4)


def test_a_run_that_was_cut_ends_as_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SAVE_EVERY", 3)
    whole = run.train(TINY, tmp_path / "whole")
    advance = Trainer.advance

    def cut(trainer):
        if trainer.number == 5:
            raise KeyboardInterrupt
        return advance(trainer)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "advance", cut)
        with pytest.raises(KeyboardInterrupt):
            run.train(TINY, tmp_path / "cut")
    assert (tmp_path / "cut" / "checkpoint.pt").is_file()
    resumed = run.train(TINY, tmp_path / "cut")
    assert same(resumed.average, whole.average)
    files = {path.name for path in (tmp_path / "whole").iterdir()}
    assert files == {"checkpoint.pt", "history.json", "moment-2.pt", "moment-5.pt"}
    assert {path.name for path in (tmp_path / "cut").iterdir()} == files
    for name in ("moment-2.pt", "moment-5.pt"):
        kept = [torch.load(tmp_path / folder / name, weights_only=True) for folder in ("whole", "cut")]
        assert same(*kept)
    histories = [json.loads((tmp_path / folder / "history.json").read_text()) for folder in ("whole", "cut")]
    for rows in histories:
        assert [row[0] for row in rows] == list(range(1, TINY.steps + 1))
        seconds = [row[run.ROW.index("seconds")] for row in rows]
        assert seconds == sorted(seconds)
    assert [row[:-1] for row in histories[0]] == [row[:-1] for row in histories[1]]


def test_a_run_that_is_over_is_not_run_again(tmp_path):
    recipe = replace(TINY, phases=TINY.phases[:1], moments=())
    first = run.train(recipe, tmp_path)
    kept = (tmp_path / "history.json").read_text()
    again = run.train(recipe, tmp_path)
    assert again.number == recipe.steps == 2
    assert same(first.average, again.average)
    assert (tmp_path / "history.json").read_text() == kept


def test_a_longer_recipe_goes_on_from_a_shorter_one(tmp_path):
    run.train(replace(TINY, phases=TINY.phases[:2], moments=(2,)), tmp_path)
    assert run.train(TINY, tmp_path).number == TINY.steps
    rows = json.loads((tmp_path / "history.json").read_text())
    assert [row[0] for row in rows] == list(range(1, TINY.steps + 1))
    assert [row[run.ROW.index("task")] for row in rows] == [lesson.task for lesson in lessons(TINY)]


@pytest.fixture
def small_measurements(monkeypatch):
    """Few settings, small batches."""
    monkeypatch.setattr(evaluate, "FIRST_PATCHES", (8, 16))
    monkeypatch.setattr(evaluate, "REDUCTIONS", ((4, 8, 16), (2, 4), (1, 2), (1,)))
    monkeypatch.setattr(evaluate, "BATCH", 16)


@pytest.fixture(scope="module")
def network() -> PVT:
    """Untrained, but with much to say: its answers differ from picture to picture, and from setting to setting."""
    model = build_model(replace(CONFIG, image_size=128))
    randomise(model, seed=3)
    with torch.no_grad():
        for block in (block for stage in model.stages for block in stage.blocks):
            block.attention.value.weight *= 6
            block.attention.query.weight *= 3
    return model.requires_grad_(False)


def at_setting(network: PVT):
    def make_model(**overrides) -> PVT:
        weights = Weights(source="test", trained=True)
        return Checkpoint(network.config, network.state_dict(), weights).model(replace(network.config, **overrides))

    return make_model


def test_the_tree_of_settings_counts_what_each_network_answers(small_measurements, network):
    make_model = at_setting(network)
    found = evaluate.accuracies(make_model, network.config, 24)
    ratios = [(r1, r2, r3, 1) for r1 in (4, 8, 16) for r2 in (2, 4) for r3 in (1, 2)]
    expected = {((8, 2, 2, 2), r) for r in ratios} | {((16, 2, 2, 2), r) for r in ratios if r[0] <= 8}
    assert found.keys() == expected
    for (patch_sizes, reductions), accuracy in found.items():
        model = make_model(patch_sizes=patch_sizes, reductions=reductions)
        assert accuracy == evaluate.accuracy(model, 24), (patch_sizes, reductions)
    assert len(set(found.values())) > 3


def test_the_tree_of_settings_makes_the_logits_of_each_network(small_measurements, network, monkeypatch):
    monkeypatch.setattr(evaluate, "_right", lambda logits, batch: float(logits.double().square().sum()))
    make_model = at_setting(network)
    for (patch_sizes, reductions), energy in evaluate.accuracies(make_model, network.config, 3).items():
        model = make_model(patch_sizes=patch_sizes, reductions=reductions)
        assert energy == pytest.approx(evaluate.accuracy(model, 3), rel=1e-4)


def test_accuracy_is_the_part_that_is_right(network, monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH", 4)
    batches = list(evaluate.held_out(10, 32))
    assert [len(batch.labels) for batch in batches] == [4, 4, 2]
    constant = copy.deepcopy(network)
    constant.head.weight.zero_()
    for label in range(10):
        constant.head.bias.copy_(F.one_hot(torch.tensor(label), 10))
        right = sum(int((batch.labels == label).sum()) for batch in batches)
        assert evaluate.accuracy(constant, 10, 32) == right / 10


def test_the_test_set_repeats_and_its_scenes_differ(monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH", 3)
    once, again = (torch.cat([batch.images for batch in evaluate.held_out(8, 32)]) for _ in range(2))
    assert torch.equal(once, again)
    assert len(torch.unique(once, dim=0)) == 8


def test_interventions_have_every_stage_and_kind(network, monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH", 6)
    found = evaluate.interventions(network, 12)
    assert [(row.stage, row.kind) for row in found] == [(stage, kind) for stage in range(1, 5) for kind in KINDS]
    assert all(0 <= row.accuracy <= 1 for row in found)
    assert len({row.accuracy for row in found}) > 1


def test_interventions_can_be_measured_on_any_number_of_scenes(network, monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH", 2)
    assert len(evaluate.interventions(network, 3)) == 4 * len(KINDS)  # the last batch is a single scene


def test_maps_are_scored_at_every_stage_beside_their_yardsticks(network, monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH", 3)
    found = evaluate.map_scores(network, 5)
    places = Counter((row.method, row.stage) for row in found)
    expected = {(method, stage) for method in METHODS for stage in range(1, 5) if method != "raw" or stage == 4}
    expected |= {("chance", 0), ("centre prior", 0)} | {("ceiling of the grid", stage) for stage in range(1, 5)}
    assert places == Counter(expected)
    for row in found:
        assert all(0 <= value <= 1 for value in (row.pointing, row.energy, row.overlap)), row
    at = {(row.method, row.stage): row for row in found}
    shares = torch.cat([batch.masks.double().mean(dim=(1, 2)) for batch in evaluate.held_out(5)])
    assert at["chance", 0].pointing == pytest.approx(float(shares.mean()), rel=1e-4)
    assert at["chance", 0].energy == pytest.approx(float(shares.mean()), rel=1e-4)
    ceilings = [at["ceiling of the grid", stage].overlap for stage in range(1, 5)]
    assert ceilings == sorted(ceilings, reverse=True)
    for stage in range(1, 5):
        others = [at[method, stage].overlap for method in METHODS if (method, stage) in at]
        assert max(others) <= ceilings[stage - 1] + 1e-6


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Weights, moments and reports are written and looked for here."""
    for module in (load, moments, report):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    report.load.cache_clear()
    yield tmp_path
    report.load.cache_clear()


def a_report(name: str = "flexi_pvt") -> Report:
    settings = [
        ((p, 2, 2, 2), (r1, r2, r3, 1)) for p in (2, 4, 8) for r1 in (1, 4, 8) for r2 in (2, 4) for r3 in (1, 2)
    ]
    return Report(
        name=name,
        scenes=1234,
        side=128,
        seed=evaluate.HELD_OUT,
        accuracies={setting: 0.301 + 0.017 * i for i, setting in enumerate(settings)},
        sizes={(96, 96): 0.123, (128, 160): 0.456},
        interventions=tuple(
            Intervention(stage=stage, kind=kind, accuracy=0.05 * stage + 0.211 * i)
            for stage in range(1, 5)
            for i, kind in enumerate(KINDS)
        ),
        scored=500,
        scores=(
            MapScore(method="rollout", stage=2, pointing=0.514, energy=0.223, overlap=0.337),
            MapScore(method="chance", stage=0, pointing=0.061, energy=0.062, overlap=0.031),
        ),
        training=Training(
            steps=5200,
            scenes=301_234,
            seconds=5400.0,
            machine="one core of a machine",
            torch="2.13.0",
            date="2025-01-31",
            history=((20, 3.21, 0.12), (40, 2.5, 0.31)),
        ),
    )


def test_a_report_is_read_as_it_was_written(folder):
    for name in BUNDLED:
        report.save(a_report(name))
    for name in BUNDLED:
        assert report.load(name) == a_report(name)


def test_a_report_knows_only_settings_that_were_measured(folder):
    measured, config = a_report(), get_config("flexi_pvt")
    assert measured.accuracy(config) == measured.accuracies[(4, 2, 2, 2), (8, 4, 2, 1)]
    assert measured.accuracy(replace(config, reductions=(2, 4, 2, 1))) is None
    assert measured.accuracy(replace(config, patch_sizes=(16, 2, 2, 2), reductions=(1, 1, 1, 1))) is None


def test_there_is_no_report_where_there_is_no_file(folder):
    assert report.load("flexi_pvt") is None
    report.save(a_report("stranger"))
    report.load.cache_clear()
    assert report.load("stranger") is None


def without_scores(text: str) -> str:
    return json.dumps({name: value for name, value in json.loads(text).items() if name != "scores"})


def with_stranger(text: str) -> str:
    fields = json.loads(text)
    fields["interventions"][0]["colour"] = "red"
    return json.dumps(fields)


def with_short_setting(text: str) -> str:
    fields = json.loads(text)
    fields["accuracies"][0].pop()
    return json.dumps(fields)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "null",
        lambda text: '{"training": 3}',
        without_scores,
        with_stranger,
        with_short_setting,
    ],
    ids=["empty", "cut", "list", "null", "number", "without scores", "with a stranger", "short setting"],
)
def test_a_damaged_report_is_none(folder, damage):
    report.save(a_report())
    path = folder / "flexi_pvt.json"
    path.write_text(damage(path.read_text()))
    assert report.load("flexi_pvt") is None


def test_a_report_that_is_no_text_is_none(folder):
    (folder / "flexi_pvt.json").write_bytes(b"\xff\xfe\x00\x81")
    assert report.load("flexi_pvt") is None


def rows_of(text: str, head: str) -> list[list[str]]:
    """The cells of the table after a heading, its own head included."""
    section = text.split(f"## {head}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


def test_a_card_has_the_accuracy_of_every_setting_in_its_place():
    found = a_report()
    text = card.text(RECIPES["flexi_pvt"], found)
    (*_, first, second), *rows = rows_of(text, "Accuracy at every setting")
    assert (first, second) == ("R_3 = 1, R_4 = 1", "R_3 = 2, R_4 = 1")
    printed = {}
    for p, r1, r2, *cells in rows:
        for r3, cell in zip((1, 2), cells, strict=True):
            printed[(int(p), 2, 2, 2), (int(r1), int(r2), r3, 1)] = cell
    assert printed == {setting: f"{accuracy:.3f}" for setting, accuracy in found.accuracies.items()}
    assert f"**{found.accuracies[(4, 2, 2, 2), (8, 4, 2, 1)]:.1%}**" in text


def test_a_card_has_whatever_else_was_measured():
    found = a_report()
    text = card.text(RECIPES["flexi_pvt"], found)
    assert rows_of(text, "Other image sizes")[1:] == [["96×96", "0.123"], ["128×160", "0.456"]]
    head, *rows = rows_of(text, "What matters")
    assert head == ["stage", *KINDS]
    values = iter(found.interventions)
    for i, (stage, *cells) in enumerate(rows, 1):
        assert stage == str(i)
        assert cells == [f"{next(values).accuracy:.3f}" for _ in KINDS]
    assert rows_of(text, "What the maps are worth")[1:] == [
        ["rollout", "2", "0.514", "0.223", "0.337"],
        ["chance", "", "0.061", "0.062", "0.031"],
    ]


def test_a_card_says_that_masks_supervised_the_features():
    for name, recipe in RECIPES.items():
        setting = (recipe.config.patch_sizes, recipe.config.reductions)
        text = card.text(recipe, replace(a_report(name), accuracies={setting: 0.9}))
        assert text.startswith(f"# {name}\n")
        assert "masks supervised the features" in text
        assert "1,234 held-out scenes" in " ".join(text.split())
        assert "## Accuracy at every setting" not in text


def test_everything_that_ships_is_made(folder, small_measurements, monkeypatch, tmp_path_factory):
    checkpoints, recipe = tmp_path_factory.mktemp("checkpoints"), replace(TINY, config=replace(CONFIG, image_size=128))
    monkeypatch.setitem(RECIPES, "flexi_pvt", recipe)
    monkeypatch.setattr(evaluate, "FIRST_PATCHES", (4, 8))
    monkeypatch.setattr(evaluate, "BATCH", 2)
    monkeypatch.setattr(export, "SIZES", (64, (32, 48)))
    monkeypatch.setattr(export, "SCORED", 2)
    job = {"folder": checkpoints, "device": "cpu", "scenes": 4}
    line = make((0, "flexi_pvt"), measure_only=False, **job)
    assert {path.name for path in folder.iterdir()} == {
        f"flexi_pvt{ending}" for ending in (".safetensors", ".moments.safetensors", ".json", ".md")
    }
    average = torch.load(checkpoints / "flexi_pvt" / "checkpoint.pt", weights_only=True)["average"]
    model, head = load_model("flexi_pvt"), load_segmentation("flexi_pvt")
    for prefix, part in (("network", model), ("segment", head)):
        for name, values in part.state_dict().items():
            assert torch.equal(values, average[f"{prefix}.{name}"].half().float()), name
    assert model.config == recipe.config
    assert model.weights.trained
    assert model.weights.classes == scenes.CLASSES
    assert model.weights.patch_sizes == recipe.trained_patch_sizes
    assert model.weights.reductions == recipe.trained_reductions
    kept = moments.load("flexi_pvt")
    assert [moment.step for moment in kept] == list(recipe.moments)
    for moment in kept:
        assert moment.state.keys() == model.state_dict().keys()
        then = torch.load(checkpoints / "flexi_pvt" / f"moment-{moment.step}.pt", weights_only=True)
        for name, values in moment.state.items():
            true = then[f"network.{name}"]
            if true.numel():  # kept as bytes: half a level of the largest is the most that is lost
                assert (values - true).abs().max() <= 0.51 / 127 * true.abs().max() + 1e-6, name

    found = report.load("flexi_pvt")
    assert (found.scenes, found.seed, found.sizes.keys()) == (4, evaluate.HELD_OUT, {(64, 64), (32, 48)})
    assert found.training.steps == found.training.history[-1][0] == recipe.steps
    assert found.training.scenes == sum(lesson.batch for lesson in lessons(recipe))
    assert all(
        accuracy == evaluate.accuracy(load_model("flexi_pvt", image_size=size), 4, size)
        for size, accuracy in found.sizes.items()
    )
    assert len(found.interventions) == 4 * len(KINDS)
    assert found.scored == 2
    assert (folder / "flexi_pvt.md").read_text() == card.text(recipe, found)
    assert "4 held-out scenes" in line

    (folder / "flexi_pvt.json").unlink()
    before = (folder / "flexi_pvt.safetensors").stat().st_mtime_ns
    make((0, "flexi_pvt"), measure_only=True, **job)
    assert report.load("flexi_pvt") == found
    assert (folder / "flexi_pvt.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("rows", [3, 10])
def test_the_history_of_a_report_has_the_means_of_its_steps(folder, monkeypatch, tmp_path, rows):
    monkeypatch.setattr(export, "HISTORY_ROWS", rows)
    recipe = replace(TINY, phases=replace_steps(TINY, 7), moments=())
    run.train(recipe, tmp_path)
    kept = json.loads((tmp_path / "history.json").read_text())
    history = export.training(recipe, kept).history
    every = 2 if rows == 3 else 1
    assert [row[0] for row in history] == ([2, 4, 6, 7] if rows == 3 else [1, 2, 3, 4, 5, 6, 7])
    for i, (_, loss, accuracy) in enumerate(history):
        some = kept[i * every : (i + 1) * every]
        assert loss == pytest.approx(sum(row[1] for row in some) / len(some), abs=1e-4)
        assert accuracy == pytest.approx(sum(row[2] for row in some) / len(some), abs=1e-4)
