"""A weights file from anybody -> named tensors, without running anything that the file says, in bounded memory.

Three kinds of file are read, told apart by what is in them: .safetensors, and what torch.save writes (a zip, or before
PyTorch 1.6 several pickles one after the other). The latter go through `torch.load(weights_only=True)`, and before that
their pickle is followed on paper (`pickles`): torch reserves what a file claims before it knows better.
"""

import io
import os
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path

import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.pickles import DTYPES, OTHER, Outline, UnsafeError, read_pickle
from pvt_viz.checkpoints.sentences import damaged, enumerated, label
from pvt_viz.language import N_, Sentence, say

LIMIT = 2 * 1024**3
"""Bytes: of the file, of what is in it once unpacked, and of the tensors together."""
MAX_TEXT = 4 * 1024**2
"""Bytes of everything in a file that is not numbers: a pickle, a header, a zip's list of what is in it."""
MAX_TENSORS = 20_000
MAX_RATIO = 20
"""How many times its size a file may unpack to; weights hardly shrink at all."""
PLACES = ("state_dict", "model", "model_state_dict", "model_ema")
"""Where training scripts put a state dict beside other things; the first that holds one is taken."""

_ADVICE = say("choose a .safetensors file, or one that torch.save wrote")
_MEGABYTE = 1024**2
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_DISGUISES = {  # how a file begins, lower case -> what it is, and what would work; the first match wins
    b"version https://git-lfs": N_(
        "{name} is a Git LFS pointer, which stands for the weights; fetch them with `git lfs pull`."
    ),
    b"<": N_("{name} is a web page; open it in a browser and save what its download link gives."),
    b"\x1f\x8b": N_("{name} is compressed with gzip; unpack it and choose the weights file inside."),
    b"7z\xbc\xaf\x27\x1c": N_("{name} is a 7z archive; unpack it and choose the weights file inside."),
    b"rar!": N_("{name} is a RAR archive; unpack it and choose the weights file inside."),
    b"bzh": N_("{name} is compressed with bzip2; unpack it and choose the weights file inside."),
    b"\xfd7zxz": N_("{name} is compressed with xz; unpack it and choose the weights file inside."),
    b"\x89hdf": N_("{name} is an HDF5 file of another framework; {advice}."),
    b"gguf": N_("{name} is a GGUF file of a language model; {advice}."),
    b"\x93numpy": N_("{name} is a NumPy array; {advice}."),
}


def read_tensors(source: bytes | Path, name: str, limit: int = LIMIT) -> dict[str, Tensor]:
    """The state dict in `source`, the content of a file or where it lies: name -> tensor, exactly as kept.

    `name` is what the file is called, for the sentences. The tensors are contiguous, on the CPU, without gradients, and
    of one of the kinds in `DTYPES`: floats, integers or bool. The state dict may be the object that was saved, or lie
    in it under one of PLACES. Numbers, strings and None in the state dict are left out; anything else that is no tensor
    is refused.

    Raises WeightsError for any file that is not sound or takes more than `limit` bytes, in one sentence.
    """
    try:
        with _open(source, name) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if size == 0:
                raise WeightsError(say("{name} is empty; {advice}.", name=name, advice=_ADVICE))
            if size > limit:
                raise WeightsError(
                    say("{name} is larger than {limit}, the most that this app reads.", name=name, limit=_amount(limit))
                )
            return _read(file, source, size, name, limit)
    except WeightsError:
        raise
    except MemoryError as error:
        raise WeightsError(say("{name} needs more memory than there is; choose a smaller file.", name=name)) from error
    except Exception as error:  # readers of foreign formats raise almost anything when fed a broken file
        raise damaged(name) from error


class _Frugal(io.BufferedReader):
    """Hands out at most MAX_TEXT bytes at a time: `zipfile` would read a list of contents at any length it claims."""

    def readall(self) -> bytes:
        """The rest: asked for by us, not by a file."""
        return super().read(-1)

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_TEXT:
            size = MAX_TEXT + 1
        found = super().read(size)
        if len(found) > MAX_TEXT:
            raise ValueError(f"more than {MAX_TEXT} bytes at once")
        return found


def _open(source: bytes | Path, name: str) -> _Frugal:
    if not isinstance(source, Path):
        return _Frugal(io.BytesIO(source))
    try:
        if source.is_file():  # a pipe or a device would never end
            return _Frugal(source.open("rb", buffering=0))
    except OSError as error:
        raise WeightsError(
            say("The weights file {file} cannot be opened; see that you may read it.", file=name)
        ) from error
    raise WeightsError(say("The weights file {file} is not there.", file=name))


def _read(file: _Frugal, source: bytes | Path, size: int, name: str, limit: int) -> dict[str, Tensor]:
    head = file.read(512)
    header = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and header < 2**48:  # eight letters of a text make a far larger number
        return _safetensors(source, header, size, name)
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        value = _zip(file, size, name, limit)
    elif head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        value = _legacy(file, size, name)
    else:
        raise _what_it_is(file, head, name)
    place, outlines = _state_dict(value, name)
    if sum(outline.nbytes for outline in outlines.values()) > limit:
        raise WeightsError(
            say(
                "The tensors of {name} would take more than {limit}, the most allowed; save fewer.",
                name=name,
                limit=_amount(limit),
            )
        )
    file.seek(0)
    # In memory: in a legacy file on disk, torch would first look for an archive, and unpack it to disk.
    return _load(file.readall() if isinstance(source, Path) else source, place, outlines, name)


def _safetensors(source: bytes | Path, header: int, size: int, name: str) -> dict[str, Tensor]:
    if header > MAX_TEXT:
        raise WeightsError(
            say(
                "{name} claims a header of {size:,} bytes, more than any weights need; fetch it again.",
                name=name,
                size=header,
            )
        )
    if header + 8 > size:
        raise damaged(name)
    if isinstance(source, Path):
        with safe_open(source, framework="pt") as opened:
            names = list(opened.keys())
            _check_count(names, name)
            # What it hands out lies in the file itself, which may be replaced while the app runs.
            tensors = {key: opened.get_tensor(key).clone() for key in names}
    else:
        tensors = safetensors.torch.load(bytes(source))
        _check_count(tensors, name)
    for tensor in tensors.values():
        if tensor.dtype not in DTYPES.values():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise WeightsError(
                say(
                    "{name} holds numbers as {kind}, which this app does not read; save plain float32 tensors.",
                    name=name,
                    kind=kind,
                )
            )
    return tensors


def _zip(file: _Frugal, size: int, name: str, limit: int) -> object:
    """What torch.save wrote, tensors as outlines: records `data.pkl` and `data/<key>` in one folder."""
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
            say("{name} unpacks to more than {limit}, the most that this app reads.", name=name, limit=_amount(limit))
        )
    if unpacked > MAX_RATIO * size + _MEGABYTE:
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
        raise WeightsError(say("{name} is an archive of NumPy arrays; {advice}.", name=name, advice=_ADVICE))
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
    return saved.value


def _legacy(file: _Frugal, size: int, name: str) -> object:
    """The same, for five pickles (magic number, protocol, machine, object, keys) and then the storages, each behind
    how many numbers it has, in 8 bytes.
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

    if following().value != _LEGACY_MAGIC:
        raise WeightsError(say("{name} is a pickle, but not one of torch.save; {advice}.", name=name, advice=_ADVICE))
    protocol, machine = following().value, following().value
    if protocol != _LEGACY_PROTOCOL or machine.get("little_endian") is not True:
        raise WeightsError(
            say("{name} was written by another kind of machine or PyTorch; save it anew with torch.save.", name=name)
        )
    saved, keys = following(), following().value
    place, seen = text.tell(), set()
    for key in keys:
        storage = saved.storages[key]
        file.seek(place)
        if key in seen or int.from_bytes(file.read(8), "little") != storage.numel:
            raise damaged(name)
        seen.add(key)
        place += 8 + storage.nbytes
    if place > size or seen != saved.storages.keys():
        raise damaged(name)
    return saved.value


def _load(data: bytes, place: str | None, outlines: dict[str, Outline], name: str) -> dict[str, Tensor]:
    """The tensors of these outlines, at `place` in the file or the whole of it; they hold on to no others."""
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise WeightsError(
            say("{name} is nothing that torch.load reads; save it anew with torch.save.", name=name)
        ) from error
    found = found if place is None else found[place]
    return {key: _alone(found[key].detach()) for key in outlines}


def _alone(tensor: Tensor) -> Tensor:
    """The same numbers in their places, with none besides in memory."""
    whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.itemsize
    return tensor if whole and tensor.is_contiguous() else tensor.clone(memory_format=torch.contiguous_format)


def _state_dict(value: object, name: str) -> tuple[str | None, dict[str, Outline]]:
    """The tensors that were saved, out of all that was, and where they are in it: None for the whole."""
    if type(value) is not dict:
        if isinstance(value, Outline):
            raise WeightsError(say("{name} holds one tensor without a name; save a model's state_dict().", name=name))
        raise WeightsError(
            say("{name} holds something else than named tensors; save a model's state_dict().", name=name)
        )
    dicts = {id(item): item for item in value.values() if type(item) is dict}  # each once: a file may repeat one
    with_tensors = {at for at, item in dicts.items() if _has_tensors(item)}
    inside = [key for key, item in value.items() if id(item) in with_tensors]
    at = next((place for place in PLACES if place in inside), None)
    found = value if at is None else value[at]
    if not _has_tensors(found):
        if not inside:
            raise _no_tensors(name)
        where = enumerated(label(key) for key in inside[:3])
        raise WeightsError(
            say("{name} keeps its tensors under {where}; save one state dict alone.", name=name, where=where)
        )
    _check_count(found, name)
    for key, item in found.items():
        if not (item is None or item is OTHER or isinstance(item, Outline | bool | int | float | str)):
            raise WeightsError(
                say(
                    "{name} holds something that is no tensor at {place}; save a flat state dict.",
                    name=name,
                    place=label(key),
                )
            )
    return at, {key: item for key, item in found.items() if isinstance(item, Outline) and type(key) is str}


def _has_tensors(value: dict) -> bool:
    return any(isinstance(item, Outline) and type(key) is str for key, item in value.items())


def _check_count(names: Iterable[str], name: str) -> None:
    count = len(list(names))
    if count == 0:
        raise _no_tensors(name)
    if count > MAX_TENSORS:
        raise WeightsError(
            say(
                "{name} holds {count:,} tensors, more than any network here; save one state_dict().",
                name=name,
                count=count,
            )
        )


def _what_it_is(file: _Frugal, head: bytes, name: str) -> WeightsError:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, sentence in _DISGUISES.items():
        if start.startswith(beginning):
            return WeightsError(say(sentence, name=name, advice=_ADVICE))
    if head[257:262] == b"ustar":
        return WeightsError(say("{name} is a tar archive; unpack it and choose the weights file inside.", name=name))
    try:  # a pickle of the oldest kinds has no mark to know it by, but if it is one, what it asks for should be said
        file.seek(0)
        read_pickle(io.BytesIO(file.read(_MEGABYTE)), name)
    except UnsafeError as error:
        return error
    except WeightsError:
        pass
    return WeightsError(say("{name} is not a weights file that this app reads; {advice}.", name=name, advice=_ADVICE))


def _no_tensors(name: str) -> WeightsError:
    return WeightsError(say("{name} holds no tensors; save a model's state_dict().", name=name))


def _too_wordy(name: str) -> WeightsError:
    return WeightsError(say("{name} says too much beside its tensors; save the state dict alone.", name=name))


def _amount(size: int) -> Sentence:
    if size >= 1024**3:
        return say("{size:g} GB", size=size / 1024**3)
    return say("{size:,} bytes", size=size)
