"""The reference page's numbers against the published ones and the configurations, and the excerpts of the source."""

import dataclasses
from collections import Counter

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from authors_pvt import authors_like
from pvt_viz import cost, places, source
from pvt_viz.config import PVTConfig
from pvt_viz.language import Sentence, speaking, tr
from pvt_viz.models import PVT
from pvt_viz.models.attention import SpatialReduction
from pvt_viz.presets import PRESETS
from pvt_viz.reference import counters, disputes, table_one
from pvt_viz.reference.symbols import symbols
from pvt_viz.ui.looking import code
from visits import healthy, text, visit

PUBLISHED = {"pvt_tiny": (13.2, 1.9), "pvt_small": (24.5, 3.8), "pvt_medium": (44.2, 6.7), "pvt_large": (61.4, 9.8)}


@pytest.mark.parametrize("name", ["pvt_tiny", "pvt_v2_b2", "pvt_v2_b2_li", "vit_tiny_16", "flexi_pvt"])
def test_symbols_have_a_value_for_every_stage(name):
    config = PRESETS[name]
    for symbol in symbols(config):
        assert len(symbol.values) == len(config.dims)
    by_word = {symbol.word: symbol.values for symbol in symbols(config)}
    shapes = config.shapes()
    assert by_word["tokens"] == tuple(f"{shape.tokens:,}" for shape in shapes)
    assert by_word["heads"] == tuple(map(str, config.heads))
    assert by_word["MLP ratio"] == tuple(f"{ratio:g}" for ratio in config.mlp_ratios)
    assert all(
        value.endswith(f"= {shape.reduced_tokens:,}") for value, shape in zip(by_word["keys"], shapes, strict=True)
    )


def test_table_one_gives_what_the_paper_publishes():
    rows = {(row["stage"], row["layer"]): row for row in table_one.rows()}
    assert len(rows) == 2 * 4 + 2
    for name, (params, macs) in PUBLISHED.items():
        assert round(float(rows["", "parameters"][name].split()[0]), 1) == params
        assert round(float(rows["", "multiply-adds"][name].split()[0]), 1) == macs
    assert rows["2", table_one.ENCODER]["pvt_small"] == "(R = 4, N = 2, E = 8) × 4"
    assert [row["output"] for row in rows.values()][::2][:4] == ["56×56", "28×28", "14×14", "7×7"]


def test_every_dispute_is_decided_by_a_number_of_its_own():
    found = disputes.disputes()
    assert len({dispute.question for dispute in found}) == len(found) == 9
    for dispute in found:
        for field in dataclasses.fields(dispute):
            assert isinstance(getattr(dispute, field.name), Sentence)
        assert dispute.number.values  # counted, not written
    depths = next(dispute for dispute in found if "blocks" in dispute.question)
    assert "24.5 M with 4, published 24.5 M" in depths.number
    three = cost.analyze(dataclasses.replace(PRESETS["pvt_small"], depths=(3, 3, 6, 3)))
    assert f"{three.params / 1e6:.1f} M with 3" in depths.number


def test_the_excerpts_are_lines_of_their_files():
    for name, asked in code.SHOWN.items():
        found = source.excerpt(*asked)
        lines = (places.ABOVE / found.file).read_text().splitlines()[found.first - 1 : found.last]
        assert [line.strip() for line in found.code.splitlines()] == [line.strip() for line in lines], name
        assert 2 <= len(lines) <= 14, name


def test_an_excerpt_that_is_gone_is_an_error():
    with pytest.raises(ValueError, match="has no line with 'no such line'"):
        source.excerpt(SpatialReduction.forward, "no such line")
    with pytest.raises(ValueError):
        source.excerpt(PVTConfig.grid_over, "return", "no such line")


@pytest.mark.parametrize("query", [{}, {"model": "pvt_v2_b2_li", "size": "96"}, {"model": "vit_tiny_16"}])
def test_the_page(query):
    app = healthy(visit("reference", **query))
    assert len(app.table) == 3
    assert f"**{app.session_state['selection'].model}**" in text(app)
    assert len(app.code) == 4
    assert "published 24.5 M" in text(app)


def test_sentences_of_the_core_are_said_in_the_language_of_the_reader():
    with speaking("zh"):
        assert all(tr(dispute.question) != dispute.question for dispute in disputes.disputes())


def test_counters_differ_by_what_is_said_of_them():
    ours, meta, on_cpu, fvcore, _, thop, authors = (row.macs for row in counters.counters())
    assert ours == meta == cost.analyze(PRESETS["pvt_tiny"]).macs
    products, normalised = counters.products(), counters.normalised()
    assert (products, ours - products) == (76_420_096, on_cpu)
    assert fvcore == ours + counters.NORM_FVCORE * normalised
    assert thop == ours - products + counters.NORM_THOP * normalised
    assert authors == on_cpu + 76_217_344


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_counters_of_torch_count_what_the_page_prints(device):
    rows = counters.counters()
    with torch.device(device):
        ours = PVT(PRESETS["pvt_tiny"]).eval()
        theirs, images = authors_like(PRESETS["pvt_tiny"]).eval(), torch.zeros(1, 3, 224, 224)
    for network, expected in ((ours, rows[2 if device == "cpu" else 1].macs), (theirs, rows[1].macs)):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(images)
        assert counter.get_total_flops() == 2 * expected


def test_what_counters_add_is_what_the_authors_network_gives():
    given = Counter()
    network = authors_like(PRESETS["pvt_tiny"]).to("meta")
    for module in network.modules():
        if isinstance(module, torch.nn.LayerNorm | torch.nn.Linear | torch.nn.Conv2d):
            module.register_forward_hook(lambda module, _args, out: given.update({type(module).__name__: out.numel()}))
    network(torch.zeros(1, 3, 224, 224, device="meta"))
    assert given["LayerNorm"] == counters.normalised()
    gelu = sum(s.depth * s.queries * s.mlp_hidden for s in PRESETS["pvt_tiny"].shapes())
    on_cpu, ptflops = (counters.counters()[i].macs for i in (2, 4))
    assert ptflops == on_cpu + given["LayerNorm"] + gelu + given["Linear"] + given["Conv2d"]  # each has a bias
