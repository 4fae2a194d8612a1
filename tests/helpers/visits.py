"""A visit of the app without a browser, and what its pages show."""

import io

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from pvt_viz import places
from pvt_viz.widgets.attention_explorer.payload import unpack

SHELL = str(places.PACKAGE / "ui" / "shell.py")

PAGES = ("pyramid", "tour", "attention", "reduction", "evidence", "trade_off", "learning", "cost", "reference")

PHOTO = {"picture": "coffee", "model": "pvt_tiny"}
"""A photograph and random weights. What the app opens on without a link is another one, and a network that knows it."""


def visit(page: str = "pyramid", **query: str) -> AppTest:
    app = AppTest.from_file(SHELL, default_timeout=60)
    app.query_params.update(query)
    app.run()
    return app if page == "pyramid" else go(app, page)


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"../../pages/{page}.py").run()


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, [e.message for e in app.exception]
    assert not app.error, [e.value for e in app.error]
    assert len(app.title) == 1
    return app


def blobs(app: AppTest) -> list[bytes]:
    """What every explorer on the page was sent; other components are sent no bytes."""
    return [component.proto.bytes for component in app.get("bidi_component") if component.proto.bytes]


def payload(app: AppTest, position: int = 0):
    return unpack(blobs(app)[position])


def text(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.markdown, app.caption) for element in kind)


def photograph(width: int, height: int) -> bytes:
    rows, columns = np.mgrid[:height, :width]
    out = io.BytesIO()
    pixels = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], axis=-1)
    Image.fromarray(pixels.astype(np.uint8)).save(out, "JPEG")
    return out.getvalue()
