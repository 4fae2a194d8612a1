"""How Babel finds the messages of our HTML: its text, and the attributes that are read out or shown.

    [extractors]
    html_words = pvt_viz.widgets.babel_html:extract

`words.js` looks up the very same pieces, with blanks and line breaks run together as here.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

ATTRIBUTES = ("title", "aria-label", "alt")


def extract(fileobj: BinaryIO, keywords, comment_tags, options: dict) -> Iterator[tuple[int, None, str, list]]:
    """(line, None, message, no comments) of every message in a file of HTML; for `pybabel extract`."""
    reader = _Reader()
    reader.feed(fileobj.read().decode(options.get("encoding", "utf-8")))
    reader.close()
    for line, text in reader.found:
        if message := " ".join(text.split()):
            yield line, None, message, []


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.found += [(self.getpos()[0], value) for name, value in attrs if name in ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.found.append((self.getpos()[0], data))
