"""Drawn scenes and the networks that were trained on them, without a browser: what is asked for and what is said."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from pvt_viz import report, scenes
from pvt_viz.checkpoints import own as load
from pvt_viz.choices.selection import SEEDS_FROM
from pvt_viz.lesson import tradeoff
from pvt_viz.ui import calls
from visits import PHOTO, blobs, go, healthy, payload, photograph, text
from visits import visit as visit_anything

SEED = 7
"""The scene that is drawn first."""
DRAWN = {"picture": "scene"}
COLOURS = scenes.colours(SEEDS_FROM + SEED)
SAY = ("pyramid", "attention", "reduction", "evidence", "trade_off")
"""The pages that say what the weights cannot tell."""
RANDOM, PHOTOGRAPH = "not yet meaningful", "has only ever seen drawn shapes"


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    """An empty folder where the weights files should be."""

    def forget() -> None:
        for cached in calls.studio.shared:
            cached.clear()
        tradeoff.points.cache_clear()
        report.load.cache_clear()

    monkeypatch.setattr(load, "FOLDER", tmp_path)
    forget()
    yield tmp_path
    forget()


def visit(page: str = "pyramid", **query: str):
    """On a scene, unless the words say otherwise."""
    return visit_anything(page, **DRAWN | query)


def sent(app, position: int = 0) -> Image.Image:
    """The picture in an explorer."""
    blob = blobs(app)[position]
    length = int.from_bytes(blob[:4], "little")
    place = json.loads(blob[4 : 4 + length])["picture"]
    start = -(-(4 + length) // 8) * 8 + place["offset"]
    return Image.open(io.BytesIO(blob[start : start + place["shape"][0]])).convert("RGB")


def differ(one: Image.Image, other: Image.Image) -> bool:
    """By more than what a JPEG makes of the same pixels."""
    return bool((np.abs(np.asarray(one, int) - np.asarray(other, int)).max(axis=-1) > 60).sum() > 50)


def drawn(seed: int = SEED, cue: str | None = None) -> scenes.Scenes:
    found = scenes.generate(1, 128, SEEDS_FROM + seed)
    return found.recoloured(cue) if cue else found


def answer_to(scene: scenes.Scenes) -> str:
    return scenes.CLASSES[int(scene.labels[0])]


def test_it_opens_on_the_scene_that_its_number_says():
    app = healthy(visit())
    assert app.query_params == DRAWN
    assert app.segmented_control(key="source").value == "Scene"
    expected = (drawn().images[0].permute(1, 2, 0) * 255).round().numpy()
    shown = np.asarray(sent(app).resize((128, 128), Image.Resampling.BOX), float)
    assert np.abs(shown - expected).mean() < 6
    header, _ = payload(app)
    assert header["alt"].startswith("A drawn scene: a ")
    assert f"the tag with the white rim is {COLOURS[0]}." in header["alt"]
    assert f"The cue (white rim) is {COLOURS[0]}, and so is the {answer_to(drawn())}." in text(app)


@pytest.mark.parametrize("colour", COLOURS[1:])
def test_recolouring_the_cue_changes_the_truth_the_link_and_the_picture(colour):
    app = healthy(visit())
    before = sent(app)
    healthy(app.segmented_control(key="cue").set_value(colour).run())
    assert app.query_params == {"cue": colour}
    right = answer_to(drawn(cue=colour))
    assert right != answer_to(drawn())
    assert f"The cue (white rim) is {colour}, and so is the {right}." in text(app)
    assert f"the tag with the white rim is {colour}." in payload(app)[0]["alt"]
    assert differ(before, sent(app))
    assert not app.info
    healthy(app.segmented_control(key="cue").set_value(COLOURS[0]).run())
    assert app.query_params == DRAWN
    assert not differ(before, sent(app))


def test_another_scene_has_its_own_cue():
    other = next(n for n in range(SEED + 1, 999) if COLOURS[1] in scenes.colours(SEEDS_FROM + n)[1:])
    app = visit()
    app.segmented_control(key="cue").set_value(COLOURS[1]).run()
    healthy(app.number_input(key="seed").set_value(other).run())
    assert app.query_params == {"seed": str(other)}
    assert app.session_state["selection"].cue == scenes.colours(SEEDS_FROM + other)[0]
    assert app.segmented_control(key="cue").value == scenes.colours(SEEDS_FROM + other)[0]
    assert f"and so is the {answer_to(drawn(other))}." in text(app)
    assert not app.info
    healthy(app.number_input(key="seed").set_value(SEED).run())
    assert app.query_params == DRAWN
    assert app.session_state["selection"].cue == COLOURS[0]


def test_a_cue_is_kept_over_whatever_leaves_the_scene_as_it_is():
    app = visit(cue=COLOURS[2])
    healthy(app.select_slider(key="clutter").set_value(25).run())
    healthy(app.select_slider(key="r1").set_value(4).run())
    healthy(go(app, "attention"))
    assert app.query_params == {"cue": COLOURS[2], "clutter": "25", "r1": "4"}
    again = healthy(visit(**app.query_params))
    assert again.session_state["selection"] == app.session_state["selection"]


def test_clutter_changes_the_ground_and_not_the_truth():
    app = visit()
    before, said = sent(app), payload(app)[0]["alt"]
    healthy(app.select_slider(key="clutter").set_value(0).run())
    assert app.query_params == {"clutter": "0"}
    assert differ(before, sent(app))
    assert payload(app)[0]["alt"] == said


def test_the_outline_is_in_the_picture_and_not_in_the_maps():
    app = visit()
    before, (header, maps) = sent(app), payload(app)
    healthy(app.segmented_control(key="outline").set_value("on").run())
    assert app.query_params == {"outline": "on"}
    after, same = payload(app)
    assert differ(before, sent(app))
    assert after["fingerprint"] != header["fingerprint"]  # else the browser would keep the picture it has
    assert maps.keys() == same.keys()
    assert all(np.array_equal(maps[stage], same[stage]) for stage in maps)
    changed = np.abs(np.asarray(sent(app), int) - np.asarray(before, int)).max(axis=-1) > 60
    mask = np.asarray(Image.fromarray(drawn().masks[0].numpy()).resize(before.size, Image.Resampling.NEAREST))
    rows, columns = np.nonzero(mask)
    near = np.zeros_like(mask)
    near[max(0, rows.min() - 12) : rows.max() + 13, max(0, columns.min() - 12) : columns.max() + 13] = True
    assert not (changed & ~near).any()


def test_an_outline_is_not_asked_of_a_photograph():
    shown = [sent(healthy(visit(picture="cat", **words))) for words in ({}, {"outline": "on"})]
    assert not differ(*shown)


@pytest.mark.parametrize(
    "query, random, photograph",
    [
        ({}, False, False),
        ({"picture": "cat", "model": "flexi_pvt"}, False, True),
        ({"picture": "cat"}, False, False),
        (PHOTO, True, False),
        ({"model": "pvt_tiny"}, True, False),
    ],
    ids=lambda value: "&".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value),
)
def test_what_the_weights_cannot_tell_is_said_on_every_page(query, random, photograph):
    app = visit(**query, size="64")
    for page in SAY:
        said = text(healthy(app if page == "pyramid" else go(app, page)))
        assert (RANDOM in said, PHOTOGRAPH in said) == (random, photograph), page
        assert "Not trained at" not in said, page


def test_an_upload_is_a_photograph_too():
    app = visit()
    app.segmented_control(key="source").set_value("Upload").run()
    assert PHOTOGRAPH not in text(healthy(app))  # until there is one, the scene is shown
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    said = text(healthy(app))
    assert app.session_state["selection"].model == "photo_pvt"
    assert PHOTOGRAPH not in said
    assert "It answers **" in said
    assert "that is right" not in said
    assert "that is wrong" not in said
    healthy(app.segmented_control(key="source").set_value("Scene").run())
    assert PHOTOGRAPH not in text(app)
    assert f"and so is the {answer_to(drawn())}." in text(app)


def test_from_a_scene_to_a_sample_and_back():
    app = visit(seed="12")
    healthy(app.segmented_control(key="source").set_value("Sample").run())
    assert app.query_params == {}
    assert not [widget for widget in app.number_input if widget.key == "seed"]
    healthy(app.selectbox(key="picture").set_value("coffee").run())
    healthy(app.segmented_control(key="source").set_value("Scene").run())
    assert app.query_params == {"seed": "12"}
    assert f"and so is the {answer_to(drawn(12))}." in text(app)


@pytest.mark.parametrize("picture", ["scen", "../../etc/passwd", "catt"])
def test_a_link_with_a_misspelt_picture_opens_on_the_source_of_what_it_shows(picture):
    app = healthy(visit(picture=picture))
    shown = app.session_state["selection"]
    assert app.segmented_control(key="source").value == ("Scene" if shown.drawn else "Sample")


@pytest.mark.parametrize("query, said", [({"p1": "16"}, "p₁ = 16"), ({"r2": "8"}, "R₂ = 8")])
def test_a_setting_that_was_never_trained_is_shown_and_said(query, said):
    app = visit(**query)
    for page in SAY:
        words = text(healthy(app if page == "pyramid" else go(app, page)))
        assert f"Not trained at {said}: " in words, page
        assert RANDOM not in words, page
    assert "Accuracy at these p and R was not measured." in words


def test_accuracy_at_the_setting_is_said_with_what_it_was_measured_on():
    found = report.load("flexi_pvt")
    for words, setting in (({}, (8, 4, 2, 1)), ({"r1": "16"}, (16, 4, 2, 1))):
        accuracy = found.accuracies[(4, 2, 2, 2), setting]
        said = text(healthy(visit(**words)))
        assert f"right on **{accuracy:.1%}** of {found.scenes:,} held-out scenes, for " in said
    assert "held-out scenes (measured at 128×128), for " in text(healthy(visit(size="96")))


def test_a_scene_of_a_network_without_weights_gets_no_answer():
    said = text(healthy(visit(model="pvt_tiny", size="64")))
    assert "It answers" not in said
    assert "held-out" not in said


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "The weights file flexi_pvt.safetensors is not there."),
        (b"not a weights file", "The weights file flexi_pvt.safetensors is damaged; fetch it again."),
    ],
)
def test_weights_that_cannot_be_had_are_one_sentence_and_random_ones(no_weights, content, sentence):
    if content is not None:
        (no_weights / "flexi_pvt.safetensors").write_bytes(content)
    app = visit()
    for page in SAY:
        said = text(healthy(app if page == "pyramid" else go(app, page)))
        assert said.count(sentence) == 1, page
        assert said.count(RANDOM) == 1, page
        assert "It answers" not in said, page
    healthy(go(app, "learning"))
    healthy(go(app, "cost"))


def test_the_size_follows_the_network_until_it_is_chosen():
    app = visit()
    healthy(app.selectbox(key="model").set_value("vit_tiny_16").run())
    assert app.session_state["selection"].image_size == (224, 224)
    assert app.query_params == {"picture": "scene", "model": "vit_tiny_16"}
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())
    assert app.session_state["selection"].image_size == (128, 128)
    assert app.query_params == DRAWN
    healthy(app.select_slider(key="size").set_value(96).run())
    healthy(app.selectbox(key="model").set_value("vit_tiny_16").run())
    assert app.session_state["selection"].image_size == (96, 96)
    assert app.query_params == {"picture": "scene", "model": "vit_tiny_16", "size": "96"}
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())
    assert app.session_state["selection"].image_size == (96, 96)


def test_ratios_of_one_network_fit_the_other():
    app = visit(model="pvt_tiny", size="96", r1="3", p1="5")
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())
    selection = app.session_state["selection"]
    assert (selection.patch_sizes[0], selection.reductions[0]) in {(4, 2), (4, 4)}
    [said] = [info.value for info in app.info]
    assert "p₁: `5`" in said
    assert "R₁: `3`" in said
    assert RANDOM not in text(app)
