"""Weights that people bring, in a real Chromium against the real server: by upload, and from a hub on this machine."""

import html
import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page, expect

from broken_weights import BROKEN
from brought import Brought, family
from driving import EXPLORER, open_at, open_link, quiet, settle
from fake_hub import FakeHub
from own_weights import ROW, SENTENCE, same_rows
from pvt_viz import images
from pvt_viz.checkpoints.load import open_files
from pvt_viz.samples import load
from pvt_viz.words import times
from server import process, serve
from source_models import LABELS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ID = "someone/vit"
HUB_KIND, OPEN = "transformers' ViT", "ViT, transformers: 7 classes"
LONG = 30_000
"""Milliseconds; on a busy machine."""
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
        return process(self.address)


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
    expect(sidebar(page).get_by_role("textbox", name="From the hub")).to_be_visible(timeout=LONG)
    quiet(page)  # what is written in a field that is still being drawn may be lost


def upload(page: Page, place: Place, files: dict[str, bytes]) -> None:
    folder = Path(mkdtemp(dir=place.folder))  # by their paths: bytes would go through playwright's pipe, slowly
    for name, data in files.items():
        (folder / name).write_bytes(data)
    chooser = sidebar(page).get_by_test_id("stFileUploader").locator("input[type=file]")
    chooser.set_input_files([folder / name for name in files])


def is_open(page: Page, brought: Brought) -> None:
    expect(sidebar(page)).to_contain_text(f"Open: {brought.name}", timeout=LONG)
    quiet(page)


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
    expect(page.locator("h1")).to_contain_text(title, ignore_case=True, timeout=LONG)
    quiet(page)


FAMILIES = ["authors' PVTv2", "transformers' distilled DeiT", "timm's ViT"]
"""One of each library; all that there are are tested without a browser."""


def test_checkpoints_of_each_library(page, place):
    """In one visit, so that a page can only show the one that was brought last; uploaded on the page where one is."""
    open_at(page, f"{place.address}/?picture=cat")
    unfold(page)
    way = [("Pyramid", is_answered_and_explored), ("Reduction", is_reduced), ("Cost", is_counted)]
    for name in FAMILIES:
        brought = named_after_itself(name)
        upload(page, place, brought.files)
        is_open(page, brought)
        for title, is_shown in way:
            follow(page, title)
            is_shown(page, name, brought)
            assert urlsplit(page.url).query in ("picture=cat", "")
            expect(page.get_by_test_id("stException")).to_have_count(0)
            expect(page.get_by_test_id("stAlert")).to_have_count(0)
        way.reverse()  # the next one from the last page to the first


def named_after_itself(name: str) -> Brought:
    """Libraries call all of theirs alike; here the page must say which it is."""
    files, weights = family(name).files, family(name).name
    own = re.sub(r"\W+", "-", name) + Path(weights).suffix
    return replace(family(name), files={own if kept == weights else kept: data for kept, data in files.items()})


def is_answered_and_explored(page: Page, name: str, brought: Brought) -> None:
    settle(page)
    found = open_files(brought.files)
    rows = answers(page)
    assert len(rows) == 5
    same_rows(rows, brought.logits(images.to_tensor(load("cat"), found.config))[0], found.weights.classes)
    if name == "authors' PVTv2":  # a thousand classes are ImageNet's
        assert "class" not in rows[0][0]
    panels, shapes = page.locator(f"{EXPLORER} .panel"), found.config.shapes()
    expect(panels).to_have_count(len(shapes), timeout=LONG)
    for panel, shape in zip(panels.all(), shapes, strict=True):
        expect(panel).to_contain_text(f"{times(shape.reduced_grid)} keys", timeout=LONG)
    is_painted(page)


def is_reduced(page: Page, name: str, brought: Brought) -> None:
    settle(page)
    first = open_files(brought.files).config.shapes()[0]
    expect(main(page)).to_contain_text(f"= {first.queries * first.keys:,} entries", timeout=LONG)
    expect(main(page)).to_contain_text(f"tokens of {first.dim} channels", timeout=LONG)
    is_painted(page)


def is_counted(page: Page, name: str, brought: Brought) -> None:
    config = open_files(brought.files).config
    side = max(config.image_hw)
    expect(main(page)).to_contain_text(re.compile(rf"{re.escape(brought.name)} at \d+×\d+, batch"), timeout=LONG)
    expect(sidebar(page)).to_contain_text(f"{side}×{side} px" if config.version == 1 else "PVTv2", timeout=LONG)


def test_weights_are_one_visitors_and_never_on_disk_and_files_of_no_use_leave_them(browser, page, place, tmp_path):
    brought = never_on_disk(page, place)
    is_left_by_files_of_no_use(page, place, brought, tmp_path)
    is_nobody_elses(browser, page, brought)
    page.reload()
    settle(page)
    expect(sidebar(page)).not_to_contain_text("Open:")  # gone with the visit


def never_on_disk(page: Page, place: Place) -> Brought:
    process = place.process
    written = process.io_counters().write_bytes
    brought = family("authors' PVT")
    open_at(page, f"{place.address}/?picture=cat")
    unfold(page)
    upload(page, place, brought.files)
    is_open(page, brought)
    assert sum(map(len, brought.files.values())) > 4 * LARGE
    assert process.io_counters().write_bytes - written < LARGE
    assert list((place.folder / "tmp").rglob("*.pth")) == []
    assert sum(file.stat().st_size for file in (place.folder / "tmp").rglob("*") if file.is_file()) < LARGE
    assert not [file.path for file in process.open_files() if str(place.folder / "tmp") in file.path]
    return brought


def is_left_by_files_of_no_use(page: Page, place: Place, brought: Brought, marked: Path) -> None:
    before = answers(page)
    assert len(before) == 5
    unfold(page)  # with what is said of the weights it moved down, and closed
    for kind in ("a truncated pickle", "a malicious pickle"):
        files = BROKEN[kind](marked)
        [name] = files
        upload(page, place, files)
        alert = sidebar(page).get_by_test_id("stAlert")
        expect(alert).to_contain_text(name, timeout=LONG)
        assert SENTENCE.fullmatch(alert.inner_text().strip())
        settle(page)
        expect(sidebar(page)).to_contain_text(f"Open: {brought.name}")
        assert answers(page) == before
    assert not list(marked.iterdir())


def is_nobody_elses(browser, page: Page, brought: Brought) -> None:
    context = browser.new_context()
    other = context.new_page()
    open_link(other, page.url)
    unfold(other)
    expect(sidebar(other)).not_to_contain_text("Open:")
    networks = sidebar(other).get_by_role("combobox", name="Model")
    expect(networks).to_have_value("photo_pvt")
    networks.click()
    options = other.get_by_role("option")
    expect(options.first).to_be_visible()
    assert not [option for option in options.all_inner_texts() if brought.name in option]
    context.close()


def test_from_an_id_to_a_network_and_offline_the_next_time(page, place):
    brought, hub = family(HUB_KIND), place.hub
    logits = brought.logits(images.to_tensor(load("cat"), open_files(brought.files).config))[0]
    open_at(page, f"{place.address}/?picture=cat")
    assert hub.requests == []  # nothing is asked before the visitor asks
    unfold(page)
    look_up(page)
    fetch = sidebar(page).get_by_role("button", name="Fetch 2 MB")
    expect(fetch).to_be_visible(timeout=LONG)
    expect(sidebar(page)).to_contain_text(f"{ID}: 2 MB.")
    assert hub.sent == 0
    assert all("/api/models/" in path for path in hub.asked())
    hub.pause = 0.03
    fetch.click()
    expect(sidebar(page).get_by_test_id("stProgress")).to_contain_text(
        re.compile(rf"Fetching {ID}: (0\.[1-9]|1\.\d) of 2\.0 MB"), timeout=LONG
    )
    hub.pause = 0
    expect(sidebar(page)).to_contain_text(OPEN, timeout=LONG)
    settle(page)
    same_rows(answers(page), logits, LABELS)
    page.wait_for_url(re.compile(rf"model={re.escape(ID).replace('/', '(/|%2F)')}"))
    assert hub.sent == sum(map(len, brought.files.values()))

    hub.__exit__(None, None, None)  # from here on there is no hub
    hub.forget()
    for link in (f"{place.address}/?picture=cat", page.url):
        other = page.context.new_page()  # another visit
        open_link(other, link)
        if link != page.url:
            unfold(other)
            look_up(other)
        expect(sidebar(other)).to_contain_text(OPEN, timeout=LONG)
        settle(other)
        same_rows(answers(other), logits, LABELS)
        expect(other.get_by_test_id("stAlert")).to_have_count(0)
    assert hub.requests == []


def look_up(page: Page) -> None:
    field = sidebar(page).get_by_role("textbox", name="From the hub")
    field.fill(ID)
    field.press("Tab")  # said, and heard, before anything is pressed: on a busy machine a press meanwhile may be lost
    page.wait_for_timeout(300)
    quiet(page)
    sidebar(page).get_by_role("button", name="Look it up").click()
