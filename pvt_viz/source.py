"""Lines of our own source, read from the files themselves: what a page shows as code is what runs."""

import inspect
import textwrap
from dataclasses import dataclass
from pathlib import Path

from pvt_viz import places


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a file."""

    file: str
    """From the top of the repository."""
    first: int
    """Number of the first line, from 1."""
    code: str

    @property
    def last(self) -> int:
        return self.first + self.code.count("\n")


def excerpt(thing: object, start: str = "", end: str = "") -> Excerpt:
    """The source of a function or class; with `start` from the line that contains it, with `end` to the next that does.

    Raises ValueError where the source has no such line.
    """
    lines, first = inspect.getsourcelines(thing)
    try:
        begin = next(i for i, line in enumerate(lines) if start in line)
        stop = next(i for i, line in enumerate(lines) if i >= begin and end in line) if end else len(lines) - 1
    except StopIteration:
        raise ValueError(f"{thing.__qualname__} has no line with {start!r}, or none after it with {end!r}.") from None
    code = textwrap.dedent("".join(lines[begin : stop + 1])).rstrip()
    return Excerpt(Path(inspect.getsourcefile(thing)).relative_to(places.ABOVE).as_posix(), first + begin, code)
