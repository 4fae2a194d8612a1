"""Weights that people bring, in a real Chromium against the real server: by upload, and from a hub on this machine."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from broken_weights import BROKEN
from brought import Brought, family
from fake_hub import FakeHub
from pvt_viz import images
from pvt_viz.checkpoints.load import open_files
from pvt_viz.samples import load
from server import serve
from source_models import LABELS
from test_browser import EXPLORER, open_at, settle
from test_weights_broken_page import SENTENCE
from test_weights_page import ROW, same_rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ID = "someone/vit"
HUB_KIND, OPEN = "transformers' ViT", "ViT, transformers: 7 classes"
LARGE = 1_000_000
"""Bytes; logs and locks are far less, every checkpoint that is uploaded here in a test of the disk far more."""


@dataclass
class Place:
    """A server, the hub that it would ask, and the folders that it might write to."""

    address: str
    hub: FakeHub
    folder: Path

    @property
    def process(self) -> psutil.Process:
        port = self.address.rpartition(":")[2]
        [found] = [one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline()]
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / "tmp").mkdir()
    with FakeHub() as hub:
        hub.add(ID, family(HUB_KIND).files)
        env = {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "home"),
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
            "TMPDIR": str(folder / "tmp"),
        }
        with serve(folder / "log.txt", env) as address:
            yield Place(address, hub, folder)


def sidebar(page: Page):
    return page.get_by_test_id("stSidebar")


def main(page: Page):
    return page.get_by_test_id("stMain")


def unfold(page: Page) -> None:
    sidebar(page).get_by_text("Other weights").click()


def upload(page: Page, files: dict[str, bytes]) -> None:
    payload = [{"name": n, "mimeType": "application/octet-stream", "buffer": data} for n, data in files.items()]
    sidebar(page).get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(payload)


def bring(page: Page, place: Place, name: str) -> Brought:
    """Open a cat, and upload a checkpoint."""
    brought = family(name)
    open_at(page, f"{place.address}/?picture=cat")
    unfold(page)
    upload(page, brought.files)
    expect(sidebar(page)).to_contain_text(f"Open: {brought.name}", timeout=30_000)
    settle(page)
    return brought


def answers(page: Page) -> list[tuple[str, float]]:
    bodies = page.get_by_test_id("stHtml").evaluate_all("all => all.map(one => one.innerHTML)")
    rows = ROW.findall("".join(bodies).replace('"', "'").replace("text-align: right;", "text-align:right"))
    return [(html.unescape(name), float(percent)) for name, percent in rows]


def is_painted(page: Page) -> None:
    """Every map has several colours."""
    pixels = "one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer"
    count = f"all => all.map(one => new Set(new Uint32Array({pixels})).size)"
    colours = page.eval_on_selector_all(f"{EXPLORER} canvas.map", count)
    assert colours
    assert min(colours) > 1, colours


def follow(page: Page, title: str) -> None:
    """By the menu: a reload would be another visit, without the weights."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)


FAMILIES = [
    "authors' PVT",
    "authors' PVTv2",
    "transformers' PVT",
    "transformers' PVTv2",
    "transformers' ViT",
    "transformers' distilled DeiT",
    "timm's PVTv2",
    "timm's ViT",
]


@pytest.mark.parametrize("name", FAMILIES)
def test_one_checkpoint_of_each_family(page, place, name):
    brought = bring(page, place, name)
    found = open_files(brought.files)
    rows = answers(page)
    assert len(rows) == 5
    same_rows(rows, brought.logits(images.to_tensor(load("cat"), found.config))[0], found.weights.classes)
    if name == "authors' PVTv2":  # a thousand classes are ImageNet's
        assert "class" not in rows[0][0]
    expect(page.locator(f"{EXPLORER} .panel")).to_have_count(len(found.config.dims))
    is_painted(page)
    assert page.url == f"{place.address}/?picture=cat"

    follow(page, "Reduction")
    expect(page.locator("h1")).to_contain_text("Spatial reduction")
    settle(page)
    last = found.config.shapes()[0]
    expect(main(page)).to_contain_text(f"= {last.queries * last.keys:,} entries")
    expect(main(page)).to_contain_text(f"tokens of {last.dim} channels")
    is_painted(page)
    follow(page, "Cost")
    expect(page.locator("h1")).to_contain_text("cost")
    side = max(found.config.image_hw)
    expect(main(page)).to_contain_text(re.compile(rf"{re.escape(brought.name)} at \d+×\d+, batch"), timeout=30_000)
    expect(sidebar(page)).to_contain_text(f"{side}×{side} px" if found.config.version == 1 else "PVTv2")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_files_of_no_use_leave_the_model_that_was_there(page, place, tmp_path):
    brought = bring(page, place, "transformers' PVT")
    before = answers(page)
    unfold(page)  # with what is said of the weights it moved down, and closed
    for kind in ("a truncated pickle", "a malicious pickle"):
        files = BROKEN[kind](tmp_path)
        [name] = files
        upload(page, files)
        alert = sidebar(page).get_by_test_id("stAlert")
        expect(alert).to_contain_text(name, timeout=30_000)
        assert SENTENCE.fullmatch(alert.inner_text().strip())
        settle(page)
        expect(sidebar(page)).to_contain_text(f"Open: {brought.name}")
        assert answers(page) == before
    assert not list(tmp_path.iterdir())


def test_weights_are_one_visitors_and_never_on_disk(browser, page, place):
    process = place.process
    written = process.io_counters().write_bytes
    brought = bring(page, place, "authors' PVTv2")
    assert sum(map(len, brought.files.values())) > 5 * LARGE
    assert process.io_counters().write_bytes - written < LARGE
    assert list((place.folder / "tmp").rglob("*.pth")) == []
    assert sum(file.stat().st_size for file in (place.folder / "tmp").rglob("*") if file.is_file()) < LARGE
    assert not [file.path for file in process.open_files() if str(place.folder / "tmp") in file.path]

    context = browser.new_context()
    other = context.new_page()
    open_at(other, page.url)
    unfold(other)
    expect(sidebar(other)).not_to_contain_text("Open:")
    networks = sidebar(other).get_by_role("combobox", name="Model")
    expect(networks).to_have_value("flexi_pvt")
    networks.click()
    options = other.get_by_role("option")
    expect(options.first).to_be_visible()
    assert not [option for option in options.all_inner_texts() if brought.name in option]
    context.close()

    page.reload()
    settle(page)
    expect(sidebar(page)).not_to_contain_text("Open:")  # gone with the visit


def test_from_an_id_to_a_network_and_offline_the_next_time(browser, page, place):
    brought, hub = family(HUB_KIND), place.hub
    logits = brought.logits(images.to_tensor(load("cat"), open_files(brought.files).config))[0]
    open_at(page, f"{place.address}/?picture=cat")
    assert hub.requests == []  # nothing is asked before the visitor asks
    unfold(page)
    look_up(page)
    fetch = sidebar(page).get_by_role("button", name="Fetch 2 MB")
    expect(fetch).to_be_visible(timeout=30_000)
    expect(sidebar(page)).to_contain_text(f"{ID}: 2 MB.")
    assert hub.sent == 0
    assert all("/api/models/" in path for path in hub.asked())
    hub.pause = 0.03
    fetch.click()
    expect(sidebar(page).get_by_test_id("stProgress")).to_contain_text(
        re.compile(rf"Fetching {ID}: (0\.[1-9]|1\.\d) of 2\.0 MB"), timeout=30_000
    )
    hub.pause = 0
    expect(sidebar(page)).to_contain_text(OPEN, timeout=30_000)
    settle(page)
    same_rows(answers(page), logits, LABELS)
    page.wait_for_url(re.compile(rf"model={re.escape(ID).replace('/', '(/|%2F)')}"))
    assert hub.sent == sum(map(len, brought.files.values()))

    hub.__exit__(None, None, None)  # from here on there is no hub
    hub.forget()
    context = browser.new_context()
    for link in (f"{place.address}/?picture=cat", page.url):
        other = context.new_page()
        open_at(other, link)
        if link != page.url:
            unfold(other)
            look_up(other)
        expect(sidebar(other)).to_contain_text(OPEN, timeout=30_000)
        settle(other)
        same_rows(answers(other), logits, LABELS)
        expect(other.get_by_test_id("stAlert")).to_have_count(0)
    assert hub.requests == []
    context.close()


def look_up(page: Page) -> None:
    sidebar(page).get_by_role("textbox", name="From the hub").fill(ID)
    sidebar(page).get_by_role("button", name="Look it up").click()
