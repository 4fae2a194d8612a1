"""What a pickle says, without doing what it says. No other reader ever sees it.

Even `torch.load(weights_only=True)` makes the calls that it knows to be harmless, and those can still take for ever or
fill the memory; and it refuses the arguments and the numbers of NumPy's that training scripts leave beside weights.

A pickle is a program: it names functions and calls them. `read_pickle` follows it on paper. It knows some forty
instructions and a handful of names, what it builds is made of plain values, and a tensor becomes an `Outline`: where
its numbers lie, not the numbers. Nothing is imported, looked up or called, so that nothing can run, and nothing is
allocated because a file claims to be large. Every instruction takes a bounded time, and their number is bounded.
"""

import io
import math
import pickletools
from dataclasses import dataclass

import torch

from pvt_viz.checkpoints import inert
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.inert import INERT, OTHER
from pvt_viz.checkpoints.sentences import damaged, label
from pvt_viz.language import N_, Sentence, say

MAX_STEPS = 500_000
"""Instructions in one pickle, about a second of work; the 300 tensors of a network take some 10,000."""
MAX_AXES = 16
MAX_SIDE = 2**48

DTYPES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
"""The kinds of numbers that weights are kept in."""
CALLS = {
    "collections.OrderedDict",
    "collections.Counter",  # in learning rate schedules
    "torch.Size",
    "torch.device",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
}
VALUES = {str(kind) for kind in vars(torch).values() if isinstance(kind, torch.dtype)}
ALLOWED = DTYPES.keys() | CALLS | VALUES
"""Every name that a pickle may mention for what a state dict is made of; what may lie beside it is in `INERT`."""

_KINDS = {  # what torch keeps in other ways -> what it is
    "torch._utils._rebuild_sparse_tensor": N_("sparse tensors"),
    "torch._utils._rebuild_nested_tensor": N_("nested tensors"),
    "torch._utils._rebuild_meta_tensor_no_storage": N_("tensors without values, of the meta device"),
    "torch._utils._rebuild_device_tensor_from_numpy": N_("tensors of a device that is neither CPU nor GPU"),
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": N_("tensors of a device that is neither CPU nor GPU"),
    "torch._utils._rebuild_wrapper_subclass": N_("tensors of a special class"),
    "torch._tensor._rebuild_from_type_v2": N_("tensors of a special class"),
    "torch._utils._rebuild_tensor_v3": N_("numbers of an uncommon kind, as float8 is"),
    "torch._utils._rebuild_qtensor": N_("quantised tensors"),
    "torch.ComplexFloatStorage": N_("complex numbers"),
    "torch.ComplexDoubleStorage": N_("complex numbers"),
    **{
        f"torch.{kind}Storage": N_("quantised tensors")
        for kind in ("QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")
    },
}
_DANGEROUS = set(
    """
    __builtin__ asyncio bdb builtins code codeop commands copy_reg copyreg ctypes functools importlib inspect io marshal
    multiprocessing nt operator os pdb pickle pip posix posixpath pty pydoc runpy shutil signal site socket
    subprocess sys tempfile threading timeit trace types urllib webbrowser zipimport
    """.split()  # noqa: SIM905
)
_HARMLESS = {"bytearray", "bytes", "complex", "dict", "frozenset", "list", "object", "range", "set", "slice", "tuple"}


class UnsafeError(WeightsError):
    """A file that asks for code to be run."""


@dataclass(frozen=True)
class Storage:
    """A run of numbers in the file, known there by its key."""

    dtype: torch.dtype
    key: str
    numel: int

    @property
    def nbytes(self) -> int:
        return self.numel * self.dtype.itemsize


@dataclass(frozen=True)
class Outline:
    """A tensor, not yet read; offset and strides are in numbers, and lead nowhere outside the storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes once every number has its own place: may be far more than the storage has, as a stride can be 0."""
        return self.numel * self.storage.dtype.itemsize


@dataclass(frozen=True)
class Pickle:
    value: object
    """Made of None, bool, int, float, str, bytes, tuple, list, dict (keys are str or int), Outline, what is in `inert`,
    and OTHER.
    """
    storages: dict[str, Storage]
    """By key: all that are mentioned."""
    protocol: int


def has_tensors(value: dict) -> bool:
    """Whether any is in it by a name."""
    return any(isinstance(item, Outline) and type(key) is str for key, item in value.items())


def read_pickle(file: io.BytesIO, name: str) -> Pickle:
    """The pickle at the current place in `file`, which is left just behind it; `name` is for the sentences.

    Raises UnsafeError where it asks for code to be run, and WeightsError where it is damaged, or holds what a state
    dict does not.
    """
    machine = _Machine(file, name)
    try:
        return Pickle(machine.run(), machine.storages, machine.protocol)
    except WeightsError:
        raise
    except Exception as error:  # too short a stack, a bad character, a wrong number of arguments: all mean the same
        raise damaged(name) from error


class _Name(str):
    """One of ALLOWED or INERT, mentioned."""


class _Machine:
    def __init__(self, file: io.BytesIO, name: str):
        self.file = file
        self.name = name
        self.stack: list = []
        self.below: list[list] = []  # the stacks under each mark
        self.memo: dict[int, object] = {}
        self.storages: dict[str, Storage] = {}
        self.protocol = 0

    def run(self) -> object:
        for step, (opcode, given, _) in enumerate(pickletools.genops(self.file)):
            if step >= MAX_STEPS:
                raise WeightsError(
                    say("{name} describes more than a network; save its state dict alone.", name=self.name)
                )
            if opcode.name == "STOP":
                return self.stack.pop()
            self.step(opcode.name, given)
        raise damaged(self.name)

    def step(self, opcode: str, given) -> None:
        push, pop = self.stack.append, self.stack.pop
        match opcode:
            case "PROTO":
                self.protocol = given
            case "FRAME":
                pass
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT":
                push(given)
            case "BINUNICODE" | "SHORT_BINUNICODE" | "SHORT_BINSTRING" | "BINSTRING" | "SHORT_BINBYTES" | "BINBYTES":
                push(given)
            case "NONE":
                push(None)
            case "NEWTRUE" | "NEWFALSE":
                push(opcode == "NEWTRUE")
            case "EMPTY_TUPLE":
                push(())
            case "EMPTY_LIST":
                push([])
            case "EMPTY_DICT":
                push({})
            case "MARK":
                self.below.append(self.stack)
                self.stack = []
            case "TUPLE":
                items = self.since_mark()
                self.stack.append(tuple(items))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                items = [pop() for _ in range(int(opcode[-1]))]
                push(tuple(reversed(items)))
            case "APPEND":
                self.extend([pop()])
            case "APPENDS":
                self.extend(self.since_mark())
            case "SETITEM":
                value, key = pop(), pop()
                self.update([key, value])
            case "SETITEMS":
                self.update(self.since_mark())
            case "BINPUT" | "LONG_BINPUT":
                self.memo[given] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                push(self.memo[given])
            case "GLOBAL":
                push(self.mention(given.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                attribute, module = pop(), pop()
                self.must_be(str, attribute)
                self.must_be(str, module)
                push(self.mention(f"{module}.{attribute}"))
            case "BINPERSID":
                push(self.storage(*pop()))
            case "REDUCE":
                arguments, function = pop(), pop()
                push(self.call(function, arguments))
            case "NEWOBJ" if self.stack[-2] == inert.NAMESPACE:
                arguments, kind = pop(), pop()
                self.must_be(_Name, kind)
                self.must_be(tuple, arguments)
                push(inert.made(kind, arguments))
            case "BUILD":
                state = pop()
                if isinstance(self.stack[-1], inert.Namespace | inert.Dtype | inert.Array):
                    inert.built(self.stack[-1], state)
                else:  # attributes of an OrderedDict: a state dict has _metadata there
                    self.must_be(dict, self.stack[-1])
            case _:
                if opcode == "INST":  # names a class as GLOBAL does
                    self.mention(given.replace(" ", ".", 1))
                raise WeightsError(
                    say(
                        "{name} uses the pickle instruction {opcode}, which no state dict needs; save it anew with"
                        " torch.save.",
                        name=self.name,
                        opcode=opcode,
                    )
                )

    def since_mark(self) -> list:
        items, self.stack = self.stack, self.below.pop()
        return items

    def must_be(self, kind: type, value: object) -> None:
        if type(value) is not kind:
            raise damaged(self.name)

    def extend(self, items: list) -> None:
        self.must_be(list, self.stack[-1])
        self.stack[-1].extend(items)

    def update(self, items: list) -> None:
        """A state dict has names for keys, and an optimizer's state numbers. Others, tuples in tuples, a file could
        choose so that to look them up takes for ever.
        """
        self.must_be(dict, self.stack[-1])
        for key, value in zip(*[iter(items)] * 2, strict=True):
            if not (type(key) is str or (type(key) is int and abs(key) < MAX_SIDE)):
                raise WeightsError(
                    say("{name} holds a dict whose keys are no names; save a flat state dict.", name=self.name)
                )
            self.stack[-1][key] = value

    def mention(self, what: str) -> _Name | object:
        if what in VALUES:
            return OTHER
        if what in ALLOWED or what in INERT:
            return _Name(what)
        module, _, attribute = what.partition(".")
        if module in _DANGEROUS and not ("builtin" in module and attribute in _HARMLESS):
            raise self.unsafe(label(what))
        if what in _KINDS:
            raise WeightsError(
                say(
                    "{name} holds {kind}, which this app does not read; save plain float32 tensors.",
                    name=self.name,
                    kind=say(_KINDS[what]),
                )
            )
        ahead = self.file.read()
        if b"_parameters" in ahead and b"_modules" in ahead:  # attributes of every nn.Module
            raise WeightsError(
                say(
                    "{name} holds a whole module, {what}, which only its own code could open; save its state_dict()"
                    " instead.",
                    name=self.name,
                    what=label(what),
                )
            )
        raise WeightsError(self.no_tensor(label(what)))

    def no_tensor(self, what: str) -> Sentence:
        """That `what` is none, and what to save instead, by the file's own key for it."""
        place = self.place_seen()
        if place is None:
            return say("{name} holds {what}, which is no tensor; save the state dict alone.", name=self.name, what=what)
        return say(
            "{name} holds {what}, which is no tensor; save the state dict alone, as in"
            " torch.save(checkpoint['{place}'], path).",
            name=self.name,
            what=what,
            place=label(place),
        )

    def place_seen(self) -> str | None:
        """Where in what is being built a state dict lies, if it came before this instruction."""
        rows = [*self.below, self.stack]
        if not rows[0] or type(rows[0][0]) is not dict:
            return None
        waiting = iter([*rows[0][1:], *(rows[1] if len(rows) > 1 else ())])
        entries = [*rows[0][0].items(), *zip(waiting, waiting, strict=False)]
        return next(
            (key for key, value in entries if type(key) is str and type(value) is dict and has_tensors(value)), None
        )

    def unsafe(self, what: str) -> UnsafeError:
        return UnsafeError(
            say(
                "{name} asks to run {what}, which no weights need, so it was not opened; fetch them from somewhere that"
                " you trust, best as .safetensors.",
                name=self.name,
                what=what,
            )
        )

    def storage(self, kind: str, what: _Name, key: str, location: str, numel: int, view: None = None) -> Storage:
        """`location` is where the numbers were when they were saved; the file has them wherever that was."""
        if location == "meta":
            raise WeightsError(
                say("{name} holds tensors without values, of the meta device; save them with values.", name=self.name)
            )
        for value, type_ in ((kind, str), (what, _Name), (key, str), (location, str), (numel, int), (view, type(None))):
            self.must_be(type_, value)
        found = Storage(DTYPES[what], key, numel)
        if kind != "storage" or not 0 <= numel < MAX_SIDE or self.storages.setdefault(key, found) != found:
            raise damaged(self.name)
        return found

    def call(self, function: _Name, arguments: tuple) -> object:
        self.must_be(_Name, function)
        self.must_be(tuple, arguments)
        match str(function):
            case "collections.OrderedDict":
                if arguments:
                    raise WeightsError(
                        say(
                            "{name} was written by Python 2; load it there, and save it anew in Python 3.",
                            name=self.name,
                        )
                    )
                return {}
            case "torch._utils._rebuild_tensor_v2":
                return self.tensor(*arguments)
            case "torch._utils._rebuild_parameter":
                self.must_be(Outline, arguments[0])
                return arguments[0]
            case "collections.Counter" | "torch.Size" | "torch.device":
                return OTHER
            case what if what in INERT:
                try:
                    return inert.called(what, arguments)
                except inert.NotNumbersError as error:
                    raise WeightsError(self.no_tensor(error.args[0])) from error
            case _:
                raise damaged(self.name)  # a kind of storage is no function

    def tensor(self, storage, offset, shape, stride, requires_grad, hooks, metadata=None) -> Outline:
        self.must_be(Storage, storage)
        self.must_be(tuple, shape)
        self.must_be(tuple, stride)
        if metadata:
            raise WeightsError(
                say("{name} holds tensors that are negated or conjugated in passing; save plain ones.", name=self.name)
            )
        if not len(shape) == len(stride) <= MAX_AXES:
            raise damaged(self.name)
        for number in (offset, *shape, *stride):
            self.must_be(int, number)
            if number < 0:
                raise damaged(self.name)
        if max(shape, default=0) > MAX_SIDE:
            raise damaged(self.name)
        if 0 in shape:
            offset, stride = 0, (0,) * len(shape)
        # Along an axis of one the stride is never walked, and can be any number.
        stride = tuple(step if side > 1 else 0 for side, step in zip(shape, stride, strict=True))
        last = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=True))
        if 0 not in shape and last >= storage.numel:
            raise damaged(self.name)
        return Outline(storage, offset, shape, stride)
