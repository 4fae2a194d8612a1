"""What a page gives away: plates with the numbers of the trace, and a menu that makes files when it is asked."""

import io
import json
from csv import reader

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from pvt_viz.figures import paper_font, plate, plate_paper
from pvt_viz.ui.looking import charts
from pvt_viz.walkthrough import key_over, query_at

PIN = (0.3, 0.6)


def gather():
    """All lists of plates of one scene, within a run of the app: some of what they read is kept for a visit."""
    import streamlit as st

    from pvt_viz import devices
    from pvt_viz.choices.selection import choose
    from pvt_viz.choices.view import View
    from pvt_viz.lesson import plates
    from pvt_viz.lesson.reduction import way
    from pvt_viz.picture import Picture
    from pvt_viz.ui import calls

    words = {"size": "64", "picture": "scene", **st.session_state["words"]}
    selection = choose(words, lambda _picture, _crop, side: (side, side), devices.available()).selection
    scene = st.session_state["scene"] = calls.studio.scene(selection, Picture.of(selection))
    view = View(pin=(0.3, 0.6), blocks=(1,), heads=(None, 2))
    found = st.session_state["found"] = {
        "pyramid": plates.pyramid(scene),
        "attention": plates.attention(scene, view),
        "looked at": plates.attention(scene, View(pin=(0.3, 0.6), direction="k")),
        "CLS": plates.attention(scene, View(cls_query=True)),
    }
    for stage in range(1, len(scene.trace.stages) + 1):
        focus = way.focus(scene, View(pin=(0.3, 0.6), stage=stage))
        found[f"reduction {stage}"] = plates.reduction(scene, focus)
    if selection.config.num_classes:
        found["evidence"] = plates.evidence(scene, "rollout")


def gathered(**words: str):
    app = AppTest.from_function(gather, default_timeout=120)
    app.session_state["words"] = words
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    return app.session_state["scene"], app.session_state["found"]


@pytest.fixture(scope="module")
def flexi():
    return gathered()


def named(plates: list, name: str):
    return next(plate for plate in plates if plate.name == name)


def test_plates_of_the_pyramid_hold_the_trace(flexi):
    scene, found = flexi
    assert [plate.name for plate in found["pyramid"]][:4] == ["picture", "grid-1", "features-1", "lengths-1"]
    assert len(found["pyramid"]) == 13
    np.testing.assert_array_equal(named(found["pyramid"], "picture").numbers["image"], scene.trace.image[0])
    for stage in scene.trace.stages:
        i, features = stage.shape.index, stage.feature_map[0]
        np.testing.assert_array_equal(named(found["pyramid"], f"features-{i}").numbers["feature_map"], features)
        lengths = named(found["pyramid"], f"lengths-{i}")
        np.testing.assert_allclose(lengths.numbers["lengths"], features.norm(dim=0), rtol=1e-5)
        assert lengths.scale.low == lengths.numbers["lengths"].min()
        assert lengths.scale.high == lengths.numbers["lengths"].max()
        tokens = named(found["pyramid"], f"grid-{i}").numbers["tokens"]
        row, column = 1, 0
        at = stage.n_prefix + row * stage.grid[1] + column
        np.testing.assert_array_equal(tokens[:, row, column], stage.tokens[0, at])


def test_plates_of_attention_hold_the_pinned_query_and_all_of_its_head(flexi):
    scene, found = flexi
    blocks, heads = (0, 1, 1, 1), (None, 1, None, None)
    for stage, block, head, shown in zip(scene.trace.stages, blocks, heads, found["attention"], strict=True):
        maps = stage.blocks[block].attention[0]
        maps = maps.mean(dim=0) if head is None else maps[head]
        np.testing.assert_array_equal(shown.numbers["attention"], maps)
        row, column = query_at(stage.shape, *PIN, (64, 64))
        weights = maps[stage.n_prefix + row * stage.grid[1] + column][stage.n_prefix :]
        np.testing.assert_array_equal(shown.numbers["weights"].ravel(), weights)
        assert shown.numbers["weights"].shape == stage.shape.reduced_grid
        assert shown.scale.high == pytest.approx(float(weights.max()))
        assert f"row {row + 1}, column {column + 1}" in shown.title
    assert [shown.setting["block"] for shown in found["attention"]] == ["block 1", "block 2", "block 2", "block 2"]
    said = [shown.setting["head"] for shown in found["attention"]]
    assert said == ["head 1", "head 2", "mean of heads", "mean of heads"]


def test_turned_round_they_hold_what_every_query_gives_to_the_key(flexi):
    scene, found = flexi
    for stage, shown in zip(scene.trace.stages, found["looked at"], strict=True):
        row, column = key_over(stage.shape, query_at(stage.shape, *PIN, (64, 64)))
        key = stage.n_prefix + row * stage.shape.reduced_grid[1] + column
        expected = stage.blocks[-1].attention[0].mean(dim=0)[stage.n_prefix :, key]
        np.testing.assert_allclose(shown.numbers["weights"].ravel(), expected, rtol=1e-6)
        assert shown.numbers["weights"].shape == stage.grid


def test_cls_is_followed_where_there_is_one(flexi):
    scene, found = flexi
    stage, shown = scene.trace.stages[3], found["CLS"][3]
    maps = stage.blocks[-1].attention[0].mean(dim=0)
    np.testing.assert_allclose(shown.numbers["weights"].ravel(), maps[0, 1:], rtol=1e-6)
    assert shown.title == "Stage 4: what CLS looks at"
    assert "row 9, column 9" in found["CLS"][0].title


@pytest.mark.parametrize("stage", [1, 4])
def test_plates_of_reduction_hold_one_way_through_the_block(flexi, stage):
    scene, found = flexi
    traced, plates = scene.trace.stages[stage - 1], found[f"reduction {stage}"]
    block = traced.blocks[-1]
    row, column = query_at(traced.shape, *PIN, (64, 64))
    query = traced.n_prefix + row * traced.grid[1] + column
    expected = {
        "keys": block.keys[0, 0],
        "values": block.values[0, 0],
        "query": block.queries[0, 0, query],
        "reduced": block.reduced[0],
        "projected": None if block.projected is None else block.projected[0],
    }
    for name, values in expected.items():
        if values is None:
            assert name not in [plate.name for plate in plates]
        else:
            np.testing.assert_array_equal(named(plates, name).numbers[name], values)
    weights = named(plates, "weights").numbers
    torch.testing.assert_close(torch.tensor(weights["all_weights"]), block.attention[0, 0, query])
    np.testing.assert_array_equal(weights["weights"].ravel(), weights["all_weights"][traced.n_prefix :])
    torch.testing.assert_close(
        torch.tensor(named(plates, "weighted_sum").numbers["weighted_sum"]), block.mixed[0, 0, query]
    )
    tokens = named(plates, "tokens").numbers["tokens"]
    np.testing.assert_array_equal(tokens[:, row, column], block.inputs[0, query])


def test_plates_of_evidence_hold_the_map_and_the_truth(flexi):
    scene, found = flexi
    assert [plate.name for plate in found["evidence"]] == ["map-1", "map-2", "map-3", "map-4"]
    for stage, shown in zip(scene.trace.stages, found["evidence"], strict=True):
        assert shown.numbers["map"].shape == stage.grid
        assert shown.scale.high == pytest.approx(shown.numbers["map"].max() / shown.numbers["map"].sum())
        np.testing.assert_array_equal(shown.numbers["mask"], scene.picture.scenes.masks[0])
        assert shown.setting["method"] == "rollout"


def test_every_kind_of_plate_can_be_had_as_every_file(flexi):
    _, found = flexi
    kinds = {shown.name.rstrip("-1234"): shown for plates in found.values() for shown in plates}  # one of each will do
    assert len(kinds) == 19
    for shown in kinds.values():
        assert Image.open(io.BytesIO(plate_paper.png(shown))).format == "PNG"
        assert plate_paper.svg(shown).startswith(b"<?xml")
        assert plate_paper.pdf(shown).startswith(b"%PDF")
        with np.load(io.BytesIO(plate.npz(shown))) as read:
            assert json.loads(str(read["setting"]))["model"] == "flexi_pvt"
            assert json.loads(str(read["axes"])) == shown.axes
        if shown.tabular:
            name, values = next(iter(shown.numbers.items()))
            head, *rows = reader(io.StringIO(plate.csv(shown).decode()))
            assert head == [*shown.axes[name].split(), name, "setting"]
            assert [values.dtype.type(row[-2]) for row in rows] == values.ravel().tolist()


@pytest.mark.parametrize(
    "words",
    [
        {"model": "pvt_v2_b2_li", "picture": "cat"},
        {"model": "scene_vit"},
        {"model": "pvt_tiny", "size": "112", "p1": "5"},
    ],
    ids=lambda words: words["model"],
)
def test_other_networks_have_plates_too(words):
    scene, found = gathered(**words)
    for name, plates in found.items():
        assert plates
        assert len({plate.name for plate in plates}) == len(plates), name
    assert ("weights" in found["pyramid"][0].setting) == (not scene.trace.weights.trained)
    if scene.picture.credit:
        assert scene.picture.credit in found["pyramid"][0].caption


def menu():
    """A page with two plates, one of which fits a table; they are titled by the language that is spoken."""
    from dataclasses import replace

    import numpy as np
    import streamlit as st

    from pvt_viz.figures.plate import Plate
    from pvt_viz.language import current
    from pvt_viz.ui.choosing import reader
    from pvt_viz.ui.looking import takeaway

    reader.arrive()

    def plates():
        st.session_state["collected"] = True
        one = Plate(
            name="keys",
            title=f"In {current()}",
            caption="",
            alt="",
            pixels=np.zeros((2, 2, 3), np.uint8),
            numbers={"keys": np.eye(2)},
            axes={"keys": "key channel"},
            setting={"model": "flexi_pvt", "stage": "stage 2"},
        )
        return [one, replace(one, name="tokens", numbers={"t": np.zeros((1, 1, 1))}, axes={"t": "channel h w"})]

    takeaway.offer(plates, key="page", explorer=lambda: f"<html lang={current()}>")


def page(*, opened: bool = True, language: str = "en") -> AppTest:
    app = AppTest.from_function(menu, default_timeout=30)
    app.session_state["language"] = language
    app.session_state["page_files"] = opened
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    return app


@pytest.fixture
def files(monkeypatch) -> dict:
    """Every file of the last menu that was drawn, under its name: how it is made."""
    found = {}

    def button(label: str, make, *, mime: str, file: str, key: str) -> None:
        found[file] = make

    monkeypatch.setattr(charts, "button", button)
    return found


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.get("download_button")]


def test_a_closed_menu_collects_nothing():
    app = page(opened=False)
    assert [header.value for header in app.header] == ["Take it with you"]
    assert labels(app) == []
    assert "collected" not in app.session_state


def test_the_menu_has_every_file_and_a_table_only_where_one_fits():
    app = page()
    pictures = ["PNG, 1×", "PNG, 2×", "PNG, 4×", "SVG", "PDF", "Numbers (NPZ)"]
    whole = "The explorer as one HTML file"
    assert labels(app) == [*pictures, "Numbers (CSV)", whole]
    app.selectbox[0].select("tokens").run()
    assert not app.exception
    assert labels(app) == [*pictures, whole]


def test_files_are_named_after_picture_and_setting_and_are_what_they_say(files):
    page()
    name = "pvt-viz-page-keys-flexi-pvt-stage-2"
    endings = ["1x.png", "2x.png", "4x.png", "svg", "pdf", "npz", "csv"]
    assert list(files) == [*(f"{name}.{ending}" for ending in endings), "pvt-viz-page-explorer-flexi-pvt-stage-2.html"]
    sizes = [Image.open(io.BytesIO(files[f"{name}.{scale}x.png"]())).size for scale in (1, 2, 4)]
    assert sizes == [(scale * sizes[0][0], scale * sizes[0][1]) for scale in (1, 2, 4)]
    assert files[f"{name}.pdf"]().startswith(b"%PDF")
    assert np.load(io.BytesIO(files[f"{name}.npz"]()))["keys"].tolist() == [[1, 0], [0, 1]]
    assert files[f"{name}.csv"]().startswith(b"key,channel,keys,setting\n0,0,1.0,")


@pytest.mark.parametrize("font,on_paper", [(["Some CJK"], "zh"), ([], "en")])
def test_a_file_is_in_the_readers_language_where_there_are_letters_for_it(files, monkeypatch, font, on_paper):
    monkeypatch.setattr(paper_font, "_FOUND", font)
    app = page(language="zh")
    assert app.selectbox[0].options == ["In zh", "In zh"]
    [svg] = [make for name, make in files.items() if name.endswith(".svg")]
    assert f"In {on_paper}" in svg().decode()
    [html] = [make for name, make in files.items() if name.endswith(".html")]
    assert html() == "<html lang=zh>"
    assert len(app.caption) == (on_paper == "en")
