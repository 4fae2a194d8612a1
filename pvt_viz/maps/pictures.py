"""Which files are meant by words on a command line, and a short name for each."""

import os
import re
from collections.abc import Iterable, Mapping
from glob import escape, iglob
from itertools import chain, count
from pathlib import Path

from pvt_viz.language import say

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
"""What counts as a picture in a folder, and where a glob matches; a file that is named is one whatever its ending."""
LONGEST = 60
"""Letters of a name: file systems allow 255 bytes."""


def find(words: Iterable[str]) -> list[Path]:
    """The files that are meant, resolved, each once: of a file itself, of a folder and of a glob the pictures in order.

    Raises ValueError for a word that means none.
    """
    found = {}
    for word in words:
        here = [word] if os.path.isfile(word) else _matches(word)
        if not here:
            raise ValueError(
                say(
                    "{word} is no file, no folder with pictures in it, and no pattern that matches one; their names"
                    " end in {endings}.",
                    word=word,
                    endings=", ".join(ENDINGS),
                )
            )
        found |= {Path(file).resolve(): None for file in here}
    return list(found)


def _matches(word: str) -> list[str]:
    pattern = os.path.join(escape(word), "*") if os.path.isdir(word) else word
    return sorted(
        file for file in iglob(pattern, recursive=True) if file.lower().endswith(ENDINGS) and os.path.isfile(file)
    )


def named(pictures: Iterable[Path], known: Mapping[Path, str]) -> dict[Path, str]:
    """A name for every picture: that of its file, with a number where another has it already; `known` ones keep theirs.

    Cat and cat are one name: some file systems hold them for the same.
    """
    found, taken = {}, {name.casefold() for name in known.values()}
    for picture in pictures:
        stem = re.sub(r"[^\w.-]+", "_", picture.stem)[:LONGEST].strip("._-") or "picture"
        numbered = chain([stem], (f"{stem}-{i}" for i in count(2)))
        found[picture] = known.get(picture) or next(name for name in numbered if name.casefold() not in taken)
        taken.add(found[picture].casefold())
    return found
