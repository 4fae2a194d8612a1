"""The network follows the picture until somebody chooses one; what was chosen stays, also in the link."""

import pytest
from streamlit.testing.v1 import AppTest

from choosing import from_source, network, upload
from pvt_viz.choices.selection import choose
from pvt_viz.presets import PRESETS
from pvt_viz.ui import calls
from pvt_viz.ui.choosing import asked
from visits import go, healthy, text, visit

SCENE = {"picture": "scene"}


def choose_network(app: AppTest, name: str) -> AppTest:
    return healthy(app.selectbox(key="model").set_value(name).run())


def test_the_first_view_is_a_photograph_and_a_network_that_knows_it():
    app = healthy(visit())
    assert app.query_params == {}
    assert (app.segmented_control(key="source").value, app.selectbox(key="picture").value) == ("Sample", "cat")
    assert network(app) == "photo_pvt"
    assert "It answers **" in text(app)


def test_the_default_is_what_is_loaded_before_anybody_comes(monkeypatch):
    loaded = []
    monkeypatch.setattr(calls.studio, "scene", lambda selection, picture: loaded.append((selection, picture)))
    calls.warm_up()
    [(selection, picture)] = loaded
    assert selection == choose({}, lambda _picture, _crop, side: (side, side)).selection
    assert picture.digest == "sample:cat"


def test_every_kind_of_picture_comes_with_its_network():
    app = visit()
    from_source(app, "Scene")
    assert network(app) == "flexi_pvt"
    assert app.query_params == SCENE
    upload(app)
    assert network(app) == "photo_pvt"
    assert app.query_params == SCENE  # what lies under it, with the network that comes with that
    from_source(app, "Sample")
    assert network(app) == "photo_pvt"
    assert app.query_params == {}
    from_source(app, "Scene")
    assert network(app) == "flexi_pvt"


@pytest.mark.parametrize("page", ["attention", "cost", "tour"])
def test_it_follows_on_every_page(page):
    app = upload(visit(**SCENE))
    assert network(healthy(go(app, page))) == "photo_pvt"
    from_source(healthy(go(app, "pyramid")), "Scene")
    assert network(healthy(go(app, page))) == "flexi_pvt"


def test_what_was_chosen_besides_goes_along():
    app = visit(**SCENE)
    healthy(app.select_slider(key="r1").set_value(4).run())
    from_source(app, "Sample")
    selection = app.session_state["selection"]
    assert (selection.model, selection.reductions) == ("photo_pvt", (4, 4, 2, 1))
    assert selection.image_size == PRESETS["photo_pvt"].image_hw
    assert app.query_params == {"r1": "4"}


@pytest.mark.parametrize("name", ["flexi_pvt", "photo_pvt", "scene_vit"])
def test_a_network_that_was_chosen_stays(name):
    app = choose_network(choose_network(visit(), "pvt_v2_b0"), name)
    for source in ("Scene", "Sample"):
        from_source(app, source)
        assert network(app) == name
    upload(app)
    assert network(app) == name


def test_a_network_that_a_link_names_stays_and_is_named_again():
    app = healthy(visit(picture="coffee", model="flexi_pvt"))
    assert app.query_params == {"picture": "coffee", "model": "flexi_pvt"}
    from_source(app, "Scene")
    assert app.query_params == SCENE  # there it comes by itself
    healthy(from_source(app, "Sample"))
    assert app.query_params == {"picture": "cat", "model": "flexi_pvt"}
    again = healthy(visit(**app.query_params))
    assert again.session_state["selection"] == app.session_state["selection"]


def test_a_link_that_names_none_follows_again():
    app = choose_network(visit(), "pvt_v2_b0")
    app.query_params.clear()
    app.query_params.update({"picture": "rocket"})
    assert network(healthy(app.run())) == "photo_pvt"
    assert network(from_source(app, "Scene")) == "flexi_pvt"


def test_back_to_the_defaults_forgets_that_one_was_chosen():
    app = choose_network(visit(**SCENE), "flexi_pvt_fixed")
    [button] = [b for b in app.button if b.label == "Back to the defaults"]
    healthy(button.click().run())
    assert app.query_params == {}
    assert network(app) == "photo_pvt"
    assert network(from_source(app, "Scene")) == "flexi_pvt"


def test_a_click_elsewhere_chooses_network_and_picture():
    app = visit()
    app.session_state[asked._ASKED] = {"picture": "scene", "model": "scene_vit"}
    healthy(app.run())
    assert app.segmented_control(key="source").value == "Scene"
    assert app.query_params in ({"model": "scene_vit"}, {"picture": "scene", "model": "scene_vit"})
    assert network(from_source(app, "Sample")) == "scene_vit"
