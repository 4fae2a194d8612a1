"""Uploads of no use, without a browser: one clear sentence each, and the app goes on with the network that it had."""

import re

import pytest
from safetensors.torch import save

from broken_weights import BROKEN
from brought import family
from pvt_viz.ui import weights
from test_pages import go, healthy, visit
from test_weights_page import ALL, answers, chosen, opened, upload

SENTENCE = re.compile(r"[^\n]+[.?] What was there is still shown\.")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_of_no_use_is_one_sentence_and_nothing_is_lost(kind, tmp_path):
    app = opened("authors' PVT")
    before = answers(app)
    upload(app, BROKEN[kind](tmp_path))
    assert not app.exception
    [problem] = [error.value for error in app.error]
    assert SENTENCE.fullmatch(problem), problem
    assert "\\n" not in problem
    assert "Traceback" not in problem
    assert (chosen(app), answers(app)) == ("mine.pth", before)
    assert not list(tmp_path.iterdir())  # it was not run


def test_a_problem_is_forgotten_with_the_next_file_that_is_sound():
    app = upload(visit(picture="cat"), {"empty.pth": b""})
    assert len(app.error) == 1
    healthy(upload(app, family("authors' PVT").files))
    assert chosen(app) == "mine.pth"


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(weights, "largest_upload", lambda: 1)
    app = upload(visit(picture="cat"), family("authors' PVT").files)
    [problem] = [error.value for error in app.error]
    assert SENTENCE.fullmatch(problem)
    assert "mine.pth is larger than" in problem.replace("\\", "")
    assert chosen(app) == "flexi_pvt"


def test_a_network_whose_numbers_run_away_is_a_sentence():
    state = {name: values * 1e18 for name, values in family("authors' PVT").model.state_dict().items()}
    app = upload(visit(picture="cat"), {"huge.safetensors": save(state)})
    for page in ALL[:5]:
        healthy(app if page == "pyramid" else go(app, page))
        assert ["NaN or infinite" in warning.value for warning in app.warning] == [True], page
