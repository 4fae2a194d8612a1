"""Every page with weights that a visitor brings, without a browser: at home, at odd p and R, at unusual sizes."""

import json

import pytest

from brought import authors, family, timm, transformers
from test_pages import go, healthy, payload, visit
from test_weights_page import ALL, opened, upload

ODD = {
    "transformers' PVT": {"p1": 7, "p2": 1, "r1": 3, "r4": 2},
    "transformers' PVTv2": {"p1": 5, "p3": 3, "r1": 5, "r2": 1},
    "transformers' linear PVTv2": {"p1": 7, "p4": 1},
    "transformers' ViT": {"p1": 10},
    "transformers' distilled DeiT": {"p1": 7},
    "a PVT without a head": {"p1": 8, "r1": 3},
}


@pytest.mark.parametrize("name", ODD)
def test_every_page_at_home_and_at_odd_settings(name):
    app = opened(name)
    home = app.session_state["selection"].config
    for page in ALL[1:]:
        healthy(go(app, page))
        assert not app.warning, page
    go(app, "attention")
    for key, value in ODD[name].items():
        healthy(app.select_slider(key=key).set_value(value).run())
    for page in ALL:
        healthy(go(app, page))
        assert not app.warning, page
        words = app.session_state["selection"].words()
        assert {key: words[key] for key in ODD[name]} == ODD[name]
        if page != "learning":
            assert app.session_state["scene_of"][0].config.dims == home.dims


@pytest.mark.parametrize("page", ALL)
@pytest.mark.parametrize("picture", ["cat", "scene"])
def test_a_backbone_on_every_page(page, picture):
    app = opened("a ViT without a head", picture=picture)
    healthy(app if page == "pyramid" else go(app, page))


def test_the_learning_page_shows_the_network_that_learnt():
    """It has moments of flexi_pvt alone, whatever is chosen."""
    shown = []
    for app in (visit("learning", picture="cat"), go(opened("authors' PVT"), "learning")):
        healthy(app)
        assert not app.warning
        shown.append(payload(app)[1])
    shapes = [{stage: maps.shape[:2] for stage, maps in one.items()} for one in shown]
    assert shapes[0] == shapes[1]


def sized(side: int) -> dict[str, bytes]:
    """A PVTv2, which keeps no positions, that says it was trained at any size."""
    files = dict(family("transformers' PVTv2").files)
    files["config.json"] = json.dumps({**json.loads(files["config.json"]), "image_size": side}).encode()
    return files


UNUSUAL = {
    "96×64": (lambda: transformers("vit", image_size=(96, 64)).files, 96),
    "240, PVT": (lambda: authors(1, img_size=240).files, 240),
    "240, ViT": (lambda: timm("vit_tiny_patch16_224", img_size=240).files, 240),
    "32, ViT": (lambda: transformers("vit", image_size=32, patch_size=4).files, 32),
    "32, PVTv2": (lambda: sized(32), 32),
    "a hundred thousand": (lambda: sized(100_000), 1024),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_training_sizes(kind):
    make, side = UNUSUAL[kind]
    app = upload(visit(), make())
    for page in ("pyramid", "reduction", "cost"):
        healthy(app if page == "pyramid" else go(app, page))
        assert app.session_state["selection"].size == side
    assert bool(app.warning) == (side == 1024 and page != "cost")
    healthy(go(app, "pyramid").select_slider(key="size").set_value(64).run())
    assert not app.warning
