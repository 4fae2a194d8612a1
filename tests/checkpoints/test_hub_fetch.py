"""Fetching from the hub: once, as far as it comes, and what came is whole."""

import shutil
import socket
import threading
from pathlib import Path

import pytest
from huggingface_hub import constants

import tiny_hub
from pvt_viz.checkpoints import hub, hub_cache
from tiny_hub import BREAK, BROKE, CONFIG, FILES, ID, KEPT, PREPROCESSOR, TOTAL, WEIGHTS, blobs, refusal, until

server = tiny_hub.server


def test_what_is_fetched(server, tmp_path):
    folder = hub.fetch(hub.offer(ID))
    assert tmp_path / "home" / "hub" in folder.parents
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in ("config.json", "preprocessor_config.json", "model.safetensors")
    }
    assert server.sent == TOTAL


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
    for module in (hub, hub_cache):
        monkeypatch.setattr(module, "EVERY", 0.01)
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
