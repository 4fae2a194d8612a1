"""Weights that a visitor uploads, without a browser: what is shown of them, where they are, and how they go."""

import io
import json
import re
from dataclasses import replace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from brought import FAMILIES, authors, family
from own_weights import ALL, answers, chosen, names, opened, same_rows, upload
from pvt_viz import images
from pvt_viz.checkpoints.load import open_files
from pvt_viz.presets import PRESETS
from pvt_viz.samples import load
from source_models import LABELS
from timm_models import timm_model
from visits import go, healthy, photograph, text, visit

HEADED = [name for name in FAMILIES if "without a head" not in name]


@pytest.fixture(scope="module")
def visitor() -> AppTest:
    """One visit for the tests that bring weights and only look: an upload replaces what was there."""
    return visit(picture="cat")


def brought_by(visitor: AppTest, name: str) -> AppTest:
    return healthy(upload(visitor, family(name).files))


def lens_rows(app: AppTest) -> list[dict]:
    [table] = [element.value for element in app.table if "it would have said" in element.value.columns]
    return table.to_dict("records")


# --- what is shown --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HEADED)
def test_the_top_five_are_those_of_the_library(visitor, name):
    app = brought_by(visitor, name)
    brought, selection = family(name), app.session_state["selection"]
    assert chosen(app) == brought.name
    assert f"{brought.name} (yours)" in names(app)
    config = selection.config
    assert config == open_files(brought.files).config  # opened at its own size, p and R
    found = answers(app)
    assert len(found) == 5
    logits = brought.logits(images.to_tensor(load("cat"), config))[0]
    same_rows(found, logits, open_files(brought.files).weights.classes)
    assert f"It answers **{found[0][0]}**." in text(app).replace("\\", "")
    if config.num_classes == len(LABELS) and "timm" not in name:
        assert {said for said, _ in found} <= set(LABELS)


@pytest.mark.parametrize("name", ["authors' PVT", "timm's PVTv2", "transformers' distilled DeiT"])
def test_the_last_row_of_the_logit_lens_is_the_answer(visitor, name):
    app = brought_by(visitor, name)
    rows, found = lens_rows(app), answers(app)
    assert len(rows) == app.session_state["selection"].config.depths[-1]
    assert [int(row["block"]) for row in rows] == list(range(1, len(rows) + 1))
    last = rows[-1]["it would have said"].replace("\\", "")
    assert last == ", ".join(f"{said} {percent:.1f}%" for said, percent in found[:3])
    assert rows[-1]["of the answer"] == f"{found[0][1]:.1f}%"
    assert rows[0] != {**rows[-1], "block": rows[0]["block"]}


def test_the_logit_lens_is_the_librarys_norm_and_head_on_an_earlier_block(visitor):
    app, model = brought_by(visitor, "transformers' ViT"), family("transformers' ViT").model
    picture = images.to_tensor(load("cat"), app.session_state["selection"].config)
    with torch.no_grad():
        early = model.vit(picture, output_hidden_states=True).hidden_states[1]
        logits = model.classifier(model.vit.layernorm(early)[:, 0])[0]
    said = re.findall(r"([^,]+?) ([\d.]+)%(?:, |$)", lens_rows(app)[0]["it would have said"].replace("\\", ""))
    assert len(said) == 3
    same_rows([(name, float(percent)) for name, percent in said], logits, LABELS)


def test_what_the_network_is_and_how_pictures_are_prepared_is_said(visitor):
    said = text(brought_by(visitor, "transformers' DeiT")).replace("\\", "")
    assert "DeiT" in said
    assert "7 classes, trained at 64×64 px." in said
    processor = json.loads(family("transformers' DeiT").files["preprocessor_config.json"])
    cut = processor["crop_size"]["height"] / processor["size"]["height"]
    mean = ", ".join(f"{value:.3g}" for value in processor["image_mean"])
    assert cut < 1
    assert f"the middle {cut:.1%} of the square, then mean ({mean}) and deviation" in said
    said = text(opened("transformers' DeiT", crop="whole"))
    assert f"all of the picture here (in training the middle {cut:.1%} of the square)" in said


def test_the_crop_that_is_said_is_the_crop_that_is_seen(visitor):
    app = brought_by(visitor, "authors' PVT")  # 0.875, for nothing is said
    seen = answers(app)
    brought, config = family("authors' PVT"), app.session_state["selection"].config
    whole = images.to_tensor(load("cat"), replace(config, crop=1.0))
    with pytest.raises(AssertionError):
        same_rows(seen, brought.logits(whole)[0], open_files(brought.files).weights.classes)


def test_a_photograph_of_the_visitors_own_is_answered_too():
    app = opened("authors' PVT")
    before = answers(app)
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    healthy(app)
    assert answers(app) != before
    brought = family("authors' PVT")
    picture = images.to_tensor(images.read(photograph(320, 200)), app.session_state["selection"].config)
    same_rows(answers(app), brought.logits(picture)[0], open_files(brought.files).weights.classes)


def test_nothing_of_it_is_in_the_link():
    app = opened("authors' PVT")
    assert app.query_params == {}
    app.select_slider(key="p1").set_value(8).run()
    app.select_slider(key="size").set_value(96).run()
    app.segmented_control(key="kernels").set_value("bilinear").run()
    healthy(go(app, "cost"))
    assert set(app.query_params) <= {"picture"}
    assert "mine" not in str(app.query_params)


def test_it_is_kept_from_page_to_page():
    app = opened("authors' PVT")
    app.select_slider(key="r1").set_value(4).run()
    for page in ("attention", "reduction", "cost", "pyramid"):
        healthy(go(app, page))
        assert (chosen(app), app.session_state["selection"].reductions) == ("mine.pth", (4, 4, 2, 1)), page


# --- what the weights cannot tell -----------------------------------------------------------------------------

SCENES, RESIZED, MOVED = "was not trained on drawn scenes", "Kernels are resized by", "Position embeddings are interp"
RANDOM = "not yet meaningful"
PICTURED = ("attention", "reduction", "evidence", "pyramid")


def test_the_honest_lines():
    app = opened("authors' PVT")

    def lines(page: str = "pyramid") -> set[str]:
        said = text(healthy(go(app, page)))
        return {line for line in (SCENES, RESIZED, MOVED, RANDOM, "Not trained at p₁ = 8") if line in said}

    assert [lines(page) for page in PICTURED] == [set()] * len(PICTURED)
    app.segmented_control(key="source").set_value("Scene").run()
    assert lines() == {SCENES}
    app.select_slider(key="p1").set_value(8).run()
    everything = {SCENES, RESIZED, MOVED, "Not trained at p₁ = 8"}
    assert [lines(page) for page in PICTURED] == [everything] * len(PICTURED)
    app.segmented_control(key="source").set_value("Sample").run()
    app.select_slider(key="p1").set_value(4).run()
    app.select_slider(key="size").set_value(96).run()
    assert lines() == {MOVED}


def test_positions_that_move_in_a_later_stage_alone_are_said():
    app = opened("authors' PVT")
    app.select_slider(key="p3").set_value(1).run()
    assert "interpolated from 4×4 tokens to 8×8 in stage 3, and likewise above." in text(healthy(app))


def test_pvt_v2_has_no_positions_to_interpolate():
    app = opened("transformers' PVTv2")
    app.select_slider(key="size").set_value(96).run()
    assert MOVED not in text(healthy(app))


def test_a_backbone_has_maps_and_no_answer(visitor):
    app = brought_by(visitor, "a PVT without a head")
    said = text(app)
    assert "without a head there is no answer" in said
    assert "a backbone, without a head" in said
    assert RANDOM not in said
    assert answers(app) == []
    assert not [table for table in app.table if "it would have said" in table.value.columns]


# --- how they come and go -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "button, pages", [("Forget these weights", ALL[1:5]), ("Back to the defaults", ("reduction", "cost"))]
)
def test_letting_go_brings_the_default_back(button, pages):
    app = opened("transformers' ViT")
    app.select_slider(key="p1").set_value(8).run()
    [found] = [b for b in app.button if b.label == button]
    healthy(found.click().run())
    assert chosen(app) == "photo_pvt"
    assert app.session_state["selection"].config == PRESETS["photo_pvt"]
    assert "own_weights" not in app.session_state
    assert not [name for name in names(app) if "model.safetensors" in name]
    assert not [b for b in app.button if b.label == "Forget these weights"]
    for page in pages:
        healthy(go(app, page))


def test_another_network_and_back():
    app = opened("transformers' ViT")
    before = answers(app)
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())
    assert app.session_state["selection"].image_size == (128, 128)
    assert app.query_params == {"picture": "cat", "model": "flexi_pvt"}
    assert "model.safetensors (yours)" in names(app)
    healthy(app.selectbox(key="model").set_value("model.safetensors").run())
    assert app.session_state["selection"].image_size == (64, 64)
    assert answers(app) == before


def test_a_network_is_opened_at_its_own_p_and_r_whatever_was_chosen_before():
    app = upload(visit(picture="cat", r1="16", size="224", p1="8"), authors(1, sr_ratios=(4, 4, 1, 1)).files)
    selection = healthy(app).session_state["selection"]
    assert (selection.size, selection.patch_sizes, selection.reductions) == (64, (4, 2, 2, 2), (4, 4, 1, 1))
    assert RESIZED not in text(app)
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())
    selection = app.session_state["selection"]
    assert (selection.size, selection.reductions) == (128, (8, 4, 2, 1))


def test_another_file_of_the_same_name_is_another_network():
    app = visit(picture="cat")
    for seed, side in ((0, 64), (1, 64), (2, 96)):
        brought = authors(1, seed=seed, img_size=side)
        healthy(upload(app, brought.files))
        config = app.session_state["selection"].config
        assert config.image_hw == (side, side)
        logits = brought.logits(images.to_tensor(load("cat"), config))[0]
        same_rows(answers(app), logits, open_files(brought.files).weights.classes)
        same_rows(lens_last(app), logits, open_files(brought.files).weights.classes)


def lens_last(app: AppTest) -> list[tuple[str, float]]:
    said = lens_rows(app)[-1]["it would have said"].replace("\\", "").split(", ")
    return [(name, float(percent[:-1])) for name, percent in (words.rsplit(" ", 1) for words in said)]


def test_of_two_sets_in_a_file_the_other_can_be_chosen():
    average, plain = authors(1, seed=1), authors(1, seed=2)
    out = io.BytesIO()
    torch.save({"model": plain.model.state_dict(), "model_ema": average.model.state_dict()}, out)
    app = healthy(upload(visit(picture="cat"), {"both.pth": out.getvalue()}))
    picture = images.to_tensor(load("cat"), app.session_state["selection"].config)
    [chooser] = [box for box in app.selectbox if box.label == "Weights in the file"]
    assert (chooser.options, chooser.value) == (["model_ema", "model"], "model_ema")
    assert "taken are those under model_ema, the average" in text(app).replace("\\", "")
    classes = open_files({"both.pth": out.getvalue()}).weights.classes
    same_rows(answers(app), average.logits(picture)[0], classes)
    healthy(chooser.set_value("model").run())
    same_rows(answers(app), plain.logits(picture)[0], classes)
    assert "taken are those under model, and not" in text(app).replace("\\", "")
    [chooser] = [box for box in app.selectbox if box.label == "Weights in the file"]
    assert chooser.value == "model"
    app = healthy(upload(app, plain.files))
    assert not [box for box in app.selectbox if box.label == "Weights in the file"]


def kept(model) -> bytes:
    out = io.BytesIO()
    torch.save(model.state_dict(), out)
    return out.getvalue()


VARIANTS = {
    "one channel": ("vit_tiny_patch16_224", {"in_chans": 1}),
    "four channels": ("vit_tiny_patch16_224", {"in_chans": 4}),
    "registers and LayerScale": ("vit_small_patch14_reg4_dinov2", {"small": False, "img_size": 56}),
    "a norm of the mean": ("vit_tiny_patch16_224", {"global_pool": "avg"}),
}


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_vit_with_other_parts_goes_through_every_page(kind):
    name, fields = VARIANTS[kind]
    column = {"embed_dim": 128, "num_heads": 2, "depth": 2}
    model = timm_model(name, **{**column, **fields})
    app = healthy(upload(visit(picture="cat"), {"vit.pth": kept(model)}))
    picture = images.to_tensor(load("cat"), app.session_state["selection"].config)
    with torch.no_grad():
        same_rows(answers(app), model(picture)[0], open_files({"vit.pth": kept(model)}).weights.classes)
    for page in (*ALL[1:], "tour"):
        healthy(go(app, page))


def test_two_visitors_do_not_see_each_others_weights():
    mine = opened("authors' PVT")
    other = healthy(visit(picture="cat"))
    assert chosen(other) == "photo_pvt"
    assert not [name for name in names(other) if "mine" in name]
    asked = visit(picture="cat", model="mine.pth")
    assert chosen(asked) != "mine.pth"
    assert "Model: `mine.pth`" in asked.info[0].value
    assert chosen(mine.run()) == "mine.pth"


def test_nothing_private_enters_what_visitors_share(monkeypatch):
    from pvt_viz.ui import calls

    def refuse(*_args):
        raise AssertionError("private weights went into the cache that all visitors share")

    app = visit("evidence", picture="cat")
    for name in ("_shared_network", "_shared_trace", "_shared_look"):
        monkeypatch.setattr(calls.studio, name, refuse)
    healthy(upload(app, family("authors' PVT").files))
