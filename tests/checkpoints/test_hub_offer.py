"""What is said of a model on the hub before anything of it is fetched."""

import socket
import time

import pytest
from huggingface_hub import constants

import tiny_hub
from fake_hub import digest
from pvt_viz.checkpoints import hub
from tiny_hub import CONFIG, ID, NONE, TOTAL, WEIGHTS, refusal

server = tiny_hub.server


def test_the_size_is_told_before_anything_is_fetched(server, tmp_path):
    there = hub.offer(ID)
    assert there.files == ("config.json", "preprocessor_config.json", "model.safetensors")
    assert (there.bytes, there.already, there.id, there.commit) == (TOTAL, 0, ID, server.commit(ID))
    assert server.sent == 0
    assert not (tmp_path / "home").exists()


def test_nobody_is_told_more_than_needed(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)
    hub.fetch(hub.offer(ID))
    resolve = f"/{ID}/resolve/{server.commit(ID)}"
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    listing = f"/api/models/{ID}/revision/main"
    assert server.asked() == [listing, *(f"{resolve}/{name}" for name in names), f"/store/{ID}/model.safetensors"]
    for _, path, headers in server.requests:
        assert headers["user-agent"] == "pvt-viz", path
        assert "authorization" not in headers
        assert "hf_secret" not in str(headers)


def test_without_safetensors_the_pickled_weights(server):
    del server.models[ID]["model.safetensors"]
    assert hub.offer(ID).files == ("config.json", "preprocessor_config.json", "pytorch_model.bin")
    assert (hub.fetch(hub.offer(ID)) / "pytorch_model.bin").read_bytes() == WEIGHTS + b"pickled"


def test_without_a_preprocessor(server):
    del server.models[ID]["preprocessor_config.json"]
    assert hub.offer(ID).files == ("config.json", "model.safetensors")
    folder = hub.fetch(hub.offer(ID))
    assert hub.cached(ID) == folder


def test_a_small_model_that_git_keeps_itself(server):
    server.large = ()
    folder = hub.fetch(hub.offer(ID))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "model.safetensors").resolve().name == digest(WEIGHTS, large=False)


def test_too_large(server, monkeypatch):
    monkeypatch.setenv("PVT_VIZ_HUB_LIMIT_MB", "1.0")
    assert hub.limit() == 1_000_000
    assert refusal(hub.offer, ID) == "someone/tiny has 1 MB; this server fetches 1 MB at most."
    assert hub.offer(ID, most_bytes=TOTAL).bytes == TOTAL
    assert "at most" in refusal(hub.offer, ID, most_bytes=TOTAL - 1)
    monkeypatch.delenv("PVT_VIZ_HUB_LIMIT_MB")
    assert hub.limit() == 1_000_000_000


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": CONFIG, "tf_model.h5": WEIGHTS},
        {"config.json": CONFIG, "weights/model.safetensors": WEIGHTS},
        {"config.json": CONFIG, "model.safetensors.index.json": b"{}"},
        {"config.json": CONFIG, "../model.safetensors": WEIGHTS},
        {"config.json": CONFIG, "/model.safetensors": WEIGHTS},
        {"config.json": CONFIG, "x/../../pytorch_model.bin": WEIGHTS, "..\\pytorch_model.bin": WEIGHTS},
        {"config.json": CONFIG, "model.safetensors.index.json": b"{}", "../model-00001-of-00001.safetensors": WEIGHTS},
    ],
)
def test_no_weights_that_we_read(server, files):
    server.add(ID, files)
    said = "someone/tiny has no weights that this app reads: neither model.safetensors nor pytorch_model.bin."
    assert refusal(hub.offer, ID) == said


def test_no_configuration(server):
    server.add(ID, {"model.safetensors": WEIGHTS})
    said = "someone/tiny has no config.json, so that nothing says what network its weights are for."
    assert refusal(hub.offer, ID) == said


def test_no_such_model(server):
    assert refusal(hub.offer, "someone/nobody") == NONE.format("someone/nobody")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_model_that_is_not_for_everybody(server, status):
    server.status = status
    assert refusal(hub.offer, ID) == NONE.format(ID)


def test_a_gated_model_is_said_before_it_is_fetched(server):
    server.gated = "manual"
    assert refusal(hub.offer, ID) == NONE.format(ID)


@pytest.mark.parametrize(
    "status, said",
    [
        (500, "The hub could not answer (status 500); ask again later."),
        (503, "The hub could not answer (status 503); ask again later."),
        (429, "The hub has been asked too often from here; ask again in some minutes."),
    ],
)
def test_a_hub_in_trouble(server, status, said):
    there = hub.offer(ID)
    server.file_status = status
    assert refusal(hub.fetch, there) == said
    server.status = status
    server.forget()
    assert refusal(hub.offer, ID) == said
    assert len(server.requests) == 1


def test_a_file_that_may_not_be_fetched(server):
    there = hub.offer(ID)
    server.file_status = 403
    assert refusal(hub.fetch, there) == NONE.format(ID)


OUT_OF_REACH = "The hub cannot be reached; is this machine online?"


def test_no_hub_in_reach(server, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{probe.getsockname()[1]}")  # nobody listens there
        assert refusal(hub.offer, ID) == OUT_OF_REACH


def test_a_hub_that_is_silent(server, monkeypatch):
    assert hub.TIMEOUT[0] <= 5
    monkeypatch.setattr(hub, "TIMEOUT", (0.2, 0.2, 0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        assert refusal(hub.offer, ID) == OUT_OF_REACH
        assert time.monotonic() - begin < 3


def test_a_machine_that_was_told_to_stay_offline(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    said = "This server stays offline (HF_HUB_OFFLINE), so that nothing can be fetched."
    assert refusal(hub.offer, ID) == said
    assert server.requests == []


NO_HUB = "What answered was no hub; is there a login page in its place?"


def test_a_login_page_in_the_place_of_the_hub(server):
    server.page = b"<html>Welcome to the hotel</html>"
    assert refusal(hub.offer, ID) == NO_HUB


@pytest.mark.parametrize("commit", ["main", "../../..", "0" * 39, "0" * 41, None, 7])
def test_a_commit_that_is_none(server, commit):
    server.listing = lambda said: {**said, "sha": commit}
    assert refusal(hub.offer, ID) == NO_HUB


@pytest.mark.parametrize(
    "change",
    [
        {"blobId": "../../../x"},
        {"blobId": "0" * 39 + "/"},
        {"blobId": None},
        {"size": -1},
        {"size": None},
        {"size": "12"},
        {"lfs": {"sha256": "../x", "size": 3}},
        {"lfs": {"sha256": "0" * 64}},
    ],
)
def test_a_listing_that_makes_no_sense(server, change):
    server.listing = lambda said: {
        **said,
        "siblings": [one | change if one["rfilename"] == "config.json" else one for one in said["siblings"]],
    }
    assert refusal(hub.offer, ID) == NO_HUB


@pytest.mark.parametrize("answer", [[], {}, "x", {"sha": "0" * 40}, {"sha": "0" * 40, "siblings": [{}]}, None])
def test_an_answer_that_is_no_listing(server, answer):
    server.listing = lambda said: answer
    assert refusal(hub.offer, ID) == NO_HUB
