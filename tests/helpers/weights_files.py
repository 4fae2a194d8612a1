"""Weights files as torch.save and safetensors write them, or as somebody who means harm does, and how they are read."""

import io
import pickle
import warnings
import zipfile
from functools import cache
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from pvt_viz.checkpoints import WeightsError
from pvt_viz.checkpoints.tensors import read_set, read_tensors

NAME = "weights.pth"
KINDS = ("zip", "legacy", "safetensors")
TORCH = ("zip", "legacy")


VERSION = {"archive/version": b"3\n"}
"""A record that torch.load asks for."""


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
        read_set(data, NAME, **options)
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


def zipped(content: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for at, data in content.items():
            archive.writestr(at, data)
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
