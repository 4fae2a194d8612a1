"""Every page, in many states, without a browser: what is drawn, what is said, what the link becomes."""

import dataclasses
import subprocess
import sys

import pytest

from pvt_viz import images, places
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.models import Weights
from pvt_viz.presets import PRESETS
from pvt_viz.ui import calls
from visits import PHOTO, go, healthy, payload, photograph, text, visit

PAGES = ("pyramid", "attention", "reduction")


STATES = [
    {},
    {"size": "64"},
    {"picture": "scene"},
    {"picture": "cat", "model": "flexi_pvt"},
    {"size": "96", "p1": "8", "r1": "4", "r4": "2"},
    {"picture": "motorcycle", "crop": "whole", "model": "flexi_pvt_fixed"},
    PHOTO,
    {**PHOTO, "size": "64"},
    {**PHOTO, "size": "96", "p1": "7", "r1": "3", "r4": "2"},
    {**PHOTO, "size": "128", "crop": "whole", "picture": "motorcycle"},
    {"size": "112", "model": "vit_tiny_16"},
    {"size": "64", "model": "pvt_small", "r1": "1", "r2": "1", "r3": "1"},
    {**PHOTO, "size": "64", "p1": "32"},
]


@pytest.mark.parametrize("query", STATES, ids=lambda q: "&".join(f"{k}={v}" for k, v in q.items()) or "defaults")
@pytest.mark.parametrize("page", PAGES)
def test_every_page_in_many_states(page, query):
    app = healthy(visit(page, **query))
    header, maps = payload(app)
    selection = app.session_state["selection"]
    assert header["image"] == list(selection.image_size)
    for stage in header["stages"]:
        shape = selection.config.shapes()[stage["index"] - 1]
        assert tuple(stage["grid"]) == shape.grid
        assert maps[shape.index].shape == (shape.depth, shape.heads, shape.queries, shape.keys)
    assert ("not yet meaningful" in text(app)) == (selection.model not in BUNDLED)
    assert header["link"] == ""  # an explorer that is alone on its page


def test_the_line_about_random_weights_goes_away_by_itself(monkeypatch):
    plain = calls.studio.scene

    def with_weights(selection, picture, moment=None):
        scene = plain(selection, picture, moment)
        trained = dataclasses.replace(scene.trace, weights=Weights("pvt_tiny, ImageNet", trained=True))
        return dataclasses.replace(scene, trace=trained)

    monkeypatch.setattr(calls.studio, "scene", with_weights)
    for page in PAGES:
        assert "not yet meaningful" not in text(healthy(visit(page, **PHOTO, size="64")))


def test_moving_a_slider_changes_what_it_says_and_the_link():
    app = visit(picture="coffee", size="256")
    assert payload(app)[0]["stages"][0]["reduced_grid"] == [8, 8]
    healthy(app.select_slider(key="r1").set_value(16).run())
    assert payload(app)[0]["stages"][0]["reduced_grid"] == [4, 4]
    assert app.query_params == {"picture": "coffee", "size": "256", "r1": "16"}
    assert "4×4 in all" in text(app)
    app = visit(**PHOTO, size="128")
    assert payload(app)[0]["stages"][0]["reduced_grid"] == [4, 4]
    healthy(app.select_slider(key="r1").set_value(4).run())
    assert payload(app)[0]["stages"][0]["reduced_grid"] == [8, 8]
    assert app.query_params == {**PHOTO, "size": "128", "r1": "4"}
    assert "8×8 in all" in text(app)


def test_the_state_is_the_same_on_every_page_and_after_a_reload():
    app = visit(size="96", r1="4")
    app.select_slider(key="p2").set_value(3).run()
    for page in ("attention", "reduction", "pyramid"):
        healthy(go(app, page))
        assert app.session_state["selection"].patch_sizes == (4, 3, 2, 2)
        assert app.query_params["p2"] == "3"
    reloaded = healthy(visit("reduction", **app.query_params))
    assert reloaded.session_state["selection"] == app.session_state["selection"]


def test_a_link_with_nonsense_opens_and_says_what_was_replaced():
    app = healthy(visit(size="64", r1="99", model="pvt_tinny", picture="coffe", view="<b>", colour="red"))
    [said] = [info.value for info in app.info]
    assert "R₁: `99`" in said
    assert "Model: `pvt_tinny`" in said
    assert "Picture: `coffe`" in said
    assert "view" in said
    assert app.query_params == {**PHOTO, "size": "64", "r1": "16"}
    healthy(app.select_slider(key="r2").set_value(2).run())
    assert not app.info  # said once


def test_a_ratio_that_no_longer_fits_is_replaced_and_said():
    app = visit(**PHOTO, size="128")
    healthy(app.select_slider(key="p1").set_value(32).run())
    assert app.session_state["selection"].reductions[0] == 4
    assert "R₁: `8`" in app.info[0].value


def test_from_a_pyramid_to_a_vit_and_back():
    app = visit(**PHOTO, size="64")
    healthy(app.selectbox(key="model").set_value("vit_tiny_16").run())
    assert app.session_state["selection"].patch_sizes == (16,)
    assert len(payload(app)[0]["stages"]) == 1
    healthy(app.selectbox(key="model").set_value("pvt_tiny").run())
    assert app.session_state["selection"].config.reductions == (8, 4, 2, 1)


def test_back_to_the_defaults():
    pinned = "0.100,0.200~s3~b1.1.1.1~hm.m.m.m~c0~dq~xo"
    app = visit(**PHOTO, size="64", r1="3", view=pinned, method="raw", compared="3")
    [button] = [b for b in app.button if b.label == "Back to the defaults"]
    healthy(button.click().run())
    assert app.query_params == {}
    selection = app.session_state["selection"]
    assert (selection.picture, selection.model, selection.image_size) == (
        "cat",
        "photo_pvt",
        PRESETS["photo_pvt"].image_hw,
    )
    assert app.segmented_control(key="source").value == "Sample"
    assert payload(app)[0]["view"] != pinned


def test_an_upload_is_shown_and_stays_out_of_the_link():
    app = visit(size="64")
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    healthy(app)
    assert app.session_state["scene_of"][1].title == "holiday.jpg"
    assert app.query_params == {"size": "64"}
    healthy(go(app, "attention"))
    assert app.session_state["scene_of"][1].title == "holiday.jpg"


def test_a_file_that_is_no_picture_is_answered_and_nothing_is_lost():
    app = visit(size="64")
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    app.file_uploader(key="file").set_value(("cat.png", b"<html><body>not a cat</body></html>", "image/png")).run()
    assert not app.exception
    [problem] = [e.value for e in app.error]
    assert "\n" not in problem
    assert app.session_state["scene_of"][1].title == "holiday.jpg"


def test_the_sample_is_remembered_behind_an_upload():
    app = visit(size="64", picture="coffee")
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    app.select_slider(key="r1").set_value(4).run()
    healthy(app.segmented_control(key="source").set_value("Sample").run())
    assert app.session_state["scene_of"][1].title == "Coffee"
    assert app.query_params["picture"] == "coffee"


def test_a_picture_can_be_taken_back():
    app = visit(size="64", picture="cat")
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    app.segmented_control(key="source").set_value("Sample").run()
    healthy(app.segmented_control(key="source").set_value("Upload").run())
    assert app.session_state["scene_of"][1].title == "holiday.jpg"  # kept while looking elsewhere
    [button] = [b for b in app.button if b.label == "Forget it"]
    healthy(button.click().run())
    assert app.session_state["scene_of"][1].title == "Cat"


def test_an_upload_never_enters_the_shared_cache(monkeypatch):
    def refuse(*_args):
        raise AssertionError("a private picture was traced into the cache that all visitors share")

    app = visit(size="64")
    app.segmented_control(key="source").set_value("Upload").run()
    monkeypatch.setattr(calls.studio, "_shared_trace", refuse)
    app.file_uploader(key="file").set_value(("holiday.jpg", photograph(320, 200), "image/jpeg")).run()
    healthy(app)
    assert app.session_state["scene_of"][1].private


def test_a_choice_that_is_too_heavy_gets_a_sentence_and_the_controls_stay(monkeypatch):
    monkeypatch.setenv("PVT_VIZ_TRACE_LIMIT_MB", "1.5")
    app = visit(**PHOTO, size="64")
    assert not app.warning
    app.select_slider(key="r1").set_value(1).run()
    assert not app.exception
    assert "Raise R₁" in app.warning[0].value
    assert len(app.table) == 1  # shapes need no trace
    healthy(app.select_slider(key="r1").set_value(8).run())
    assert not app.warning


def test_a_pin_is_kept_in_the_link_and_followed_by_the_numbers():
    pinned = "0.100,0.900~s1~b1.2.2.2~hm.m.m.m~c0~dq~xo"
    app = healthy(visit("reduction", size="64", view=pinned))
    assert "row 15, column 2" in text(app)
    assert "block 1, head 1" in text(app)
    healthy(app.segmented_control(key="stage").set_value(3).run())
    assert "row 4, column 1" in text(app)
    assert app.query_params["view"].startswith("0.100,0.900~s3~")


def test_cls_can_be_followed():
    app = healthy(visit("reduction", **PHOTO, size="64", view="0.500,0.500~s4~b2.2.2.2~hm.m.m.3~c1~dq~xo"))
    assert "Followed below: **CLS**, block 2, head 3" in text(app)


def test_uploads_stay_in_memory():
    """Starlette writes parts of a form that are larger than its limit to a temporary file."""
    check = "import app, starlette.formparsers as f; print(f.MultiPartParser.spool_max_size)"
    done = subprocess.run([sys.executable, "-c", check], cwd=places.ABOVE, capture_output=True, text=True, check=True)
    assert int(done.stdout) > images.MAX_BYTES
