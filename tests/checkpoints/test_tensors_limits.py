"""Weights files that would take too much memory or time, by what they claim: refused before they can."""

import io
import json
import pickle
import struct
import tracemalloc
import zipfile

import pytest
import torch

from pvt_viz.checkpoints import WeightsError, pickles, sets
from pvt_viz.checkpoints.pickles import MAX_STEPS, read_pickle
from pvt_viz.checkpoints.tensors import LIMIT, MAX_TENSORS, MAX_TEXT, read_tensors
from weights_files import KINDS, NAME, TORCH, VERSION, described, refusal, same, saved, with_pickle, zipped


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


def test_safetensors_headers():
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}).encode()
    assert "damaged" in refusal(struct.pack("<Q", len(header)) + header + bytes(100))
    assert "a header of 1,000,000,000 bytes" in refusal(struct.pack("<Q", 10**9) + b"{}" + bytes(100))
    assert "damaged" in refusal(struct.pack("<Q", 1000) + b"{}" + bytes(100))
    assert "damaged" in refusal(struct.pack("<Q", 2) + b"{" + bytes(100))


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


def test_a_pickle_of_too_many_steps(monkeypatch):
    assert 10_000 < MAX_STEPS <= 500_000  # more than a network takes, and about a second of work
    monkeypatch.setattr(pickles, "MAX_STEPS", 5000)
    text = b"\x80\x02" + b"]" * 4997 + b"N."
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
    looks = []
    original = sets.has_tensors
    monkeypatch.setattr(sets, "has_tensors", lambda value: looks.append(0) or original(value))
    same_one = {f"n{i}": i for i in range(300)}
    refusal(saved({f"k{i}": same_one for i in range(300)}))
    assert len(looks) < 5


def test_dicts_in_dicts_are_looked_into_two_deep(monkeypatch):
    looks = []
    original = sets.has_tensors
    monkeypatch.setattr(sets, "has_tensors", lambda value: looks.append(0) or original(value))
    inner = {f"n{i}": i for i in range(300)}
    wide = {f"k{i}": {"model": inner, "ema": {"model": inner}} for i in range(300)}
    refusal(saved(wide))
    assert len(looks) < 700
    again = {f"k{i}": {"model": {f"p{i}": inner for i in range(300)}} for i in range(300)}
    refusal(saved(again))
    deep = {"w": torch.ones(1)}
    for _ in range(3):
        deep = {"model": deep}
    assert "no tensors" in refusal(saved(deep))
    itself = b"\x80\x02}q\0(" + b"".join(b"X\5\0\0\0model" + b"h\0" for _ in range(9)) + b"u."
    assert "no tensors" in refusal(with_pickle(itself))
