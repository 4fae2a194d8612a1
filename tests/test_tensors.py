"""Weights files from strangers: what is sound comes back exactly, the rest as one sentence, and nothing is ever run."""

import argparse
import builtins
import collections
import io
import json
import os
import pickle
import random
import struct
import subprocess
import tarfile
import tracemalloc
import warnings
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from pvt_viz.checkpoints import WeightsError
from pvt_viz.checkpoints.pickles import ALLOWED, DTYPES, MAX_STEPS, UnsafeError, read_pickle
from pvt_viz.checkpoints.tensors import LIMIT, MAX_TENSORS, MAX_TEXT, read_tensors

NAME = "weights.pth"
KINDS = ("zip", "legacy", "safetensors")
TORCH = ("zip", "legacy")


def saved(value: object, kind: str = "zip", **options) -> bytes:
    if kind == "safetensors":
        return safetensors.torch.save(value)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, buffer, _use_new_zipfile_serialization=kind == "zip", **options)
    return buffer.getvalue()


@cache
def network() -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)).state_dict()


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Names in order, kinds, shapes and every bit of the values."""
    return list(found) == list(expected) and all(
        found[key].dtype == values.dtype and found[key].shape == values.shape and torch.equal(found[key], values)
        for key, values in expected.items()
    )


def refusal(data: bytes | Path, **options) -> str:
    """The one sentence that `data` is refused with."""
    with pytest.raises(WeightsError) as caught:
        read_tensors(data, NAME, **options)
    said = str(caught.value)
    assert NAME in said
    assert said.endswith(".")
    assert ". " not in said
    assert "\n" not in said
    assert len(said) < 300
    return said


def survives(data: bytes) -> dict[str, Tensor] | None:
    """What is read of `data`, or None where it is refused; anything but a WeightsError fails the test."""
    try:
        return read_tensors(data, NAME)
    except WeightsError:
        return None


def rezipped(data: bytes, change, compression: int = zipfile.ZIP_STORED) -> bytes:
    """`data` with every record passed through `change(name, content) -> content`; None leaves one out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", compression) as new:
        for record in old.infolist():
            content = change(record.filename, old.read(record))
            if content is not None:
                new.writestr(record.filename, content)
    return buffer.getvalue()


def with_pickle(text: bytes, kind: str = "zip") -> bytes:
    """A file of torch.save but for what it says: the pickle is `text`."""
    if kind == "zip":
        return rezipped(saved({"w": torch.zeros(3)}), lambda at, was: text if at.endswith("data.pkl") else was)
    start = saved(0, "legacy")
    return start[: -len(pickle.dumps(0, 2) + pickle.dumps([], 2))] + text + pickle.dumps([], 2)


def described(shape=(3,), stride=(1,), offset=0, numel=3, storage="FloatStorage", location="cpu", extra=b"") -> bytes:
    """A pickle of {"w": a tensor}, as torch.save writes it for zips, with any numbers in it."""

    def plain(value) -> bytes:
        return pickle.dumps(value, 2)[2:-1]

    place = (
        b"(" + plain("storage") + f"ctorch\n{storage}\n".encode() + plain("0") + plain(location) + plain(numel) + b"tQ"
    )
    hooks = b"ccollections\nOrderedDict\n)R"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + place + plain(offset) + plain(shape) + plain(stride)
    return b"\x80\x02}" + plain("w") + tensor + b"\x89" + hooks + extra + b"tRs."


# What is sound


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
@pytest.mark.parametrize("place", ["state_dict", "model", "model_state_dict", "model_ema"])
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


def test_the_better_known_place_wins():
    others = {"model_ema": {"a": torch.zeros(1)}, "model": {"a": torch.ones(1)}, "state_dict": {"a": torch.ones(2)}}
    assert same(read_tensors(saved(others), NAME), others["state_dict"])
    del others["state_dict"]
    assert same(read_tensors(saved(others), NAME), others["model"])
    assert same(read_tensors(saved(others | {"state_dict": {}}), NAME), others["model"])


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


VERSION = {"archive/version": b"3\n"}
"""A record that torch.load asks for."""


def zipped(content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for at, data in content.items():
            archive.writestr(at, data)
    return buffer.getvalue()


# What runs code


class Calls:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


ATTACKS = {
    "posix.system": lambda at: Calls(os.system, f"touch {at}"),
    "commands.Popen": lambda at: Calls(subprocess.Popen, ["touch", str(at)]),  # as Python 2 called it
    "__builtin__.eval": lambda at: Calls(eval, f"open({str(at)!r}, 'w')"),
    "__builtin__.exec": lambda at: Calls(exec, f"open({str(at)!r}, 'w')"),
    "__builtin__.getattr": lambda at: Calls(getattr, Path, "touch"),
    "io.open": lambda at: Calls(open, str(at), "w"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("deep", [False, True])
def test_code_is_named_and_never_run(attack, kind, deep, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("reached")

    at = tmp_path / "ran"
    evil = ATTACKS[attack](at)
    data = saved({"w": torch.ones(2), "z": {"deep": [evil]}} if deep else evil, kind)
    for module, function in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(module, function, fail)
    with pytest.raises(UnsafeError):
        read_tensors(data, NAME)
    said = refusal(data)
    assert "asks to run" in said
    assert attack in said
    assert at.exists() is False


def test_the_attacks_of_these_tests_are_real(tmp_path):
    pickle.loads(pickle.dumps(ATTACKS["posix.system"](tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text, named",
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),  # protocol 0, as it is passed around
        (b"\x80\x02(cos\nsystem\nX\x04\0\0\0trueo.", "os.system"),
        (b"\x80\x02(ios\nsystem\n.", "os.system"),
        (b"\x80\x02(icollections\nOrderedDict\n.", "INST"),
        (b"\x80\x02(ccollections\nOrderedDict\no.", "OBJ"),
        (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "NEWOBJ"),
        (b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix.system"),
        (b"\x80\x02ccopyreg\n_reconstructor\n.", "copyreg._reconstructor"),
        (b"\x80\x02ccopy_reg\n_reconstructor\n.", "copy_reg._reconstructor"),
        (b"\x80\x02c__builtin__\neval\n.", "__builtin__.eval"),
        (b"\x80\x02cos.path\nsystem\n.", "os.path.system"),
        (b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.", "collections.OrderedDict.__init__"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x02\x83\x01\x01.", "EXT2"),
        (b"\x80\x02\x84\x01\x01\x01\x01.", "EXT4"),
    ],
)
@pytest.mark.parametrize("shell", ["zip", "legacy", "bare"])
def test_pickles_written_by_hand(text, named, shell):
    assert named in refusal(text if shell == "bare" else with_pickle(text, shell))


def test_no_name_but_those_allowed():
    for name in ALLOWED:
        module, _, attribute = name.rpartition(".")
        read_pickle(io.BytesIO(f"\x80\x02c{module}\n{attribute}\n.".encode("latin-1")), NAME)
    risky = [
        "builtins.bytearray",
        "builtins.getattr",
        "torch.load",
        "torch.hub.load",
        "torch._utils._rebuild",
        "numpy.load",
    ]
    risky += [f"builtins.{name}" for name in vars(builtins)]
    for name in risky:
        module, _, attribute = name.rpartition(".")
        with pytest.raises(WeightsError, match=attribute):
            read_pickle(io.BytesIO(f"\x80\x02c{module}\n{attribute}\n.".encode("latin-1")), NAME)
    assert {name for name in ALLOWED if not name.startswith("torch.")} == {
        "collections.OrderedDict",
        "collections.Counter",
    }
    assert {name for name in ALLOWED if "_utils" in name} == {
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
    }


def test_a_strangers_words_are_made_plain():
    hostile = b"<img src=x>\n**bold** [a](b) \xc3\xa9" + b"x" * 200
    text = b"\x80\x04\x8c\x04what\x8d" + struct.pack("<Q", len(hostile)) + hostile + b"\x93."
    assert "BINUNICODE8" in refusal(with_pickle(text))
    text = b"\x80\x04\x8c\x04what\x8c" + bytes([len(hostile[:250])]) + hostile[:250] + b"\x93."
    said = refusal(with_pickle(text))
    assert "what.?img?src?x????bold????a??b???" in said
    assert not set("<>*\n") & set(said)


# What is no state dict


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(2, 2)


@pytest.mark.parametrize("kind", TORCH)
def test_a_whole_module_is_named(kind):
    for value in (Own(), {"model": Own(), "epoch": 3}):
        said = refusal(saved(value, kind))
        assert "a whole module, test_tensors.Own," in said
        assert "save its state_dict() instead" in said
    assert "torch.nn.modules.container.Sequential" in refusal(saved(nn.Sequential(nn.Linear(1, 1)), kind))


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize(
    "beside, named",
    [
        (argparse.Namespace(lr=1), "argparse.Namespace"),
        (np.float64(0.5), "multiarray.scalar"),
        (np.zeros(2), "multiarray._reconstruct"),
        ({1, 2}, "builtin"),
        (bytearray(b"12"), "bytearray"),
        (Path("."), "pathlib"),
        (collections.defaultdict(int), "collections.defaultdict"),
    ],
)
def test_what_training_leaves_beside_the_weights(kind, beside, named):
    said = refusal(saved({"model": network(), "args": beside}, kind))
    assert named in said
    assert "torch.save(checkpoint['model'], path)" in said


def test_tensors_of_other_kinds():
    plain = torch.eye(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantised = torch.quantize_per_tensor(plain, 0.1, 0, torch.qint8)
        nested = torch.nested.nested_tensor([plain, plain])
        kinds = {
            "sparse": (plain.to_sparse(), plain.to_sparse_csr()),
            "quantised": (quantised,),
            "complex": (plain.to(torch.complex64), plain.to(torch.complex128)),
            "meta": (torch.empty(2, device="meta"),),
            "uncommon": (plain.to(torch.float8_e4m3fn), plain.to(torch.uint16)),
            "nested": (nested,),
            "negated": (torch.ones(2, dtype=torch.complex64).conj().imag,),
        }
        for kind, tensors in kinds.items():
            for tensor in tensors:
                assert kind in refusal(saved({"w": tensor})), kind
    for tensor in (plain.to(torch.complex64), plain.to(torch.uint16), plain.to(torch.float8_e5m2)):
        assert str(tensor.dtype).removeprefix("torch.") in refusal(saved({"w": tensor}, "safetensors"))
    assert "meta" in refusal(with_pickle(described(location="meta")))
    assert "quantised" in refusal(with_pickle(described(storage="QUInt8Storage")))


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize(
    "value, said",
    [
        ({}, "no tensors"),
        ({"a": 1}, "no tensors"),
        ({"model": {}}, "no tensors"),
        ({"model": {"a": 1}}, "no tensors"),
        (torch.ones(2), "one tensor without a name"),
        ([torch.ones(2)], "something else"),
        (3, "something else"),
        (None, "something else"),
        ({"teacher": {"a": torch.ones(1)}, "student": {"a": torch.ones(1)}}, "under teacher, student"),
        ({"a": torch.ones(1), "b": {"c": torch.ones(1)}}, "no tensor at b"),
        ({"a": torch.ones(1), "b": [torch.ones(1)]}, "no tensor at b"),
        ({"model": {"a": torch.ones(1), "b": (1, 2)}}, "no tensor at b"),
        ({3: torch.ones(1)}, "no tensors"),
    ],
)
def test_what_was_saved_is_no_state_dict(kind, value, said):
    assert said in refusal(saved(value, kind))


def test_no_tensors_in_safetensors():
    assert "no tensors" in refusal(saved({}, "safetensors"))


def archive_of(at: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(at), io.BytesIO(content))
    return buffer.getvalue()


def numpy_archive() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html><head>Download</head></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS pointer"),
        (archive_of("weights.pth", b"1"), "a tar archive"),
        (b"\x1f\x8b\x08" + bytes(20), "gzip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(20), "HDF5"),
        (b"GGUF" + bytes(40), "GGUF"),
        (b"\x93NUMPY\x01\x00" + bytes(40), "a NumPy array"),
        (b"\x08\x08\x12\x07pytorch\x1a\x052.1.0" + bytes(20), "not a weights file that this app reads"),  # ONNX
        (b"\x81\xa6params\x81\xa5dense", "not a weights file that this app reads"),  # msgpack
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a weights file that this app reads"),
        (b"epoch,loss\n1,0.5\n", "not a weights file that this app reads"),
        (b'{"a": {"b": 1}}', "not a weights file that this app reads"),
        (b"{      {       ", "not a weights file that this app reads"),
        (b"\x00", "not a weights file that this app reads"),
        (pickle.dumps({"a": [1.0, 2.0]}), "a pickle, but not one of torch.save"),
        (zipped({"a/readme.txt": b"hello"}), "a ZIP archive, but not one of torch.save"),
        (zipped({}), "a ZIP archive, but not one of torch.save"),
        (zipped({"a/data.pkl": b"N.", "b/data.pkl": b"N."}), "a ZIP archive, but not one of torch.save"),
        (zipped({"x/weights.pth": saved({"w": torch.ones(1)})}), "a ZIP archive, but not one of torch.save"),
        (numpy_archive(), "an archive of NumPy arrays"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_kinds_of_file(data, said, tmp_path):
    assert said in refusal(data)
    (tmp_path / NAME).write_bytes(data)
    assert said in refusal(tmp_path / NAME)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript():
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(2)), buffer)
    assert "TorchScript" in refusal(buffer.getvalue())


def test_paths_that_are_no_files(tmp_path):
    assert "is not there" in refusal(tmp_path / "absent")
    assert "is not there" in refusal(tmp_path)
    assert "is not there" in refusal(Path("/dev/zero"))
    os.mkfifo(tmp_path / "pipe")
    assert "is not there" in refusal(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / NAME).write_bytes(saved(network()))
    monkeypatch.setattr(Path, "open", closed)
    assert "cannot be opened" in refusal(tmp_path / NAME)


# What would take too much


@pytest.fixture
def spare():
    """Memory that Python and zipfile take, and time: a bomb that went off would take gigabytes, and minutes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.fixture
def never_built(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("was to be refused before any tensor is made")

    monkeypatch.setattr(torch, "frombuffer", fail)
    monkeypatch.setattr(torch, "load", fail)


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_is_on_the_file(kind, tmp_path, never_built):
    data = saved({"w": torch.zeros(1000)}, kind)
    assert "larger than 4,000 bytes" in refusal(data, limit=4000)
    large = tmp_path / NAME
    with large.open("wb") as file:  # takes no space on the disk, and would take long to read
        file.write(data)
        file.truncate(LIMIT + 1)
    assert "larger than 2 GB" in refusal(large)


@pytest.mark.parametrize("kind", KINDS)
def test_what_fits_the_limit_is_read(kind):
    state = {"w": torch.zeros(1000)}
    data = saved(state, kind)
    assert same(read_tensors(data, NAME, limit=len(data)), state)
    refusal(data, limit=len(data) - 1)


@pytest.mark.parametrize("kind", TORCH)
def test_a_stride_of_zero_makes_no_large_tensor(kind, never_built):
    for shape in ((10**12,), (10**6, 10**6), (2**40,) * 8):
        claimed = torch.zeros(1).expand(shape) if len(shape) < 3 else None
        data = saved({"w": claimed}, kind) if claimed is not None else None
        if data is None:
            data = zipped({"archive/data.pkl": described(shape, (0,) * 8, numel=1), "archive/data/0": bytes(4)})
        assert "would take more than 2 GB" in refusal(data)
    many = {f"w{i}": torch.zeros(1).expand(1000) for i in range(30)}
    assert "would take more than" in refusal(saved(many, kind), limit=100_000)


def test_what_fits_the_limit_in_memory_is_made():
    assert same(read_tensors(saved({"w": torch.ones(1).expand(1000)}), NAME, limit=4000), {"w": torch.ones(1000)})
    assert "would take" in refusal(saved({"w": torch.ones(1).expand(1001)}), limit=4000)


@pytest.mark.parametrize(
    "claims",
    [
        {"numel": 10**12, "shape": (10**12,)},
        {"numel": 10**9, "shape": (10**9,)},
        {"numel": 4},
        {"numel": 2},
        {"numel": -3},
        {"numel": 2**63},
        {"numel": 2**2000},
        {"numel": True, "shape": (1,)},
        {"numel": 3.0},
        {"shape": (4,)},
        {"shape": (-1,)},
        {"shape": (2, 2), "stride": (1, 2)},
        {"shape": (2**63,), "stride": (0,)},
        {"shape": (2**2000,), "stride": (0,)},
        {"shape": (2**47, 2**47, 0), "stride": (1, 1, 1)},
        {"shape": (3.0,)},
        {"shape": [3]},
        {"shape": (1,) * 40, "stride": (1,) * 40},
        {"stride": (2,)},
        {"stride": (-1,)},
        {"stride": (1, 1)},
        {"stride": (2**2000,)},
        {"offset": 1},
        {"offset": -1},
        {"offset": 2**63},
        {"offset": 2**2000},
        {"storage": "DoubleStorage"},
        {"storage": "HalfStorage"},
        {"storage": "Size"},
    ],
    ids=str,
)
def test_a_tensor_lies_inside_its_storage(claims, never_built, spare):
    content = {"archive/data.pkl": described(**claims), "archive/data/0": struct.pack("<3f", 1, 2, 3), **VERSION}
    said = refusal(zipped(content))
    assert "damaged" in said or ("numel" in claims and "would take more than 2 GB" in said)
    assert spare() < 3 * MAX_TEXT


@pytest.mark.parametrize(
    "claims, expected",
    [
        ({}, [1.0, 2.0, 3.0]),
        ({"shape": (2,), "offset": 1}, [2.0, 3.0]),
        ({"shape": (2,), "stride": (2,)}, [1.0, 3.0]),
        ({"shape": (2, 2), "stride": (1, 1)}, [[1.0, 2.0], [2.0, 3.0]]),
        ({"shape": (), "stride": (), "offset": 2}, 3.0),
        ({"shape": (0, 2), "stride": (7, 7), "offset": 99}, torch.zeros(0, 2).tolist()),
    ],
    ids=str,
)
def test_what_the_tests_above_spoil_is_sound(claims, expected):
    content = {"archive/data.pkl": described(**claims), "archive/data/0": struct.pack("<3f", 1, 2, 3), **VERSION}
    assert read_tensors(zipped(content), NAME)["w"].tolist() == expected


def test_legacy_storages_are_as_long_as_they_say(never_built, spare):
    data = saved({"w": torch.zeros(300)}, "legacy")
    for number in (10**12, 10**9, 301, 299):
        claim = pickle.dumps(number, 2)[2:-1]
        assert "damaged" in refusal(data.replace(b"M,\x01", claim))  # in the pickle
        assert "damaged" in refusal(
            data.replace(b"M,\x01", claim).replace(struct.pack("<q", 300), struct.pack("<q", number))
        )
        assert "damaged" in refusal(data.replace(struct.pack("<q", 300), struct.pack("<q", number)))
    assert spare() < 3 * MAX_TEXT


def test_zip_bombs(never_built, spare):
    zeros = bytes(16 * 1024**2)
    content = {"archive/data.pkl": described((2**22,), numel=2**22), "archive/data/0": zeros}
    bomb = zipped(content, zipfile.ZIP_DEFLATED)
    del content, zeros
    tracemalloc.reset_peak()
    assert "over 20 times its size" in refusal(bomb)
    assert "unpacks to more than" in refusal(bomb, limit=8 * 1024**2)
    again = bytearray(zipped({"archive/data.pkl": b"N.", "archive/data/0": bytes(10)}))
    entry = again.rindex(b"PK\1\2")
    again[entry + 20 : entry + 28] = struct.pack("<II", 10**9, 10**9)  # claims a GB that is not there
    assert "times its size" in refusal(bytes(again))
    assert spare() < 3 * MAX_TEXT


def test_a_long_list_of_contents_is_not_read(spare):
    record = b"PK\1\2" + bytes(24) + struct.pack("<H", 2) + bytes(16) + b"ab"
    count = 4 * MAX_TEXT // len(record)
    ends = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, count * len(record), 4, 0)
    bomb = b"PK\3\4" + record * count + ends
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    assert "damaged" in refusal(bomb)
    assert spare() - before < 3 * MAX_TEXT


def test_two_records_of_one_name():
    data = saved({"w": torch.ones(3)})
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data.pkl", b"N.")
    assert "two records of the same name" in refusal(buffer.getvalue())


def test_encrypted_archives():
    data = bytearray(saved({"w": torch.ones(3)}))
    data[data.index(b"PK\1\2") + 8] |= 1
    assert "encrypted" in refusal(bytes(data))


def test_other_machines():
    def big(at, content):
        return b"big" if at.endswith("byteorder") else content

    assert "big-endian" in refusal(rezipped(saved(network()), big))
    data = saved(network(), "legacy")
    at = data.index(b"little_endian")
    other = data[:at] + data[at:].replace(b"\x88", b"\x89", 1)
    assert "another kind of machine" in refusal(other)


def test_safetensors_headers():
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}).encode()
    assert "damaged" in refusal(struct.pack("<Q", len(header)) + header + bytes(100))
    assert "a header of 1,000,000,000 bytes" in refusal(struct.pack("<Q", 10**9) + b"{}" + bytes(100))
    assert "damaged" in refusal(struct.pack("<Q", 1000) + b"{}" + bytes(100))
    assert "damaged" in refusal(struct.pack("<Q", 2) + b"{" + bytes(100))


@pytest.mark.parametrize(
    "text",
    [
        b"\x80\x02N" + b"q\0h\0\x86" * 100 + b".",  # 2**100 leaves, were they counted
        b"\x80\x02}N" + b"q\0h\0\x86" * 100 + b"Ns.",  # as a key, to be hashed
        b"\x80\x02N" + b"q\0h\0\x86" * 100 + b"X\1\0\0\0a\x93.",  # as a name, to be written out
        b"\x80\x02}" + b"q\0X\1\0\0\0ah\0s" * 10 + b".",  # in itself
        b"\x80\x02ccollections\nOrderedDict\n](N" + b"N" * 1000 + b"e\x85R.",
        b"\x80\x02X\xff\xff\xff\xffabc.",
        b"\x80\x02\x8a\xff" + b"\x7f" * 255 + b".",
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
        b"\x80\x02h\0.",
        b"\x80\x02tttt.",
        b"\x80\x02.",
        b"\x80\x02",
        b"",
        b"\x80\x02(]e.",
        b"\x80\x02}(NNNu.",
        b"\x80\x02NNs.",
        b"\x80\x02NNa.",
        b"\x80\x02NQ.",
        b"\x80\x02NNR.",
        b"\x80\x02NNb.",
        b"\x80\x02ctorch\nFloatStorage\n)R.",
        b"\x80\x02ctorch._utils\n_rebuild_parameter\n)R.",
        b"\x80\x02ctorch._utils\n_rebuild_parameter\nN\x85R.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02X\1\0\0\0\xff.",
        b"\x80\x04NN\x93.",
    ],
)
@pytest.mark.parametrize("kind", TORCH)
def test_pickles_that_would_take_for_ever_or_make_no_sense(text, kind, spare):
    data = with_pickle(text, kind)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    refusal(data)
    assert spare() - before < 100 * 1024**2


def test_a_pickle_of_too_many_steps():
    text = b"\x80\x02" + b"]" * (MAX_STEPS - 3) + b"N."
    assert read_pickle(io.BytesIO(text), NAME).value is None
    assert "more than a network" in refusal(with_pickle(text[:2] + b"]]" + text[2:]))


@pytest.mark.parametrize("kind", TORCH)
def test_a_long_pickle_is_not_read(kind, never_built):
    said = refusal(saved({"w": torch.ones(1), "note": "x" * MAX_TEXT}, kind))
    assert "says too much" in said
    notes = {"w": torch.ones(1), "note": "x" * (MAX_TEXT // 2)}
    with pytest.raises(AssertionError):  # shorter ones are: it comes to the tensors
        read_tensors_raw(saved(notes, kind))


def read_tensors_raw(data: bytes):
    """`read_tensors`, with what it took for damage shown."""
    try:
        return read_tensors(data, NAME)
    except WeightsError as error:
        raise error.__cause__ or error from None


def test_a_dict_that_is_repeated_is_looked_at_once(monkeypatch):
    """300 times the same 300 names would be 90,000 looks, and a file can have a thousand times that."""
    from pvt_viz.checkpoints import tensors

    looks = []
    original = tensors._has_tensors
    monkeypatch.setattr(tensors, "_has_tensors", lambda value: looks.append(0) or original(value))
    same_one = {f"n{i}": i for i in range(300)}
    refusal(saved({f"k{i}": same_one for i in range(300)}))
    assert len(looks) < 5


@pytest.mark.parametrize("kind", ["zip", "safetensors"])
def test_too_many_tensors(kind, never_built):
    one = torch.zeros(1)
    many = {f"{i}": one if kind == "zip" else torch.zeros(0) for i in range(MAX_TENSORS + 1)}
    if kind == "safetensors":
        header = {key: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for key in many}
        text = json.dumps(header).encode()
        data = struct.pack("<Q", len(text)) + text
    else:
        data = saved(many)
    assert "20,001 tensors" in refusal(data)


# What is broken


SMALL = {"w": torch.arange(4.0), "n": torch.tensor(3)}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_anywhere(kind):
    data = saved(SMALL, kind)
    for length in range(len(data)):
        said = refusal(data[:length])
        if length > 300:
            assert "damaged or cut short" in said


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits(kind):
    data = saved(SMALL, kind)
    dice = random.Random(0)
    read = 0
    for _ in range(700):
        broken = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 8))):
            broken[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        found = survives(bytes(broken))
        read += found is not None
        for tensor in (found or {}).values():
            assert tensor.sum() is not None  # every number can be reached
    assert 0 < read < 700  # both happen: numbers that are merely others, and damage


@pytest.mark.parametrize("kind", TORCH)
def test_a_scrambled_pickle(kind):
    """Under a zip's checksum: as written by somebody who means it."""
    whole = zipfile.ZipFile(io.BytesIO(saved(SMALL))).read("archive/data.pkl")
    dice = random.Random(1)
    for _ in range(700):
        broken = bytearray(whole)
        for _ in range(dice.choice((1, 2, 4))):
            broken[dice.randrange(len(whole))] = dice.randrange(256)
        survives(with_pickle(bytes(broken), kind))


def test_random_bytes():
    dice = random.Random(2)
    starts = [b"", b"PK\3\4", b"\x80\x02", struct.pack("<Q", 20) + b"{", b"PK\5\6", saved(0, "legacy")[:60]]
    for _ in range(100):
        for start in starts:
            assert survives(start + dice.randbytes(dice.randrange(300))) is None


def test_damage_to_the_numbers_of_a_zip_is_noticed():
    data = bytearray(saved({"w": torch.full((3,), 7.0)}))
    data[data.index(struct.pack("<3f", 7, 7, 7)) + 5] ^= 4
    assert "damaged" in refusal(bytes(data))
