"""Weights by a hub id: what is said before, while and after they come, against a hub on this machine."""

import json
import os
import re
import shutil
import socket
import threading
import time
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from streamlit.testing.v1 import AppTest

from fake_hub import FakeHub, digest
from pvt_viz import load_model
from pvt_viz.checkpoints import WeightsError, hub, hub_cache
from pvt_viz.ui import fetching, job
from source_models import hf_model, save_hf

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
    huggingface_hub.close_session()  # what it keeps open it opened with other settings
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


# --- what an id is, and which are allowed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Xrenya/pvt-tiny-224",
        "a/b",
        "some_one/v1.5_x",
        "0/1",
        "a/b@main",
        "a/b@v1.0",
        "a/b@refs/pr/12",
        "a/b@" + "0" * 40,
    ],
)
def test_ids(text):
    assert hub.is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "pvt_tiny", "a/", "/b", "a/b/c", "a//b", "../b", "a/..", "a/.b", ".a/b", "a/b.", "a/-b", "a/b-", "./b"),
        *("a/b..c", "a--b/c", "a/b--c", "a/b.git", "a/b ", " a/b", "a/b\n", "a\\b", "a/b\\c", "C:/b", "a/b?x", "a/b#x"),
        *(
            "a/b%2e",
            "ä/b",
            "a/b\u0660",
            "a/b\0",
            "a/b@",
            "a/b@..",
            "a/b@../c",
            "a/b@/c",
            "a/b@c/",
            "a/b@x..y",
            "a/b@x\n",
        ),
        *("weights/mine.pth", "a/b.safetensors", "a/b.PT", "a/b.bin", "a/config.json"),
        *("a/b@c@d", "https://x/a/b", "~/b", "a" * 97 + "/b", "a/" + "b" * 97, None, 3, Path("a/b")),
    ],
)
def test_no_ids(server, text):
    assert not hub.is_id(text)
    assert not hub.allowed(text)
    assert hub.cached(text) is None
    assert "is no hub id; one is written owner/name" in refusal(hub.offer, text)
    assert server.requests == []


@pytest.mark.parametrize("off", ["off", "OFF", " 0 ", "no", "never"])
def test_a_server_without_a_hub(server, monkeypatch, off):
    there = hub.offer(ID)
    hub.fetch(there)
    server.forget()
    monkeypatch.setenv("PVT_VIZ_HUB", off)
    assert not hub.enabled()
    assert not hub.allowed(ID)
    assert hub.cached(ID) is None  # a server's cache may hold what its visitors should not see
    for call, of in ((hub.offer, ID), (hub.fetch, there)):
        assert refusal(call, of) == "This server opens no models from the hub."
    assert server.requests == []


@pytest.mark.parametrize("listed", ["a/b, someone/tiny", "a/b someone/tiny", "a/b,,\tsomeone/tiny,"])
def test_a_server_that_allows_some(server, monkeypatch, listed):
    server.add("someone/else", dict(FILES))
    hub.fetch(hub.offer("someone/else"))
    other = hub.offer("someone/else")
    server.forget()
    monkeypatch.setenv("PVT_VIZ_HUB_IDS", listed)
    assert hub.allowed_ids() == ("a/b", "someone/tiny")
    assert hub.allowed(ID)
    assert hub.allowed(f"{ID}@v1")
    assert not hub.allowed("someone/tin")
    assert hub.cached("someone/else") is None
    said = "someone/else is not allowed on this server; allowed are a/b, someone/tiny."
    assert refusal(hub.offer, "someone/else") == said
    assert refusal(hub.fetch, other) == said
    assert server.requests == []
    hub.fetch(hub.offer(ID))


def test_an_id_may_be_listed_at_one_revision(monkeypatch):
    monkeypatch.delenv("PVT_VIZ_HUB", raising=False)
    monkeypatch.setenv("PVT_VIZ_HUB_IDS", "a/b@v1")
    assert hub.allowed("a/b@v1")
    assert not hub.allowed("a/b")
    assert not hub.allowed("a/b@v2")


def test_every_id_is_allowed_where_none_is_listed(monkeypatch):
    monkeypatch.delenv("PVT_VIZ_HUB", raising=False)
    monkeypatch.setenv("PVT_VIZ_HUB_IDS", " , ")
    assert hub.allowed_ids() == ()
    assert hub.allowed("any/one")


# --- before fetching ------------------------------------------------------------------------------------------


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


NONE = "The hub has no public model {}; it may not exist, or be private or gated."


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


# --- fetching -------------------------------------------------------------------------------------------------


def test_what_is_fetched(server, tmp_path):
    folder = hub.fetch(hub.offer(ID))
    assert tmp_path / "home" / "hub" in folder.parents
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in ("config.json", "preprocessor_config.json", "model.safetensors")
    }
    assert server.sent == TOTAL


def test_the_cache_is_the_librarys(server, tmp_path):
    folder = hub.fetch(hub.offer(ID))
    options = {"cache_dir": tmp_path / "home" / "hub"}
    assert huggingface_hub.try_to_load_from_cache(ID, "model.safetensors", **options) == str(
        folder / "model.safetensors"
    )
    [repo] = huggingface_hub.scan_cache_dir(**options).repos
    [revision] = repo.revisions
    assert (repo.repo_id, repo.repo_type, revision.commit_hash, revision.refs) == (
        ID,
        "model",
        server.commit(ID),
        {"main"},
    )
    assert {file.file_name for file in revision.files} == set(hub.offer(ID).files)
    server.forget()
    names = hub.offer(ID).files
    at = huggingface_hub.snapshot_download(ID, local_files_only=True, allow_patterns=list(names), **options)
    assert at == str(folder)


def test_what_the_library_fetched_is_opened(server, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)  # else it asks elsewhere who calls it
    options = {"cache_dir": tmp_path / "home" / "hub", "endpoint": server.url, "token": False}
    for name in ("config.json", "model.safetensors"):
        assert hub.cached(ID) is None
        path = huggingface_hub.hf_hub_download(ID, name, **options)
    assert hub.cached(ID) == Path(path).parent
    there = hub.offer(ID)
    assert there.bytes - there.already == len(PREPROCESSOR)
    server.forget()
    assert hub.fetch(there) == Path(path).parent
    assert server.sent == len(PREPROCESSOR)


def test_the_second_time_nobody_is_asked(server):
    assert hub.cached(ID) is None
    there = hub.offer(ID)
    folder = hub.fetch(there)
    assert hub.offer(ID).already == TOTAL
    server.forget()
    told = []
    assert hub.cached(ID) == folder
    assert hub.fetch(there, lambda *far: told.append(far)) == folder
    assert set(told) == {(TOTAL, TOTAL)}
    assert server.requests == []


def test_the_second_time_without_a_network(server, monkeypatch):
    there = hub.offer(ID)
    folder = hub.fetch(there)

    def refuse(*_args, **_options):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.cached(ID) == folder
    assert hub.fetch(there) == folder


def test_progress_is_told(server, monkeypatch):
    monkeypatch.setattr(hub, "EVERY", 0)
    told = []
    hub.fetch(hub.offer(ID), lambda *far: told.append(far))
    done = [far for far, _ in told]
    assert {total for _, total in told} == {TOTAL}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, TOTAL)
    assert len(set(done)) > 6


def test_progress_is_not_told_too_often(server, monkeypatch):
    monkeypatch.setattr(hub, "EVERY", 60)
    told = []
    hub.fetch(hub.offer(ID), lambda *far: told.append(far))
    assert told == [(0, TOTAL), (TOTAL, TOTAL)]


BROKE = "The connection to the hub broke; what was fetched so far is kept; ask again to go on."


def test_a_broken_connection_goes_on_where_it_broke(server):
    there = hub.offer(ID)
    server.breaks_after = BREAK
    assert refusal(hub.fetch, there) == BROKE
    assert hub.cached(ID) is None
    again = hub.offer(ID)
    assert (again.bytes, again.already) == (TOTAL, KEPT)
    server.breaks_after = None
    server.forget()
    told = []
    folder = hub.fetch(again, lambda *far: told.append(far))
    assert told[0] == (KEPT, TOTAL)
    assert server.sent == len(WEIGHTS) - BREAK
    assert server.requests[-1][2]["range"] == f"bytes={BREAK}-"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.cached(ID) == folder


def test_a_connection_that_breaks_again_and_again(server):
    there = hub.offer(ID)
    server.breaks_after = BREAK
    for _ in range(3):
        assert refusal(hub.fetch, there) == BROKE
    assert hub.fetch(there)
    assert server.sent == TOTAL


def test_a_server_that_knows_no_ranges_sends_all_of_it(server):
    there = hub.offer(ID)
    server.breaks_after = BREAK
    refusal(hub.fetch, there)
    server.breaks_after, server.no_ranges = None, True
    server.forget()
    assert (hub.fetch(there) / "model.safetensors").read_bytes() == WEIGHTS
    assert server.sent == len(WEIGHTS)


def test_a_file_that_ends_early_without_a_break(server):
    there = hub.offer(ID)
    server.models[ID]["model.safetensors"] = WEIGHTS[:-1]
    server.commit = lambda id: there.commit
    assert refusal(hub.fetch, there) == BROKE


@pytest.mark.parametrize("switch", [{"corrupt": True}, {"surplus": b"more"}])
@pytest.mark.parametrize("large", [(".safetensors",), ()])
def test_other_bytes_than_offered_are_not_kept(server, switch, large):
    server.large = large
    there = hub.offer(ID)
    vars(server).update(switch)
    said = refusal(hub.fetch, there)
    assert said == "config.json of someone/tiny did not come as the hub has it; ask again to fetch it anew."
    assert hub.cached(ID) is None
    assert hub.offer(ID).already == 0
    server.corrupt, server.surplus = False, b""
    assert hub.fetch(there)


def test_a_beginning_that_does_not_go_with_the_rest_is_not_kept(server):
    there = hub.offer(ID)
    server.breaks_after = BREAK
    refusal(hub.fetch, there)
    server.breaks_after, server.corrupt = None, True
    assert "model.safetensors of someone/tiny did not come" in refusal(hub.fetch, there)
    server.corrupt = False
    server.forget()
    hub.fetch(there)
    assert server.sent == len(WEIGHTS)


def blobs(tmp_path) -> Path:
    return tmp_path / "home" / "hub" / "models--someone--tiny" / "blobs"


def test_more_than_all_of_a_file_is_begun_anew(server, tmp_path):
    there = hub.offer(ID)
    blobs(tmp_path).mkdir(parents=True)
    (blobs(tmp_path) / f"{there.parts[-1].digest}.incomplete").write_bytes(WEIGHTS + b"?")
    assert (hub.fetch(there) / "model.safetensors").read_bytes() == WEIGHTS


def test_all_of_a_file_that_only_lacks_its_name(server, tmp_path):
    there = hub.offer(ID)
    blobs(tmp_path).mkdir(parents=True)
    (blobs(tmp_path) / f"{there.parts[-1].digest}.incomplete").write_bytes(WEIGHTS)
    hub.fetch(there)
    assert server.sent == TOTAL - len(WEIGHTS)


def test_no_room(server, monkeypatch):
    there = hub.offer(ID)
    full = shutil.disk_usage("/")._replace(free=TOTAL - 1)
    monkeypatch.setattr(hub_cache.shutil, "disk_usage", lambda _path: full)
    assert refusal(hub.fetch, there) == "The disk is full: 1 MB are to come, 1 MB are free."
    assert server.sent == 0
    monkeypatch.setattr(hub_cache.shutil, "disk_usage", lambda _path: full._replace(free=TOTAL))
    hub.fetch(there)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_the_room_ends_on_the_way(server, tmp_path):
    there = hub.offer(ID)
    blobs(tmp_path).mkdir(parents=True)
    (blobs(tmp_path) / f"{there.parts[-1].digest}.incomplete").symlink_to("/dev/full")
    assert refusal(hub.fetch, there) == "The disk is full; what was fetched so far is kept."


def test_a_cache_that_cannot_be_written(server, tmp_path):
    there = hub.offer(ID)
    (tmp_path / "home").write_text("not a folder")
    assert hub.cached(ID) is None
    assert refusal(hub.fetch, there).startswith("The cache of the hub cannot be written (")


def test_a_fetch_that_is_stopped_keeps_what_it_has(server, monkeypatch):
    monkeypatch.setattr(hub, "EVERY", 0)
    there = hub.offer(ID)
    server.pause = 0.002
    far = [0]
    with pytest.raises(hub.Stopped):
        hub.fetch(there, lambda done, _: far.append(done), lambda: far[-1] > KEPT)
    assert hub.cached(ID) is None
    kept = hub.offer(ID).already
    assert KEPT < kept < TOTAL
    server.pause = 0
    server.forget()
    hub.fetch(there)
    assert server.requests[-1][2]["range"] == f"bytes={kept - len(CONFIG) - len(PREPROCESSOR)}-"


def test_a_fetch_that_is_stopped_before_it_began(server):
    there = hub.offer(ID)
    server.forget()
    with pytest.raises(hub.Stopped):
        hub.fetch(there, stop=lambda: True)
    assert server.requests == []


def test_two_who_want_the_same_fetch_it_once(server, monkeypatch):
    monkeypatch.setattr(hub, "EVERY", 0.01)
    there = hub.offer(ID)
    server.pause = 0.005
    found, told = [], []
    first = threading.Thread(target=lambda: found.append(hub.fetch(there)))
    first.start()
    until(lambda: server.sent > BREAK)
    found.append(hub.fetch(there, lambda done, _: told.append(done)))
    first.join()
    assert found[0] == found[1]
    assert server.sent == TOTAL
    assert any(KEPT < done < TOTAL for done in told)  # who waits sees how far it is, too


def test_who_waits_for_another_can_stop(server, monkeypatch):
    monkeypatch.setattr(hub_cache, "EVERY", 0.01)
    there = hub.offer(ID)
    server.pause = 0.01
    first = threading.Thread(target=hub.fetch, args=(there,))
    first.start()
    until(lambda: server.sent > BREAK)
    asked = iter([False] * 5)
    with pytest.raises(hub.Stopped):
        hub.fetch(there, stop=lambda: next(asked, True))
    server.pause = 0
    first.join()
    assert hub.cached(ID)


# --- commits, revisions, shards -------------------------------------------------------------------------------


def test_a_new_commit_fetches_only_what_changed(server):
    old = hub.fetch(hub.offer(ID))
    server.models[ID]["config.json"] = changed = b'{"model_type": "pvt", "more": 1}'
    assert hub.cached(ID) == old
    there = hub.offer(ID)
    assert there.bytes - there.already == len(changed)
    server.forget()
    new = hub.fetch(there)
    assert new != old
    assert server.sent == len(changed)
    assert hub.cached(ID) == new
    assert (new / "config.json").read_bytes() == changed
    assert (new / "model.safetensors").read_bytes() == WEIGHTS
    assert (old / "config.json").read_bytes() == CONFIG


def test_a_new_commit_on_its_way_does_not_hide_the_old(server):
    old = hub.fetch(hub.offer(ID))
    server.models[ID]["model.safetensors"] = WEIGHTS[::-1]
    there = hub.offer(ID)
    server.breaks_after = BREAK
    refusal(hub.fetch, there)
    assert hub.cached(ID) == old


def test_revisions(server):
    commit = server.commit(ID)
    assert refusal(hub.offer, f"{ID}@v2") == "someone/tiny has no revision v2."
    folder = hub.fetch(hub.offer(f"{ID}@v1"))
    assert hub.cached(f"{ID}@v1") == hub.cached(f"{ID}@{commit}") == folder
    assert hub.cached(ID) is None  # main may be another commit: nobody has asked
    assert hub.offer(ID).already == TOTAL
    assert hub.offer(f"{ID}@{commit}").commit == commit
    assert f"/api/models/{ID}/revision/v1" in server.asked()


def test_a_revision_with_a_slash(server):
    assert refusal(hub.offer, f"{ID}@refs/pr/1") == "someone/tiny has no revision refs/pr/1."
    assert server.asked() == [f"/api/models/{ID}/revision/refs%2Fpr%2F1"]
    assert hub.cached(f"{ID}@refs/pr") is None


def test_shards(server):
    server.add(ID, dict(SHARDED))
    there = hub.offer(ID)
    assert there.files == (
        "config.json",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    )
    assert there.bytes == sum(map(len, SHARDED.values()))
    folder = hub.fetch(there)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == SHARDED
    assert hub.cached(ID) == folder
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert hub.cached(ID) is None


def test_one_file_is_preferred_to_shards(server):
    server.add(ID, {**SHARDED, "model.safetensors": WEIGHTS})
    assert hub.offer(ID).files == ("config.json", "model.safetensors")


@pytest.mark.parametrize(
    "index",
    [
        b'{"weight_map": {"a": "model-00001-of-00003.safetensors"}}',
        b'{"weight_map": {"a": "../model-00001-of-00002.safetensors"}}',
        b'{"weight_map": {"a": "/etc/passwd"}}',
        b'{"weight_map": {}}',
        b'{"weight_map": ["a"]}',
        b"[]",
        b"\xff",
    ],
)
def test_an_index_of_other_files(server, index):
    server.add(ID, {**SHARDED, "model.safetensors.index.json": index})
    there = hub.offer(ID)
    assert refusal(hub.fetch, there) == "someone/tiny names weights files in its index that it does not have."
    assert "model-00001" not in " ".join(server.asked())  # said before the weights come
    assert hub.cached(ID) is None


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_cache_that_lacks_a_file(server, missing):
    there = hub.offer(ID)
    folder = hub.fetch(there)
    (folder / missing).resolve().unlink()  # as a person who tidies up the cache does
    assert hub.cached(ID) is None
    server.forget()
    assert hub.fetch(there) == folder
    assert server.sent == len(FILES[missing])


@pytest.mark.parametrize("said", ["", "../../../../elsewhere", "0" * 40, "\0"])
def test_a_reference_to_nowhere(server, tmp_path, said):
    hub.fetch(hub.offer(ID))
    (blobs(tmp_path).parent / "refs" / "main").write_text(said)
    assert hub.cached(ID) is None


def test_a_disk_without_links(server, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder = hub.fetch(hub.offer(ID))
    assert hub.cached(ID) == folder
    assert not (folder / "model.safetensors").is_symlink()
    assert hub.offer(ID).already == TOTAL


@pytest.mark.parametrize("name, below", [("HF_HOME", "hub"), ("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", "")])
def test_the_cache_is_where_the_environment_says(server, monkeypatch, tmp_path, name, below):
    monkeypatch.setenv(name, str(tmp_path / "there"))
    assert (tmp_path / "there" / below) in hub.fetch(hub.offer(ID)).parents


def test_without_a_word_in_the_environment_the_cache_is_the_librarys_own(monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert hub_cache.cache_folder() == Path(constants.HF_HUB_CACHE)


# --- in the app -----------------------------------------------------------------------------------------------


def fetched(there: hub.Offer, visitor=lambda: True) -> fetching.Fetch:
    one = fetching.Fetch(there, visitor)
    until(lambda: one.finished)
    return one


def test_a_fetch_in_the_background(server):
    there = hub.offer(ID)
    server.pause = 0.002
    one = fetching.Fetch(there, lambda: True)
    until(lambda: one.done > KEPT or one.finished)
    assert one.state == "running"
    assert re.fullmatch(r"Fetching someone/tiny: 0\.\d of 1\.0 MB", one.sentence)
    assert 0 < one.fraction < 1
    assert one.folder is None
    until(lambda: one.finished)
    assert (one.id, one.done, one.total, one.fraction) == (ID, TOTAL, TOTAL, 1)
    assert (one.state, one.sentence) == ("done", "someone/tiny is here: 1.0 MB.")
    assert one.folder == hub.cached(ID)


def test_a_fetch_that_failed_says_why_and_another_goes_on(server):
    there = hub.offer(ID)
    server.breaks_after = BREAK
    one = fetched(there)
    assert (one.state, one.sentence, one.folder) == ("failed", BROKE, None)
    server.breaks_after = None
    again = fetching.Fetch(hub.offer(ID), lambda: True)
    assert again.done >= KEPT
    until(lambda: again.finished)
    assert again.state == "done"


def test_a_fetch_that_is_stopped(server):
    there = hub.offer(ID)
    server.pause = 0.005
    one = fetching.Fetch(there, lambda: True)
    until(lambda: one.done > KEPT)
    one.stop()
    until(lambda: one.finished)
    assert one.state == "stopped"
    assert re.fullmatch(r"Stopped after 0\.\d of 1\.0 MB, which are kept\.", one.sentence)
    assert hub.offer(ID).already >= one.done > KEPT


def test_a_fetch_ends_some_time_after_its_visitor_went(server, monkeypatch):
    monkeypatch.setattr(job, "ABANDONED", 0.05)
    there = hub.offer(ID)
    server.pause = 0.01
    assert fetched(there, lambda: False).state == "stopped"


def test_what_nobody_thought_of_is_a_sentence(server, monkeypatch):
    def fail(*_args):
        raise RuntimeError("no such luck")

    there = hub.offer(ID)
    monkeypatch.setattr(hub, "fetch", fail)
    one = fetched(there)
    assert (one.state, one.sentence) == ("failed", "The fetch could not go on (no such luck)")
    monkeypatch.setattr(hub, "fetch", lambda *_args: Path("folder"))
    assert fetched(there).state == "done"  # the next one has its turn


def test_one_fetch_at_a_time_on_a_server(server):
    server.add("someone/else", {**FILES, "model.safetensors": WEIGHTS[::-1]})
    there, other = hub.offer(ID), hub.offer("someone/else")
    server.pause = 0.005
    first = fetching.Fetch(there, lambda: True)
    until(lambda: first.running)
    second, third = (fetching.Fetch(other, lambda: True) for _ in range(2))
    assert second.sentence == "In line: another fetch from the hub comes first."
    assert second.state == "running"
    third.stop()
    until(lambda: third.finished)
    assert third.state == "stopped"
    assert not first.finished
    assert not [path for path in server.asked() if path.startswith("/someone/else/")]
    server.pause = 0
    until(lambda: second.finished)
    assert (first.state, second.state) == ("done", "done")


def script():
    import streamlit as st

    from pvt_viz.checkpoints import hub
    from pvt_viz.ui import fetching

    id = st.text_input("Id", "someone/tiny")
    if st.button("Fetch"):
        fetching.start(hub.offer(id))
    if st.button("Stop"):
        fetching.stop()

    @st.fragment
    def look():
        if one := fetching.current():
            st.text(f"{one.id} {one.state}")

    look()


def test_a_visitor_fetches_and_stops(server):
    server.add("someone/else", dict(FILES))
    server.pause = 0.01
    app = AppTest.from_function(script, default_timeout=30).run()
    assert not app.exception
    assert len(app.text) == 0
    app.button[0].click().run()
    assert app.text[0].value == "someone/tiny running"
    first = app.session_state["fetch"]
    until(lambda: first.done > KEPT)
    app.button[0].click().run()
    assert app.session_state["fetch"] is first  # the same again is no reason to begin again
    app.text_input[0].set_value("someone/else").run()
    app.button[0].click().run()
    second = app.session_state["fetch"]
    assert second is not first
    until(lambda: first.finished)  # one at a time per visitor
    assert first.state == "stopped"
    app.button[1].click().run()
    until(lambda: second.finished)
    app.run()
    assert app.text[0].value == "someone/else stopped"
    server.pause = 0
    app.button[0].click().run()
    until(lambda: app.session_state["fetch"].finished)
    app.run()
    assert app.text[0].value == "someone/else done"
    assert not app.exception


def test_the_tests_keep_off_the_persons_own_cache(server):
    assert "home" in str(hub_cache.cache_folder())
    assert os.environ["HF_ENDPOINT"].startswith("http://127.0.0.1:")


def test_load_model_fetches_once_and_says_how_much(server, capsys, tmp_path):
    folder = tmp_path / "pvt"
    save_hf(hf_model("pvt"), folder)
    server.add("someone/pvt", {file.name: file.read_bytes() for file in folder.iterdir()})
    model = load_model("someone/pvt")
    assert "someone/pvt: 100%" in capsys.readouterr().err
    before = len(server.asked())
    again = load_model("someone/pvt")
    assert len(server.asked()) == before
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert model.config.name == "someone/pvt"
