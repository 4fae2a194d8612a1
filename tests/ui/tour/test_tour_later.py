"""Steps 6 to 10 of the tour: drawn for every kind of network, and they reveal what the trace and the cost say."""

import dataclasses
import json

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pvt_viz import PRESETS, build_model
from pvt_viz import trace as run
from pvt_viz.config import PVTConfig
from pvt_viz.cost import FULL_EXPLICIT, FULL_FUSED, SRA, analyze
from pvt_viz.cost.compare import by_stage
from pvt_viz.cost.variants import without_sra
from pvt_viz.language import speaking
from pvt_viz.models import Weights
from pvt_viz.presets import get_config
from pvt_viz.ui import calls
from pvt_viz.ui.tour import answer, beyond, cost, fused, stages
from pvt_viz.words import factor, si
from touring import boards, line, press, row, scene_of, tour
from visits import healthy, text

STEPS = ("stages", "answer", "cost", "fused", "beyond")
SMALL = {"picture": "cat", "size": "64"}
NETWORKS = {
    "flexi_pvt": {},
    "pvt_tiny": {**SMALL, "model": "pvt_tiny"},
    "pvt_v2_b0": {**SMALL, "model": "pvt_v2_b0"},
    "pvt_v2_b2_li": {**SMALL, "model": "pvt_v2_b2_li"},
    "vit_tiny_16": {**SMALL, "model": "vit_tiny_16"},
    "rims": {**SMALL, "model": "pvt_tiny", "size": "96", "p1": "7", "r1": "3", "r4": "2"},
    "more keys than tokens": {**SMALL, "model": "pvt_v2_b2_li", "p1": "16"},
}


def revealed(step: str, **query: str) -> AppTest:
    return press(tour(step, **query), f"skip_{step}")


def heights(app: AppTest) -> dict[str, list]:
    """The bars of the chart, by their names."""
    [chart] = app.get("plotly_chart")
    return {trace["name"]: trace["y"] for trace in json.loads(chart.proto.spec)["data"]}


@pytest.mark.parametrize("query", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_draws_before_and_after_its_question(step, query):
    app = tour(step, **query)
    config = scene_of(app).selection.config
    asked = any(button.key == f"skip_{step}" for button in app.button)
    savable = config.reduces and cost.savings(config, cost.reducing(config)) > 1
    one_key = config.shapes()[-1].reduced_tokens == 1
    askable = {"stages": len(config.dims) > 1, "answer": not one_key, "cost": savable, "fused": savable, "beyond": True}
    assert asked == askable[step]
    if asked:
        before = len(boards(app))
        press(app, f"skip_{step}")
        assert len(boards(app)) == before + 1
    boxes = [box for one in boards(app)[-1]["rows"] for term in one["terms"] for box in term["boxes"]]
    assert boxes
    for top, left, bottom, right in boxes:
        assert 0 <= top < bottom <= 1 + 1e-6
        assert 0 <= left < right <= 1 + 1e-6


def test_the_keys_of_a_stage_are_shown_after_the_guess_and_lie_on_one_grid():
    app = tour("stages")
    assert "M₃" not in text(app)
    press(app, "skip_stages")
    shapes = scene_of(app).selection.config.shapes()
    for shape in shapes:
        assert f"= {shape.reduced_tokens:,}**" in text(app)
    assert "16 keys at every stage" in text(app)
    assert "32×32 px" in text(app)
    assert line(app, "Stage 3") == "4·2·2 = 16 px · 2 = 32 px → M₃ = 4×4 = 16"
    lit = [row(app, f"Stage {shape.index}")["terms"][-4]["boxes"] for shape in shapes]
    assert lit == [[[0.5, 0.5, 0.75, 0.75]]] * 4  # the same square of the picture: 32 of 128 px
    assert "not by chance" not in text(revealed("stages", r1="4"))
    assert "16, 32, 32, 32 px" in text(revealed("stages", r1="4"))
    with speaking("zh"):
        assert "16、32、32、32 px" in text(revealed("stages", r1="4", lang="zh"))


def test_where_cls_looks_is_the_strongest_key_of_the_trace():
    app = revealed("answer")
    block = scene_of(app).trace.stages[-1].blocks[-1]
    weights = block.attention[0, :, 0].mean(dim=0)
    strongest = int(weights[1:].argmax())
    top, left, bottom, right = (edge / 128 for edge in block.footprint(1 + strongest))
    marked, grid = boards(app)
    assert marked["marks"] == [[top, left, bottom, right]]
    assert grid["rows"][0]["values"] == pytest.approx(weights[1:].tolist())
    healthy(app.segmented_control(key="tour_head_5").set_value(2).run())
    assert boards(app)[1]["rows"][0]["values"] == pytest.approx(block.attention[0, 1, 0, 1:].tolist())


def test_the_answer_is_the_softmax_of_the_logits():
    app = revealed("answer")
    trace = scene_of(app).trace
    chances = trace.logits[0].softmax(dim=0)
    for chance, i in zip(*chances.topk(3), strict=True):
        assert line(app, trace.weights.classes[int(i)]).endswith(f"= {chance:.1%}")
    assert f"{chances.max():.1%}" in text(app)
    with speaking("zh"):
        assert "三角形" in text(revealed("answer", lang="zh"))
    untrained = text(revealed("answer", **NETWORKS["pvt_tiny"]))
    assert "not yet meaningful" in untrained
    assert "It answers" not in untrained


def test_all_keys_that_are_tied_are_the_strongest():
    shape = PRESETS["flexi_pvt"].shapes()[-1]
    weights = torch.tensor([0.9] + [0.01] * 14 + [0.05, 0.05])
    assert answer.strongest_keys(weights, shape) == [14, 15]


@pytest.mark.parametrize(
    "config, count",
    [
        (get_config("pvt_tiny", image_size=64), 1),
        (get_config("vit_tiny_16", image_size=64, distilled=True, n_prefix=2), 2),
        (get_config("pvt_v2_b0", image_size=64), 4),
    ],
    ids=("CLS", "CLS and the distillation token", "mean token"),
)
def test_the_answer_is_read_from_these_tokens_and_no_others(config: PVTConfig, count: int):
    assert answer.reads(config, config.shapes()[-1]) == count
    model = build_model(config)
    tokens = torch.randn(1, config.shapes()[-1].queries, config.dims[-1])
    changed = tokens.clone()
    changed[:, count:] += 1
    assert torch.equal(model.read(tokens), model.read(changed))
    changed = tokens.clone()
    changed[:, count - 1, 0] += 1
    assert not torch.equal(model.read(tokens), model.read(changed))


def test_a_backbone_looks_and_has_no_answer(monkeypatch):
    plain = calls.studio.scene

    def without_head(selection, picture, moment=None):
        scene = plain(selection, picture, moment)
        config = dataclasses.replace(scene.selection.config, num_classes=0)
        found = run(build_model(config), scene.trace.image)
        network = dataclasses.replace(scene.selection.network, config=config)
        return dataclasses.replace(
            scene,
            trace=dataclasses.replace(found, weights=Weights("a backbone", trained=True)),
            selection=dataclasses.replace(scene.selection, network=network),
        )

    monkeypatch.setattr(calls.studio, "scene", without_head)
    app = revealed("answer", **NETWORKS["pvt_tiny"])
    assert "without a head" in text(app)
    assert "logit" not in text(app)
    assert [one["kind"] for one in boards(app)[1]["rows"]] == ["grid"]


@pytest.mark.parametrize("name", ["flexi_pvt", "pvt_tiny", "pvt_v2_b2_li"])
def test_what_sra_saves_is_what_is_counted(name):
    app = tour("cost", **NETWORKS[name])
    config = scene_of(app).selection.config
    sra, full = analyze(config), analyze(without_sra(config))
    shape = config.shapes()[0]
    counted = [sum(one.macs for one in report.select(stage=1, part=("QKᵀ", "softmax·V"))) for report in (full, sra)]
    assert heights(app)["with SRA"] == [None, None]  # not before the guess
    press(app, "skip_cost")
    assert heights(app) == {"every token a key": [counted[0], full.macs], "with SRA": [counted[1], sra.macs]}
    assert counted[0] / counted[1] == shape.tokens / shape.reduced_tokens
    assert f"**{factor(counted[0] / counted[1])}** fewer" in text(app)
    assert f"{sra.params - full.params:,} parameters" in text(app)
    assert line(app, "Every token a key").endswith(f"= {si(counted[0] / shape.depth, 'MAC')}")
    assert line(app, "With SRA").endswith(f"= {si(counted[1] / shape.depth, 'MAC')}")
    layer = sum(one.macs for one in sra.select(stage=1, part=("fold", "pool")))
    assert row(app, "The ")["terms"][-1]["text"].endswith(f"= {si(layer / shape.depth, 'MAC')}")
    assert ("But the whole forward" in text(app)) == (sra.macs > full.macs)
    with_keys = (counted[1] + layer) / shape.depth
    assert f"**{factor(counted[0] / shape.depth / with_keys)}** with the" in text(app)
    assert (f"**{factor(full.macs / sra.macs)}** less" in text(app)) == (full.macs > sra.macs)


def test_what_remains_of_the_memory_that_sra_saves():
    app = tour("fused", model="pvt_tiny")
    [first, *_] = by_stage(scene_of(app).selection.config)
    peaks = {one.variant: one.peak_bytes for one in first}
    explicit, fused_ratio = peaks[FULL_EXPLICIT] / peaks[SRA], peaks[FULL_FUSED] / peaks[SRA]
    assert f"**{factor(fused_ratio)}**" not in text(app)
    assert heights(app)["every token a key, fused"] == [None]
    press(app, "skip_fused")
    for number in (factor(explicit), factor(fused_ratio), "64×"):
        assert f"**{number}**" in text(app)
    assert "It is this: Some of it" in text(app)
    for variant, peak in peaks.items():
        assert heights(app)[fused.LABELS[variant]] == [peak]
        assert line(app, fused.LABELS[variant]).endswith(f"= {si(peak, 'B')}")
    n, c = scene_of(app).selection.config.shapes()[0].tokens, 64
    assert f"no map + {si(3 * n * c * 4, 'B')} (Q, weighted sums, output)" in line(app, fused.LABELS[SRA])
    assert f"{si(2 * n * c * 4, 'B')} (K, V)" in line(app, fused.LABELS[FULL_FUSED])
    assert "4 B (scores, weights)" in line(app, fused.LABELS[FULL_EXPLICIT])


@pytest.mark.parametrize(
    "peaks, remaining", [((1000, 20, 10), "some"), ((30, 30, 10), "all"), ((1000, 10, 10), "none")]
)
def test_all_some_or_none_remains(peaks, remaining):
    [first, *_] = by_stage(PRESETS["pvt_tiny"])
    costs = {one.variant.name: dataclasses.replace(one, peak_bytes=n) for one, n in zip(first, peaks, strict=True)}
    assert fused.remains(costs) == remaining


def test_a_small_thing_has_tokens_up_to_the_stage_whose_squares_are_small_enough():
    assert beyond.last_with_enough(PRESETS["pvt_tiny"].shapes()) == "2"
    assert beyond.last_with_enough(get_config("pvt_tiny", patch_sizes=(2, 2, 2, 2)).shapes()) == "3"
    assert beyond.last_with_enough(PRESETS["vit_tiny_16"].shapes()) == beyond.NOWHERE
    app = revealed("beyond")
    assert "It is this: Stage 2" in text(app)
    assert line(app, "Stage 2") == "( 20 px / 8 px )² = 6.25"


def test_the_last_step_leads_to_the_other_pages():
    links = [link.proto.label for link in tour("beyond").get("page_link")]
    assert set(beyond.CAN_ANSWER.values()) <= set(links)
    assert len(beyond.CAN_ANSWER) == 5


def test_the_presenter_is_told_less():
    for step in ("stages", "cost"):
        assert len(text(tour(step, presenter="on"))) < len(text(tour(step)))


def test_many_keys_are_lit_as_one_area():
    app = tour("stages", r1="1")
    scene, shape = scene_of(app), scene_of(app).selection.config.shapes()[0]
    assert shape.reduced_tokens > stages.MOST
    assert stages.squares(scene, shape) == ((0, 0, 1, 1),)
