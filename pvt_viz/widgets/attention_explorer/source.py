"""The explorer's own files, and the words in them in the reader's language."""

import io
from functools import cache
from pathlib import Path

from pvt_viz import language
from pvt_viz.widgets import babel_html

FOLDER = Path(__file__).parent
SCRIPTS = (
    "words.js",
    "decode.js",
    "places.js",
    "view.js",
    "paint.js",
    "timing.js",
    "panel.js",
    "wall.js",
    "gestures.js",
    "explorer.js",
    "mount.js",
)
"""One module when joined; each file uses only what stands before it."""
MARKUP, STYLES = "explorer.html", ("../look.css", "explorer.css")


def read(*names: str) -> str:
    """The text of these files, one after the other."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def words() -> dict[str, str]:
    """English -> what is said instead, for every message of the explorer; empty in English."""
    if language.current() == language.SOURCE:
        return {}
    said = {message: language.tr(message) for message in messages()}
    return {message: text for message, text in said.items() if text != message}


@cache
def messages() -> tuple[str, ...]:
    """Every message in the markup and in the scripts, in English."""
    from babel.messages.extract import extract_javascript

    in_markup = (found[2] for found in babel_html.extract(_opened(MARKUP), (), (), {}))
    in_scripts = (
        found[2] if isinstance(found[2], str) else found[2][0]
        for name in SCRIPTS
        for found in extract_javascript(_opened(name), {"t": None}, (), {})
    )
    return tuple(dict.fromkeys([*in_markup, *in_scripts]))


def _opened(name: str) -> io.BytesIO:
    return io.BytesIO((FOLDER / name).read_bytes())
