"""A board and what the browser is told of it."""

import base64
import io
import json

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pvt_viz import places
from pvt_viz.figures.colour import lut
from pvt_viz.widgets.worked import Board, Grid, Line, Term, Vector
from pvt_viz.widgets.worked.payload import pack

SHOULD_BE = " should be top, left, bottom, right as fractions of the picture, and not empty."
HALVES = ((0, 0, 1, 0.5), (0, 0.5, 1, 1))


def encoded(form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(out, form)
    return out.getvalue()


def grid(**changes) -> Grid:
    facts = {
        "values": ((0.25, -0.75),),
        "boxes": HALVES,
        "ids": ("a", "b"),
        "colour_map": "magma",
        "low": -1,
        "high": 1,
    }
    return Grid("weights", **{**facts, **changes})


def board(*rows, **changes) -> Board:
    return Board(**{"picture": encoded(), "alt": "Red.", "rows": rows, **changes})


def test_the_browser_gets_every_number_as_it_is_printed():
    rows = pack(board(grid(form="{:.1f}"), Vector("q", (-2.0, 3.0), colour_map="viridis")), None)["rows"]
    assert [term["text"] for term in rows[0]["terms"]] == ["0.2", "−0.8"]
    assert [term["id"] for term in rows[0]["terms"]] == ["a", "b"]
    assert rows[0]["columns"] == 2
    assert rows[1]["texts"] == ["−2.00", "3.00"]
    assert (rows[1]["low"], rows[1]["high"], rows[1]["ends"]) == (-2.0, 3.0, ["−2.00", "3.00"])


def test_a_given_scale_goes_before_that_of_the_values():
    assert Vector("q", (1.0, 2.0), low=0.0).scale == (0.0, 2.0)
    assert Vector("q", (1.0, 2.0), high=8.0).scale == (1.0, 8.0)


def test_colour_maps_are_sent_once_and_only_if_they_are_used():
    luts = pack(board(grid(), grid(), Vector("q", (1.0,))), None)["luts"]
    assert luts == {name: lut(name).tolist() for name in ("cividis", "magma")}


def test_terms_without_boxes_and_id_are_plain_text():
    terms = (Term("="), Term("a", id="a"), Term("b", boxes=HALVES))
    assert [term["answers"] for term in pack(board(Line("sum", terms)), None)["rows"][0]["terms"]] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("form, mime", [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_the_picture_travels_as_it_came(form, mime):
    picture = pack(board(picture=encoded(form)), None)["picture"]
    head, body = picture["url"].split(",")
    assert head == f"data:{mime};base64"
    assert base64.b64decode(body) == encoded(form)
    assert (picture["width"], picture["height"]) == (6, 4)


def test_the_hint_says_what_can_be_done_unless_there_are_words_for_it():
    reading, choosing = pack(board(), None)["words"]["hint"], pack(board(pick=True), None)["words"]["hint"]
    assert reading.startswith("Point at a number")
    assert choosing.startswith("Choose a place")
    assert pack(board(hint="Look left."), None)["words"]["hint"] == "Look left."


@pytest.mark.parametrize(
    "make, sentence",
    [
        (
            lambda: board(Line("sum", (Term("a", boxes=((0, 0, 1.5, 1),)),))),
            "'sum': box=(0, 0, 1.5, 1)" + SHOULD_BE,
        ),
        (
            lambda: board(marks=((0.5, 0, 0.5, 1),)),
            "marks: box=(0.5, 0, 0.5, 1)" + SHOULD_BE,
        ),
        (
            lambda: board(grid(boxes=((0, -0.5, 1, 1), (0, 0, 1, 1)))),
            "'weights': box=(0, -0.5, 1, 1)" + SHOULD_BE,
        ),
        (lambda: grid(ids=("a",)), "'weights' has 1 ids for 2 cells; there should be one a cell."),
        (lambda: grid(boxes=HALVES * 2), "'weights' has 4 boxes for 2 cells; there should be one a cell."),
        (
            lambda: grid(values=((1.0,), (1.0, 2.0))),
            "'weights' has rows of [1, 2] values; there should be some, as many in each.",
        ),
        (lambda: grid(values=()), "'weights' has rows of [] values; there should be some, as many in each."),
        (lambda: grid(values=((0.5, float("nan")),)), "'weights' has nan among its values; they should be finite."),
        (lambda: grid(low=2), "'weights' has a scale from 2 to 1; it should go up."),
        (
            lambda: grid(colour_map="jet"),
            "colour map 'jet' is not offered; there are magma, viridis, cividis.",
        ),
        (lambda: Vector("q", ()), "'q' has no values; a vector needs at least one."),
        (lambda: Vector("q", (float("inf"),)), "'q' has inf among its values; they should be finite."),
        (
            lambda: board(cells=(4, 0)),
            "cells=(4, 0) are rows and columns; there should be at least one of each.",
        ),
        (
            lambda: board(grid_box=(0, 0.5, 1, 0.5)),
            "grid_box=(0, 0.5, 1, 0.5) should be top, left, bottom, right as fractions of the picture, and not empty.",
        ),
        (
            lambda: board(grid_lines=(0, 4)),
            "grid_lines=(0, 4) are rows and columns; there should be at least one of each.",
        ),
        (lambda: board(place=(0.5, 2)), "place=(0.5, 2) is x and y as fractions of the picture, from 0 to 1."),
        (lambda: pack(board(picture=b"GIF89a"), None), "picture is not a PNG or a JPEG; a board needs one of them."),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(make, sentence):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == sentence


def test_fractions_may_miss_the_edge_by_as_little_as_floats_do():
    assert board(marks=((0, 0, 3 * (1 / 3) + 1e-9, 1),)).marks


def test_a_page_hears_of_a_place_and_sends_it_back_to_a_board_that_is_mounted_anew():
    at = AppTest.from_file(str(places.ABOVE / "tests" / "helpers" / "worked_app.py"), default_timeout=30).run()
    assert not at.exception
    assert boards(at)[0]["place"] is None
    at.session_state["board"] = {"place": [0.25, 1.75]}
    at.run()
    assert any(text.value == "Place (0.25, 1.0), picked 0 times." for text in at.markdown)
    assert boards(at)[0]["place"] == [0.25, 1.0]


def boards(at: AppTest) -> list[dict]:
    mounted = [json.loads(component.proto.json) for component in at.get("bidi_component")]
    return [data for data in mounted if "rows" in data]
