"""`pvt-viz maps`: what is in its folder for every kind of network, and what a second call finds there."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

import pvt_viz
from authors_pvt import AuthorsPVT, backbone_state
from brought import V1, authors
from pvt_viz import images
from pvt_viz.__main__ import main
from pvt_viz.maps import command
from pvt_viz.maps import run as runs
from pvt_viz.maps.folder import ANSWERS, DONE, LOG

SMALL = ("--model", "scene_vit", "--size", "32")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Three pictures, two of them of one stem, a broken one, and a text."""
    folder = tmp_path_factory.mktemp("pictures")
    for i, name in enumerate(("cat.png", "Cat.bmp", "other/dog.png")):
        (folder / name).parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(i).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / name)
    (folder / "half.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> dict[str, Path]:
    """Files of small networks."""
    folder = tmp_path_factory.mktemp("weights")
    files = {
        "v1": authors(1).files["mine.pth"],
        "v2": authors(2).files["mine.pth"],
        "linear": authors(2, linear=True).files["mine.pth"],
    }
    for name, data in files.items():
        (folder / f"{name}.pth").write_bytes(data)
    torch.save(backbone_state(AuthorsPVT(**V1)), folder / "headless.pth")
    return {path.stem: path for path in folder.iterdir()}


def maps(out: Path, *arguments) -> int:
    return main(["maps", *map(str, arguments), "--out", str(out)])


def rows(out: Path) -> list[dict]:
    with (out / ANSWERS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(out: Path) -> dict[str, int]:
    """Every file with the time at which it was written."""
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["v1", "v2", "linear", "headless", "scene_vit"])
def test_the_arrays_are_those_of_the_trace(kind, pictures, weights, tmp_path, capsys):
    source = weights.get(kind, kind)
    size = {"v2": 64, "linear": 64, "scene_vit": 32}.get(kind)
    at = () if size is None else ("--size", size)
    assert (
        maps(tmp_path / "out", pictures / "cat.png", "--model", source, *at, "--blocks", "all", "--queries", "all") == 0
    )
    model = pvt_viz.load_model(source, **({} if size is None else {"image_size": size}))
    image = images.read((pictures / "cat.png").read_bytes())
    trace = pvt_viz.trace(model, images.to_tensor(image, model.config))
    with np.load(tmp_path / "out" / "arrays" / "cat.npz") as found:
        axes, stages = json.loads(str(found["axes"])), json.loads(str(found["stages"]))
        assert axes.keys() == {name for name in found if found[name].dtype.kind != "U"}
        assert all(len(axes[name].split()) == found[name].ndim for name in axes)
        assert len(stages) == len(trace.stages)
        for told, stage in zip(stages, trace.stages, strict=True):
            shape = stage.shape
            assert (told["grid"], told["reduced_grid"]) == (list(shape.grid), list(shape.reduced_grid))
            assert (told["stride"], told["n_prefix"]) == (shape.stride, shape.n_prefix)
            for number, block in enumerate(stage.blocks, 1):
                np.testing.assert_array_equal(
                    found[f"stage_{told['stage']}_block_{number}"], block.attention[0].numpy()
                )
            edges = found[f"stage_{told['stage']}_keys"].tolist()
            assert edges[shape.n_prefix :] == [list(block.footprint(key)) for key in range(shape.n_prefix, shape.keys)]
            assert edges[: shape.n_prefix] == [[-1] * 4] * shape.n_prefix
            places = found[f"stage_{told['stage']}_queries"]
            assert places[-1].tolist() == [shape.queries - 1, shape.grid[0] - 1, shape.grid[1] - 1]
    told = capsys.readouterr().out
    if kind == "headless":
        assert "has no head: there are maps and no answers." in told
        assert not (tmp_path / "out" / ANSWERS).exists()
        return
    chances = trace.logits[0].softmax(dim=-1)
    answers = rows(tmp_path / "out")
    assert [int(row["class"]) for row in answers] == chances.argsort(descending=True)[:5].tolist()
    assert [float(row["probability"]) for row in answers] == pytest.approx(sorted(chances.tolist())[::-1][:5])
    assert [row["answer"] for row in answers] == [model.weights.classes[int(row["class"])] for row in answers]


def test_blocks_heads_and_queries_are_chosen_and_each_has_its_overlay(pictures, weights, tmp_path):
    chosen = ("--blocks", 2, "--heads", 5, "--queries", "1,0", "cls")
    assert maps(tmp_path, pictures / "cat.png", "--model", weights["v1"], *chosen) == 0
    assert sorted(path.name for path in (tmp_path / "overlays" / "cat").iterdir()) == [
        "stage-4-block-2-head-5-cls.png",
        "stage-4-block-2-head-5-row-1-column-2.png",
    ]
    with np.load(tmp_path / "arrays" / "cat.npz") as found:
        assert found["stage_4_block_2"].shape == (1, 2, 5)
        assert found["stage_4_queries"].tolist() == [[2, 0, 1], [0, -1, -1]]
        assert json.loads(str(found["labels"]))["stage_4_block_2"] == {"head": [5]}
        most = found["stage_4_block_2"][0, 1, 1:].max()
    with Image.open(tmp_path / "overlays" / "cat" / "stage-4-block-2-head-5-cls.png") as picture:
        assert picture.size == (448, 448)
        assert f"from 0 to {most:.4g}, this map's own scale" in picture.text["Description"]


def test_all_heads_and_all_queries_are_shown_as_their_mean(pictures, tmp_path):
    assert maps(tmp_path, pictures / "cat.png", *SMALL, "--queries", "all") == 0
    assert [path.name for path in tmp_path.glob("overlays/cat/*")] == [
        "stage-1-block-4-mean-of-heads-mean-of-queries.png"
    ]


def test_a_broken_picture_is_a_line_in_the_log_and_equal_stems_are_two_names(pictures, tmp_path, capsys):
    assert maps(tmp_path, pictures, pictures / "*" / "d*", *SMALL, "--no-png") == 1
    told = capsys.readouterr()
    assert f"{tmp_path} has maps of 3 of 4 pictures, 3 of them new." in told.out
    assert told.err == f"1 could not be used; {tmp_path / LOG} says why.\n"
    assert (
        (tmp_path / LOG)
        .read_text()
        .startswith(f"{pictures / 'half.jpg'}: The file starts like a picture but is damaged")
    )
    assert sorted(path.stem for path in (tmp_path / "arrays").iterdir()) == ["Cat", "cat-2", "dog"]
    assert {(row["name"], Path(row["picture"]).name) for row in rows(tmp_path)} == {
        ("Cat", "Cat.bmp"),
        ("cat-2", "cat.png"),
        ("dog", "dog.png"),
    }
    assert not (tmp_path / "overlays").exists()


def test_a_call_that_was_cut_is_gone_on_with(pictures, tmp_path, capsys, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = (pictures, pictures / "other", *SMALL, "--batch", 1)
    assert maps(whole, *arguments) == 1

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(
            runs.images, "read", lambda data, read=images.read: stopped() if data[:2] == b"\xff\xd8" else read(data)
        )
        assert maps(cut, *arguments) == command.STOPPED
    assert capsys.readouterr().err.endswith("Stopped; the same command goes on from here.\n")
    assert {row["name"] for row in rows(cut)} == {"Cat", "cat-2"}
    with (cut / DONE).open("a") as file:
        file.write('{"picture": "half a li')
    before = files(cut)
    assert maps(cut, *arguments) == 1
    assert "has maps of 3 of 4 pictures, 1 of them new." in capsys.readouterr().out
    after = files(cut)
    assert {name for name in before if name.startswith(("arrays", "overlays")) and before[name] != after[name]} == set()
    assert after.keys() == files(whole).keys()
    assert (cut / ANSWERS).read_bytes() == (whole / ANSWERS).read_bytes()


def test_a_picture_that_was_changed_is_done_again_under_its_name(pictures, tmp_path):
    picture = tmp_path / "one.png"
    picture.write_bytes((pictures / "cat.png").read_bytes())
    assert maps(tmp_path / "out", picture, *SMALL, "--no-png") == 0
    before = (tmp_path / "out" / "arrays" / "one.npz").read_bytes()
    picture.write_bytes((pictures / "other" / "dog.png").read_bytes())
    os.utime(picture, ns=(1, 1))
    assert maps(tmp_path / "out", picture, *SMALL, "--no-png") == 0
    assert [path.name for path in (tmp_path / "out" / "arrays").iterdir()] == ["one.npz"]
    assert (tmp_path / "out" / "arrays" / "one.npz").read_bytes() != before


def test_other_settings_in_the_same_folder_are_a_sentence_and_no_mixture(pictures, tmp_path, capsys):
    assert maps(tmp_path, pictures / "cat.png", *SMALL, "--no-png") == 0
    before = files(tmp_path)
    assert maps(tmp_path, pictures / "cat.png", *SMALL, "--no-png", "--heads", 1, 2) == 2
    said = "holds maps that were made with heads = all, and not 1 2; choose another folder, or these settings."
    assert capsys.readouterr().err == f"{tmp_path} {said}\n"
    assert maps(tmp_path, pictures / "cat.png", "--model", "flexi_pvt") == 2
    assert "made with model = scene_vit, and not flexi_pvt; weights = " in capsys.readouterr().err
    assert files(tmp_path) == before


def test_what_was_deleted_is_made_again_and_nothing_else(pictures, tmp_path, capsys):
    arguments = (pictures / "cat.png", pictures / "other", *SMALL)
    assert maps(tmp_path, *arguments) == 0
    [overlay, *_] = (tmp_path / "overlays" / "cat").iterdir()
    overlay.unlink()
    before = files(tmp_path)
    assert maps(tmp_path, *arguments) == 0
    assert "has maps of 2 of 2 pictures, 1 of them new." in capsys.readouterr().out
    assert overlay.is_file()
    assert {name for name, written in files(tmp_path).items() if "dog" in name and before[name] != written} == set()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is a text")
def test_a_file_whose_name_is_no_text(pictures, tmp_path):
    picture = tmp_path / os.fsdecode(b"caf\xe9.png")
    picture.write_bytes((pictures / "cat.png").read_bytes())
    for again in range(2):
        assert maps(tmp_path / "out", picture, *SMALL, "--no-png") == 0, again
    assert [path.name for path in (tmp_path / "out" / "arrays").iterdir()] == ["caf.npz"]
    assert b"caf\xe9.png" in (tmp_path / "out" / ANSWERS).read_bytes()


def test_two_calls_do_not_write_to_one_folder(pictures, tmp_path, capsys):
    assert maps(tmp_path, pictures / "cat.png", *SMALL, "--no-png") == 0
    before = files(tmp_path)
    with FileLock(tmp_path / ".lock"):
        assert maps(tmp_path, pictures / "other", *SMALL, "--no-png") == 2
    assert capsys.readouterr().err == (
        f"Another call is writing to {tmp_path}; wait for its end, or choose another folder.\n"
    )
    assert {name for name, written in files(tmp_path).items() if before.get(name) != written} <= {".lock"}


def test_numbers_that_grow_beyond_all_bounds_are_a_line_in_the_log(pictures, tmp_path, monkeypatch):
    load = pvt_viz.checkpoints.load_model

    def broken(*arguments, **options):
        model = load(*arguments, **options)
        model.head.bias.fill_(torch.inf)
        return model

    monkeypatch.setattr(pvt_viz.checkpoints, "load_model", broken)
    assert maps(tmp_path, pictures / "cat.png", *SMALL) == 1
    assert "NaN or infinite" in (tmp_path / LOG).read_text()
    assert list((tmp_path / "arrays").iterdir()) == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["nowhere"], "nowhere is no file, no folder with pictures in it, and no pattern that matches one"),
        (["--model", "pvt_tiny"], "No weights come with pvt_tiny; there are some for photo_pvt"),
        (["--model", "nowhere.pth"], "The weights nowhere.pth are not there"),
        (["--blocks", "5"], "--blocks is 5; it can be last, all, or numbers from 1 to 4."),
        (["--heads", "0"], "--heads is 0; it can be all, or numbers from 1 to 4."),
        (["--queries", "middle"], "--queries has middle; it can be all alone, or any of cls and places X,Y"),
        (["--queries", "0,1.5"], "--queries has 0,1.5; it can be"),
        (["--queries", "all", "cls"], "--queries has all; it can be all alone"),
        (["--size", "7"], "7"),
        (["--batch", "0"], "--batch is 0; it should be 1 or more."),
        (["--device", "abacus"], "device='abacus' is not on this machine"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_folder(pictures, tmp_path, capsys, arguments, said):
    where = [] if arguments == ["nowhere"] else [pictures / "cat.png"]
    assert maps(tmp_path / "out", *where, *SMALL, *arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not (tmp_path / "out").exists()


def test_a_query_that_no_stage_has(pictures, weights, tmp_path, capsys):
    assert maps(tmp_path / "out", pictures / "cat.png", "--model", weights["v2"], "--size", 64, "--queries", "cls") == 2
    assert "has these blocks, heads and queries together" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(pictures, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert maps(tmp_path / "file" / "out", pictures / "cat.png", *SMALL) == 2
    assert "file/out cannot be written to: Not a directory." in capsys.readouterr().err


def test_neither_streamlit_nor_plotly_is_needed(pictures, tmp_path):
    script = """
import sys
sys.modules |= dict.fromkeys(["streamlit", "plotly"])  # importing them would now raise
from pvt_viz.__main__ import main
assert main(sys.argv[1:]) == 0
sys.exit(main(["app"]))
"""
    arguments = ["maps", pictures / "cat.png", *SMALL, "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == f"{tmp_path / 'out'} has maps of 1 of 1 pictures, 1 of them new.\n"
    assert done.stderr == "streamlit, plotly must be installed for this; `pip install 'pvt-viz[app]'` brings it.\n"
    assert done.returncode == 2
