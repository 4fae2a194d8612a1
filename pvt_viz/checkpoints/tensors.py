"""A weights file from anybody -> named tensors, without running anything that the file says, in bounded memory.

Three kinds of file are read, told apart by what is in them: .safetensors, and the two that torch.save has written
(`archives`), whose pickles are followed on paper (`pickles`).
"""

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from safetensors import safe_open
from torch import Tensor

from pvt_viz.checkpoints import sets
from pvt_viz.checkpoints.archives import MAX_TEXT, MEGABYTE, Frugal, is_of_numpy, numpy_arrays, read_legacy, read_zip
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.inert import Array
from pvt_viz.checkpoints.pickles import DTYPES, OTHER, Outline, UnsafeError, has_tensors, read_pickle
from pvt_viz.checkpoints.sentences import ADVICE, amount, damaged, enumerated, label
from pvt_viz.language import N_, say

LIMIT = 2 * 1024**3
"""Bytes: of the file, of what is in it once unpacked, and of the tensors together."""
MAX_TENSORS = 20_000
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


@dataclass(frozen=True)
class WeightSet:
    """The tensors of a state dict."""

    tensors: dict[str, Tensor]
    """By name, exactly as kept."""
    place: str = ""
    """What it lay under in its file, as in `sets.find`."""
    others: tuple[str, ...] = ()
    """Where other sets lie in the same file."""


def read_tensors(source: bytes | Path, name: str, limit: int = LIMIT) -> dict[str, Tensor]:
    """The tensors of `read_set`."""
    return read_set(source, name, limit).tensors


def read_set(source: bytes | Path, name: str, limit: int = LIMIT, under: str | None = None) -> WeightSet:
    """The state dict in `source`, the content of a file or where it lies.

    `name` is what the file is called, for the sentences. The tensors are contiguous, on the CPU, without gradients, and
    of one of the kinds in `DTYPES`: floats, integers or bool. The state dict may be the object that was saved, or lie
    in it under one of `sets.PLACES`; `under` says which one to take. Numbers, strings and None in the state dict are
    left out; anything else that is no tensor is refused.

    Raises WeightsError for any file that is not sound or takes more than `limit` bytes, in one sentence.
    """
    try:
        with _open(source, name) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if size == 0:
                raise WeightsError(say("{name} is empty; {advice}.", name=name, advice=ADVICE))
            if size > limit:
                raise WeightsError(
                    say("{name} is larger than {limit}, the most that this app reads.", name=name, limit=amount(limit))
                )
            return _read(file, source, size, name, limit, under)
    except WeightsError:
        raise
    except MemoryError as error:
        raise WeightsError(say("{name} needs more memory than there is; choose a smaller file.", name=name)) from error
    except Exception as error:  # readers of foreign formats raise almost anything when fed a broken file
        raise damaged(name) from error


def _open(source: bytes | Path, name: str) -> Frugal:
    if not isinstance(source, Path):
        return Frugal(io.BytesIO(source))
    try:
        if source.is_file():  # a pipe or a device would never end
            return Frugal(source.open("rb", buffering=0))
    except OSError as error:
        raise WeightsError(
            say("The weights file {file} cannot be opened; see that you may read it.", file=name)
        ) from error
    raise WeightsError(say("The weights file {file} is not there.", file=name))


def _read(file: Frugal, source: bytes | Path, size: int, name: str, limit: int, under: str | None) -> WeightSet:
    head = file.read(512)
    header = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and header < 2**48:  # eight letters of a text make a far larger number
        if under:
            raise sets.none_under(name, under, {})
        return WeightSet(_safetensors(source, header, size, name))
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        saved = read_zip(file, size, name, limit)
    elif head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        saved = read_legacy(file, size, name)
    else:
        raise _what_it_is(file, head, name)
    found = _sets(saved.value, name)
    place = next(iter(found)) if under is None else under
    if place not in found:
        raise sets.none_under(name, place, found)
    outlines = _outlines(found[place], name)
    if sum(outline.nbytes for outline in outlines.values()) > limit:
        raise WeightsError(
            say(
                "The tensors of {name} would take more than {limit}, the most allowed; save fewer.",
                name=name,
                limit=amount(limit),
            )
        )
    tensors = {key: saved.tensor(outline) for key, outline in outlines.items()}
    return WeightSet(tensors, place, tuple(at for at in found if at != place))


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


def _sets(value: object, name: str) -> dict[str, dict]:
    """Every set of weights in what was saved, by its place, the one to take first."""
    if type(value) is not dict:
        if isinstance(value, Outline):
            raise WeightsError(say("{name} holds one tensor without a name; save a model's state_dict().", name=name))
        raise WeightsError(
            say("{name} holds something else than named tensors; save a model's state_dict().", name=name)
        )
    if found := sets.find(value):
        return found
    dicts = {id(item): key for key, item in value.items() if type(item) is dict}  # each once: a file may repeat one
    inside = [key for key in dicts.values() if has_tensors(value[key])]
    if not inside:
        parts = [value, *(value[key] for key in dicts.values())]
        if any(isinstance(item, Array) for part in parts for item in part.values()):
            raise numpy_arrays(name)
        raise _no_tensors(name)
    where = enumerated(label(str(key)) for key in inside[:3])
    raise WeightsError(
        say("{name} keeps its tensors under {where}; save one state dict alone.", name=name, where=where)
    )


def _outlines(found: dict, name: str) -> dict[str, Outline]:
    """The tensors of a state dict."""
    _check_count(found, name)
    for key, item in found.items():
        if isinstance(item, Array):
            raise WeightsError(
                say(
                    "{name} holds a NumPy array at {place}, where tensors should be; turn it into one with"
                    " torch.from_numpy, and save it anew.",
                    name=name,
                    place=label(str(key)),
                )
            )
        if not (item is None or item is OTHER or isinstance(item, Outline | bool | int | float | str)):
            raise WeightsError(
                say(
                    "{name} holds something that is no tensor at {place}; save a flat state dict.",
                    name=name,
                    place=label(str(key)),
                )
            )
    return {key: item for key, item in found.items() if isinstance(item, Outline) and type(key) is str}


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


def _what_it_is(file: Frugal, head: bytes, name: str) -> WeightsError:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, sentence in _DISGUISES.items():
        if start.startswith(beginning):
            return WeightsError(say(sentence, name=name, advice=ADVICE))
    if head[257:262] == b"ustar":
        return WeightsError(say("{name} is a tar archive; unpack it and choose the weights file inside.", name=name))
    try:  # a pickle of the oldest kinds has no mark to know it by, but if it is one, what it asks for should be said
        file.seek(0)
        read_pickle(io.BytesIO(file.read(MEGABYTE)), name)
    except UnsafeError as error:
        return error
    except WeightsError:
        pass
    file.seek(0)
    if is_of_numpy(file.read(MEGABYTE)):
        return numpy_arrays(name)
    return WeightsError(say("{name} is not a weights file that this app reads; {advice}.", name=name, advice=ADVICE))


def _no_tensors(name: str) -> WeightsError:
    return WeightsError(say("{name} holds no tensors; save a model's state_dict().", name=name))
