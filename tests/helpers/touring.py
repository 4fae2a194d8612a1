"""The tour without a browser: a step, its boards and their rows."""

import json

from streamlit.testing.v1 import AppTest

from pvt_viz.scene import Scene
from pvt_viz.ui import calls
from visits import healthy, visit


def tour(step: str = "patches", **query: str) -> AppTest:
    """A step on a scene, unless the words say otherwise."""
    return healthy(visit("tour", **{"picture": "scene", "step": step} | query))


def scene_of(app: AppTest) -> Scene:
    return calls.studio.scene(*app.session_state["scene_of"])


def boards(app: AppTest) -> list[dict]:
    mounted = [json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.json]
    return [data for data in mounted if "rows" in data]


def row(app: AppTest, start: str) -> dict:
    """The row of a board whose label starts so."""
    [found] = [row for board in boards(app) for row in board["rows"] if row["label"].startswith(start)]
    return found


def line(app: AppTest, start: str) -> str:
    return " ".join(term["text"] for term in row(app, start)["terms"])


def press(app: AppTest, key: str) -> AppTest:
    return healthy(app.button(key=key).click().run())
