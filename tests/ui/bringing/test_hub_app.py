"""A fetch from the hub in the app, while its visitor looks, and in load_model."""

import json
import re
from pathlib import Path

import torch
from safetensors.torch import save
from streamlit.testing.v1 import AppTest

import tiny_hub
from authors_pvt import SMALL, AuthorsPVT
from pvt_viz import load_model
from pvt_viz.checkpoints import hub
from pvt_viz.ui.bringing import fetching
from pvt_viz.ui.running import job
from tiny_hub import (
    BREAK,
    BROKE,
    FILES,
    ID,
    KEPT,
    TOTAL,
    WEIGHTS,
    until,
)

server = tiny_hub.server


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
    assert second.sentence == "In line: an earlier fetch from the hub is not done yet."
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
    from pvt_viz.ui.bringing import fetching

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


def test_load_model_fetches_once_and_says_how_much(server, capsys):
    heads = json.dumps({"num_attention_heads": [1, 2, 5, 8]}).encode()
    server.add("someone/pvt", {"config.json": heads, "model.safetensors": save(AuthorsPVT(**SMALL).state_dict())})
    model = load_model("someone/pvt")
    assert "someone/pvt: 100%" in capsys.readouterr().err
    before = len(server.asked())
    again = load_model("someone/pvt")
    assert len(server.asked()) == before
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert model.config.name == "someone/pvt"
