"""Every page in a language of brackets: what stands outside of them was not translated."""

import json
import re

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from brackets import Marked
from pvt_viz import language
from pvt_viz.choices.page import STEPS
from pvt_viz.presets import PRESETS
from pvt_viz.widgets.attention_explorer.payload import unpack
from visits import PAGES, PHOTO, blobs, go, visit

OPEN, CLOSE = "⟦⟧"
SHOWN = {"label", "help", "body", "options", "placeholder", "caption", "title", "alt", "alt_text", "text", "name"}
"""Fields of Streamlit's messages that a visitor reads."""
NAMES = {
    *PRESETS,
    "stride",
    "d_head",
    "n_prefix",
    "E = hidden / C",
    "pvt-viz",
    "简体中文",
    "English",
    "语言",
    "Language",
}
SYMBOLS = (
    r"PVT\w*|SRA|CLS|MACs?|FLOPs?|[kMGTm]?(MAC|FLOP|B|px|ms)\b|QKᵀ|LayerNorm|GELU|ReLU|MLP|Linear|Head|softmax|exp|logit|ViT\w*|DeiT|"
    r"float32|bfloat16|float16|CPU|GPU|PNG|SVG|PDF|CSV|NPZ|HTML|IoU|[HW]ᵢ|log\b|in\b"
)


@pytest.fixture(autouse=True)
def bracketed(monkeypatch):
    monkeypatch.setattr(language, "catalogue", lambda _name: Marked())


def left_over(text: str) -> str:
    """What of a text stands outside of all brackets, and is neither markup, a name, a symbol nor a number."""
    while text != (text := re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", text)):
        pass
    text = re.sub(r"<style>.*?</style>|<[^>]*>|`[^`]*`|:material/\w+:", " ", text, flags=re.DOTALL)
    for name in sorted(NAMES, key=len, reverse=True):
        text = text.replace(name, " ").replace(name.replace("_", r"\_"), " ")
    text = re.sub(SYMBOLS, " ", text)
    return " ".join(re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+", text))


def untranslated(words) -> dict[str, str]:
    """The texts in which something is left over, and what."""
    return {text: left for text in words if (left := left_over(text))}


def shown(message: Message) -> list[str]:
    """Every text that a visitor reads in an element, by the names of its fields."""
    found = []
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if field.message_type is None:
                if field.name in SHOWN and isinstance(one, str) and not one.startswith("<script>"):
                    found.append(one)
            elif isinstance(one, Message):
                found += shown(one)
    return found


def texts(app: AppTest) -> list[str]:
    found = []

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                proto = getattr(child, "proto", None)
                found.extend(shown(proto) if proto is not None else ())
                walk(child)
            elif child.type == "code":
                continue  # the source is what it is
            elif child.type in ("arrow_table", "table"):
                found.extend([*map(str, child.value.columns), *map(str, child.value.to_numpy().ravel())])
                found.extend(shown(child.proto))
            elif child.type == "plotly_chart":
                found.extend(_words(json.loads(child.proto.spec)))
                found.extend(shown(child.proto))
            elif child.type != "bidi_component":
                found.extend(shown(child.proto))

    walk(app._tree)
    return found


def _words(spec, key: str = "") -> list[str]:
    """Titles, legends, labels and hover texts of a chart."""
    if isinstance(spec, dict):
        return [word for name, value in spec.items() if name != "template" for word in _words(value, name)]
    if isinstance(spec, list):
        return [word for value in spec for word in _words(value, key)]
    return [spec] if isinstance(spec, str) and key in ("text", "name", "hovertext", "ticktext") else []


STATES = [{}, {**PHOTO, "size": "64"}, {"model": "pvt_v2_b2_li", "size": "64"}, {"model": "vit_tiny_16", "size": "64"}]


@pytest.mark.parametrize("query", STATES, ids=lambda query: query.get("model", "defaults"))
@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_what_was_not_translated(page, query):
    app = visit(page, lang="zh", **query)
    assert not app.exception
    assert untranslated(texts(app)) == {}
    for blob in blobs(app):
        header, _ = unpack(blob)
        assert header["language"] == "zh"
        words = (header["alt"], *(stage["note"] for stage in header["stages"]), *header["words"].values())
        assert untranslated(words) == {}


def on_boards(app: AppTest) -> list[str]:
    """Every text of the formulas beside a picture."""
    found = []
    for component in app.get("bidi_component"):
        board = json.loads(component.proto.json or "{}")
        if "rows" in board:
            found += [board["alt"], *board["words"].values()]
        for row in board.get("rows", ()):
            found += [row["label"], row.get("note", "")]
            found += [term.get(kind, "") for term in row.get("terms", ()) for kind in ("text", "spoken")]
    return found


@pytest.mark.parametrize("query", STATES, ids=lambda query: query.get("model", "defaults"))
def test_no_step_of_the_tour_shows_what_was_not_translated(query):
    app = visit("tour", lang="zh", **query)
    for step in STEPS:
        with language.speaking("zh"):  # AppTest writes a widget's options outside of its script
            app.selectbox(key="step").set_value(step).run()
            for button in app.button:
                if button.key and button.key.startswith("skip_"):
                    button.click().run()
                    break
        assert not app.exception
        assert untranslated([*texts(app), *on_boards(app)]) == {}, step


def test_a_link_with_nonsense_is_answered_in_the_language_of_the_visit():
    app = visit(lang="zh", r1="99", model="pvt_tinny", picture="catt", view="<b>", step="nonsense", side="3")
    assert untranslated(texts(app)) == {}


def test_the_language_is_chosen_in_the_sidebar_and_kept_in_the_link():
    app = visit(size="64")
    assert "lang" not in app.query_params
    app.segmented_control(key="lang").set_value("zh").run()
    assert not app.exception
    assert app.query_params == {"size": "64", "lang": "zh"}
    assert app.title[0].value.startswith(OPEN)
    assert app.session_state["selection"].size == 64
    go(app, "cost")
    assert app.title[0].value.startswith(OPEN)
    app.segmented_control(key="lang").set_value("en").run()
    assert "lang" not in app.query_params


def test_a_language_that_is_not_spoken_is_replaced_and_said():
    app = visit(lang="fr")
    assert any("fr" in info.value for info in app.info)
    assert "lang" not in app.query_params
