"""Weights that a visitor uploads, without a browser, and the answer that is shown of them."""

import html
import re

import pytest
import torch
from streamlit.testing.v1 import AppTest

from brought import family
from visits import healthy, visit

ALL = ("pyramid", "attention", "reduction", "evidence", "trade_off", "learning", "cost")
ROW = re.compile(r"<span>([^<]*)</span>.*?text-align:right'>([\d.]+)%</span>")
SENTENCE = re.compile(r"[^\n]+[.?] What was there is still shown\.")
ROUNDED = 0.051
"""Percent: what is written with one decimal may be off by half of it."""


def upload(app: AppTest, files: dict[str, bytes]) -> AppTest:
    chooser = app.file_uploader(key=f"weights_{app.session_state['weights_files']}")
    return chooser.set_value([(name, data, "application/octet-stream") for name, data in files.items()]).run()


def opened(name: str, **query: str) -> AppTest:
    return healthy(upload(visit(**{"picture": "cat", **query}), family(name).files))


def answers(app: AppTest) -> list[tuple[str, float]]:
    """The rows of the answer: name and percent."""
    bodies = [element.proto.body for element in app.get("html")]
    return [(html.unescape(name), float(percent)) for name, percent in ROW.findall("".join(bodies))]


def chosen(app: AppTest) -> str:
    return app.session_state["selection"].model


def names(app: AppTest) -> tuple[str, ...]:
    """The networks on offer."""
    return tuple(app.selectbox(key="model").options)


def same_rows(found: list[tuple[str, float]], logits: torch.Tensor, classes) -> None:
    chances = logits.softmax(dim=-1)
    best = chances.argsort(descending=True)[: len(found)].tolist()
    assert [name for name, _ in found] == [classes[i] for i in best]
    assert [percent for _, percent in found] == pytest.approx([100 * float(chances[i]) for i in best], abs=ROUNDED)
