"""Weights files that ask to run code: they are refused with one sentence, and nothing is ever run."""

import argparse
import builtins
import io
import os
import pickle
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pvt_viz.checkpoints import WeightsError, inert
from pvt_viz.checkpoints.inert import INERT
from pvt_viz.checkpoints.pickles import ALLOWED, UnsafeError, read_pickle
from pvt_viz.checkpoints.tensors import read_tensors
from weights_files import NAME, TORCH, refusal, rezipped, saved, with_pickle


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
    for name in ALLOWED | INERT:
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


def test_what_is_read_as_data_is_a_short_list():
    multiarray = {"numpy.core.multiarray.", "numpy._core.multiarray."}
    assert {
        "argparse.Namespace",
        "numpy.ndarray",
        "numpy.dtype",
        "_codecs.encode",
        "__builtin__.bytes",
        *(f"{module}{name}" for module in multiarray for name in ("_reconstruct", "scalar")),
    } == INERT


SPACE = b"cargparse\nNamespace\n)\x81"
DTYPE = b"cnumpy\ndtype\n(X\2\0\0\0f8\x89\x88tR"
ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR"
SYSTEM = b"cposix\nsystem\n"


def text(words: str) -> bytes:
    return b"X" + struct.pack("<I", len(words)) + words.encode()


@pytest.mark.parametrize("attribute", ["__class__", "__dict__", "__setstate__", "__reduce__", "__init__", "a"])
def test_code_in_the_arguments_of_a_script_is_named(attribute):
    for evil in (SYSTEM, SYSTEM + text("true") + b"\x85R", SPACE + b"}" + text("deep") + SYSTEM + b"sb"):
        assert "posix.system" in refusal(with_pickle(b"\x80\2" + SPACE + b"}" + text(attribute) + evil + b"sb."))
        with pytest.raises(UnsafeError):
            read_tensors(with_pickle(b"\x80\2" + SPACE + b"}" + text(attribute) + evil + b"sb."), NAME)


def test_odd_attributes_are_set_on_nothing():
    state = {"w": torch.ones(2)}
    odd = {"__class__": "posix.system", "__dict__": {"a": 1}, "__setstate__": None, "__slots__": ("b",), "": 3, 4: 5}
    built = SPACE + pickle.dumps(odd, 2)[2:-1] + b"b"
    before = dict(vars(argparse.Namespace)), dict(vars(inert.Namespace))
    found = read_pickle(io.BytesIO(b"\x80\2" + built + b"."), NAME).value
    assert (type(found), vars(found)) == (inert.Namespace, {})
    data = saved({"model": state, "args": "here"})
    data = rezipped(data, lambda at, was: was.replace(text("here"), built) if at.endswith("data.pkl") else was)
    assert torch.equal(read_tensors(data, NAME)["w"], state["w"])
    assert (dict(vars(argparse.Namespace)), dict(vars(inert.Namespace))) == before


@pytest.mark.parametrize("within", [b"", SYSTEM, b"cio\nopen\n", b"ctorch\nload\n", b"cnumpy\nload\n"])
def test_an_array_of_objects_is_refused_with_what_is_in_it(within):
    objects = DTYPE.replace(b"f8", b"O8") + b"(K\3X\1\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    state = b"(K\1K\1\x85" + objects + b"\x89](" + within + b"etb"
    said = refusal(with_pickle(b"\x80\3" + ARRAY + state + b"."))
    assert "a NumPy array of objects" in said
    plain = b"(K\1K\1\x85" + DTYPE + b"\x89](" + within + b"etb"  # objects where bytes should be
    said = refusal(with_pickle(b"\x80\3" + ARRAY + plain + b"."))
    assert ("damaged" in said) if not within else (within.split()[0][1:].decode() in said)


@pytest.mark.parametrize(
    "text",
    [
        ARRAY + b"(K\1\x8a\x06\0\0\0\0\0\x01\x85" + DTYPE + b"\x89C\1xtb",  # 2**40 numbers of 8 bytes in one
        ARRAY + b"(K\1(" + b"J\xff\xff\xff\x7f" * 40 + b"t" + DTYPE + b"\x89C\0tb",
        ARRAY + b"(K\1(" + b"K\0" * 100_000 + b"t" + DTYPE + b"\x89C\0tb",  # more axes than NumPy has
        ARRAY + b"(K\1J\xff\xff\xff\xff\x85" + DTYPE + b"\x89C\x08xxxxxxxxtb",  # -1 numbers
        ARRAY + b"(K\1\x88\x85" + DTYPE + b"\x89C\x08xxxxxxxxtb",  # True numbers
        ARRAY + b"(K\1G?\xf0\0\0\0\0\0\0\x85" + DTYPE + b"\x89C\x08xxxxxxxxtb",
        ARRAY + b"}" + text("shape") + b"K\1sb",
        ARRAY + b"(tb",
        ARRAY + DTYPE + b"b",
        DTYPE + ARRAY + b"b",
        DTYPE + b"}b",
        DTYPE + b"(K\3X\1\0\0\0<(" + DTYPE + b"K\2\x85tNNJ\0\0\0\0J\0\0\0\0K\0tb",  # of several numbers each
        b"cnumpy\ndtype\n(X\x0b\0\0\0f9999999999\x89\x88tR",
        b"cnumpy\ndtype\n(" + text("f8,f8") + b"\x89\x88tR",
        b"cnumpy\ndtype\n(" + text("posix.system") + b"\x89\x88tR",
        b"cnumpy\ndtype\n(" + SYSTEM + b"\x89\x88tR",
        b"cnumpy\ndtype\n)R",
        b"cnumpy\nndarray\n(K\1\x85tR",
        b"cnumpy\nndarray\n)\x81",
        b"cnumpy._core.multiarray\nscalar\n(" + DTYPE + b"C\1xtR",
        b"cnumpy._core.multiarray\nscalar\n(" + DTYPE + b"NtR",
        b"cnumpy._core.multiarray\n_reconstruct\n(cargparse\nNamespace\nK\0\x85C\1btR",
        b"cnumpy._core.multiarray\n_reconstruct\n(" + SYSTEM + b"K\0\x85C\1btR",
        b"c_codecs\nencode\n" + text("abc") + text("zip") + b"\x86R",
        b"c_codecs\nencode\n" + text("abc") + b"\x85R",
        b"c_codecs\nencode\nNN\x86R",
        b"c__builtin__\nbytes\n\x8a\x05\0\0\0\0\x01\x85R",  # bytes(2**32) would be as many
        b"cargparse\nNamespace\n)R",
        b"cargparse\nNamespace\n" + text("a") + b"\x85\x81",
        b"cargparse\nNamespace\nN\x81",
        text("argparse.Namespace") + b")\x81",  # the words alone
        SPACE + b")\x81",
        SPACE + b")R",
        SPACE + b"Nb",
        SPACE + b"}}\x86b",
        SPACE + b"}(NNub",
        SPACE + b"K\1K\2s",
        b"cargparse\nNamespace\n}b",
        b"cargparse\n_sys\n",
        b"cargparse\nFileType\n)\x81",
        b"cargparse\nNamespace.__init__\n",
        b"cnumpy\nload\n" + text("x") + b"\x85R",
        b"cnumpy.core.multiarray\nfrombuffer\n",
        b"cnumpy.random._pickle\n__randomstate_ctor\n",
    ],
)
@pytest.mark.parametrize("kind", TORCH)
def test_what_looks_like_data_and_is_not_is_refused(text, kind, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("reached")

    monkeypatch.setattr(pickle, "Unpickler", fail)
    monkeypatch.setattr(torch, "load", fail)
    refusal(with_pickle(b"\x80\3" + text + b".", kind))


def test_what_is_said_again_and_again_is_not_copied():
    """A long text that is made into bytes a hundred thousand times would be 100 GB to copy."""
    long = text("x" * 1_000_000)
    again = b"c_codecs\nencode\nq\0" + long + b"q\1" + text("latin1") + b"q\2" + b"h\0h\1h\2\x86R" * 80_000
    start = time.monotonic()
    refusal(with_pickle(b"\x80\2" + again + b"."))
    assert time.monotonic() - start < 20


def test_nothing_is_unpickled_even_of_a_file_that_opens(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("reached")

    state = {"w": torch.ones(2)}
    files = [saved({"model": state, "args": argparse.Namespace(a=1), "best": np.float64(1)}, kind) for kind in TORCH]
    for module, function in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(module, function, fail)
    monkeypatch.setattr(torch._weights_only_unpickler, "Unpickler", fail)
    for data in files:
        assert torch.equal(read_tensors(data, NAME)["w"], state["w"])


def test_a_strangers_words_are_made_plain():
    hostile = b"<img src=x>\n**bold** [a](b) \xc3\xa9" + b"x" * 200
    text = b"\x80\x04\x8c\x04what\x8d" + struct.pack("<Q", len(hostile)) + hostile + b"\x93."
    assert "BINUNICODE8" in refusal(with_pickle(text))
    text = b"\x80\x04\x8c\x04what\x8c" + bytes([len(hostile[:250])]) + hostile[:250] + b"\x93."
    said = refusal(with_pickle(text))
    assert "what.?img?src?x????bold????a??b???" in said
    assert not set("<>*\n") & set(said)
