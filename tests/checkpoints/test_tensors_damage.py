"""Weights files that are broken: one sentence, or numbers that can be read, whatever was done to them."""

import io
import random
import struct
import zipfile

import pytest
import torch

from weights_files import (
    KINDS,
    TORCH,
    network,
    refusal,
    rezipped,
    saved,
    survives,
    with_pickle,
)

SMALL = {"w": torch.arange(4.0), "n": torch.tensor(3)}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_anywhere(kind):
    data = saved(SMALL, kind)
    for length in range(len(data)):
        said = refusal(data[:length])
        if length > 300:
            assert "damaged or cut short" in said


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits(kind):
    data = saved(SMALL, kind)
    dice = random.Random(0)
    read = 0
    for _ in range(700):
        broken = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 8))):
            broken[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        found = survives(bytes(broken))
        read += found is not None
        for tensor in (found or {}).values():
            assert tensor.sum() is not None  # every number can be reached
    assert 0 < read < 700  # both happen: numbers that are merely others, and damage


@pytest.mark.parametrize("kind", TORCH)
def test_a_scrambled_pickle(kind):
    """Under a zip's checksum: as written by somebody who means it."""
    whole = zipfile.ZipFile(io.BytesIO(saved(SMALL))).read("archive/data.pkl")
    dice = random.Random(1)
    for _ in range(700):
        broken = bytearray(whole)
        for _ in range(dice.choice((1, 2, 4))):
            broken[dice.randrange(len(whole))] = dice.randrange(256)
        survives(with_pickle(bytes(broken), kind))


def test_random_bytes():
    dice = random.Random(2)
    starts = [b"", b"PK\3\4", b"\x80\x02", struct.pack("<Q", 20) + b"{", b"PK\5\6", saved(0, "legacy")[:60]]
    for _ in range(100):
        for start in starts:
            assert survives(start + dice.randbytes(dice.randrange(300))) is None


def test_damage_to_the_numbers_of_a_zip_is_noticed():
    data = bytearray(saved({"w": torch.full((3,), 7.0)}))
    data[data.index(struct.pack("<3f", 7, 7, 7)) + 5] ^= 4
    assert "damaged" in refusal(bytes(data))


def test_two_records_of_one_name():
    data = saved({"w": torch.ones(3)})
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data.pkl", b"N.")
    assert "two records of the same name" in refusal(buffer.getvalue())


def test_encrypted_archives():
    data = bytearray(saved({"w": torch.ones(3)}))
    data[data.index(b"PK\1\2") + 8] |= 1
    assert "encrypted" in refusal(bytes(data))


def test_other_machines():
    def big(at, content):
        return b"big" if at.endswith("byteorder") else content

    assert "big-endian" in refusal(rezipped(saved(network()), big))
    data = saved(network(), "legacy")
    at = data.index(b"little_endian")
    other = data[:at] + data[at:].replace(b"\x88", b"\x89", 1)
    assert "another kind of machine" in refusal(other)
