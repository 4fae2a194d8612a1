"""Where fetched models lie: the cache of huggingface_hub, in its layout."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.language import say

EVERY = 0.1  # seconds between two reports of progress, and two looks at a lock that somebody else holds


@dataclass(frozen=True)
class Part:
    """One file to fetch."""

    name: str
    size: int
    """Bytes."""
    digest: str
    """What the cache calls it: its SHA-256, or 40 digits of git's SHA-1 for a file that git keeps itself."""


class Cache:
    """A repository's folder in the cache of huggingface_hub.

    blobs/<digest> are the files, snapshots/<commit>/<name> links to them, refs/<revision> the commit that a branch was
    at. A file on its way is blobs/<digest>.incomplete, as that library named it as long as it went on with broken ones.
    """

    def __init__(self, repo: str):
        folder = repo_folder_name(repo_id=repo, repo_type="model")
        self._root = cache_folder()
        self._repo, self._locks = self._root / folder, self._root / ".locks" / folder

    def blob(self, part: Part) -> Path:
        return self._repo / "blobs" / part.digest

    def partial(self, part: Part) -> Path:
        return self._repo / "blobs" / f"{part.digest}.incomplete"

    def snapshot(self, commit: str) -> Path:
        return self._repo / "snapshots" / commit

    def ref(self, revision: str) -> Path:
        return self._repo / "refs" / revision

    def has(self, commit: str, part: Part) -> bool:
        return (self.snapshot(commit) / part.name).is_file()

    def partly(self, part: Part) -> int:
        """Bytes that have come of a file on its way."""
        with suppress(OSError):
            return min(self.partial(part).stat().st_size, part.size)
        return 0

    def held(self, commit: str, part: Part) -> int:
        """Bytes of it that need no fetching."""
        return part.size if self.has(commit, part) or self.blob(part).is_file() else self.partly(part)

    def make_room(self, left: int) -> None:
        """The folders; WeightsError where the disk has not so many bytes."""
        if not left:
            return
        for folder in (self._repo / "blobs", self._locks):
            folder.mkdir(parents=True, exist_ok=True)
        if left > (free := shutil.disk_usage(self._root).free):
            raise WeightsError(
                say(
                    "The disk is full: {left:,.0f} MB are to come, {free:,.0f} MB are free.",
                    left=left / 1e6,
                    free=free / 1e6,
                )
            )

    @contextmanager
    def turn(self, part: Part, waiting: Callable[[], None]) -> Iterator[None]:
        """Alone with a file, among all programs that use the cache; `waiting` is called while another is at it."""
        self._locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._locks / f"{part.digest}.lock")
        while True:
            try:
                lock.acquire(timeout=EVERY)
                break
            except Timeout:
                waiting()
        try:
            yield
        finally:
            lock.release()

    def show(self, commit: str, part: Part) -> None:
        """Under its name, in the commit's folder."""
        path = self.snapshot(commit) / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a link to nothing
        try:
            path.symlink_to(Path("..", "..", "blobs", part.digest))
        except OSError:  # no links on this disk: the library, too, keeps the file itself there then
            os.replace(self.blob(part), path)

    def remember(self, revision: str, commit: str) -> None:
        """Which commit the revision was, once all of it is here."""
        path = self.ref(revision)
        if revision == commit or (path.is_file() and path.read_text() == commit):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
        new.write_text(commit)
        os.replace(new, path)


def cache_folder() -> Path:
    """Where the library keeps models, by what the environment says now; it reads that itself, but once."""
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if value := os.environ.get(name):
            return Path(os.path.expandvars(value)).expanduser() / below
    return Path(constants.HF_HUB_CACHE)
