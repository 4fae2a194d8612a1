"""Files as they come, without a browser: those of no use are one clear sentence each, and the app goes on with the
network that it had; bytes are let go, and names are only names.
"""

import re

import pytest
from safetensors.torch import save
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from broken_weights import BROKEN
from brought import family
from own_weights import ALL, SENTENCE, answers, chosen, opened, upload
from pvt_viz.ui.bringing import weights
from visits import go, healthy, text, visit


@pytest.fixture(scope="module")
def visitor() -> tuple[AppTest, list]:
    """One visit with a network open, that takes one file after another; and what it answered at first."""
    app = opened("authors' PVT")
    return app, answers(app)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_of_no_use_is_one_sentence_and_nothing_is_lost(visitor, kind, tmp_path):
    app, before = visitor
    assert len(before) == 5
    upload(app, BROKEN[kind](tmp_path))
    assert not app.exception
    [problem] = [error.value for error in app.error]
    assert SENTENCE.fullmatch(problem), problem
    assert "\\n" not in problem
    assert "Traceback" not in problem
    assert (chosen(app), answers(app)) == ("mine.pth", before)
    assert not list(tmp_path.iterdir())  # it was not run
    healthy(upload(app, family("authors' PVT").files))  # and is forgotten with the next file that is sound
    assert (chosen(app), answers(app)) == ("mine.pth", before)


def test_a_problem_is_forgotten_where_nothing_was_open():
    app = upload(visit(picture="cat"), {"empty.pth": b""})
    assert len(app.error) == 1
    assert chosen(app) == "photo_pvt"
    healthy(upload(app, family("authors' PVT").files))
    assert chosen(app) == "mine.pth"


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(weights, "largest_upload", lambda: 1)
    app = upload(visit(picture="cat"), family("authors' PVT").files)
    [problem] = [error.value for error in app.error]
    assert SENTENCE.fullmatch(problem)
    assert "mine.pth is larger than" in problem.replace("\\", "")
    assert chosen(app) == "photo_pvt"


def test_a_network_whose_numbers_run_away_is_a_sentence():
    state = {name: values * 1e18 for name, values in family("authors' PVT").model.state_dict().items()}
    app = upload(visit(picture="cat"), {"huge.safetensors": save(state)})
    for page in ALL[:5]:
        healthy(app if page == "pyramid" else go(app, page))
        assert ["NaN or infinite" in warning.value for warning in app.warning] == [True], page


def test_the_server_lets_the_uploaded_bytes_go(monkeypatch):
    gone = []
    plain = MemoryUploadedFileManager.remove_file

    def noted(manager, session_id, file_id):
        gone.extend(record.name for record in manager.get_files(session_id, [file_id]))
        plain(manager, session_id, file_id)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", noted)
    app = visit(picture="cat")
    upload(app, family("transformers' ViT").files)
    assert sorted(gone) == sorted(family("transformers' ViT").files)
    upload(app, {"broken.pth": b"nothing"})
    assert gone[-1] == "broken.pth"


def test_a_configuration_waits_for_its_weights():
    app = visit(picture="cat")
    upload(app, {"config.json": family("transformers' ViT").files["config.json"]})
    assert "And the file with the weights?" in text(healthy(app))
    assert chosen(app) == "photo_pvt"


def test_capital_letters_are_an_ending_too_and_a_name_is_never_more_than_a_name():
    weights = family("authors' PVT").files["mine.pth"]
    app = upload(visit(picture="cat"), {"MINE.PTH": weights})
    assert chosen(healthy(app)) == "MINE.PTH"
    upload(app, {"<b>*a*</b>[x](http:_evil).pth": weights})
    assert chosen(healthy(app)) != "MINE.PTH"
    assert re.fullmatch(r"[\w.+ -]+", chosen(app))


def test_a_server_can_switch_uploads_off(monkeypatch):
    for name in ("PVT_VIZ_WEIGHT_UPLOADS", "PVT_VIZ_HUB"):
        monkeypatch.delenv(name, raising=False)
    app = healthy(visit())

    def uploaders() -> list:
        return [one for one in healthy(app.run()).file_uploader if (one.key or "").startswith("weights_")]

    assert uploaders()
    for value in ("off", "OFF", "0"):
        monkeypatch.setenv("PVT_VIZ_WEIGHT_UPLOADS", value)
        assert not uploaders(), value
        assert [one for one in app.text_input if one.key == "hub_id"]
    monkeypatch.setenv("PVT_VIZ_HUB", "off")
    assert not uploaders()
    assert "Other weights" not in {one.label for one in app.expander}
