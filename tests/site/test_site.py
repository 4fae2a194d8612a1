"""`python -m pvt_viz export`: what stands in the folder, and what is said where nothing can."""

import contextlib
import csv
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from authors_pvt import AuthorsPVT
from pvt_viz.__main__ import main
from pvt_viz.choices.view import View
from pvt_viz.language import speaking
from pvt_viz.site import build, reduction, sections, visit

SMALL = ["--model", "scene_vit", "--size", "64", "--crop", "whole"]  # one stage: a third of the figures
SECTIONS = (
    "picture pyramid attention reduction-1 reduction-2 reduction-3 reduction-4 evidence-1 evidence-2 evidence-3"
    " evidence-4 scores what-matters trade-off learning cost elsewhere formulas reference"
)


class Links(HTMLParser):
    """What a page points at, the ids that it has, and its texts."""

    def __init__(self, page: Path):
        super().__init__()
        self.targets, self.ids, self.images, self.told = [], [], [], []
        self._quiet = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self._quiet = tag in ("script", "style", "code")
        self.targets += [found[name] for name in ("href", "src") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        self.images += [found] if tag == "img" else []
        self.told += [found[name] for name in ("alt", "aria-label") if found.get(name)]

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        if data.strip() and not self._quiet:
            self.told.append(data.strip())


@pytest.fixture(scope="module")
def photograph(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "my <photo>.png"
    Image.new("RGB", (90, 60), "teal").save(path)
    return path


@pytest.fixture(scope="module")
def site(photograph, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site") / "a folder" / "of its own"
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert main(["export", str(photograph), *SMALL, "--language", "zh", "--out", str(out)]) == 0
    assert "已写入" in told.getvalue()
    return out


def test_every_link_leads_to_a_file_or_a_place_of_the_page(site):
    page = Links(site / build.PAGE)
    assert len(page.targets) > 60
    for target in page.targets:
        if target.startswith("#"):
            assert target[1:] in page.ids
        elif target != "data:,":
            assert (site / target).is_file(), target
            assert not re.match(r"[a-z]+:|/|\.\.", target)
    assert len(page.ids) == len(set(page.ids))
    linked = {target for target in page.targets if target.startswith("figures/")}
    assert linked == {f"figures/{file.name}" for file in (site / "figures").iterdir()}


def test_it_asks_nobody_and_names_no_folder_of_this_machine(site):
    for name in (build.PAGE, build.EXPLORER):
        text = (site / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://", text)
        assert not any(str(folder) in text for folder in (Path.cwd(), Path.home(), site.parent, sys.prefix))


def test_every_figure_opens_at_the_size_that_the_page_leaves_for_it(site):
    images = Links(site / build.PAGE).images
    assert len(images) > 15
    for image in images:
        assert len(image["alt"]) > 10
        with Image.open(site / image["src"]) as picture:
            picture.load()
            assert tuple(side // 2 for side in picture.size) == (int(image["width"]), int(image["height"]))


def test_numbers_are_those_of_the_trace(site, photograph):
    scene = visit.scene(str(photograph), "scene_vit", size=64, crop="whole")
    stage = scene.trace.stages[0]
    assert stage.grid == (5, 8)
    features = np.load(site / "figures" / "pyramid-features-1.npz")
    np.testing.assert_array_equal(features["feature_map"], stage.feature_map[0].numpy())
    looks = np.load(site / "figures" / "attention-looks-at-1.npz")
    np.testing.assert_array_equal(looks["attention"], stage.blocks[-1].attention[0].mean(dim=0).numpy())
    chart = (site / "figures" / "what-matters-1.csv").read_text(encoding="utf-8").splitlines()
    assert len(list(csv.reader(chart))) > 4


def test_tables_come_as_numbers_whose_columns_have_one_name_each(site):
    tables = sorted((site / "figures").glob("*-table-*.csv"))
    assert [table.stem for table in tables] == [
        *("cost-table-1", "cost-table-2", "elsewhere-table-1", "elsewhere-table-2", "formulas-table-1"),
        *("reference-table-2", "scores-table-1"),
    ]
    for table in tables:
        header, *rows = csv.reader(table.read_text(encoding="utf-8").splitlines())
        assert len(set(header)) == len(header)
        assert rows
    [fold] = csv.DictReader((site / "figures" / "elsewhere-table-1.csv").read_text(encoding="utf-8").splitlines())
    assert (fold["stage"], fold["R"], fold["image"], fold["model"]) == ("1", "1", "43×64", "scene_vit")


def test_how_many_times_is_said_in_the_language_of_the_page():
    scene = visit.scene("scene", "flexi_pvt", size=64, reductions=[4, 2, 2, 1])
    with speaking("zh"):
        [*_, every_r] = next(reduction.sections(scene, View())).tables
    assert [row["N·N 是它的多少倍"] for row in every_r.rows][:2] == ["1 倍", "4 倍"]


def test_a_pyramid_has_a_section_for_every_page():
    scene = visit.scene("scene", "flexi_pvt", size=64, reductions=[4, 2, 2, 1])
    found = [*sections.before(scene), *sections.after(scene, View()), *sections.last(scene)]
    assert [section.key for section in found] == SECTIONS.split()
    for section in found:
        assert section.plates or section.charts or section.tables
        for table in section.tables:
            assert table.rows
            assert {tuple(row) for row in table.rows} == {tuple(table.rows[0])}
    (formulas,) = (section.tables[0] for section in found if section.key == "formulas")
    assert {row["stage"] for row in formulas.rows} == {"1", "2", "3", "4"}


def test_it_is_in_the_language_that_was_asked_for_and_a_file_s_name_stays_text(site):
    page = Links(site / build.PAGE)
    text = (site / build.PAGE).read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in text
    assert "my &lt;photo&gt;.png" in text
    assert "<photo>" not in text
    assert "开销计算器" in page.told
    assert "Cost calculator" not in page.told
    assert len([words for words in page.told if re.search(r"[\u4e00-\u9fff]", words)]) > 200


def test_weights_from_a_file(tmp_path):
    model = AuthorsPVT(dims=(24, 48, 96, 160), heads=(1, 2, 4, 5), depths=(1, 1, 1, 2), img_size=64, num_classes=12)
    torch.save({"model": model.eval().state_dict()}, tmp_path / "mine.pth")
    scene = visit.scene("cat", str(tmp_path / "mine.pth"))
    assert scene.trace.weights.trained
    assert scene.selection.config.dims == (24, 48, 96, 160)
    assert [section.key for section in sections.before(scene)] == ["picture"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["dog"], "dog cannot be read: No such file or directory. A picture is an image file, or one of scene, cat"),
        ([__file__], "The file is of no kind known here"),
        (["scene:1000"], "scene:1000 is no scene; their numbers are 0 to 999."),
        (["scene:²"], "scene:² is no scene"),
        (["scene", "--model", "pvt_huge"], "pvt_huge is no preset, no file of weights, and no hub id"),
        (["scene", "--model", "somebody/pvt"], "somebody/pvt is no preset"),
        (["scene", "--model", __file__], "is not a weights file that this app reads"),
        (["scene", "--size", "97"], "Image size = 97 does not fit here; what does is 64, 96"),
        (
            ["scene", "--size", "64", "--reductions", "16", "4", "2", "8"],
            "R₄ = 8 does not fit here; what does is 1, 2.",
        ),
        (["scene", "--patch-sizes", "4", "2"], "--patch-sizes takes one number for each of the 4 stages of flexi_pvt"),
        (["scene", "--model", "pvt_v2_b2_li", "--reductions", "8", "4", "2", "1"], "R₁ = 8 does not fit"),
        (["scene", "--at", "0.5", "1.1"], "--at 0.5 1.1 is outside of the picture"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_and_no_folder(tmp_path, capsys, arguments, said):
    assert main(["export", *arguments, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["export", "scene", *SMALL, "--out", str(tmp_path / "file" / "out")]) == 2
    assert "file/out cannot be written to: Not a directory." in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "in the way"


def test_help_is_there_before_pages_and_plots_are_loaded():
    command = [sys.executable, "-X", "importtime", "-m", "pvt_viz", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0
    assert "usage: python -m pvt_viz" in shown.stdout
    assert "export" in shown.stdout
    assert "pvt_viz.config" in shown.stderr
    assert not re.search(r"streamlit|matplotlib|plotly|markdown_it", shown.stderr)
