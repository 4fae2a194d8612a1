"""Hub ids: what is one, and which ones a server allows."""

from pathlib import Path

import pytest

import tiny_hub
from pvt_viz.checkpoints import hub
from tiny_hub import FILES, ID, refusal

server = tiny_hub.server


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
