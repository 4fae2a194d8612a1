"""A trace shows itself: in a line, and in a notebook as the explorer."""

import base64
import html
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import pvt_viz
from explored import traced
from pvt_viz import notebook
from pvt_viz.widgets.attention_explorer import payload


@pytest.fixture(scope="module")
def trace() -> pvt_viz.Trace:
    return traced("pvt_tiny", (64, 96), batch=2)


def shown(frame: str) -> tuple[str, dict]:
    """The document in the frame, and the header of what it was sent."""
    document = html.unescape(re.search('srcdoc="([^"]*)"', frame)[1])
    return document, payload.read_header(payload_of(document))


def payload_of(document: str) -> bytes:
    return base64.b64decode(re.search('id="payload">([^<]*)<', document)[1], validate=True)


def test_a_trace_and_its_parts_are_told_in_a_line_without_a_number_of_their_tensors(trace):
    stage = trace.stages[0]
    assert repr(trace) == (
        "<Trace of pvt_tiny (random weights): 2 of 64×96 px, attention per stage 1×384×6, 2×96×6, 5×24×6, 8×7×7>"
    )
    assert repr(stage) == "<StageTrace 1: 16×24 tokens, 2 blocks of attention 1×384×6>"
    assert repr(stage.blocks[0]) == "<BlockTrace of stage 1: attention 1×384×6>"


def test_a_notebook_shows_the_explorer_in_a_frame_that_can_do_nothing_but_run(trace):
    frame = trace._repr_html_()
    assert re.search(' sandbox="([^"]*)"', frame)[1] == "allow-scripts"
    assert re.search(' title="([^"]*)"', frame)[1] == "What pvt_tiny looks at"
    document, header = shown(frame)
    assert document.startswith("<!doctype html>")
    assert document.rstrip().endswith("</html>")
    assert "Image 1 of 2. Its weights are random" in document
    assert header["image"] == [64, 96]
    assert [stage["kind"] for stage in header["stages"]] == ["all"] * 4
    assert shown(notebook.explorer(trace, 1))[1]["fingerprint"] != header["fingerprint"]


def test_maps_that_are_too_heavy_for_a_notebook_are_cut(trace, monkeypatch):
    monkeypatch.setattr(notebook, "_BUDGET_BYTES", 10_000)
    _, header = shown(trace._repr_html_())
    assert header["bytes"] < 10_000
    assert "would weigh" in header["stages"][0]["note"]


def test_what_the_network_saw_is_the_picture_that_it_was_given():
    model = pvt_viz.build_model(pvt_viz.get_config("pvt_tiny", image_size=64))
    given = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    trace = pvt_viz.trace(model, pvt_viz.images.to_tensor(given, model.config))
    assert np.array_equal(np.asarray(notebook.pictured(trace)), np.asarray(given))


def test_a_picture_that_was_normalised_by_itself_is_stretched_from_black_to_white():
    model = pvt_viz.load_model("flexi_pvt")
    scenes = pvt_viz.scenes.generate(2).images
    trace = pvt_viz.trace(model, pvt_viz.images.to_tensor(scenes, model.config))
    seen = np.asarray(notebook.pictured(trace, 1)).astype(float)
    assert (seen.min(), seen.max()) == (0, 255)
    given = scenes[1].permute(1, 2, 0).numpy()
    assert np.corrcoef(seen.ravel(), given.ravel())[0, 1] > 0.9999
    assert "random" not in shown(trace._repr_html_())[0].split("<main>")[0]


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_than_three_are_shown_in_grey(channels):
    values = {"in_channels": channels, "mean": (0.5,) * channels, "std": (0.25,) * channels}
    model = pvt_viz.build_model(pvt_viz.get_config("pvt_tiny", image_size=64, **values))
    trace = pvt_viz.trace(model, torch.zeros(1, channels, 64, 64))
    assert notebook.pictured(trace).getcolors() == [(64 * 64, (128, 128, 128))]


def test_numbers_that_are_none_are_black():
    trace = traced("pvt_tiny", (64, 64))
    trace.image[:] = torch.nan
    assert notebook.pictured(trace).getextrema() == ((0, 0),) * 3


def test_nothing_of_this_needs_streamlit():
    program = """
import sys
import pvt_viz
assert not any(name.startswith("pvt_viz.widgets") for name in sys.modules)
model = pvt_viz.build_model(pvt_viz.get_config("pvt_tiny", image_size=64))
shown = pvt_viz.trace(model, pvt_viz.images.to_tensor(pvt_viz.scenes.generate(1).images, model.config))._repr_html_()
assert shown.startswith("<iframe ")
print("streamlit" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.strip() == "False"
