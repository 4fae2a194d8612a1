"""Whatever a control shows, it falls back to: a browser may mount it anew in the middle of a run that was cut."""

import pytest
from streamlit.testing.v1 import AppTest

from visits import go, healthy, visit

KINDS = ("selectbox", "select_slider", "slider", "number_input", "toggle", "button_group")
SCENE = {"seed": "5", "clutter": "50", "outline": "on", "size": "160", "p1": "8", "r1": "2", "r2": "1"}
CAT = {"picture": "cat", "model": "pvt_tiny", "crop": "whole", "p3": "4", "kernels": "bilinear", "device": "cpu"}
PAGES = ("pyramid", "attention", "reduction", "evidence", "trade_off", "learning", "cost", "tour")


def falls_back_to(control) -> object:
    """What the browser would take from the element alone, as `shown` says it."""
    default = control.proto.default
    if control.type == "select_slider":
        return control.options[int(default[0])]
    return list(default) if control.type == "button_group" else default[0] if control.type == "slider" else default


def shown(control) -> object:
    if control.type == "select_slider":
        return control.format_func(control.value)
    if control.type == "selectbox":
        return control.index
    return list(control.indices) if control.type == "button_group" else control.value


def controls(app: AppTest) -> dict[str, object]:
    return {control.key: control for kind in KINDS for control in app.get(kind) if control.key}


@pytest.mark.parametrize("words", [SCENE, CAT], ids=["a scene", "a sample"])
def test_what_a_control_shows_is_its_default_on_every_page(words):
    app, seen = visit(**words), set()
    for page in PAGES:
        for key, control in controls(healthy(go(app, page))).items():
            assert falls_back_to(control) == shown(control), (page, key)
            seen.add(key)
    assert seen >= set(words) - {"kernels"}


def test_also_after_it_was_moved():
    app = visit("cost", **SCENE)
    moved = {"side": 512, "batch": 8, "unit": "FLOP", "axis": "logarithmic", "r1": 4, "model": "scene_vit"}
    for key, value in moved.items():
        control = controls(app)[key]
        healthy(control.set_value(value).run())
        for other, after in controls(app).items():
            assert falls_back_to(after) == shown(after), (key, other)
    assert controls(app)["side"].value == 512


def test_a_control_that_says_nothing_is_not_believed():
    app = visit(**SCENE)
    before = app.session_state["selection"]
    for key in ("cue", "outline", "source", "lang"):
        app.session_state[key] = None
    healthy(app.run())
    assert app.session_state["selection"] == before
