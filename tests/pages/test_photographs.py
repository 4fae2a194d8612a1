"""Evidence, Trade-off, Learning and the exported page with a network that knows photographs, beside one of scenes.

The network is a random one: what is told of it comes from a report that is made up here.
"""

import json
import shutil
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest
import streamlit as st
from PIL import Image

import pvt_viz
import visits
from pvt_viz import places, report
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.checkpoints import moments, own, tiny_imagenet
from pvt_viz.choices.page import MOMENTS
from pvt_viz.choices.view import View
from pvt_viz.lesson import learning, tradeoff
from pvt_viz.lesson.evidence import held_out
from pvt_viz.models import Weights
from pvt_viz.report import CEILING, CENTRE_PRIOR, CHANCE, Intervention, MapScore, Report
from pvt_viz.scenes import CLASSES
from pvt_viz.site import sections
from pvt_viz.site import visit as exported
from pvt_viz.ui import calls
from pvt_viz.ui.looking import charts
from visits import blobs, go, healthy, payload, photograph, text

CAT = {"picture": "cat", "model": "photo_pvt", "size": "64"}
SCENE = {"picture": "scene", "model": "flexi_pvt"}
STRANGE = {"picture": "scene", "model": "photo_pvt", "size": "64"}, {"picture": "cat", "model": "flexi_pvt"}
PAGES = ("evidence", "trade_off", "learning")
CONFIG = pvt_viz.get_config("photo_pvt")
STEPS = (100, 300, 800, 2_000, 5_000, 20_000)


def scores(prior: float) -> tuple[MapScore, ...]:
    """Of every map 0.3 to 0.4, beside a centre prior of so much."""
    stages = {method: (4,) if method == "raw" else (1, 2, 3, 4) for method in METHODS}
    rows = [(method, stage, 0.3 + stage / 40) for method, some in stages.items() for stage in some]
    rows += [(CHANCE, 0, 0.2), (CENTRE_PRIOR, 0, prior), *((CEILING, stage, 0.9) for stage in (1, 2, 3, 4))]
    return tuple(MapScore(method=name, stage=at, pointing=x, energy=x, overlap=x) for name, at, x in rows)


REPORT = Report(
    name="photo_pvt",
    kind="photographs",
    scenes=10_000,
    in_settings=2_000,
    side=max(CONFIG.image_hw),
    seed=0,
    accuracies={(CONFIG.patch_sizes, CONFIG.reductions): 0.512, (CONFIG.patch_sizes, (4, 4, 2, 1)): 0.487}
    | {((8, 2, 2, 2), (r, 2, 1, 1)): 0.4 + r / 100 for r in (1, 2, 4)},
    top5=0.8,
    sizes={},
    interventions=tuple(
        Intervention(stage=stage, kind=kind, accuracy=0.05 * stage) for stage, kind in product((1, 2, 3, 4), KINDS)
    ),
    scored=500,
    scores=scores(0.6),
    small_scored=444,
    small_scores=scores(0.36),
    training=replace(report.load("flexi_pvt").training, steps=30_000),
)


def visit(page: str = "pyramid", **query: str):
    return visits.visit(page, **query)


@pytest.fixture(scope="module")
def weights_folder(tmp_path_factory):
    """What ships, and a random photo_pvt beside it."""
    folder = tmp_path_factory.mktemp("weights")
    for file in own.FOLDER.glob("*.*"):
        if not file.name.startswith("photo_"):
            shutil.copy(file, folder)
    model = pvt_viz.build_model("photo_pvt", seed=3)
    state = {f"network.{name}": values for name, values in model.named_parameters()}
    settings = {"patch_sizes": ((4, 8), (2,), (2,), (2,)), "reductions": ((8,), (4,), (2,), (1,))}
    about = Weights(source="photo_pvt", trained=True, classes=tiny_imagenet.CLASSES, **settings)
    own.save(folder / "photo_pvt.safetensors", state, CONFIG, about)
    return folder


@pytest.fixture
def network(weights_folder, tmp_path, monkeypatch):
    """photo_pvt without a report, and with no moments."""

    def forget() -> None:
        report.load.cache_clear()
        for cached in calls.studio.shared:
            cached.clear()
        tradeoff.points.cache_clear()

    for module in (own, report):
        monkeypatch.setattr(module, "FOLDER", weights_folder)
    monkeypatch.setattr(moments, "FOLDER", tmp_path)
    shutil.copy(places.MOMENTS / "flexi_pvt.moments.safetensors", tmp_path)
    forget()
    yield tmp_path
    (weights_folder / "photo_pvt.json").unlink(missing_ok=True)
    forget()


def measured(found: Report) -> None:
    """As if that had been measured."""
    report.save(found)
    report.load.cache_clear()
    tradeoff.points.cache_clear()


@pytest.fixture
def photo_report(network):
    measured(REPORT)


@pytest.fixture
def recorded(network):
    """Moments of photo_pvt: other random weights at each."""
    found = []
    for seed, step in enumerate(STEPS):
        model = pvt_viz.build_model("photo_pvt", seed=seed + 10)
        found.append(moments.Moment(step, {name: values.detach() for name, values in model.named_parameters()}))
    moments.save(found, moments.path_of("photo_pvt"))


def headers(app) -> list[str]:
    return [header.value for header in app.subheader]


def curves(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


@pytest.mark.parametrize("query", [CAT, SCENE, *STRANGE], ids=lambda q: f"{q['model']} on {q['picture']}")
def test_every_network_on_every_picture(query, photo_report, recorded):
    app = visit(**query)
    for page in PAGES:
        healthy(go(app, page))
        assert not [*app.warning, *app.info], page


@pytest.mark.parametrize("query", [CAT, STRANGE[0]], ids=["cat", "scene"])
def test_without_report_and_moments_everything_goes_on(query, network):
    app = visit(**query)
    for page in PAGES:
        healthy(go(app, page))
        assert "held-out" not in "".join(headers(app))
        assert not [*app.warning, *app.info], page


# --- Evidence -----------------------------------------------------------------------------------------------


def test_maps_of_a_photograph_have_no_scores_but_the_report_has(photo_report):
    app = healthy(visit("evidence", **CAT))
    said = text(app)
    assert "brightest on it " not in said.replace("“brightest on it”", "")
    assert "Nobody has marked the object in this photograph" in said
    assert "On 500 held-out photographs, at the default p and R" in headers(app)
    assert "On 444 held-out photographs whose box is under a quarter of the picture" in headers(app)
    assert "Against the box of the object" in said
    assert "There the centre prior has less to say." in said
    assert "scenes" not in " ".join(headers(app))
    assert "true shape" not in said
    for table, rows in zip(app.table, (REPORT.scores, REPORT.small_scores), strict=False):
        assert list(table.value["map"]) == [row.method for row in rows]
        assert list(table.value["weight on it"]) == [f"{row.energy:.1%}" for row in rows]
    assert [button.label for button in app.get("download_button")].count("Table (CSV)") == 2


def test_whether_a_map_beats_the_centre_prior_is_said_plainly(photo_report):
    said = text(healthy(visit("evidence", **CAT)))
    assert "**No map beats the centre prior, by any of the three scores**" in said  # of all photographs
    told = "3 of 13 by “brightest on it” (at best rollout, stage 4: 40.0% against 36.0%)"
    assert said.count(f"**Maps that beat the centre prior**: {told}; ") == 0
    # Of the small ones: stages 3 and 4, of three methods, and raw.
    assert f"**Maps that beat the centre prior**: {told.replace('3 of', '7 of').replace('rollout', 'raw')}; " in said


def test_one_score_may_beat_it_where_others_do_not():
    better = MapScore(method="rollout", stage=2, pointing=0.7, energy=0.4, overlap=0.3)
    prior = MapScore(method=CENTRE_PRIOR, stage=0, pointing=0.6, energy=0.5, overlap=0.3)
    assert held_out.beyond_centre((better, prior)) == (
        "**Maps that beat the centre prior**: 1 of 1 by “brightest on it” (at best rollout, stage 2: 70.0% against"
        " 60.0%); none by “weight on it”; none by “overlap (IoU)”."
    )
    assert held_out.beyond_centre((better,)) == ""
    assert held_out.beyond_centre((prior,)) == ""


def test_without_scores_of_small_objects_there_is_one_table(network):
    measured(replace(REPORT, small_scored=0, small_scores=()))
    app = healthy(visit("evidence", **CAT))
    assert len(app.table) == 2  # and that of interventions
    assert not [header for header in headers(app) if "quarter" in header]


@pytest.mark.parametrize("in_settings, count", [(2_000, "2,000"), (0, "10,000")])
def test_interventions_are_told_on_as_many_photographs_as_they_were_measured_on(in_settings, count, network):
    measured(replace(REPORT, in_settings=in_settings))
    app = healthy(visit("evidence", **CAT))
    assert f"On {count} held-out photographs" in headers(app)
    said = text(app)
    assert f"on {count} held-out photographs. Untouched it is 51.2%, on 10,000; guessing" in said
    assert "right once in 200." in said
    assert "one answer in three" not in said
    assert "The most is lost with stage 1 off (5.0% left)" in said


def test_another_photograph_gives_keys_and_values(photo_report):
    app = healthy(visit("evidence", **CAT))
    assert "those of the photograph “Astronaut”;" in text(app)
    for kind in KINDS:
        for cell in app.table[-1].value[kind]:
            assert cell.replace("**", "").replace("\\", "").rpartition(" ")[0] in tiny_imagenet.CLASSES
    last = healthy(visit("evidence", **CAT | {"picture": "motorcycle"}))
    assert "those of the photograph “Cat”;" in text(last)


def test_an_upload_is_answered_from_a_sample_too(photo_report):
    app = visit(**CAT)
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    assert "those of the photograph “Cat”;" in text(healthy(go(app, "evidence")))


def test_numbers_about_another_kind_of_picture_say_so(photo_report):
    strange, on_cat = (healthy(visit("evidence", **query)) for query in STRANGE)
    drawn = "Measured on photographs, which is what photo_pvt knows: it says nothing about this drawn scene."
    assert text(strange).count(drawn) == 2
    taken = "Measured on drawn scenes, which is what flexi_pvt knows: it says nothing about this photograph."
    assert text(on_cat).count(taken) == 2
    assert "those of scene 8;" in text(on_cat)  # what it knows
    for query in (CAT, SCENE):
        assert "it says nothing about" not in text(healthy(visit("evidence", **query)))


def test_scenes_are_told_as_scenes(photo_report):
    app = healthy(visit("evidence", **SCENE))
    found = report.load("flexi_pvt")
    assert f"On {found.scored:,} held-out scenes, at the default p and R" in headers(app)
    assert f"On {found.scenes:,} held-out scenes" in headers(app)
    assert "the part on the shape counts" in text(app)
    assert "one answer in three" in text(app)
    assert "photograph" not in " ".join(headers(app))


# --- Trade-off ----------------------------------------------------------------------------------------------


def names(app) -> list[str]:
    return [trace["name"] for trace in curves(app)[0]["data"]]


def test_points_are_those_of_the_network_s_kind(photo_report):
    app = healthy(visit("trade_off", **CAT))
    assert app.segmented_control(key="points").value == "photographs"
    assert names(app) == ["photo_pvt, p₁ = 4", "photo_pvt, p₁ = 8"]
    assert {trace["marker"]["symbol"] for trace in curves(app)[0]["data"]} == {"circle"}
    said = text(app)
    assert "measured on photographs that it never saw" in said
    assert "Accuracy on held-out photographs, 2,000 or more of them for each of 5 settings" in said
    assert "flexi_pvt" not in said
    assert "drawn scenes" not in said
    [note] = curves(app)[0]["layout"]["annotations"]
    assert note["text"] == "now: 51.2%"
    app = healthy(visit("trade_off", **SCENE))
    assert app.segmented_control(key="points").value == "scenes"
    assert "photo_pvt" not in "".join(names(app)) + text(app)
    assert "flexi_pvt_fixed, p₁ = 4" in names(app)


def test_the_kind_of_points_is_chosen_kept_and_linked(photo_report):
    app = visit("trade_off", **CAT)
    healthy(app.segmented_control(key="points").set_value("scenes").run())
    assert app.query_params["points"] == "scenes"
    assert "flexi_pvt, p₁ = 4" in names(app)
    assert "annotations" not in curves(app)[0]["layout"]
    assert "The network in the sidebar, photo_pvt, was measured on other pictures." in text(app)
    healthy(go(app, "cost"))
    healthy(go(app, "trade_off"))
    assert app.segmented_control(key="points").value == "scenes"
    again = healthy(visit("trade_off", **app.query_params))
    assert again.segmented_control(key="points").value == "scenes"
    healthy(app.segmented_control(key="points").set_value("photographs").run())
    assert "points" not in app.query_params  # as the network says by itself


def test_the_kind_follows_the_network_where_nobody_chose(photo_report):
    app = visit("trade_off", **SCENE)
    healthy(app.selectbox(key="model").set_value("photo_pvt").run())
    assert app.segmented_control(key="points").value == "photographs"
    for picture, kind in (("cat", "photographs"), ("scene", "scenes")):  # it was measured on nothing
        app = healthy(visit("trade_off", picture=picture, model="pvt_tiny", size="64"))
        assert app.segmented_control(key="points").value == kind
        assert "is not among the measured ones" in text(app)


def test_a_click_chooses_the_network_and_lets_its_kind_follow(photo_report, monkeypatch):
    def show(shown, *, key, alt, setting, on_click=None):
        for series in shown.series if on_click else ():
            st.button(series.name, key=series.name, on_click=on_click, args=(series.name, 1))

    monkeypatch.setattr(charts, "show", show)
    app = visit("trade_off", **SCENE)
    healthy(app.segmented_control(key="points").set_value("photographs").run())
    healthy(app.button(key="photo_pvt, p₁ = 8").click().run())
    selection = app.session_state["selection"]
    assert (selection.model, selection.patch_sizes, selection.reductions) == ("photo_pvt", (8, 2, 2, 2), (2, 2, 1, 1))
    assert app.segmented_control(key="points").value == "photographs"
    assert "points" not in app.query_params


def test_without_points_of_photographs_there_is_nothing_to_switch(network):
    app = healthy(visit("trade_off", **CAT))
    assert not [control for control in app.segmented_control if control.key == "points"]
    assert "flexi_pvt, p₁ = 4" in names(app)
    app = healthy(visit("trade_off", points="photographs", **SCENE))
    assert "flexi_pvt, p₁ = 4" in names(app)


# --- Learning -----------------------------------------------------------------------------------------------


def test_the_moments_are_those_of_the_network_for_the_picture(photo_report, recorded):
    app = healthy(visit("learning", **CAT, moment="2"))
    assert "The same photograph, seen by `photo_pvt`" in text(app)
    assert app.select_slider(key="moment").options == ["random", *(f"{step:,}" for step in (*STEPS, 30_000))]
    assert len(app.select_slider(key="moment").options) == MOMENTS
    assert "It answers **" in text(app)
    assert {chart["layout"]["annotations"][0]["text"] for chart in curves(app)} == {"step 300"}
    assert "on photographs as training changes them" in text(app)
    seen = set()
    for moment in range(MOMENTS):
        healthy(app.select_slider(key="moment").set_value(moment).run())
        seen.add(payload(app)[0]["fingerprint"])
    assert len(seen) == MOMENTS
    # Whatever else is chosen: a network of scenes on a photograph, and one of photographs on a scene.
    assert "`photo_pvt`" in text(healthy(visit("learning", **STRANGE[1])))
    for query in (SCENE, STRANGE[0]):
        app = healthy(visit("learning", **query))
        assert "The same scene, seen by `flexi_pvt`" in text(app)
        assert len(payload(app)[0]["stages"][0]["grid"]) == 2


@pytest.mark.parametrize("moment", [0, 3])
def test_early_answers_are_among_the_network_s_own_classes(moment, photo_report, recorded):
    selection = exported.scene("cat", "photo_pvt", size=64)
    step = learning.steps(selection.studio.recorded("photo_pvt"), REPORT)[moment]
    then = selection.studio.scene(selection.selection, selection.picture, step)
    assert then.trace.weights.classes == tiny_imagenet.CLASSES
    drawn = exported.scene("scene", "flexi_pvt", size=64)
    assert drawn.studio.scene(drawn.selection, drawn.picture, 0).trace.weights.classes == CLASSES


def test_without_moments_of_photographs_those_of_scenes_are_shown(photo_report):
    app = healthy(visit("learning", **CAT))
    assert "seen by `flexi_pvt`" in text(app)
    assert blobs(app)


def test_damaged_moments_are_one_sentence(photo_report):
    moments.path_of("photo_pvt").write_bytes(b"no tensors")
    [info] = healthy(visit("learning", **CAT)).info
    assert "photo_pvt.moments.safetensors are damaged" in info.value


def test_a_training_that_went_on_from_another_is_shown_up_to_its_end():
    recorded = [SimpleNamespace(step=step) for step in STEPS]
    training = replace(REPORT.training, steps=600)
    assert learning.steps(recorded, replace(REPORT, training=training)) == [0, 100, 300, 600]
    assert learning.steps(recorded, None) == [0, *STEPS, STEPS[-1] + 1]


# --- The exported page --------------------------------------------------------------------------------------


def told(scene) -> dict[str, str]:
    """Every sentence of each section, as one text."""
    found = {}
    for section in [*sections.before(scene), *sections.after(scene, View())]:
        words = [section.title, section.words, *section.notes]
        words += [f"{plate.title} {plate.caption} {plate.alt}" for plate in section.plates]
        words += [f"{chart.title} {chart.caption}" for chart in section.charts]
        words += [f"{table.alt} {table.note} {table.rows}" for table in section.tables]
        found[section.key] = "\n".join(words)
    return found


def test_the_exported_page_of_a_photograph_says_nothing_of_scenes(photo_report, recorded):
    found = told(exported.scene("cat", "photo_pvt", size=64))
    for key in ("scores", "what-matters", "trade-off", "learning", *(key for key in found if "evidence" in key)):
        for word in ("scene", "true shape", "flexi_pvt", "the shape", "the right answer"):
            assert word not in found[key], (key, word)
    assert "On 444 held-out photographs whose box is under a quarter" in found["scores"]
    assert "**No map beats the centre prior" in found["scores"]
    assert "on 2,000 held-out photographs" in found["what-matters"]
    assert "the photograph “Astronaut”" in found["what-matters"]
    assert "measured on photographs" in found["trade-off"]
    assert "'20,000'" in found["learning"]
    assert any(name in found["learning"] for name in tiny_imagenet.CLASSES)


@pytest.mark.parametrize("picture, model", [("cat", "photo_pvt"), ("scene:3", "flexi_pvt"), ("a file", "photo_pvt")])
def test_what_is_exported_without_a_model_comes_with_the_one_that_knows_it(tmp_path, picture, model):
    if picture == "a file":
        Image.new("RGB", (70, 90), "teal").save(tmp_path / "mine.png")
        picture = str(tmp_path / "mine.png")
    assert exported.scene(picture, size=64).selection.model == model


def test_the_exported_page_says_what_its_numbers_are_about(photo_report, recorded):
    found = told(exported.scene("cat", "flexi_pvt", size=64))
    for key in ("scores", "what-matters"):
        assert "it says nothing about this photograph" in found[key]
    assert "measured on drawn scenes" in found["trade-off"]
    drawn = told(exported.scene("scene", "flexi_pvt", size=64))
    assert "the part on the shape counts" in drawn["scores"]
    assert "it says nothing" not in drawn["scores"]


def test_the_exported_page_without_a_report_or_moments(network):
    found = told(exported.scene("cat", "photo_pvt", size=64))
    assert not {"scores", "trade-off", "learning"} & set(found)
    measured(REPORT)
    assert "What it answered" not in told(exported.scene("cat", "photo_pvt", size=64))["learning"]
