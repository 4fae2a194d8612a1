"""Weights by a hub id, without a browser: links that name one, and the way from an id to a network on the page."""

import time

import huggingface_hub
import pytest
from huggingface_hub import constants
from streamlit.testing.v1 import AppTest

from brought import family
from fake_hub import FakeHub
from own_weights import answers, chosen, names, same_rows
from pvt_viz import images
from pvt_viz.checkpoints import hub
from pvt_viz.presets import PRESETS
from pvt_viz.samples import load
from pvt_viz.ui.bringing import weights
from source_models import LABELS
from visits import go, healthy, text, visit

ID, OTHER, BROKEN = "someone/vit", "someone/pvt", "someone/broken"
VIT, PVT = "transformers' ViT", "transformers' PVT"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A hub with three models, and an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "PVT_VIZ_HUB", "PVT_VIZ_HUB_IDS", "PVT_VIZ_HUB_LIMIT_MB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    huggingface_hub.close_session()
    weights.hub_checkpoint.clear()
    with FakeHub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        running.add(ID, family(VIT).files)
        running.add(OTHER, family(PVT).files)
        running.add(BROKEN, {"config.json": b"{}", "model.safetensors": b"no such thing"})
        yield running
    weights.hub_checkpoint.clear()


def fetched(id: str) -> None:
    hub.fetch(hub.offer(id))


def press(app: AppTest, label: str) -> AppTest:
    [button] = [b for b in app.button if b.label.startswith(label)]
    return button.click().run()


def look_up(app: AppTest, id: str) -> AppTest:
    app.text_input(key="hub_id").set_value(id).run()
    return press(app, "Look it up")


def come(app: AppTest) -> AppTest:
    """Wait for the fetch, as the page itself does."""
    end = time.monotonic() + 20
    while not app.session_state["fetch"].finished:
        assert time.monotonic() < end
        time.sleep(0.01)
    return app.run()


def is_shown(app: AppTest, id: str, kind: str) -> None:
    assert chosen(healthy(app)) == id
    logits = family(kind).logits(images.to_tensor(load("cat"), app.session_state["selection"].config))[0]
    same_rows(answers(app), logits, LABELS)


# --- links ----------------------------------------------------------------------------------------------------


def test_a_link_opens_what_is_on_the_server_without_asking_the_hub(server):
    fetched(ID)
    server.forget()
    app = visit(picture="cat", model=ID)
    is_shown(app, ID, VIT)
    assert server.requests == []
    assert app.query_params == {"model": ID}
    assert ID in names(app)  # nobody's own
    app.select_slider(key="p1").set_value(8).run()
    assert app.query_params == {"model": ID, "p1": "8"}
    again = healthy(visit("reduction", **app.query_params))
    assert again.session_state["selection"] == app.session_state["selection"]
    for page in ("attention", "evidence", "cost"):
        healthy(go(again, page))


@pytest.mark.parametrize(
    "id, environment, why",
    [
        (ID, {}, "it is not on this server yet: it can be fetched in the sidebar, under Other weights."),
        (ID, {"PVT_VIZ_HUB": "off"}, "this server opens no models from the hub."),
        (ID, {"PVT_VIZ_HUB_IDS": OTHER}, "it is not among those that this server opens."),
        (BROKEN, {}, "model.safetensors"),
    ],
)
def test_a_link_that_cannot_be_followed_is_one_sentence_and_the_default(server, monkeypatch, id, environment, why):
    if environment or id == BROKEN:
        fetched(id)
    server.forget()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = healthy(visit(picture="cat", model=id, p1="8", r1="1", size="64", kernels="bilinear"))
    [said] = [info.value.replace("\\", "") for info in app.info]
    assert said.startswith(f"The link asks for the network {id}; ")
    assert why in said
    assert "replaced" not in said
    selection = app.session_state["selection"]
    assert selection.config == PRESETS["photo_pvt"]
    assert app.query_params == {}
    assert server.requests == []


NONSENSE = ("a//b", "../../etc/passwd", "<script>/x", "a/b.pth", "a/b@..")
"""Of each kind one; test_hub_ids.py has what an id may be."""


@pytest.mark.parametrize("id", NONSENSE)
def test_a_link_with_a_nonsense_id(server, id):
    app = healthy(visit(picture="cat", model=id))
    assert len(app.info) == 1
    assert "/" not in chosen(app)
    assert server.requests == []


# --- from an id to a network ----------------------------------------------------------------------------------


def test_the_size_comes_first_and_the_weights_when_they_are_asked_for(server):
    app = look_up(visit(picture="cat"), ID)
    total = sum(map(len, family(VIT).files.values()))
    assert f"{ID}: 2 MB." in text(healthy(app)).replace("\\", "")
    assert round(total / 1e6) == 2
    assert chosen(app) == "photo_pvt"
    assert server.sent == 0
    server.pause = 0.005
    press(app, "Fetch 2 MB")
    assert app.session_state["fetch"].total == total
    assert [b for b in app.button if b.label == "Stop fetching"]
    app = come(app)
    assert server.sent == total
    is_shown(app, ID, VIT)
    assert app.query_params == {"model": ID}
    assert not [b for b in app.button if b.label.startswith("Fetch")]


def test_another_id_after_the_first(server):
    app = come(press(look_up(visit(picture="cat"), ID), "Fetch"))
    is_shown(app, ID, VIT)
    look_up(app, OTHER)
    assert chosen(healthy(app)) == ID
    assert [b for b in app.button if b.label.startswith("Fetch")]  # offered, and not fetched by itself
    app = come(press(app, "Fetch"))
    is_shown(app, OTHER, PVT)
    assert {ID, OTHER} <= set(names(app))
    healthy(app.selectbox(key="model").set_value(ID).run())
    is_shown(app, ID, VIT)


def test_an_offer_waits_while_another_comes(server):
    server.pause = 0.002
    app = press(look_up(visit(picture="cat"), ID), "Fetch")
    assert not app.session_state["fetch"].finished
    look_up(app, OTHER)
    app = come(app)
    is_shown(app, ID, VIT)
    assert OTHER in text(app).replace("\\", "")
    is_shown(come(press(app, "Fetch")), OTHER, PVT)


def test_the_next_visitor_needs_no_hub(server):
    fetched(ID)
    server.forget()
    is_shown(look_up(visit(picture="cat"), ID), ID, VIT)
    assert server.requests == []


def test_a_fetch_that_breaks_is_kept_and_goes_on(server):
    app = look_up(visit(picture="cat"), ID)
    server.breaks_after = 900_000
    app = come(press(app, "Fetch"))
    assert chosen(healthy(app)) == "photo_pvt"
    [warning] = [w.value.replace("\\", "") for w in app.warning]
    assert "The connection to the hub broke" in warning
    server.breaks_after = None
    server.forget()
    is_shown(come(press(app, "Go on fetching")), ID, VIT)
    assert 1_000_000 < server.sent < 1_200_000


def test_stopping_leaves_the_network_that_was_there(server):
    server.pause = 0.02
    app = press(look_up(visit(picture="cat"), ID), "Fetch")
    press(app, "Stop fetching")
    server.pause = 0
    app = come(app)
    assert chosen(healthy(app)) == "photo_pvt"
    assert "Stopped after" in app.warning[0].value


def test_an_id_of_no_use_is_one_sentence(server):
    app, problems = visit(picture="cat"), set()
    for asked in ("", "nonsense", "a//b", "no/such"):
        look_up(app, asked)
        assert not app.exception, asked
        [problem] = [error.value for error in app.error]
        assert "\n" not in problem
        assert problem.endswith("The weights that come with the app need no network.")
        assert chosen(app) == "photo_pvt"
        problems.add(problem)
    assert len(problems) > 2  # each its own, not that of the one before


def test_offline_is_one_sentence(server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    app = look_up(visit(picture="cat"), ID)
    assert not app.exception
    [problem] = [error.value for error in app.error]
    assert problem.startswith("The hub cannot be reached; is this machine online?")
    assert chosen(app) == "photo_pvt"
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    is_shown(come(press(healthy(look_up(app, ID)), "Fetch")), ID, VIT)


def test_what_came_and_cannot_be_opened_is_one_sentence(server):
    app = come(press(look_up(visit(picture="cat"), BROKEN), "Fetch"))
    assert not app.exception
    [problem] = [error.value for error in app.error]
    assert problem.endswith("What was there is still shown.")
    assert chosen(app) == "photo_pvt"
    assert not [b for b in app.button if b.label.startswith("Fetch")]
    look_up(app, BROKEN)  # it is here, and no better
    assert len(app.error) == 1
    assert not [b for b in app.button if b.label.startswith("Fetch")]


def test_allowed_ids_are_a_list_to_choose_from(server, monkeypatch):
    monkeypatch.setenv("PVT_VIZ_HUB_IDS", f"{OTHER} {ID}")
    app = healthy(visit(picture="cat"))
    assert not [one for one in app.text_input if one.key == "hub_id"]
    assert app.selectbox(key="hub_id").options == [OTHER, ID]
    app.selectbox(key="hub_id").set_value(ID).run()
    is_shown(come(press(press(app, "Look it up"), "Fetch")), ID, VIT)


def test_a_server_without_a_hub(server, monkeypatch):
    monkeypatch.setenv("PVT_VIZ_HUB", "off")
    app = healthy(visit(picture="cat"))
    assert not [b for b in app.button if b.label == "Look it up"]
    assert [one for one in app.file_uploader if one.key == "weights_0"]


def test_a_model_that_is_gone_from_the_cache_is_a_sentence(server, tmp_path):
    fetched(ID)
    app = visit(picture="cat", model=ID)
    is_shown(app, ID, VIT)
    weights.hub_checkpoint.clear()  # others came in between
    for file in (tmp_path / "home").rglob("*.safetensors"):
        file.unlink()
    app.select_slider(key="p1").set_value(8).run()
    assert not app.exception
    assert [w.value for w in (*app.warning, *app.error)]
    healthy(app.selectbox(key="model").set_value("flexi_pvt").run())


def test_opened_models_are_not_read_again_at_every_click(server, monkeypatch):
    fetched(ID)
    app = visit(picture="cat", model=ID)
    app.selectbox(key="model").set_value("flexi_pvt").run()
    weights.hub_checkpoint.clear()
    monkeypatch.setattr(weights, "open_folder", None)
    healthy(app.select_slider(key="r1").set_value(4).run())
    assert ID in names(app)
