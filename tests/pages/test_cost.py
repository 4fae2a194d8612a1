"""The Cost page without a browser: every number follows its controls, and what does not fit is said."""

import json
import re
import time

import pytest

from pvt_viz import PRESETS, get_config
from pvt_viz.cost import FORWARD, FULL_EXPLICIT, SRA, Scope, analyze, parts, recording
from pvt_viz.cost.compare import SIDES
from pvt_viz.cost.recording import Recording
from pvt_viz.cost.task import Machine, Measurement, Task
from pvt_viz.cost.variants import without_sra
from pvt_viz.ui.running import measuring
from pvt_viz.words import si
from visits import go, healthy, photograph, text, visit

CHARTS = ("stage_macs", "stage_memory", "growth", "frontier", "linear", "measured_memory")


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def chart(app, position: int) -> dict:
    return json.loads(app.get("plotly_chart")[position].proto.spec)


def heights(app, position: int) -> dict[str, list]:
    return {trace["name"]: list(trace["y"]) for trace in chart(app, position)["data"]}


def tables(app) -> str:
    return "\n".join(table.value.to_csv() for table in app.table)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"side": "2048", "batch": "256", "dtype": "float16", "unit": "FLOP", "axis": "log"},
        {"model": "pvt_tiny"},
        {"model": "pvt_large", "r1": "1", "r2": "1", "r3": "1"},
        {"model": "vit_small_16_paper", "side": "400"},
        *({"model": name} for name in PRESETS if "v2" in name),
        {"model": "pvt_v2_b2_li", "side": "64", "batch": "8", "axis": "log"},
        {"model": "pvt_v2_b0", "side": "80", "p1": "7", "r1": "3", "r4": "2"},
        {"model": "pvt_v2_b0", "r1": "1", "r2": "1", "r3": "1", "scope": "stage-4"},
        {"model": "scene_vit", "p1": "4"},
        {"size": "96", "p1": "8", "r1": "4"},
        {"model": "pvt_tiny", "size": "96", "p1": "7", "r1": "3"},
        {"side": "64", "scope": "forward", "view": "-~s4~b999~hm~c0~dq~xo"},
    ],
    ids=lambda query: "&".join(f"{k}={v}" for k, v in query.items()) or "defaults",
)
def test_the_page_in_many_states(query):
    app = healthy(visit("cost", **query))
    assert not app.warning
    assert len(app.get("plotly_chart")) == len(CHARTS)
    assert app.query_params == query
    assert not re.search(r"\b(nan|None|inf)\b", text(app) + tables(app))


def test_the_numbers_are_those_of_the_closed_forms():
    app = healthy(visit("cost", model="pvt_small", side="448", batch="4"))
    config = get_config("pvt_small", image_size=448)
    report, full = analyze(config, batch=4), analyze(without_sra(config), batch=4)
    assert metrics(app)["Parameters"] == si(report.params, "")
    assert metrics(app)["One forward"] == si(report.macs, "MAC")
    assert metrics(app)["All attention maps"] == si(report.attention_map_bytes, "B")
    assert f"without SRA {si(full.macs, 'MAC')}" in text(app)
    bars = heights(app, 0)
    assert sum(bars["SRA, fused"]) == report.attention_macs
    assert sum(bars["full attention, explicit"]) == sum(bars["full attention, fused"]) == full.attention_macs
    assert "**Stage 1**: **64× fewer** multiply-adds" in text(app)
    written = tables(app)
    [fold] = report.select(stage=1, part="fold")
    assert report.filled(fold) in written
    assert f"{fold.macs:,}" in written


def test_a_switch_changes_every_number_from_macs_to_flops():
    app = visit("cost", model="pvt_tiny")
    before = {name: heights(app, position) for position, name in enumerate(CHARTS)}
    healthy(app.segmented_control(key="unit").set_value("FLOP").run())
    after = {name: heights(app, position) for position, name in enumerate(CHARTS)}
    for name in ("stage_macs", "growth", "linear"):
        for series, values in before[name].items():
            assert after[name][series] == [2 * value for value in values]
    for name in ("stage_memory", "frontier", "measured_memory"):
        assert after[name] == before[name]
    assert metrics(app)["One forward"] == si(analyze(PRESETS["pvt_tiny"]).flops, "FLOP")
    said = text(app).partition("1 MAC = 2 FLOPs")[0]
    assert not re.search(r"\d [kMGTP]?MAC\b", said + tables(app))
    assert re.search(r"\d [kMGTP]FLOP\b", said)
    assert app.query_params["unit"] == "FLOP"


def test_moving_the_size_moves_every_number_and_is_kept_between_pages():
    app = visit("cost", model="pvt_tiny", size="160")
    assert app.slider(key="side").value == 160  # the sidebar's, until it is moved
    healthy(app.slider(key="side").set_value(1024).run())
    assert metrics(app)["One forward"] == si(analyze(PRESETS["pvt_tiny"], 1024).macs, "MAC")
    assert chart(app, 2)["layout"]["shapes"]
    assert app.query_params == {"model": "pvt_tiny", "size": "160", "side": "1024"}
    healthy(go(app, "reduction"))
    assert app.session_state["selection"].image_size == (160, 160)
    healthy(go(app, "cost"))
    assert app.slider(key="side").value == 1024
    [button] = [button for button in app.button if button.label == "Back to the defaults"]
    healthy(button.click().run())
    assert app.query_params == {}
    assert app.slider(key="side").value == PRESETS["photo_pvt"].image_size
    assert metrics(app)["One forward"] == si(analyze(PRESETS["photo_pvt"]).macs, "MAC")


def test_ratios_of_the_sidebar_are_those_of_the_page():
    app = visit("cost")
    healthy(app.select_slider(key="r1").set_value(4).run())
    assert "**Stage 1**: **16× fewer**" in text(app)
    healthy(app.select_slider(key="r1").set_value(1).run())
    assert "**Stage 1**: R = 1" in text(app)


def test_a_size_that_does_not_fit_is_said_and_the_last_good_state_stays():
    app = visit("cost", model="pvt_tiny", p1="16", r1="8")
    good = metrics(app)
    app.slider(key="side").set_value(64).run()
    assert not app.exception
    [said] = [warning.value for warning in app.warning]
    assert "R_1 = 8 is larger than the 4×4 token grid" in said
    assert "Still shown: pvt_tiny at 224×224" in said
    assert metrics(app) == good
    healthy(app.slider(key="side").set_value(256).run())
    assert not app.warning
    assert metrics(app) != good


def test_a_link_to_a_size_that_does_not_fit_shows_the_nearest_good_state():
    for words, shown in (
        ({"model": "pvt_tiny"}, "pvt_tiny at 224×224"),
        ({"model": "flexi_pvt"}, "flexi_pvt at 128×128"),
    ):
        app = visit("cost", **words, p1="16", r1="8", side="64")
        assert not app.exception
        assert f"Still shown: {shown}" in app.warning[0].value


def test_nonsense_in_a_link_is_replaced_and_said():
    app = healthy(visit(side="99999", batch="0", dtype="float3", unit="<b>", scope="stage-9"))
    [said] = [info.value for info in app.info]
    for words in (
        "Image size: `99999`",
        "2048 is shown",
        "Batch: `0`",
        "Precision: `float3`",
        "Count in: `",
        "What to measure: `",
    ):
        assert words in said
    assert healthy(go(app, "cost")).slider(key="side").value == 2048


@pytest.mark.parametrize("model", ["pvt_v2_b2", "pvt_v2_b2_li"])
def test_the_numbers_of_v2_are_those_of_the_closed_forms(model):
    app = healthy(visit("cost", model=model, side="448", batch="4"))
    config = get_config(model, image_size=448)
    report, full = analyze(config, batch=4), analyze(without_sra(config), batch=4)
    assert metrics(app)["Parameters"] == si(report.params, "")
    assert metrics(app)["One forward"] == si(report.macs, "MAC")
    bars = heights(app, 0)
    assert sum(bars["SRA, fused"]) == report.attention_macs
    assert sum(bars["full attention, explicit"]) == full.attention_macs
    written = tables(app)
    for part in ("patch embedding", "convolution", "pool" if config.pool else "fold"):
        [row] = report.select(stage=1, part=part)
        assert report.filled(row) in written
        assert f"{row.macs:,}" in written
    mlps = sum(row.macs for row in report.select(part=("MLP", "convolution")))
    assert f"are {si(mlps, 'MAC')} of {si(report.macs, 'MAC')}" in text(app)
    said = text(app).partition("How this is counted")[0]
    assert "none for positions" in said
    assert "there is no CLS" in said


def test_linear_sra_is_not_described_as_a_fold():
    app = healthy(visit("cost", model="pvt_v2_b2_li"))
    said = text(app)
    assert "keys pooled to 7×7 (linear SRA). Move p in" in said
    assert "What linear SRA costs elsewhere" in [header.value for header in app.header]
    assert "**Stage 1**: **64× fewer** multiply-adds" in said
    assert "**Stage 4**: 7×7 tokens: the pool leaves as many keys" in said
    assert "layers behind the pools hold" in said
    assert "R = (1, 1, 1, 1)" not in said
    assert "R = 1 everywhere" not in tables(app)
    assert "folds instead of linear SRA, R = (8, 4, 2, 1)" in tables(app)
    fewer_tokens = healthy(visit("cost", model="pvt_v2_b2_li", side="96"))
    assert "**Stage 4**: **5.44× more** multiply-adds" in text(fewer_tokens)  # 49 keys for 9 tokens


def test_a_network_that_folds_is_told_of_linear_sra():
    app = healthy(visit("cost", model="pvt_v2_b2"))
    assert "linear SRA, keys pooled to 7×7" in tables(app)
    [offered] = [row for row in app.table[3].value.to_dict("records") if row["network"].startswith("linear SRA")]
    assert offered["parameters"] == si(analyze(PRESETS["pvt_v2_b2_li"]).params, "")


def test_where_linear_sra_starts_to_pay_is_counted():
    position = CHARTS.index("linear")
    app = healthy(visit("cost", model="vit_tiny_16", side="448", batch="2"))
    fold, pool = (analyze(PRESETS[name], 448, 2) for name in ("pvt_v2_b2", "pvt_v2_b2_li"))
    curves, at = heights(app, position), SIDES.index(448)
    assert len(curves) == 4
    for name, report in (("PVTv2-B2", fold), ("PVTv2-B2-Li", pool)):
        assert curves[f"{name}, QKᵀ and softmax·V alone"][at] == report.attention_macs
        layers = sum(row.macs for row in report.select(part=parts.ATTENTION_LAYER))
        assert curves[f"{name}, whole attention layers"][at] == layers
    said = text(app)
    assert "folds leave 196 keys in every stage, and the pool 49 in each" in said
    assert "Linear SRA takes 4× fewer MACs for QKᵀ and softmax·V" in said
    small = analyze(PRESETS["pvt_v2_b2"], 224, 2)
    assert f"the same in every stage, {si(small.attention_macs, 'MAC')} for the two products" in said
    folds = sum(row.macs for row in small.select(part="fold"))
    assert f"a block in stages 1, 2, 3, {si(folds, 'MAC')} in all" in said
    assert "49·C² a block in every stage" in said
    assert "on top in stage 4" in said
    pays = {
        part: min(side for side in SIDES if _macs("pvt_v2_b2_li", side, part) < _macs("pvt_v2_b2", side, part))
        for part in (parts.ATTENTION_LAYER, parts.ATTENTION)
    }
    assert "at {} pixels for whole layers (of the sizes on the curve), and at {} for".format(*pays.values()) in said
    healthy(app.slider(key="side").set_value(224).run())
    assert "Linear SRA takes as many MACs for QKᵀ and softmax·V" in text(app)


def _macs(preset: str, side: int, part: tuple[str, ...]) -> int:
    return sum(row.macs for row in analyze(PRESETS[preset], side).select(part=part))


def test_a_vit_has_two_ways_and_no_fold():
    app = healthy(visit("cost", model="vit_tiny_16"))
    assert list(heights(app, 0)) == ["full attention, explicit", "full attention, fused"]
    assert "there is no SRA to compare with" in text(app)
    assert "there is no fold" in text(app)


def test_a_scope_of_a_stage_that_the_model_lacks_becomes_one_it_has():
    app = healthy(visit("cost", model="vit_tiny_16", scope="stage-3"))
    assert app.selectbox(key="scope").value == "stage-1"


def test_measuring_from_the_page():
    app = visit("cost", model="pvt_tiny", size="64")
    app.pills(key="measure_sizes").set_value(["64", "96"]).run()
    [button] = [button for button in app.button if button.label == "Measure 6 points"]
    button.click().run()
    end = time.monotonic() + 120
    while measuring_of(app) and time.monotonic() < end:
        time.sleep(0.5)
        app.run()
    healthy(app.run())
    measured = app.table[2].value
    assert list(measured["where"].unique()) == ["measured here"]
    assert len(measured) == 6
    explicit = measured[measured["attention"] == "full attention, explicit"]
    assert all(abs(float(ratio) - 1) < 0.05 for ratio in explicit["measured / predicted"])
    assert len(app.get("plotly_chart")) == len(CHARTS) + 1  # times, too
    healthy(app.select_slider(key="r1").set_value(4).run())  # another SRA: its points are not this one's
    assert set(app.table[2].value["attention"]) == {"full attention, explicit", "full attention, fused"}
    healthy(app.select_slider(key="r1").set_value(8).run())
    [forget] = [button for button in app.button if button.label == "Forget all points"]
    healthy(forget.click().run())
    assert len(app.get("plotly_chart")) == len(CHARTS)


def measuring_of(app) -> bool:
    sweep = app.session_state["sweep"]
    return not sweep.finished


def test_nothing_to_measure_is_a_button_that_cannot_be_pressed():
    app = visit("cost", size="64")
    app.pills(key="measure_sizes").set_value([]).run()
    [button] = [button for button in app.button if button.label == "Measure 0 points"]
    assert button.disabled


def test_a_failed_point_is_in_the_table_with_its_reason():
    app = visit("cost", model="pvt_tiny", size="64")
    task = Task(get_config("pvt_tiny", image_size=1536), Scope("attention", 1), FULL_EXPLICIT)
    machine = Machine("cpu", "CPU", "2.13.0", 1)
    app.session_state["measured"] = {(task, "cpu"): Measurement(task, machine, failure="Out of memory at 1536².")}
    healthy(app.run())
    assert "Out of memory at 1536²." in tables(app)


def test_a_recording_is_offered_with_its_device_and_date(tmp_path, monkeypatch):
    machine = Machine("cuda", "GPU (NVIDIA H200)", "2.13.0", 8)
    tasks = [Task(get_config("pvt_tiny", image_size=size), FORWARD, SRA) for size in (224, 2048)]
    points = tuple(Measurement(task, machine, seconds=0.001, runs=30, peak_bytes=16_000_000) for task in tasks)
    recording.write(Recording(machine, "2026-11-24", {"cuda": "13.0"}, points), tmp_path)
    (tmp_path / "broken.json").write_text("{")
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    app = healthy(visit("cost", model="pvt_tiny", scope="forward"))
    assert "broken.json is not a recording" in text(app)
    healthy(app.pills(key="measure_recorded").set_value(["GPU (NVIDIA H200), 2026-11-24"]).run())
    assert "GPU (NVIDIA H200), 2026-11-24" in tables(app)
    assert "2048²" in tables(app)
    healthy(app.selectbox(key="scope").set_value("stage-1").run())
    assert "2048²" not in tables(app)


def test_a_sweep_in_line_says_so(monkeypatch):
    class Waiting:
        tasks, done, finished, problem = (1, 2), 0, False, ""

        def look(self):
            return "In line: 1 visitor measures before you."

        def stop(self):
            self.finished = True

    app = visit("cost", size="64")
    app.session_state["sweep"] = Waiting()
    healthy(app.run())
    [progress] = app.get("progress")
    assert progress.proto.text == "In line: 1 visitor measures before you."
    [stop] = [button for button in app.button if button.label == "Stop"]
    healthy(stop.click().run())
    assert app.get("progress")[0].proto.text == "Stopped: 0 of 2 measured."
    assert measuring.MOST_SECONDS > 0


def test_a_picture_of_ones_own_is_kept_behind_the_page_that_does_not_show_it():
    app = visit(size="64")
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    healthy(go(app, "cost"))
    assert "file" not in [uploader.key for uploader in app.get("file_uploader")]
    healthy(app.select_slider(key="r1").set_value(4).run())
    healthy(go(app, "attention"))
    assert app.session_state["scene_of"][1].title == "holiday.jpg"
    assert app.segmented_control(key="source").value == "Upload"


def test_what_to_measure_is_kept_between_pages_and_models():
    app = visit("cost", model="pvt_tiny")
    app.pills(key="measure_sizes").set_value(["64"]).run()
    healthy(app.selectbox(key="model").set_value("vit_tiny_16").run())
    healthy(app.selectbox(key="model").set_value("pvt_tiny").run())
    assert [button.label for button in app.button if "Measure" in button.label] == ["Measure 3 points"]
    healthy(go(go(app, "reduction"), "cost"))
    assert [button.label for button in app.button if "Measure" in button.label] == ["Measure 3 points"]


def test_what_was_done_on_this_page_changes_no_control_of_the_others():
    query = {"size": "320", "picture": "coffee", "crop": "whole"}
    app = visit(**query)
    healthy(go(app, "cost"))
    healthy(app.select_slider(key="batch").set_value(2).run())
    healthy(app.slider(key="side").set_value(2048).run())
    healthy(go(app, "pyramid"))
    assert app.select_slider(key="size").value == 320
    assert app.segmented_control(key="crop").value == "whole"
    assert app.selectbox(key="picture").value == "coffee"
    healthy(app.select_slider(key="p1").set_value(8).run())
    assert app.query_params == {**query, "p1": "8", "batch": "2", "side": "2048"}
