"""What the attention explorer is sent: a faithful, small copy of a trace's attention maps, within a budget."""

import io
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pvt_viz
from explored import picture, traced
from pvt_viz.walkthrough import key_spans
from pvt_viz.widgets.attention_explorer import payload


@pytest.fixture(scope="module")
def small_trace() -> pvt_viz.Trace:
    return traced("pvt_tiny", (70, 102), batch=2)


def maps_of(trace: pvt_viz.Trace, position: int, index: int = 0) -> np.ndarray:
    return np.stack([block.attention[index].numpy() for block in trace.stages[position].blocks])


def assert_close_per_row(sent: np.ndarray, true: np.ndarray) -> None:
    assert sent.shape == true.shape
    assert (np.abs(sent - true) < true.max(axis=-1, keepdims=True) / 255).all()


@pytest.mark.parametrize(
    "name,size",
    [
        ("pvt_tiny", (64, 64)),
        ("pvt_tiny", (70, 102)),
        ("vit_tiny_16", (48, 64)),
        ("pvt_v2_b0", (70, 102)),
        ("pvt_v2_b2_li", (70, 102)),
    ],
)
def test_every_map_comes_back_within_a_255th_of_its_row(name, size):
    trace = traced(name, size)
    header, maps = payload.unpack(payload.pack(trace, picture(size)))
    assert len(maps) == len(trace.stages)
    for position, stage in enumerate(header["stages"]):
        assert stage["kind"] == "all"
        assert_close_per_row(maps[stage["index"]], maps_of(trace, position))


@given(st.integers(1, 5), st.integers(1, 60), st.floats(1e-6, 40, allow_nan=False), st.integers(0, 2**32 - 1))
def test_a_row_is_within_a_255th_of_its_maximum_however_sharp_it_is(rows, keys, sharpness, seed):
    logits = np.random.default_rng(seed).normal(size=(rows, keys)) * sharpness
    weights = torch.softmax(torch.from_numpy(logits).float(), dim=-1).numpy()
    codes, scales = payload.quantise(weights)
    assert codes.dtype == np.uint8
    assert scales.dtype == np.float32
    assert_close_per_row(codes / np.float32(255) * scales[:, None], weights)
    assert (codes.max(axis=-1) == 255).all()


def test_rows_that_are_not_numbers_do_not_spread():
    weights = np.array([[np.nan, np.nan], [0.25, 0.75], [0, 0]], np.float32)
    codes, scales = payload.quantise(weights)
    assert codes.tolist() == [[0, 0], [85, 255], [0, 0]]
    assert scales.tolist() == [0, 0.75, 0]


def test_the_header_says_what_the_shapes_say(small_trace):
    header, _ = payload.unpack(payload.pack(small_trace, picture((140, 204)), view="x~s2", wall=False, link="pair"))
    shapes = [stage.shape for stage in small_trace.stages]
    assert header["image"] == [70, 102]
    for sent, shape in zip(header["stages"], shapes, strict=True):
        for field in ("index", "patch_size", "stride", "reduction", "n_prefix", "heads", "depth"):
            assert sent[field] == getattr(shape, field)
        for field in ("grid", "rim", "reduced_grid"):
            assert tuple(sent[field]) == getattr(shape, field)
        assert sent["blocks"] == [1, 2]
        assert sent["note"] == ""
    assert any(any(stage["rim"]) for stage in header["stages"]), "70×102 leaves a rim somewhere"
    assert header["bytes"] == header["all_bytes"] == sum(shape.map_entries for shape in shapes)
    assert header["full_bytes"] == sum(shape.full_map_entries for shape in shapes)
    assert (header["view"], header["wall"], header["link"]) == ("x~s2", False, "pair")
    assert np.array(header["lut"]).shape == (256, 3)
    assert sum(header["lut"][0]) < 20 < 600 < sum(header["lut"][-1])  # dark to light


@pytest.mark.parametrize("size", [(224, 224), (256, 224), (70, 102)])
@pytest.mark.parametrize("name", ["pvt_tiny", "pvt_v2_b1", "pvt_v2_b2_li"])
def test_spans_are_the_tokens_behind_every_key(name, size):
    for shape in pvt_viz.get_config(name, image_size=size).shapes():
        down, across = key_spans(shape)
        assert (len(down), len(across)) == shape.reduced_grid
        for row, (top, bottom) in enumerate(down):
            for column, (left, right) in enumerate(across):
                assert (top, left, bottom, right) == shape.tokens_behind(row, column)
                assert 0 <= top < bottom <= shape.grid[0]
                assert 0 <= left < right <= shape.grid[1]


@pytest.mark.parametrize("name", ["pvt_v2_b1", "pvt_v2_b2_li"])
def test_the_header_says_how_keys_are_made_and_that_nothing_stands_before_them(name):
    trace = traced(name, (70, 102))
    header, _ = payload.unpack(payload.pack(trace, picture((70, 102))))
    for sent, stage in zip(header["stages"], trace.stages, strict=True):
        shape = stage.shape
        assert sent["spans"] == [[list(span) for span in spans] for spans in key_spans(shape)]
        assert sent["pooled"] == (name == "pvt_v2_b2_li")
        assert (sent["n_prefix"], sent["prefix"]) == (0, [])
        # What the browser takes for the size of a plane; padded patches may reach over the picture's edge.
        assert [spans[-1][1] for spans in sent["spans"]] == [
            keys * shape.reduction if shape.pool is None else tokens
            for keys, tokens in zip(shape.reduced_grid, shape.grid, strict=True)
        ]
    assert shape.grid[1] * shape.stride > 102


@pytest.mark.parametrize(
    "overrides, names",
    [({}, ["CLS"]), ({"n_prefix": 2, "distilled": True}, ["CLS", "distillation token"]), ({"n_prefix": 0}, [])],
)
def test_tokens_before_the_grid_are_named(overrides, names):
    header, maps = payload.unpack(payload.pack(traced("vit_tiny_16", (48, 64), **overrides), picture((48, 64))))
    [stage] = header["stages"]
    assert stage["prefix"] == names
    assert maps[1].shape[2:] == (len(names) + 12, len(names) + 12)


def test_arrays_start_where_a_typed_array_may(small_trace):
    blob = payload.pack(small_trace, picture((70, 102)))
    length = int.from_bytes(blob[:4], "little")
    header = json.loads(blob[4 : 4 + length])
    places = [header["picture"], *(stage[kind] for stage in header["stages"] for kind in ("maps", "scales"))]
    assert all(place["offset"] % 8 == 0 for place in places)
    assert len(blob) % 8 == 0


def test_the_picture_is_the_same_crop_and_lossless_when_small(small_trace):
    for size, kind in [((70, 102), "PNG"), ((700, 1020), "JPEG"), ((1400, 2040), "JPEG")]:
        original = picture(size)
        blob = payload.pack(small_trace, original)
        header, _ = payload.unpack(blob)
        start = -(-(4 + int.from_bytes(blob[:4], "little")) // 8) * 8 + header["picture"]["offset"]
        sent = Image.open(io.BytesIO(blob[start : start + header["picture"]["shape"][0]]))
        assert sent.format == kind
        assert max(sent.size) <= payload.MAX_PICTURE_SIDE
        assert original.size == size[::-1], "the caller's picture stays as it was"
        if kind == "PNG":
            assert np.array_equal(np.asarray(sent), np.asarray(original))


def test_the_fingerprint_follows_the_maps_and_not_the_view(small_trace):
    def fingerprint(**options) -> str:
        return payload.unpack(payload.pack(small_trace, picture((70, 102)), **options))[0]["fingerprint"]

    assert fingerprint() == fingerprint(view="0.5,0.5", wall=False)
    assert fingerprint() != fingerprint(index=1)
    assert fingerprint() != fingerprint(stages=(1, 2))
    assert payload.pack(small_trace, picture((70, 102))) == payload.pack(small_trace, picture((70, 102)))


def test_an_outline_in_the_picture_is_seen_in_the_fingerprint_and_not_in_the_maps(small_trace):
    plain = picture((70, 102))
    outlined = plain.copy()
    outlined.paste((255, 255, 255), (10, 10, 40, 12))
    (one, maps), (two, same) = (payload.unpack(payload.pack(small_trace, shown)) for shown in (plain, outlined))
    assert one["fingerprint"] != two["fingerprint"]
    assert maps.keys() == same.keys()
    assert all(np.array_equal(maps[stage], same[stage]) for stage in maps)


def test_an_explorer_that_is_not_linked_says_so(small_trace):
    assert payload.unpack(payload.pack(small_trace, picture((70, 102))))[0]["link"] == ""


def test_one_image_and_some_stages_of_a_batch(small_trace):
    header, maps = payload.unpack(payload.pack(small_trace, picture((70, 102)), index=1, stages=(2, 4)))
    assert [stage["index"] for stage in header["stages"]] == [2, 4]
    assert_close_per_row(maps[4], maps_of(small_trace, 3, index=1))


def test_within_a_budget_small_stages_stay_whole_and_the_large_one_keeps_its_last_blocks():
    trace = traced("pvt_tiny", (64, 64), reductions=(1, 4, 2, 1), depths=(3, 2, 2, 2))
    whole, _ = payload.unpack(payload.pack(trace, picture((64, 64))))
    header, maps = payload.unpack(payload.pack(trace, picture((64, 64)), budget_bytes=160_000))
    first, *others = header["stages"]
    assert all(stage["kind"] == "all" and stage["blocks"] == [1, 2] for stage in others)
    assert (first["kind"], first["blocks"]) == ("all", [2, 3])
    assert_close_per_row(maps[1], maps_of(trace, 0)[1:])
    assert "197 kB" in first["note"]
    assert header["bytes"] < 160_000 < header["all_bytes"] == whole["bytes"]
    assert header["fingerprint"] != whole["fingerprint"]


def test_a_tighter_budget_leaves_the_mean_over_heads_and_then_a_sentence():
    trace = traced("pvt_tiny", (64, 64), reductions=(1, 1, 1, 1), heads=(4, 2, 5, 8))
    header, maps = payload.unpack(payload.pack(trace, picture((64, 64)), budget_bytes=110_000))
    assert header["stages"][0]["kind"] == "mean"
    assert_close_per_row(maps[1], maps_of(trace, 0)[-1:].mean(axis=1, keepdims=True))

    header, maps = payload.unpack(payload.pack(trace, picture((64, 64)), budget_bytes=60_000))
    assert header["stages"][0]["kind"] == "none"
    assert 1 not in maps
    assert header["stages"][0]["note"] == (
        "This map alone would weigh 65.5 kB; raise R_1 to see it: this is what SRA is for."
    )
    assert [stage["kind"] for stage in header["stages"][2:]] == ["all", "all"]


def test_a_vit_is_not_told_to_raise_its_reduction_ratio():
    header, maps = payload.unpack(payload.pack(traced("vit_tiny_16", (64, 64)), picture((64, 64)), budget_bytes=100))
    assert maps == {}
    assert "would weigh" in header["stages"][0]["note"]
    assert "R_1" not in header["stages"][0]["note"]


def test_pooled_keys_cannot_be_made_fewer_by_a_ratio():
    header, _ = payload.unpack(payload.pack(traced("pvt_v2_b2_li", (64, 64)), picture((64, 64)), budget_bytes=100))
    for stage in header["stages"]:
        assert "choose a smaller image" in stage["note"]
        assert "R_" not in stage["note"]


@given(
    st.integers(0, 3_000_000),
    st.sampled_from(["pvt_tiny", "pvt_large", "vit_small_16", "pvt_v2_b3", "pvt_v2_b2_li"]),
    st.integers(64, 300),
)
def test_no_plan_exceeds_its_budget(budget, name, side):
    shapes = pvt_viz.get_config(name).shapes(side)
    shipments = payload.plan(list(shapes), budget)
    weights = [
        shipment.blocks * shipment.heads * shape.queries * (shape.keys + 4)
        for shipment, shape in zip(shipments, shapes, strict=True)
    ]
    assert sum(weights) <= budget
    for shipment, shape in zip(shipments, shapes, strict=True):
        assert 0 <= shipment.blocks <= shape.depth
    if budget >= sum(shape.depth * shape.heads * shape.queries * (shape.keys + 4) for shape in shapes):
        assert all(shipment.blocks == shape.depth for shipment, shape in zip(shipments, shapes, strict=True))


@pytest.mark.parametrize(
    "options,words",
    [
        ({"stages": (1, 7)}, "no stage 7"),
        ({"index": 2}, "index=2"),
        ({"picture": picture((70, 70))}, "70×102"),
    ],
)
def test_bad_arguments_are_named(small_trace, options, words):
    with pytest.raises(ValueError, match=words):
        payload.pack(small_trace, **{"picture": picture((70, 102)), **options})
