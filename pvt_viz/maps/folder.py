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

from pvt_viz.language import say

SETTINGS, DONE, ANSWERS, LOG = "settings.json", "done.jsonl", "answers.csv", "log.txt"
Answer = tuple[int, str, float]
"""Number of a class, its name, and the probability."""
COLUMNS = ("name", "picture", "rank", "class", "answer", "probability")


class Folder:
    """One call's view of it. Raises ValueError, with a sentence, where other settings were used, and OSError."""

    def __init__(self, path: Path, settings: Mapping[str, object]):
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as they come back from a file
        self._check()
        (path / "arrays").mkdir(parents=True, exist_ok=True)
        self._write(SETTINGS, json.dumps(self.settings, indent=1, ensure_ascii=False) + "\n")
        self._done = self._read_done()
        # Anew: a call that was cut may have left half a line.
        self._write(DONE, "".join(map(_line, self._done.values())))
        self._write(LOG, "")

    @property
    def names(self) -> dict[Path, str]:
        """Of the pictures that are finished."""
        return {picture: entry["name"] for picture, entry in self._done.items()}

    def has(self, picture: Path) -> bool:
        """Whether this very file is finished: one that was changed since is not."""
        entry = self._done.get(picture)
        return entry is not None and entry["file"] == _mark(picture) and self._npz(entry["name"]).is_file()

    def keep(
        self,
        picture: Path,
        name: str,
        npz: bytes,
        overlays: Iterable[tuple[str, bytes]],
        answers: list[Answer],
    ) -> None:
        """Write the files of a picture; of `answers` the likeliest first."""
        for file, data in overlays:
            there = self.path / "overlays" / name
            there.mkdir(parents=True, exist_ok=True)
            (there / file).write_bytes(data)
        self._npz(name).write_bytes(npz)
        entry = {"picture": str(picture), "file": _mark(picture), "name": name, "answers": answers}
        self._done[picture] = entry
        with (self.path / DONE).open("a", encoding="utf-8") as file:
            file.write(_line(entry))

    def log(self, picture: Path, why: str) -> None:
        with (self.path / LOG).open("a", encoding="utf-8") as file:
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
                found[Path(entry["picture"])] = {at: entry[at] for at in ("picture", "file", "name", "answers")}
            except (ValueError, KeyError, TypeError):
                continue  # the half of a line that a cut call left
        return found

    def _npz(self, name: str) -> Path:
        return self.path / "arrays" / f"{name}.npz"

    def _write(self, name: str, text: str) -> None:
        """At once or not at all."""
        draft = self.path / f"{name}.part"
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, self.path / name)


def _mark(picture: Path) -> list[int]:
    """Equal as long as nobody writes the file: its size and when it was last written."""
    about = picture.stat()
    return [about.st_size, about.st_mtime_ns]


def _line(entry: dict) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"
