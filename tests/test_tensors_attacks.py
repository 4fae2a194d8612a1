"""Weights files that ask to run code: they are refused with one sentence, and nothing is ever run."""

import builtins
import io
import os
import pickle
import struct
import subprocess
from pathlib import Path

import pytest
import torch

from pvt_viz.checkpoints import WeightsError
from pvt_viz.checkpoints.pickles import ALLOWED, UnsafeError, read_pickle
from pvt_viz.checkpoints.tensors import read_tensors
from weights_files import NAME, TORCH, refusal, saved, with_pickle


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
