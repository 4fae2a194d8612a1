"""The app where it is not a page of its own: in a frame of another site, and on paper."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from server import on_scene

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAPER = {"width": 718, "height": 1_000}
"""A sheet of A4 with margins of 10 mm, at 96 pixels an inch."""
SENTENCE = "Uploads will be refused"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def other_site(tmp_path, address):
    """A page of another site ("localhost" is one to 127.0.0.1) that shows the app in a frame."""
    (tmp_path / "index.html").write_text(f'<iframe width="1200" height="780" src="{address}"></iframe>')
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


def test_in_a_frame_of_another_site_it_is_said_that_uploads_are_refused(browser, other_site):
    visitor = browser.new_page()
    visitor.goto(other_site)
    sidebar = visitor.frame_locator("iframe").get_by_test_id("stSidebar")
    sidebar.get_by_role("radio", name="Upload").click(timeout=30_000)
    expect(sidebar).to_contain_text(SENTENCE)
    visitor.close()


def test_in_a_tab_of_its_own_nothing_is_said(page, address):
    page.goto(address)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("radio", name="Upload").click(timeout=30_000)
    expect(sidebar).to_contain_text("Upload a picture")
    expect(sidebar).not_to_contain_text(SENTENCE)


@pytest.mark.parametrize("path", ["evidence", "cost"])
def test_on_paper_no_controls_and_every_chart_whole(page, address, path):
    page.goto(on_scene(f"{address}/{path}"))
    charts = page.locator(".js-plotly-plot .main-svg")
    expect(charts.first).to_be_attached(timeout=60_000)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)
    on_screen = charts.evaluate_all("all => all.map(it => it.getBoundingClientRect().width)")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    boxes = charts.evaluate_all("all => all.map(it => it.getBoundingClientRect()).map(it => [it.left, it.right])")
    assert boxes
    assert all(left >= 0 and right <= PAPER["width"] + 1 for left, right in boxes)
    assert all(right - left <= width + 1 for (left, right), width in zip(boxes, on_screen, strict=True))
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
