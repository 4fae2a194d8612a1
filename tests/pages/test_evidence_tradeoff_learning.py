"""Evidence, Trade-off and Learning without a browser: many states, their own words in the link, clicks on points."""

import json
from types import SimpleNamespace

import pytest
import streamlit as st
import torch

import pvt_viz
import visits
from pvt_viz import attribution, images, report, scenes
from pvt_viz.attribution import KINDS, METHODS
from pvt_viz.checkpoints import BUNDLED, moments
from pvt_viz.checkpoints import own as load
from pvt_viz.choices.page import MOMENTS
from pvt_viz.choices.selection import SEEDS_FROM
from pvt_viz.figures.tradeoff import by_series
from pvt_viz.lesson import tradeoff
from pvt_viz.scenes import CLASSES
from pvt_viz.ui import calls
from pvt_viz.ui.looking import charts
from visits import PHOTO, blobs, go, healthy, payload, text

NEW = ("evidence", "trade_off", "learning")
STATES = [
    {},
    {"size": "96", "seed": "999", "outline": "on"},
    {"picture": "cat"},
    {"picture": "motorcycle", "crop": "whole", "size": "160"},
    {"model": "pvt_tiny", "size": "64"},
    {**PHOTO, "size": "64", "crop": "whole"},
    {"model": "flexi_pvt_fixed"},
    {"model": "scene_vit"},
    {"p1": "16"},
    {"r2": "8"},
]
STEPS = (150, 300, 500, 650, 800, 1500)
MOMENTS_FILE = "flexi_pvt.moments.safetensors"
SCENE = {"picture": "scene", "model": "flexi_pvt"}


def visit(page: str = "pyramid", **query: str):
    """On a drawn scene and the network for it, whatever the app opens on, unless the link says otherwise."""
    return visits.visit(page, **(SCENE | query))


def link(app) -> dict[str, str]:
    """What the link says besides picture and model, which are not in it where the app opens on them."""
    return {name: word for name, word in app.query_params.items() if name not in SCENE}


@pytest.fixture
def no_reports(tmp_path, monkeypatch):
    """As if nothing had been measured."""
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    report.load.cache_clear()
    tradeoff.points.cache_clear()
    yield tmp_path
    report.load.cache_clear()
    tradeoff.points.cache_clear()


@pytest.fixture
def no_moments(tmp_path, monkeypatch):
    """An empty folder where the recorded moments should be."""
    monkeypatch.setattr(moments, "FOLDER", tmp_path)
    for cached in calls.studio.shared:
        cached.clear()
    yield tmp_path
    for cached in calls.studio.shared:
        cached.clear()


@pytest.fixture
def recorded(no_moments):
    """Moments that cost no training: other random weights at each."""
    found = []
    for seed, step in enumerate(STEPS):
        model = pvt_viz.build_model(pvt_viz.get_config("flexi_pvt"), seed=seed + 1)
        found.append(moments.Moment(step, {name: values.detach() for name, values in model.named_parameters()}))
    moments.save(found, no_moments / MOMENTS_FILE)
    return found


def explorers(app) -> list[dict]:
    return [payload(app, position)[0] for position in range(len(blobs(app)))]


def curves(app) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


@pytest.mark.parametrize("query", STATES, ids=lambda q: "&".join(f"{k}={v}" for k, v in q.items()) or "defaults")
def test_the_new_pages_in_many_states(query):
    app = visit(**query)
    for page in NEW:
        healthy(go(app, page))
        assert not app.warning, page
        assert not app.info, page
        assert link(app) == {name: word for name, word in query.items() if name not in SCENE}, page
        selection = app.session_state["selection"]
        assert {"picture": selection.picture, "model": selection.model} == {
            name: (SCENE | query)[name] for name in SCENE
        }


# --- Evidence -----------------------------------------------------------------------------------------------


def test_the_table_of_interventions_has_every_stage_and_kind():
    app = healthy(visit("evidence"))
    table = app.table[-1].value
    assert list(table["attention of"]) == [f"stage {i}" for i in range(1, 5)]
    assert list(table.columns) == ["attention of", *KINDS]
    for kind in KINDS:
        for cell in table[kind]:
            name, _, chance = cell.replace("**", "").partition(" ")
            assert name in CLASSES
            assert chance.endswith("%")
            assert 10 <= int(chance[:-1]) <= 100  # the likeliest of ten
    for kind, words in KINDS.items():
        assert f"**{kind.capitalize()}.** {words}" in text(app)


@pytest.mark.parametrize("stage, kind", [(1, "off"), (2, "uniform"), (3, "swapped")])
def test_an_intervention_is_that_of_the_library(stage, kind):
    model = pvt_viz.load_model("flexi_pvt")
    pair = [images.from_tensor(scenes.generate(1, 128, SEEDS_FROM + seed).images)[0] for seed in (8, 7)]
    batch = torch.cat([images.to_tensor(picture, model.config) for picture in pair])
    chances = attribution.intervene(model, stage, kind)(batch)[1].softmax(dim=0)
    table = healthy(visit("evidence")).table[-1].value
    cell = table[kind][stage - 1].replace("**", "")
    assert cell == f"{CLASSES[int(chances.argmax())]} {float(chances.max()):.0%}"


def test_the_last_scene_swaps_with_the_first():
    assert "are those of scene 0;" in text(healthy(visit("evidence", seed="999")))
    assert "are those of scene 8;" in text(healthy(visit("evidence")))


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_chosen_kept_and_linked(method):
    app = visit("evidence")
    assert app.segmented_control(key="method").value == "rollout"
    healthy(app.segmented_control(key="method").set_value(method).run())
    assert link(app) == ({} if method == "rollout" else {"method": method})
    healthy(go(app, "attention"))
    healthy(go(app, "evidence"))
    assert app.segmented_control(key="method").value == method
    again = healthy(visit("evidence", **app.query_params))
    assert again.segmented_control(key="method").value == method
    stages = [header.value for header in again.subheader if header.value.startswith("Stage ")]
    assert stages == (["Stage 4"] if method == "raw" else [f"Stage {i}" for i in range(1, 5)])


def test_a_map_is_scored_where_the_truth_is_known():
    scored = "brightest on it "  # and a number
    assert text(healthy(visit("evidence"))).count(scored) == 4
    assert scored not in text(healthy(visit("evidence", picture="cat")))


def test_a_network_without_answers_is_shown_maps_and_sent_on():
    app = healthy(visit("evidence", model="pvt_tiny", size="64"))
    assert "Choose a network with weights" in text(app)
    assert not app.table
    assert len([header for header in app.subheader if header.value.startswith("Stage ")]) == 4


def test_what_was_measured_on_held_out_scenes_is_told():
    found = report.load("flexi_pvt")
    app = healthy(visit("evidence"))
    assert any(f"On {found.scored:,} held-out scenes" in header.value for header in app.subheader)
    assert len(app.table[0].value) == len(found.scores)
    [chart] = curves(app)
    assert [trace["name"] for trace in chart["data"]] == ["untouched", *KINDS]
    worst = min(found.interventions, key=lambda row: row.accuracy)
    assert f"The most is lost with stage {worst.stage} {worst.kind} ({worst.accuracy:.1%} left)" in text(app)


def test_without_a_report_only_this_picture_is_told(no_reports):
    app = healthy(visit("evidence"))
    assert not curves(app)
    assert len(app.table) == 1
    assert "held-out" not in "".join(header.value for header in app.subheader)
    assert "Accuracy at these p and R was not measured." in text(app)


def test_a_report_that_cannot_be_read_is_none(no_reports):
    for content in ("", "[]", "{}", '{"name": "flexi_pvt", "accuracies": 3}'):
        (no_reports / "flexi_pvt.json").write_text(content)
        report.load.cache_clear()
        assert report.load("flexi_pvt") is None
    healthy(visit("evidence"))


# --- Trade-off ----------------------------------------------------------------------------------------------


@pytest.fixture
def points(monkeypatch):
    """Every point of the chart as a button, so that a test can click it; by series and place in it."""

    def show(shown, *, key, alt, setting, on_click=None):
        for series in shown.series if on_click else ():
            for at in range(len(series.x)):
                name = f"{series.name} {at}"
                st.button(name, key=name, on_click=on_click, args=(series.name, at))

    monkeypatch.setattr(charts, "show", show)


def button_of(network: str, patch_sizes: tuple[int, ...], reductions: tuple[int, ...]) -> str:
    """The key of a point's button."""
    [found] = [
        f"{series} {at}"
        for series, of_series in by_series(tradeoff.points("scenes")).items()
        for at, point in enumerate(of_series)
        if (point.network, point.patch_sizes, point.reductions) == (network, patch_sizes, reductions)
    ]
    return found


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"p1": "2", "r1": "16", "size": "96"},
        {"model": "pvt_tiny"},
        {"picture": "cat"},
        {"model": "scene_vit"},
        {"model": "vit_tiny_16"},
    ],
    ids=lambda q: "&".join(f"{k}={v}" for k, v in q.items()) or "defaults",
)
def test_a_click_on_a_point_chooses_its_setting(points, before):
    app = visit("trade_off", **before)
    wanted = ("flexi_pvt", (8, 2, 2, 2), (4, 2, 1, 1))
    healthy(app.button(key=button_of(*wanted)).click().run())
    selection = app.session_state["selection"]
    assert (selection.model, selection.patch_sizes, selection.reductions) == wanted
    kept = {name: word for name, word in before.items() if name == "size"}
    assert link(app) == {**kept, "p1": "8", "r1": "4", "r2": "2", "r3": "1"}
    assert selection.image_size == ((96, 96) if "size" in before else (128, 128))
    assert not app.info


def test_a_click_on_a_hollow_point_changes_the_network_too(points):
    app = visit("trade_off", p1="8")
    healthy(app.button(key=button_of("flexi_pvt_fixed", (4, 2, 2, 2), (8, 4, 2, 1))).click().run())
    assert app.session_state["selection"].model == "flexi_pvt_fixed"
    assert link(app) == {}
    assert app.select_slider(key="p1").value == 4


def test_a_clicked_point_is_told_by_the_name_of_its_trace(monkeypatch):
    app = visit("trade_off")
    names = [trace["name"] for trace in curves(app)[0]["data"]]
    assert names == list(by_series(tradeoff.points("scenes")))
    shown = SimpleNamespace(layers=[SimpleNamespace(name=name) for name in names])
    told = []

    def click(*found) -> None:
        state = {"chart": SimpleNamespace(selection=SimpleNamespace(points=list(found)))}
        monkeypatch.setattr(charts, "st", SimpleNamespace(session_state=state))
        charts._clicked(shown, "chart", lambda *place: told.append(place))

    click({"curve_number": 1, "point_index": 3})
    assert told == [(names[1], 3)]
    click()  # let go
    assert len(told) == 1


def test_the_setting_of_the_sidebar_is_marked_where_it_was_measured():
    found = report.load("flexi_pvt")
    app = visit("trade_off", r1="16")
    accuracy = found.accuracies[(4, 2, 2, 2), (16, 4, 2, 1)]
    [note] = curves(app)[0]["layout"]["annotations"]
    assert note["text"] == f"now: {accuracy:.1%}"
    healthy(app.select_slider(key="p1").set_value(16).run())
    assert "annotations" not in curves(app)[0]["layout"]
    assert "is not among the measured ones" in text(app)


def test_every_measured_setting_is_a_point():
    traces = curves(healthy(visit("trade_off")))[0]["data"]
    measured = [found for found in map(report.load, BUNDLED) if found and found.kind == "scenes"]
    assert sum(len(trace["x"]) for trace in traces) == sum(len(found.accuracies) for found in measured)
    for trace in traces:
        hollow = trace["marker"]["symbol"] == "circle-open"
        assert hollow == trace["name"].startswith("flexi_pvt_fixed")


def test_the_axis_is_chosen_kept_and_linked():
    app = visit("trade_off")
    assert "MACs" in curves(app)[0]["layout"]["xaxis"]["title"]["text"]
    healthy(app.segmented_control(key="across").set_value("attention entries").run())
    assert link(app) == {"across": "attention entries"}
    assert "attention entries" in curves(app)[0]["layout"]["xaxis"]["title"]["text"]
    healthy(go(app, "cost"))
    assert link(app) == {"across": "attention entries"}
    healthy(go(app, "trade_off"))
    assert app.segmented_control(key="across").value == "attention entries"
    [reset] = [button for button in app.button if button.label == "Back to the defaults"]
    healthy(reset.click().run())
    assert app.query_params == {}
    assert app.segmented_control(key="across").value == "MACs"


def test_two_settings_are_compared_with_one_pointer():
    app = healthy(visit("trade_off"))
    one, other = explorers(app)
    for header, reduction in ((one, 8), (other, 1)):
        assert header["link"] == "tradeoff"
        [stage] = header["stages"]
        assert (stage["index"], stage["reduction"]) == (1, reduction)
    healthy(app.segmented_control(key="other").set_value(4).run())
    assert [header["stages"][0]["reduction"] for header in explorers(app)] == [8, 4]
    healthy(app.segmented_control(key="compared").set_value(3).run())
    assert [header["stages"][0]["index"] for header in explorers(app)] == [3, 3]
    assert [header["stages"][0]["reduction"] for header in explorers(app)] == [2, 4]
    assert link(app) == {"compared": "3", "other": "4"}
    again = healthy(visit("trade_off", **app.query_params))
    assert [header["fingerprint"] for header in explorers(again)] == [h["fingerprint"] for h in explorers(app)]


def test_entries_are_compared_as_they_are_counted():
    said = text(healthy(visit("trade_off", other="2")))
    assert (
        f"{2 * 1024 * 16:,} against {2 * 1024 * 256:,} entries in all attention maps of this stage, 16× apart" in said
    )


@pytest.mark.parametrize("query", [{"r1": "1"}, {"r1": "2", "other": "2"}])
def test_another_reduction_than_the_one_there_is_is_compared(query):
    app = healthy(visit("trade_off", **query))
    one, other = (header["stages"][0]["reduction"] for header in explorers(app))
    assert one == int(query["r1"])
    assert other != one
    assert link(app) == query


def test_nothing_to_compare_is_a_sentence():
    assert "A plain ViT has no R to change" in text(healthy(visit("trade_off", model="vit_tiny_16", size="64")))
    app = healthy(visit("trade_off", size="64", p1="8", compared="4"))
    assert "This stage's grid allows no other R." in text(app)
    healthy(app.segmented_control(key="compared").set_value(1).run())
    assert len(explorers(app)) == 2


def test_a_setting_that_is_too_heavy_to_compare_is_a_sentence(monkeypatch):
    monkeypatch.setenv("PVT_VIZ_TRACE_LIMIT_MB", "1.5")
    app = visit("trade_off", model="pvt_tiny", size="64")
    assert not app.exception
    assert "Raise R₁" in app.warning[0].value
    healthy(app.segmented_control(key="other").set_value(16).run())
    assert not app.warning


def test_without_measurements_two_settings_are_compared_all_the_same(no_reports):
    app = healthy(visit("trade_off"))
    assert "The measurements that come with the weights are not there" in app.info[0].value
    assert not curves(app)
    assert len(explorers(app)) == 2


def test_nonsense_in_a_link_is_replaced_and_said():
    app = healthy(visit(across="mac", compared="9", other="3", method="magic", moment="99"))
    [said] = [info.value for info in app.info]
    for words in ("Across: `mac`", "Stage: `9`", "Compared R: `3`", "Method: `magic`", "Moment of the training: `99`"):
        assert words in said
    assert link(app) == {"compared": "4", "other": "2"}
    healthy(go(app, "trade_off"))
    assert not app.info
    assert app.segmented_control(key="compared").value == 4
    healthy(go(app, "learning"))
    assert app.select_slider(key="moment").value == MOMENTS - 1


# --- Learning -----------------------------------------------------------------------------------------------


def test_the_moment_is_chosen_kept_and_linked(recorded):
    app = healthy(visit("learning", moment="2"))
    assert app.select_slider(key="moment").value == 2
    assert link(app) == {"moment": "2"}
    early = payload(app)[0]["fingerprint"]
    healthy(app.select_slider(key="moment").set_value(5).run())
    assert link(app) == {"moment": "5"}
    assert payload(app)[0]["fingerprint"] != early
    healthy(go(app, "pyramid"))
    healthy(go(app, "learning"))
    assert app.select_slider(key="moment").value == 5
    healthy(app.select_slider(key="moment").set_value(MOMENTS - 1).run())
    assert link(app) == {}


def test_every_moment_shows_its_own_network(recorded):
    app = visit("learning", moment="0")
    seen, steps = set(), [0, *STEPS, report.load("flexi_pvt").training.steps]
    assert len(steps) == MOMENTS
    for moment, step in enumerate(steps):
        healthy(app if not moment else app.select_slider(key="moment").set_value(moment).run())
        seen.add(payload(app)[0]["fingerprint"])
        for curve in curves(app):
            assert curve["layout"]["annotations"][0]["text"] == f"step {step:,}"
        assert ("held-out scenes" in text(app)) == (moment == MOMENTS - 1)  # measured of the shipped network alone
    assert len(seen) == MOMENTS


def test_the_moments_that_ship_are_eight_and_can_be_shown():
    app = visit("learning")
    for moment in range(MOMENTS):
        healthy(app.select_slider(key="moment").set_value(moment).run())
        assert not app.info
        assert not app.warning


def test_the_last_moment_is_the_shipped_network():
    shipped = payload(healthy(visit()))
    last = payload(healthy(visit("learning")))
    assert last[0]["fingerprint"] == shipped[0]["fingerprint"]


def test_the_recorded_network_is_shown_whatever_is_chosen():
    app = healthy(visit("learning", model="pvt_tiny", size="64", p1="8"))
    assert [stage["reduction"] for stage in payload(app)[0]["stages"]] == [8, 4, 2, 1]
    assert [stage["patch_size"] for stage in payload(app)[0]["stages"]] == [4, 2, 2, 2]
    app = healthy(visit("learning", r1="4"))
    assert payload(app)[0]["stages"][0]["reduction"] == 4


@pytest.mark.parametrize("content, said", [(None, "are not there."), (b"no tensors", "are damaged; fetch them again.")])
def test_moments_that_cannot_be_had_are_one_sentence(no_moments, content, said):
    if content is not None:
        (no_moments / MOMENTS_FILE).write_bytes(content)
    app = healthy(visit("learning"))
    [info] = [info.value for info in app.info]
    assert info == f"The recorded moments {MOMENTS_FILE} {said} `make train` makes them anew."
    assert not [slider for slider in app.select_slider if slider.key == "moment"]
    assert [button.label for button in app.button if "Train" in button.label] == ["Train"]


def test_moments_of_another_network_are_no_exception(no_moments):
    model = pvt_viz.build_model(pvt_viz.get_config("flexi_pvt", reductions=(8, 4, 2, 2)))
    state = {name: values.detach() for name, values in model.named_parameters()}
    moments.save([moments.Moment(step, state) for step in STEPS], no_moments / MOMENTS_FILE)
    app = healthy(visit("learning", moment="2"))
    assert len([*app.info, *app.warning]) == 1


def test_without_a_report_the_moments_are_shown_without_curves(no_reports):
    app = healthy(visit("learning"))
    assert app.select_slider(key="moment").value == MOMENTS - 1
    assert not curves(app)


def test_moments_without_the_shipped_weights_are_shown_and_that_is_said(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr(load, "FOLDER", tmp_path)
    app = healthy(visit("learning"))
    assert "The weights file flexi_pvt.safetensors is not there." in text(app)
    healthy(app.select_slider(key="moment").set_value(3).run())
    assert "The weights file flexi_pvt.safetensors is not there." not in text(app)


@pytest.mark.parametrize("query", [{"p1": "16"}, {"r2": "8"}])
def test_a_setting_that_was_never_trained_is_said_of_the_shipped_network(query):
    assert "Not trained at" in text(healthy(visit("learning", **query)))
