"""What training scripts leave beside weights and is only data: their arguments, and NumPy's numbers.

A pickle has names and calls for these too. `pickles` follows them on paper with what is here: nothing is imported,
looked up or called, no attribute is set, and of an array there is only how many bytes it says it has.
"""

import math
import re
from dataclasses import dataclass

from pvt_viz.checkpoints.sentences import label
from pvt_viz.language import say

NAMESPACE, NDARRAY, DTYPE = "argparse.Namespace", "numpy.ndarray", "numpy.dtype"
ENCODE, EMPTY = "_codecs.encode", "__builtin__.bytes"
"""How protocol 2, which has no bytes, says them."""
RECONSTRUCT = {f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")}
SCALAR = {f"numpy.{core}.multiarray.scalar" for core in ("core", "_core")}
INERT = {NAMESPACE, NDARRAY, DTYPE, ENCODE, EMPTY} | RECONSTRUCT | SCALAR
"""Every name that a pickle may mention for them."""
MOST_AXES = 64
LARGEST = 2**48

OTHER = object()
"""Stands for a value that has no part in a state dict, such as a torch.device or a number of NumPy's."""


class NotNumbersError(Exception):
    """A NumPy array of something else; its argument says what it is."""


class Namespace:
    """What argparse made of a command line; what it says is not kept."""


@dataclass(frozen=True)
class Bytes:
    size: int


@dataclass(frozen=True)
class Dtype:
    """A kind of numbers, or of text."""

    itemsize: int


class Array:
    """A NumPy array."""


def made(what: str, arguments: tuple) -> Namespace:
    """What NEWOBJ makes of a class and its arguments; raises ValueError for what no such file says."""
    _must(what == NAMESPACE and not arguments)
    return Namespace()


def called(what: str, arguments: tuple) -> object:
    """What REDUCE makes of one of INERT: Bytes, Dtype, Array or OTHER.

    Raises NotNumbersError for arrays of objects, and ValueError for what no such file says.
    """
    match what, arguments:
        case ("_codecs.encode", (str() as text, "latin1")):
            return Bytes(len(text))
        case ("__builtin__.bytes", ()):
            return Bytes(0)
        case ("numpy.dtype", (str() as code, int(), int())):
            return _dtype(code)
        case (_, (str() as array, (0,), Bytes() | bytes() | str())) if what in RECONSTRUCT:
            _must(array == NDARRAY)
            return Array()
        case (_, (Dtype() as dtype, Bytes() | bytes() | str() as data)) if what in SCALAR:
            _must(_size(data) == dtype.itemsize)
            return OTHER
    raise ValueError(what)


def built(target: Namespace | Dtype | Array, state: object) -> None:
    """What BUILD says of one; nothing is kept of it. Raises ValueError for what no such file says."""
    match target, state:
        case (Namespace(), dict()):
            return
        # Byte order, and how it lies in memory; parts with names or of several numbers would come in the middle.
        case (Dtype(), (int(), str(), None, None, None, int(), int(), int())):
            return
        case (Array(), (int(), tuple() as shape, Dtype() as dtype, int(), (Bytes() | bytes() | str()) as data)):
            _must(len(shape) <= MOST_AXES)
            _must(all(type(side) is int and 0 <= side < LARGEST for side in shape))
            _must(math.prod(shape) * dtype.itemsize == _size(data))
            return
    raise ValueError("BUILD")


def _dtype(code: str) -> Dtype:
    found = re.fullmatch(r"([biufcSU])([0-9]{1,9})", code)
    if found is None:
        raise NotNumbersError(
            say("a NumPy array of objects")
            if code.startswith("O")
            else say("a NumPy array of the kind {kind}", kind=label(code))
        )
    kind, size = found.groups()
    return Dtype(int(size) * (4 if kind == "U" else 1))


def _size(data: Bytes | bytes | str) -> int:
    return data.size if isinstance(data, Bytes) else len(data)


def _must(true: bool) -> None:
    if not true:
        raise ValueError
