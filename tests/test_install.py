"""The wheel, installed into an environment of its own: weights, export, maps and app, far from any checkout."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PIL import Image

from pvt_viz import places
from server import ROOT, serve

pytestmark = pytest.mark.xdist_group("install")  # the environment is made once
SOURCE = ("pvt_viz", "pages", "assets", ".streamlit", "app.py", "setup.py", "pyproject.toml", "LICENSE")
SHIPPED = """
import sys
import pvt_viz
from pvt_viz import places, report
from pvt_viz.__main__ import main
from pvt_viz.checkpoints import BUNDLED, moments
assert places.APP.is_file() and places.APP.is_relative_to(sys.prefix), places.APP
for name in BUNDLED:
    assert pvt_viz.load_model(name).weights.trained and report.load(name), name
assert len(moments.load("flexi_pvt")) > 1
assert sorted(page.name for page in places.PAGES.glob("*.py")) == {pages!r}
assert (places.ASSETS / "icon.png").is_file()
sys.exit(main(["export", "cat", "--model", "scene_vit", "--size", "64", "--out", "site"]))
"""
# A process takes seconds to load torch: one for all of this.


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder of the commands of a fresh environment; what the package needs is borrowed from that of the tests."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("fresh") / "venv"
    for name in SOURCE:  # not in place: a build leaves its traces
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    venv.create(made, with_pip=False)
    commands = made / ("Scripts" if os.name == "nt" else "bin")
    packages = sysconfig.get_path("purelib", vars={"base": str(made), "platbase": str(made)})
    Path(packages, "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--no-compile"]
    outside = {"cwd": source.parent, "env": _without_checkout()}
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", commands / "python", *install, source], check=True, **outside
    )
    return commands


def _without_checkout() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _run(folder: Path, *command) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=_without_checkout(), capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_weights_reports_moments_and_pages_came_along_and_a_picture_is_exported(installed, tmp_path):
    told = _run(
        tmp_path,
        installed / "python",
        "-c",
        SHIPPED.format(pages=sorted(page.name for page in places.PAGES.glob("*.py"))),
    )
    assert "Written: open site" in told
    assert (tmp_path / "site" / "index.html").is_file()


def test_maps(installed, tmp_path):
    Image.new("RGB", (90, 60), "teal").save(tmp_path / "teal.png")
    told = _run(tmp_path, installed / "pvt-viz", "maps", "*.png", "--model", "scene_vit", "--out", "maps")
    assert told == "maps has maps of 1 of 1 pictures, 1 of them new.\n"
    assert (tmp_path / "maps" / "arrays" / "teal.npz").is_file()


def test_the_app_starts_with_its_settings_and_says_nothing_but_its_address(installed, tmp_path):
    environment = {"PYTHONPATH": ""}
    with serve(tmp_path / "log.txt", environment, started=(str(installed / "pvt-viz"), "app")) as address:
        with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.read() == b'{"status":"ok"}'
        with urllib.request.urlopen(f"{address}/cost", timeout=60) as answer:
            assert b"<html" in answer.read()
    port = address.rpartition(":")[2]
    said = [line.strip() for line in (tmp_path / "log.txt").read_text().splitlines() if line.strip()]
    assert said[:2] == ["You can now view your Streamlit app in your browser.", f"URL: http://localhost:{port}"]
    assert [line for line in said[2:] if line != "Stopping..."] == []


def test_what_is_pinned_is_what_the_package_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["app"]]
    bounds = {one.name: one.specifier for one in map(Requirement, asked)}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert pins.keys() == bounds.keys()
    assert [name for name, version in pins.items() if version not in bounds[name]] == []
    assert not any(re.search(r"[#;]", version) for version in pins.values())
