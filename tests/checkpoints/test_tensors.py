"""Weights files from strangers: what is sound comes back exactly."""

import argparse
import collections
import io
import struct
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from pvt_viz.checkpoints import sets
from pvt_viz.checkpoints.pickles import DTYPES
from pvt_viz.checkpoints.tensors import read_set, read_tensors
from weights_files import KINDS, NAME, TORCH, VERSION, described, network, refusal, rezipped, same, saved, zipped


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_path", [False, True])
def test_a_state_dict_comes_back_bit_for_bit(kind, as_path, tmp_path):
    source = saved(network(), kind)
    if as_path:  # its name says nothing
        (tmp_path / "weights.txt").write_bytes(source)
        source = tmp_path / "weights.txt"
    found = read_tensors(source, NAME)
    expected = network() if kind != "safetensors" else safetensors.torch.load(saved(network(), kind))
    assert same(dict(sorted(found.items())), dict(sorted(expected.items())))
    assert kind == "safetensors" or list(found) == list(network())
    assert all(not t.requires_grad and t.is_contiguous() and t.device.type == "cpu" for t in found.values())
    assert found["1.num_batches_tracked"].dtype == torch.int64
    assert found["1.num_batches_tracked"].shape == ()
    for tensor in found.values():
        tensor.zero_()  # belongs to whoever asked, not to the file
    assert same(dict(sorted(read_tensors(source, NAME).items())), dict(sorted(expected.items())))


@pytest.mark.parametrize("kind", TORCH)
def test_agrees_with_torch(kind):
    for value in (network(), {"a": torch.arange(24.0).view(2, 3, 4).permute(2, 0, 1)[1:, :, ::2], "b": torch.ones(5)}):
        data = saved(value, kind)
        assert same(read_tensors(data, NAME), torch.load(io.BytesIO(data), weights_only=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_keeps_the_dtype(kind, dtype):
    state = {"a": torch.tensor([[0, 1], [1, 1]]).to(dtype), "empty": torch.zeros(0, 3, dtype=dtype)}
    assert same(dict(sorted(read_tensors(saved(state, kind), NAME).items())), state)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("kind", TORCH)
def test_the_protocols_of_pickle_that_torch_reads(kind, protocol):
    assert same(read_tensors(saved(network(), kind, pickle_protocol=protocol), NAME), network())


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("kind", TORCH)
def test_the_protocols_that_it_does_not(kind, protocol):
    assert "torch.load" in refusal(saved(network(), kind, pickle_protocol=protocol))


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("place", sets.PLACES)
def test_finds_the_state_dict_beside_other_things(kind, place):
    beside = {
        "epoch": 300,
        "arch": "pvt_tiny",
        "best": 75.1,
        "loss": torch.tensor(0.5),
        "none": None,
        "sizes": [1, (2, 3), torch.Size([2]), torch.float16, torch.device("cpu")],
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0)}},
            "param_groups": [{"betas": (0.9, 0.999), "params": [0]}],
        },
        "lr_scheduler": {"milestones": collections.Counter([2])},
    }
    assert same(read_tensors(saved(beside | {place: network()}, kind), NAME), network())


ARRAYS = {
    "numbers": np.arange(6.0).reshape(2, 3),
    "rows of another order": np.asfortranarray(np.ones((2, 3), np.float32)),
    "big-endian": np.arange(3, dtype=">i4"),
    "none": np.zeros((0, 3)),
    "no axes": np.array(7),
    "truths": np.array([True, False]),
    "complex": np.ones(2, complex),
    "names": np.array(["tench", "goldfish"]),
    "bytes": np.array([b"ab"]),
}
SCALARS = {str(kind): np.array([1]).astype(kind)[0] for kind in ("f2", "f4", "f8", "i1", "u8", "?", "c16", "U3", "S2")}
LEFT_BESIDE = {
    "arguments": argparse.Namespace(lr=0.1, sizes=[1, (2, 3)], name="é", more={"a": None}, on=True),
    "no arguments": argparse.Namespace(),
    "arguments in arguments": argparse.Namespace(a=argparse.Namespace(b=argparse.Namespace(c=np.float64(1)))),
    "the state of NumPy's chance": np.random.RandomState(0).get_state(),
    "bytes": [b"", b"\0\xff"],
    **ARRAYS,
    **SCALARS,
}


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("beside", LEFT_BESIDE)
def test_what_is_only_data_may_lie_beside_the_weights(kind, beside, protocol):
    left = {"before": LEFT_BESIDE[beside], "model": network(), "after": [LEFT_BESIDE[beside]]}
    assert same(read_tensors(saved(left, kind, pickle_protocol=protocol), NAME), network())


def test_numpy_as_its_first_release_called_itself():
    data = saved({"a": np.float64(0.5), "b": np.zeros(2), "model": network()}, "legacy")
    assert b"numpy._core" in data
    assert same(read_tensors(data.replace(b"numpy._core.", b"numpy.core."), NAME), network())


def test_a_number_of_numpys_in_a_state_dict_is_a_number_and_an_array_is_no_tensor():
    assert same(read_tensors(saved({**network(), "best": np.float32(1)}), NAME), network())
    said = refusal(saved({**network(), "mean": np.zeros(3)}))
    assert "a NumPy array at mean" in said
    assert "torch.from_numpy" in said


def test_the_average_wins_and_then_the_better_known_place():
    kept = {"model_ema": {"a": torch.zeros(1)}, "model": {"a": torch.ones(1)}, "state_dict": {"a": torch.ones(2)}}
    for place, others in (
        ("model_ema", ("state_dict", "model")),
        ("state_dict", ("model",)),
        ("model", ()),
    ):
        found = read_set(saved(kept), NAME)
        assert (found.place, found.others) == (place, others)
        assert same(found.tensors, kept[place])
        for other in others:
            again = read_set(saved(kept), NAME, under=other)
            assert (again.place, same(again.tensors, kept[other])) == (other, True)
        del kept[place]
    assert same(read_tensors(saved({"model_ema": {}, "ema": None, "teacher": 3, "model": network()}), NAME), network())


PAIRS = [
    ("state_dict_ema", "state_dict"),
    ("model_ema", "model"),
    ("teacher", "student"),
    ("ema_state_dict", "state_dict"),
    ("params_ema", "params"),
]


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("average, plain", PAIRS)
def test_of_two_sets_the_average_is_taken_whichever_comes_first(average, plain, kind):
    first, second = {"a": torch.ones(2)}, {"a": torch.zeros(2)}
    for kept in ({average: first, plain: second, "epoch": 3}, {plain: second, "epoch": 3, average: first}):
        found = read_set(saved(kept, kind), NAME)
        assert (found.place, found.others, found.tensors["a"].tolist()) == (average, (plain,), [1, 1])
        assert read_set(saved(kept, kind), NAME, under=plain).tensors["a"].tolist() == [0, 0]
    for place in (average, plain):
        alone = read_set(saved({place: first}, kind), NAME)
        assert (alone.place, alone.others, alone.tensors["a"].tolist()) == (place, (), [1, 1])


def test_the_same_set_twice_is_one():
    state = network()
    found = read_set(saved({"model": state, "model_ema": state}), NAME)
    assert (found.place, found.others) == ("model_ema", ())


@pytest.mark.parametrize("outer", ["model", "state_dict", "checkpoint", "ema", "last epoch"])
@pytest.mark.parametrize("inner", sets.PLACES)
def test_dicts_two_levels_deep(outer, inner):
    kept = {outer: {inner: network(), "epoch": 3}, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}
    found = read_set(saved(kept), NAME)
    assert found.place == f"{outer}.{inner}"
    assert same(found.tensors, network())


def test_a_network_kept_in_parts_is_one_state_dict():
    parts = {"backbone": {"a": torch.ones(1)}, "head": {"weight": torch.ones(2)}, "version": 2}
    found = read_set(saved({"model": parts, "optimizer": {"state": {}}}), NAME)
    assert same(found.tensors, {"backbone.a": torch.ones(1), "head.weight": torch.ones(2)})
    assert found.place == "model"


def test_two_sets_two_levels_deep():
    kept = {"run": {"model": {"a": torch.ones(1)}, "model_ema": {"a": torch.zeros(1)}}, "model": {"a": torch.ones(3)}}
    found = read_set(saved(kept), NAME)
    assert (found.place, found.others) == ("run.model_ema", ("model", "run.model"))
    ema = {"ema": {"decay": torch.tensor(0.9), "module": {"a": torch.ones(1)}}, "model": {"a": torch.zeros(1)}}
    found = read_set(saved(ema), NAME)
    assert (found.place, found.others) == ("ema.module", ("model",))


def test_a_place_that_is_not_there_is_named():
    both = {"model": {"a": torch.ones(1)}, "model_ema": {"a": torch.zeros(1)}}
    assert "no weights under net; there are some under model_ema, model." in refusal(saved(both), under="net")
    assert "one set of weights, and none under net" in refusal(saved(network()), under="net")
    assert "one set of weights, and none under net" in refusal(saved(network(), "safetensors"), under="net")


@pytest.mark.parametrize("kind", TORCH)
def test_parameters_and_plain_values_in_a_state_dict(kind):
    state = {"w": nn.Parameter(torch.ones(2)), "version": 2, "note": "hi", "x": None, "y": 1.5, "z": torch.Size([2])}
    found = read_tensors(saved(state, kind), NAME)
    assert same(found, {"w": torch.ones(2)})
    assert type(found["w"]) is Tensor


@pytest.mark.parametrize("kind", TORCH)
def test_two_names_for_one_storage_share_it(kind):
    tied = torch.arange(6.0)
    found = read_tensors(saved({"a": tied, "b": tied, "c": tied.view(2, 3)}, kind), NAME)
    assert same(found, {"a": tied, "b": tied, "c": tied.view(2, 3)})
    assert found["a"].data_ptr() == found["b"].data_ptr() == found["c"].data_ptr()


@pytest.mark.parametrize("kind", TORCH)
def test_a_small_view_does_not_keep_its_large_storage(kind):
    large = torch.arange(10_000.0)
    views = {"a": large[5:8], "b": large.view(100, 100)[:, 3], "c": large[3:4].expand(7), "d": large[:0]}
    found = read_tensors(saved(views, kind), NAME)
    assert same(found, views)
    assert all(t.untyped_storage().nbytes() == t.numel() * 4 for t in found.values())


def test_where_the_numbers_were_does_not_matter():
    content = {
        "archive/data.pkl": described(location="cuda:3"),
        "archive/data/0": struct.pack("<3f", 1, 2, 3),
        **VERSION,
    }
    assert same(read_tensors(zipped(content), NAME), {"w": torch.tensor([1.0, 2.0, 3.0])})


def test_a_zip_that_was_unpacked_and_packed_again():
    packed = rezipped(saved(network()), lambda at, content: content, zipfile.ZIP_DEFLATED)
    assert same(read_tensors(packed, NAME), network())
