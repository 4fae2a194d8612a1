"""A hub on this machine with one small model in it, and what it says."""

import json
import re
import time
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from fake_hub import FakeHub
from pvt_viz.checkpoints import WeightsError

ID = "someone/tiny"
CONFIG = json.dumps({"model_type": "pvt"}).encode()
PREPROCESSOR = json.dumps({"size": 224}).encode()
WEIGHTS = bytes(range(256)) * 4000  # 1,024,000 bytes
FILES = {
    ".gitattributes": b"*.bin filter=lfs",
    "README.md": b"# Tiny",
    "config.json": CONFIG,
    "model.safetensors": WEIGHTS,
    "preprocessor_config.json": PREPROCESSOR,
    "pytorch_model.bin": WEIGHTS + b"pickled",
}
TOTAL = len(CONFIG) + len(PREPROCESSOR) + len(WEIGHTS)
BREAK = 300_000
KEPT = len(CONFIG) + len(PREPROCESSOR) + BREAK
SHARDED = {
    "config.json": CONFIG,
    "model-00001-of-00002.safetensors": b"first" * 1000,
    "model-00002-of-00002.safetensors": b"second" * 1000,
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    ).encode(),
}
NONE = "The hub has no public model {}; it may not exist, or be private or gated."
BROKE = "The connection to the hub broke; what was fetched so far is kept; ask again to go on."


_mine = []


def connect() -> None:
    """See to it that the library's client was made with the settings of these tests: it keeps them.

    It is kept from one test to the next, since a new one reads all certificates again.
    """
    if huggingface_hub.get_session() not in _mine:
        huggingface_hub.close_session()
        _mine[:] = [huggingface_hub.get_session()]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A hub with one model, an empty cache, and a token lying about that nobody should see."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "the person's own"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "PVT_VIZ_HUB", "PVT_VIZ_HUB_IDS", "PVT_VIZ_HUB_LIMIT_MB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    connect()
    with FakeHub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        running.add(ID, dict(FILES))
        yield running
    assert not (tmp_path / "the person's own").exists()


def refusal(call, *args, **options) -> str:
    with pytest.raises(WeightsError) as error:
        call(*args, **options)
    said = str(error.value)
    assert re.fullmatch(r"[^\n]+[.?]", said), said
    assert "hf_secret" not in said
    return said


def until(true, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def blobs(tmp_path) -> Path:
    return tmp_path / "home" / "hub" / "models--someone--tiny" / "blobs"
