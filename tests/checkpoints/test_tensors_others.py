"""Files that hold no state dict: another kind of file, or another thing saved; one sentence says which."""

import argparse
import collections
import io
import os
import pickle
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pvt_viz.checkpoints import WeightsError
from pvt_viz.checkpoints.archives import MAX_TEXT
from pvt_viz.checkpoints.pickles import UnsafeError
from pvt_viz.checkpoints.tensors import read_set
from weights_files import (
    NAME,
    TORCH,
    described,
    network,
    refusal,
    saved,
    with_pickle,
    zipped,
)


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(2, 2)


@pytest.mark.parametrize("kind", TORCH)
def test_a_whole_module_is_named(kind):
    for value in (Own(), {"model": Own(), "epoch": 3}):
        said = refusal(saved(value, kind))
        assert f"a whole module, {__name__}.Own," in said
        assert "save its state_dict() instead" in said
    assert "torch.nn.modules.container.Sequential" in refusal(saved(nn.Sequential(nn.Linear(1, 1)), kind))


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize(
    "beside, named",
    [
        (np.array([{}]), "a NumPy array of objects"),
        (np.zeros(2, "f4,i4"), "a NumPy array of the kind V8"),
        (np.datetime64("2021-02-24"), "a NumPy array of the kind M8"),
        (argparse.Namespace(out=Path(".")), "pathlib"),
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


def test_the_advice_names_the_files_own_keys():
    beside = {1, 2}
    for key in ("state_dict", "model", "net"):
        assert f"torch.save(checkpoint['{key}'], path)" in refusal(saved({"epoch": 3, key: network(), "args": beside}))
    for other in ({"args": beside, "model": network()}, {**network(), "args": beside}, [network(), beside], beside):
        said = refusal(saved(other))
        assert "checkpoint[" not in said
        assert said.endswith("save the state dict alone.")


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
        ({"first": {"a": torch.ones(1)}, "second": {"a": torch.ones(1)}}, "under first, second"),
        ({"a": {"b": {"model": {"c": torch.ones(1)}}}}, "no tensors"),
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


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_numpy_arrays_is_called_that(protocol):
    small, large = {"w": np.ones((2, 3), np.float32)}, {"w": np.ones(2 * MAX_TEXT, np.uint8), "b": np.zeros(3)}
    for value in (small, large, {"model": small, "epoch": 3}, list(small.values()), small["w"]):
        said = refusal(pickle.dumps(value, protocol))
        assert "a pickle of NumPy arrays, not of tensors" in said
        assert "torch.from_numpy" in said
    with pytest.raises(UnsafeError if protocol > 1 else WeightsError):
        read_set(pickle.dumps({"run": Runs(), **small}, protocol), NAME)


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("kind", TORCH)
def test_arrays_by_torch_save_are_called_that(kind):
    for value in ({"w": np.ones(3)}, {"model": {"w": np.ones(3)}, "epoch": 3}):
        assert "a pickle of NumPy arrays, not of tensors" in refusal(saved(value, kind))


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
