"""Every page with weights that a visitor brings, without a browser: at home, at odd p and R, at unusual sizes."""

import json

import numpy as np
import pytest
import torch

from brought import authors, family, timm, transformers
from own_weights import ALL, answers, opened, same_rows, upload
from pvt_viz import images
from pvt_viz.checkpoints.load import open_files
from pvt_viz.samples import load
from visits import go, healthy, payload, text, visit

ODD = {
    "transformers' PVT": {"p1": 7, "p2": 1, "r1": 3, "r4": 2},
    "transformers' PVTv2": {"p1": 5, "p3": 3, "r1": 5, "r2": 1},
    "transformers' linear PVTv2": {"p1": 7, "p4": 1},
    "transformers' ViT": {"p1": 10},
    "transformers' distilled DeiT": {"p1": 7},
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
        if page == "learning":  # of flexi_pvt, whatever is chosen
            continue
        healthy(go(app, page))
        assert not app.warning, page
        words = app.session_state["selection"].words()
        assert {key: words[key] for key in ODD[name]} == ODD[name]
        assert app.session_state["scene_of"][0].config.dims == home.dims


@pytest.mark.parametrize(
    "name, picture",
    [("a PVT without a head", "cat"), ("a ViT without a head", "cat"), ("a ViT without a head", "scene")],
)
def test_a_backbone_on_every_page(name, picture):
    app = opened(name, picture=picture)
    for page in ALL[1:]:
        healthy(go(app, page))
    if "PVT" in name:
        for key, value in {"p1": 8, "r1": 3}.items():
            app.select_slider(key=key).set_value(value).run()
        for page in ("pyramid", "evidence"):
            healthy(go(app, page))
            assert not app.warning


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


@pytest.fixture(scope="module")
def visitor():
    """One visit, for one network after another."""
    return visit()


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_training_sizes(visitor, kind):
    make, side = UNUSUAL[kind]
    app = upload(visitor, make())
    for page in ("pyramid", "reduction", "cost"):
        healthy(go(app, page))
        assert app.session_state["selection"].size == side
    assert bool(app.warning) == (side == 1024 and page != "cost")
    healthy(go(app, "pyramid").select_slider(key="size").set_value(64).run())
    assert not app.warning


def test_one_switch_shows_what_bilinear_resizing_does():
    app = opened("authors' PVT")
    assert "kernels" not in {control.key for control in app.segmented_control}  # at home there is nothing to resize
    app.select_slider(key="r1").set_value(4).run()
    careful = payload(app)[1], answers(app)
    assert "resized by the pseudo-inverse" in text(app)
    healthy(app.segmented_control(key="kernels").set_value("bilinear").run())
    naive = payload(app)[1], answers(app)
    assert "resized bilinearly" in text(app)
    assert not np.array_equal(careful[0][1], naive[0][1])
    found = open_files(family("authors' PVT").files)
    config = app.session_state["selection"].config
    for how, (_, rows) in (("pseudo-inverse", careful), ("bilinear", naive)):
        with torch.no_grad():
            logits = found.model(config, how)(images.to_tensor(load("cat"), config))[0]
        same_rows(rows, logits, found.weights.classes)
    healthy(app.segmented_control(key="kernels").set_value("pseudo-inverse").run())
    assert answers(app) == careful[1]


def test_for_a_bundled_network_the_switch_is_in_the_link():
    app = visit(picture="cat", r1="16")
    careful = payload(app)[1]
    healthy(app.segmented_control(key="kernels").set_value("bilinear").run())
    assert app.query_params == {"r1": "16", "kernels": "bilinear"}
    naive = payload(app)[1]
    assert not np.array_equal(careful[1], naive[1])
    assert np.array_equal(payload(healthy(visit(**app.query_params)))[1][1], naive[1])


def test_what_was_measured_with_other_kernels_is_not_claimed():
    app = visit(picture="scene", r1="2")
    measured = "held-out scenes, for"
    assert measured in text(app)
    healthy(app.segmented_control(key="kernels").set_value("bilinear").run())
    assert measured not in text(app)
    assert "Accuracy at these p and R, with kernels resized so, was not measured." in text(app)
    assert "is not among the measured ones" in text(healthy(go(app, "trade_off")))
    healthy(app.segmented_control(key="kernels").set_value("pseudo-inverse").run())
    assert "is not among the measured ones" not in text(app)
    assert measured in text(healthy(go(app, "pyramid")))
