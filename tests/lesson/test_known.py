"""What is said of a network's knowledge: whether the picture belongs to it, names, detail, accuracy, sureness."""

import io
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from choosing import from_source, network, upload
from pvt_viz import language, report, samples, scenes
from pvt_viz.checkpoints import tiny_imagenet
from pvt_viz.lesson import answer, known
from pvt_viz.models import Weights
from pvt_viz.presets import PRESETS
from pvt_viz.report import PHOTOGRAPHS, SCENES, Sureness
from touring import scene_of
from visits import go, healthy, text, visit

HOME = PRESETS["photo_pvt"]
STRANGE = {"scene": "was not trained on drawn scenes", "cat": "has only ever seen drawn shapes"}
SEEN = "It was trained on small pictures: this is what it sees"


@pytest.fixture
def measured(monkeypatch):
    """As if photo_pvt had been measured: right on 62.5 % by itself, on 50 % at another R, and one time in four."""
    load = report.load
    bins = ((0.0, 1.0, 0.25, 500),)
    found = replace(
        load("flexi_pvt"),
        name="photo_pvt",
        kind=PHOTOGRAPHS,
        scenes=5000,
        in_settings=1000,
        side=HOME.image_size,
        accuracies={
            (HOME.patch_sizes, HOME.reductions): 0.625,
            (HOME.patch_sizes, (16, 4, 2, 1)): 0.5,
        },
        top5=0.875,
        sureness=Sureness(temperature=1.0, pictures=500, error=0.02, bins=bins),
    )
    reports = {"photo_pvt": found}
    monkeypatch.setattr(report, "load", lambda name: reports[name] if name in reports else load(name))
    return reports


def button(app: AppTest, start: str):
    found = [b for b in app.button if b.label.startswith(start)]
    return found[0] if found else None


# --- network and picture ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture, model, fitting", [("scene", "photo_pvt", "flexi_pvt"), ("cat", "flexi_pvt", "photo_pvt")]
)
def test_where_they_do_not_belong_together_one_button_mends_it(picture, model, fitting):
    app = healthy(visit(picture=picture, model=model))
    assert STRANGE[picture] in text(app)
    for page in ("attention", "reduction", "evidence", "trade_off", "tour"):
        assert button(healthy(go(app, page)), f"Use {fitting}"), page
    healthy(go(app, "pyramid"))
    healthy(button(app, f"Use {fitting}").click().run())
    assert network(app) == fitting
    assert STRANGE[picture] not in text(app)
    assert not button(app, "Use ")
    other = {"scene": "Sample", "cat": "Scene"}[picture]
    assert network(from_source(app, other)) == model  # from now on it follows the picture


def test_a_picture_of_ones_own_is_mended_too():
    app = upload(visit(picture="scene", model="flexi_pvt"))
    assert network(app) == "flexi_pvt"
    healthy(button(app, "Use photo_pvt").click().run())
    assert network(app) == "photo_pvt"


@pytest.mark.parametrize("query", [{}, {"picture": "scene"}, {"model": "pvt_tiny", "size": "64"}])
def test_where_they_belong_together_or_nothing_is_known_there_is_no_button(query):
    app = healthy(visit(**query))
    assert not button(app, "Use ")
    assert not [sentence for sentence in STRANGE.values() if sentence in text(app)]


def test_the_kind_of_a_network_is_told_by_its_classes():
    assert known.kind(Weights("a", trained=True, classes=scenes.CLASSES)) == SCENES
    assert known.kind(Weights("a", trained=True, classes=tiny_imagenet.CLASSES)) == PHOTOGRAPHS
    assert known.kind(Weights("a", trained=True, classes=("cat", "dog"))) == ""
    assert known.kind(Weights("a", trained=False)) == ""


def test_the_task_of_scenes_is_told_of_networks_that_know_it():
    assert "The task: " in text(healthy(visit("tour", picture="scene", step="answer")))
    assert "The task: " not in text(healthy(visit("tour", picture="scene", model="photo_pvt", step="answer")))


# --- what it is worth ------------------------------------------------------------------------------------------


def test_accuracy_on_photographs_stands_beside_photographs(measured):
    said = text(healthy(visit()))
    assert "right on **62.5%** of 5,000 held-out photographs, for " in said
    assert "The right answer is among its five strongest on **87.5%**." in said
    said = text(healthy(visit(r1="16")))
    assert "right on **50.0%** of 1,000 held-out photographs, for " in said
    assert "five strongest" not in said
    side = HOME.image_size
    assert f"held-out photographs (measured at {side}×{side}), for" in text(healthy(visit(size="96")))
    with language.speaking("zh"):
        assert "5,000 张留出的照片中答对 **62.5%**" in text(healthy(visit(lang="zh")))


@pytest.mark.parametrize(
    "query", [{"picture": "scene", "model": "photo_pvt"}, {"picture": "cat", "model": "flexi_pvt"}]
)
def test_no_accuracy_stands_beside_a_picture_that_it_is_not_about(measured, query):
    app = healthy(visit(**query))
    for page in ("pyramid", "evidence", "trade_off"):
        said = text(healthy(go(app, page)))
        assert "At these p and R it is right" not in said, page
        assert "One picture costs " in said, page


def test_how_often_so_unsure_an_answer_is_right(measured):
    once = "This unsure, it is right about one time in 4."
    assert once in text(healthy(visit()))
    assert once not in text(healthy(visit(r1="16")))  # not measured there
    assert once not in text(healthy(visit(size="96")))
    assert "This unsure" not in text(healthy(visit(picture="scene", model="photo_pvt")))
    with language.speaking("zh"):
        assert "大约每 4 次答对一次" in text(healthy(visit(lang="zh")))
    measured["photo_pvt"] = replace(measured["photo_pvt"], sureness=None)
    assert "This unsure" not in text(healthy(visit()))


@pytest.mark.parametrize(
    "accuracy, pictures, said",
    [
        (0.02, 100, "This unsure, it is hardly ever right."),
        (0.26, 100, "This unsure, it is right about one time in 4."),
        (0.62, 100, "This unsure, it is right about 6 times in ten."),
        (0.62, 3, ""),
    ],
)
def test_a_measured_share_in_words(monkeypatch, accuracy, pictures, said):
    scene = scene_of(visit())
    sure = Sureness(temperature=1.0, pictures=pictures, error=0.0, bins=((0.0, 1.0, accuracy, pictures),))
    found = replace(report.load("flexi_pvt"), kind=PHOTOGRAPHS, side=HOME.image_size, sureness=sure)
    monkeypatch.setattr(report, "load", lambda _name: found)
    assert known.unsure(scene, 0.3) == said
    assert known.unsure(scene, 0.7) == ""


# --- names and detail ------------------------------------------------------------------------------------------


def names(app: AppTest) -> list[str]:
    """Of the list that the popover shows."""
    every = set(tiny_imagenet.CLASSES)
    [shown] = [lines for one in app.markdown if set(lines := one.value.replace("\\", "").split("  \n")) <= every]
    return shown


def lists(app: AppTest) -> list[str]:
    labels = [one.proto.popover.label for one in app.get("popover")]
    return [label for label in labels if label.startswith("What it knows")]


def test_all_names_are_one_click_away_and_found_by_a_part():
    app = healthy(visit())
    assert lists(app) == ["What it knows: 200 things"]
    assert len(names(app)) == 200
    assert names(app) == sorted(names(app), key=str.casefold)
    assert "is not among the 200 things that it knows" in text(app)
    healthy(app.text_input(key="known_search").set_value(" CAT ").run())
    assert names(app) == known.called(tiny_imagenet.CLASSES, "cat")
    assert "tabby cat" in names(app)
    healthy(app.text_input(key="known_search").set_value("unicorn").run())
    assert "None of them is called so." in text(app)


def test_names_are_in_the_language_of_the_reader_and_sorted_as_it_sorts():
    with language.speaking("zh"):
        found = known.called(tiny_imagenet.CLASSES, "猫")
        assert language.tr("tabby cat") in found
        every = known.called(tiny_imagenet.CLASSES)
        assert len(every) == 200
        assert every == sorted(every, key=lambda name: name.encode("gb18030"))
        said = healthy(visit(lang="zh"))
        assert "都不在它认识的 200 种东西之中" in text(said)


def test_answers_are_told_in_the_language_of_the_reader():
    weights = Weights("a", trained=True, classes=tiny_imagenet.CLASSES)
    index = tiny_imagenet.CLASSES.index("tabby cat")
    assert answer.named(weights, index) == "tabby cat"
    with language.speaking("zh"):
        assert answer.named(weights, index) == language.tr("tabby cat") != "tabby cat"


@pytest.mark.parametrize("query", [{"picture": "scene"}, {"model": "pvt_tiny", "size": "64"}])
def test_other_networks_have_no_such_list(query):
    app = healthy(visit(**query))
    assert lists(app) == []
    assert SEEN not in [one.label for one in app.expander]


def test_the_reduced_picture_is_one_click_away_where_it_is_reduced():
    assert SEEN in [one.label for one in healthy(visit()).expander]
    assert "64×64 pixels, enlarged without smoothing." in text(visit())
    assert SEEN not in [one.label for one in healthy(visit(size="64")).expander]  # then it is shown all that there is
    assert SEEN not in [one.label for one in healthy(upload(visit(), picture(Image.new("RGB", (60, 50))))).expander]
    assert SEEN in [one.label for one in healthy(visit(crop="whole")).expander]
    with language.speaking("zh"):
        assert "它是用小图片训练的：这就是它看到的" in [one.label for one in healthy(visit(lang="zh")).expander]


# --- pictures that are hard to say anything of -----------------------------------------------------------------


def picture(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def screenshot() -> Image.Image:
    image = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(image)
    for row in range(20):
        pen.text((10, 10 + 28 * row), "import torch  # the quick brown fox jumps over the lazy dog" * 2, fill="black")
    return image


HARD = {
    "black": Image.new("RGB", (300, 200)),
    "white": Image.new("RGB", (300, 200), "white"),
    "a strip": Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (16, 1))),
    "a column": Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[:, None], (1, 16))),
    "text": screenshot(),
    "clear": Image.new("RGBA", (64, 64), (0, 0, 0, 0)),
}


@pytest.mark.parametrize(
    "kind, crop", [*zip(HARD, cycle(["square", "whole"])), ("a strip", "whole"), ("a column", "square")]
)
def test_a_picture_that_is_hard_to_say_anything_of_gets_an_answer_all_the_same(kind, crop):
    app = upload(visit(crop=crop), picture(HARD[kind]))
    for page in ("pyramid", "attention", "reduction", "evidence", "trade_off", "learning", "tour", "cost"):
        healthy(go(app, page))
        assert not app.warning, page
    assert "It answers **" in text(healthy(go(app, "pyramid")))
    assert network_of(app) == "photo_pvt"


def network_of(app: AppTest) -> str:
    return app.session_state["selection"].model


def test_a_sample_is_larger_than_what_the_network_sees():
    assert all(min(samples.load(name).size) > HOME.detail for name in samples.SAMPLES)
