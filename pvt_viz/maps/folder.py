"""The folder that maps are written to: what is in it, with which settings, and what is still missing.

settings.json        what everything in it was made with
done.jsonl           one line for every picture that is finished, written after its files
arrays/NAME.npz      attention (`arrays`)
overlays/NAME/*.png  the same over the picture (`overlays`)
answers.csv          five answers a picture, where the network has any
log.txt              the pictures that could not be used at the last call, and why
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from pvt_viz.language import say

SETTINGS, DONE, ANSWERS, LOG = "settings.json", "done.jsonl", "answers.csv", "log.txt"
TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}
"""How texts are written: on some systems a file's name may be no text."""
Answer = tuple[int, str, float]
"""Number of a class, its name, and the probability."""
ENTRY = ("picture", "file", "name", "overlays", "answers")
"""Of a line in `done.jsonl`."""
COLUMNS = ("name", "picture", "rank", "class", "answer", "probability")


class Folder:
    """One call's view of it, for a `with`: until its end no other call may write there.

    Raises ValueError, with a sentence, where other settings were used or another call is on its way, and OSError.
    """

    def __init__(self, path: Path, settings: Mapping[str, object]):
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as they come back from a file
        self._done: dict[Path, dict] = {}
        self._check()
        (path / "arrays").mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path / ".lock", timeout=0)

    def __enter__(self) -> "Folder":
        try:
            self._lock.acquire()
        except Timeout:
            raise ValueError(
                say(
                    "Another call is writing to {folder}; wait for its end, or choose another folder.",
                    folder=self.path,
                )
            ) from None
        self._write(SETTINGS, json.dumps(self.settings, indent=1, ensure_ascii=False) + "\n")
        self._done = self._read_done()
        # Anew: a call that was cut may have left half a line.
        self._write(DONE, "".join(map(_line, self._done.values())))
        self._write(LOG, "")
        return self

    def __exit__(self, *_) -> None:
        self._lock.release()

    @property
    def names(self) -> dict[Path, str]:
        """Of the pictures that are finished."""
        return {picture: entry["name"] for picture, entry in self._done.items()}

    def has(self, picture: Path) -> bool:
        """Whether this very file is finished, and what was made of it still there: one that was changed is not."""
        entry = self._done.get(picture)
        if entry is None or entry["file"] != _mark(picture) or not self._npz(entry["name"]).is_file():
            return False
        return all((self._overlays(entry["name"]) / file).is_file() for file in entry["overlays"])

    def keep(
        self,
        picture: Path,
        name: str,
        npz: bytes,
        overlays: Iterable[tuple[str, bytes]],
        answers: list[Answer],
    ) -> None:
        """Write the files of a picture; of `answers` the likeliest first."""
        drawn = []
        for file, data in overlays:
            self._overlays(name).mkdir(parents=True, exist_ok=True)
            (self._overlays(name) / file).write_bytes(data)
            drawn.append(file)
        self._npz(name).write_bytes(npz)
        entry = dict(zip(ENTRY, (str(picture), _mark(picture), name, drawn, answers), strict=True))
        self._done[picture] = entry
        with (self.path / DONE).open("a", **TEXT) as file:
            file.write(_line(entry))

    def log(self, picture: Path, why: str) -> None:
        with (self.path / LOG).open("a", **TEXT) as file:
            file.write(f"{picture}: {why}\n")

    def write_answers(self) -> None:
        """The table of all that is finished, a row for each answer."""
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(COLUMNS)
        for entry in self._done.values():
            for rank, answer in enumerate(entry["answers"], 1):
                rows.writerow((entry["name"], entry["picture"], rank, *answer))
        self._write(ANSWERS, table.getvalue())

    def _check(self) -> None:
        """Raises ValueError where the folder holds maps that were made with other settings."""
        file = self.path / SETTINGS
        if not file.exists():
            return
        try:
            before = dict(json.loads(file.read_text(encoding="utf-8")))
        except ValueError:
            before = {}
        differing = [
            say("{name} = {before}, and not {now}", name=name, before=str(before.get(name)), now=str(now))
            for name, now in self.settings.items()
            if before.get(name) != now
        ]
        if differing:
            raise ValueError(
                say(
                    "{folder} holds maps that were made with {differing}; choose another folder, or these settings.",
                    folder=self.path,
                    differing="; ".join(differing),
                )
            )

    def _read_done(self) -> dict[Path, dict]:
        found = {}
        file = self.path / DONE
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else ():
            try:
                entry = json.loads(line)
                found[Path(entry["picture"])] = {at: entry[at] for at in ENTRY}
            except (ValueError, KeyError, TypeError):
                continue  # the half of a line that a cut call left
        return found

    def _overlays(self, name: str) -> Path:
        return self.path / "overlays" / name

    def _npz(self, name: str) -> Path:
        return self.path / "arrays" / f"{name}.npz"

    def _write(self, name: str, text: str) -> None:
        """At once or not at all."""
        draft = self.path / f"{name}.part"
        draft.write_text(text, **TEXT)
        os.replace(draft, self.path / name)


def _mark(picture: Path) -> list[int]:
    """Equal as long as nobody writes the file: its size and when it was last written."""
    about = picture.stat()
    return [about.st_size, about.st_mtime_ns]


def _line(entry: dict) -> str:
    return json.dumps(entry) + "\n"
