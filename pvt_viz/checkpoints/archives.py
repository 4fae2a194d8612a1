"""The two kinds of file that torch.save has written: what was saved, on paper, and where the numbers of it lie.

A zip with a pickle in it and a record for every storage; or, before PyTorch 1.6, several pickles one after the other
and then the storages. The pickles are followed by `pickles` alone, and the numbers are plain bytes: no unpickler is
ever called.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

import torch
from torch import Tensor

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.pickles import Outline, Pickle, Storage, UnsafeError, read_pickle
from pvt_viz.checkpoints.sentences import ADVICE, amount, damaged
from pvt_viz.language import say

MAX_TEXT = 4 * 1024**2
"""Bytes of everything in a file that is not numbers: a pickle, a header, a zip's list of what is in it."""
MAX_RATIO = 20
"""How many times its size a file may unpack to; weights hardly shrink at all."""
MEGABYTE = 1024**2
_PROTOCOLS = (2, 3)
"""Of pickle: those that torch.load reads as well."""
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


class Frugal(io.BufferedReader):
    """Hands out at most MAX_TEXT bytes at a time: `zipfile` would read a list of contents at any length it claims."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_TEXT:
            size = MAX_TEXT + 1
        found = super().read(size)
        if len(found) > MAX_TEXT:
            raise ValueError(f"more than {MAX_TEXT} bytes at once")
        return found


class Saved:
    """What a file holds: `value`, made of what a `Pickle` is made of; `tensor` fetches the numbers of an outline."""

    def __init__(self, pickle: Pickle, name: str, pieces: Callable[[Storage], Iterator[bytes]]):
        if pickle.protocol not in _PROTOCOLS:
            raise WeightsError(say("{name} is nothing that torch.load reads; save it anew with torch.save.", name=name))
        self.value, self._name, self._pieces = pickle.value, name, pieces
        self._storages: dict[str, Tensor] = {}

    def tensor(self, outline: Outline) -> Tensor:
        """Contiguous, holding on to no other numbers; two that are the whole of one storage share it."""
        storage = outline.storage
        if storage.key not in self._storages:
            self._storages[storage.key] = self._numbers(storage)
        view = self._storages[storage.key].as_strided(outline.shape, outline.stride, outline.offset)
        whole = storage.numel == outline.numel and view.is_contiguous()
        return view if whole else view.clone(memory_format=torch.contiguous_format)

    def _numbers(self, storage: Storage) -> Tensor:
        if not storage.numel:
            return torch.empty(0, dtype=storage.dtype)
        data, at = memoryview(bytearray(storage.nbytes)), 0  # no larger than the file: that was looked at
        for piece in self._pieces(storage):
            data[at : at + len(piece)] = piece
            at += len(piece)
        if at < len(data):
            raise damaged(self._name)
        return torch.frombuffer(data, dtype=storage.dtype)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file, a megabyte at a time."""
    while size > 0 and (piece := file.read(min(MEGABYTE, size))):
        yield piece
        size -= len(piece)


def read_zip(file: Frugal, size: int, name: str, limit: int) -> Saved:
    """A zip of `size` bytes with the records `data.pkl` and `data/<key>` in one folder.

    Raises WeightsError for any other, and for one that unpacks to more than `limit` bytes.
    """
    archive = zipfile.ZipFile(file)
    records = {record.filename: record for record in archive.infolist()}
    if len(records) < len(archive.infolist()):
        raise WeightsError(
            say("{name} has two records of the same name, which torch.save never writes; fetch it again.", name=name)
        )
    if any(record.flag_bits & 1 for record in records.values()):
        raise WeightsError(
            say("{name} is an encrypted ZIP archive; unpack it and choose the weights file inside.", name=name)
        )
    unpacked = sum(record.file_size for record in records.values())
    if unpacked > limit:
        raise WeightsError(
            say("{name} unpacks to more than {limit}, the most that this app reads.", name=name, limit=amount(limit))
        )
    if unpacked > MAX_RATIO * size + MEGABYTE:
        raise WeightsError(
            say(
                "{name} unpacks to over {ratio} times its size, which weights do not; fetch it again.",
                name=name,
                ratio=MAX_RATIO,
            )
        )
    if any(key.endswith("/constants.pkl") or "/code/" in key for key in records):
        raise WeightsError(
            say("{name} is a TorchScript archive, a program; save the model's state_dict() instead.", name=name)
        )
    if records and all(key.endswith(".npy") for key in records):
        raise WeightsError(say("{name} is an archive of NumPy arrays; {advice}.", name=name, advice=ADVICE))
    folders = [key.removesuffix("/data.pkl") for key in records if key.endswith("/data.pkl") and key.count("/") == 1]
    if len(folders) != 1:
        raise WeightsError(
            say("{name} is a ZIP archive, but not one of torch.save; unpack it and choose a file inside.", name=name)
        )
    (folder,) = folders

    said = {at: archive.read(f"{folder}/{at}") for at in ("byteorder",) if f"{folder}/{at}" in records}
    if said.get("byteorder", b"little") != b"little":
        raise WeightsError(say("{name} was written on a big-endian machine; save it anew on another.", name=name))
    if records[f"{folder}/data.pkl"].file_size > MAX_TEXT:
        raise _too_wordy(name)
    saved = read_pickle(io.BytesIO(archive.read(f"{folder}/data.pkl")), name)
    for storage in saved.storages.values():
        if records[f"{folder}/data/{storage.key}"].file_size != storage.nbytes:
            raise damaged(name)
    if archive.testzip() is not None:  # in pieces, so that nothing large is held
        raise damaged(name)

    def pieces(storage: Storage) -> Iterator[bytes]:
        with archive.open(f"{folder}/data/{storage.key}") as record:
            yield from _pieces(record, storage.nbytes)

    return Saved(saved, name, pieces)


def read_legacy(file: Frugal, size: int, name: str) -> Saved:
    """Five pickles (magic number, protocol, machine, object, keys) and then the storages, each behind how many numbers
    it has, in 8 bytes. Raises WeightsError for another file.
    """
    file.seek(0)
    text = io.BytesIO(file.read(min(size, MAX_TEXT)))

    def following():
        try:
            return read_pickle(text, name)
        except UnsafeError:
            raise
        except WeightsError:
            if size > MAX_TEXT == text.tell():
                raise _too_wordy(name) from None
            raise

    try:
        first = following().value
    except UnsafeError:
        raise
    except WeightsError:
        if is_of_numpy(text.getvalue()):
            raise numpy_arrays(name) from None
        raise
    if first != _LEGACY_MAGIC:
        if is_of_numpy(text.getvalue()):
            raise numpy_arrays(name)
        raise WeightsError(say("{name} is a pickle, but not one of torch.save; {advice}.", name=name, advice=ADVICE))
    protocol, machine = following().value, following().value
    if protocol != _LEGACY_PROTOCOL or machine.get("little_endian") is not True:
        raise WeightsError(
            say("{name} was written by another kind of machine or PyTorch; save it anew with torch.save.", name=name)
        )
    saved, keys = following(), following().value
    end, places = text.tell(), {}
    for key in keys:
        storage = saved.storages[key]
        file.seek(end)
        if key in places or int.from_bytes(file.read(8), "little") != storage.numel:
            raise damaged(name)
        places[key] = end + 8
        end += 8 + storage.nbytes
    if end > size or places.keys() != saved.storages.keys():
        raise damaged(name)

    def pieces(storage: Storage) -> Iterator[bytes]:
        file.seek(places[storage.key])
        yield from _pieces(file, storage.nbytes)

    return Saved(saved, name, pieces)


def is_of_numpy(text: bytes) -> bool:
    """Whether the beginning of a pickle, of whatever protocol, makes NumPy arrays."""
    return b"numpy" in text and (b"_reconstruct" in text or b"_frombuffer" in text)


def numpy_arrays(name: str) -> WeightsError:
    return WeightsError(
        say(
            "{name} is a pickle of NumPy arrays, not of tensors; turn each into one with torch.from_numpy, and save"
            " them with torch.save.",
            name=name,
        )
    )


def _too_wordy(name: str) -> WeightsError:
    return WeightsError(say("{name} says too much beside its tensors; save the state dict alone.", name=name))
