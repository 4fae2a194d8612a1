"""From a hub id, `owner/name` or `owner/name@revision`, to a local folder with the configuration and the weights.

Only `offer` and `fetch` speak to the hub: without a token, with no more about this machine than that it runs pvt-viz.
The library's own calls are gone round for that: they ask the hub for a list of programs that may be calling, name
Python's and torch's version, and (since release 2) begin a broken file again from nothing. What is fetched lies in
the cache of huggingface_hub, in its layout, so that neither that library nor this app ever fetches it twice.

Read at every call: PVT_VIZ_HUB ("off": no hub at all), PVT_VIZ_HUB_IDS (ids that may be asked for, separated by commas
or spaces; none: every id), PVT_VIZ_HUB_LIMIT_MB (largest model, default 1000), and the library's HF_ENDPOINT, HF_HOME
and HF_HUB_CACHE.
"""

import errno
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from huggingface_hub import constants, get_session, hf_hub_url
from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # HTTPError: of the client that it speaks by

from pvt_viz import switches
from pvt_viz.checkpoints.beside import CONFIG, PREPROCESSOR
from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.hub_cache import EVERY, Cache, Part
from pvt_viz.checkpoints.sentences import enumerated
from pvt_viz.checkpoints.shards import parts_named_in
from pvt_viz.language import Sentence, say

SAFETENSORS, INDEX, PICKLED = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
TIMEOUT = (5, 10, 10, 5)
"""Seconds: to connect, between two pieces of an answer, to send, to get a free connection."""
HEADERS = {"user-agent": "pvt-viz", "accept-encoding": "identity"}  # bytes as they lie there: a resumed file needs that

_FILES = (".safetensors", ".pth", ".pt", ".bin", ".json")
_ONE = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"  # an owner, a name, a part of a revision
_ID = re.compile(rf"(?!.*(?:--|\.\.))({_ONE}/{_ONE})(?<!\.git)(?:@({_ONE}(?:/{_ONE}){{0,3}}))?")
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Stopped(Exception):
    """The fetch ended because it was asked to; what had come by then is kept."""


@dataclass(frozen=True)
class Offer:
    """What the hub has for an id, and how much of it is here."""

    id: str
    commit: str
    """The revision, as 40 digits."""
    parts: tuple[Part, ...]
    """In the order in which they are fetched: the weights last."""
    bytes: int
    """Of all files together."""
    already: int
    """Bytes of those that are here, from an earlier fetch or a broken one."""

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)


def is_id(text: object) -> bool:
    """Whether that is written as a hub id is. It names no folder outside of the cache, whatever it says.

    What looks like a file is none, so that a mistyped path asks nobody.
    """
    return isinstance(text, str) and _ID.fullmatch(text) is not None and not text.lower().endswith(_FILES)


def enabled() -> bool:
    """Whether this server opens models from the hub at all."""
    return switches.on("PVT_VIZ_HUB")


def allowed_ids() -> tuple[str, ...]:
    """The ids that this server opens; none for every id."""
    return tuple(filter(None, re.split(r"[\s,]+", os.environ.get("PVT_VIZ_HUB_IDS", ""))))


def allowed(id: str) -> bool:
    """Whether this server opens that id. One that is listed without a revision is allowed at every revision."""
    if not enabled() or not is_id(id):
        return False
    listed = allowed_ids()
    return not listed or id in listed or id.partition("@")[0] in listed


def limit() -> int:
    """Bytes of the largest model that this server fetches."""
    return int(float(os.environ.get("PVT_VIZ_HUB_LIMIT_MB") or 1000) * 1e6)


def cached(id: str) -> Path | None:
    """The folder of an allowed id if all that is needed is here. Never asks the hub, so it may be an older commit.

    A preprocessor_config.json that another program did not fetch is not missed.
    """
    if not allowed(id):
        return None
    repo, revision = _split(id)
    cache = Cache(repo)
    with suppress(OSError, UnicodeDecodeError):
        commit = revision if _COMMIT.fullmatch(revision) else cache.ref(revision).read_text().strip()
        if _COMMIT.fullmatch(commit) and _complete(cache.snapshot(commit)):
            return cache.snapshot(commit)
    return None


def offer(id: str, most_bytes: int | None = None) -> Offer:
    """Ask the hub what there is to fetch; `most_bytes` is in the place of `limit()`.

    Raises WeightsError: the id is none or not allowed here, the hub cannot be reached, it has no such public model, or
    none with weights that this app reads, or a larger one.
    """
    repo, revision = _asked(id)
    url = f"{_endpoint()}/api/models/{repo}/revision/{quote(revision, safe='')}"
    with _sentences(say("The hub cannot be reached; is this machine online?")):
        answer = get_session().get(url, params={"blobs": True}, headers=HEADERS, timeout=TIMEOUT)
    _check_status(answer, id)
    try:
        said = answer.json()
        commit, there = said["sha"], {entry["rfilename"]: entry for entry in said["siblings"]}
        if not _COMMIT.fullmatch(commit):
            raise ValueError(commit)
        closed = bool(said.get("gated") or said.get("private") or said.get("disabled"))
        parts = tuple(_part(there[name]) for name in _needed(id, there))
    except WeightsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(say("What answered was no hub; is there a login page in its place?")) from error
    if closed:
        raise WeightsError(_no_such(id))
    total, most = sum(part.size for part in parts), limit() if most_bytes is None else most_bytes
    if total > most:
        raise WeightsError(
            say(
                "{id} has {total:,.0f} MB; this server fetches {most:,.0f} MB at most.",
                id=id,
                total=total / 1e6,
                most=most / 1e6,
            )
        )
    cache = Cache(repo)
    return Offer(id, commit, parts, total, sum(cache.held(commit, part) for part in parts))


def fetch(
    offer: Offer,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Fetch what is not here yet, and give the folder with all of it.

    `progress` is told bytes that are here and bytes in all, at the beginning, about ten times a second and at the end;
    `stop` is asked as often as something comes, so that it is heard within the ten seconds that a silent hub is given.
    Raises Stopped, or WeightsError: the connection broke, the disk is full, or what came is not what was offered.
    """
    repo, revision = _asked(offer.id)
    cache = Cache(repo)
    with _sentences(say("The connection to the hub broke; what was fetched so far is kept; ask again to go on.")):
        report = _Report({part: cache.held(offer.commit, part) for part in offer.parts}, progress, stop)
        cache.make_room(report.left)
        report.tell()
        for part in offer.parts:
            if not cache.has(offer.commit, part):
                with cache.turn(part, lambda part=part: report.come(part, cache.partly(part))):
                    if not cache.blob(part).is_file():  # nor has it come while we waited
                        url = hf_hub_url(repo, part.name, revision=offer.commit, endpoint=_endpoint())
                        _receive(url, offer.id, part, cache.partial(part), report)
                        os.replace(cache.partial(part), cache.blob(part))
                    cache.show(offer.commit, part)
                report.come(part, part.size)
            if part.name == INDEX:
                shards = _shards(cache.snapshot(offer.commit))
                if not shards or not shards <= set(offer.files):
                    raise WeightsError(say("{id} names weights files in its index that it does not have.", id=offer.id))
        cache.remember(revision, offer.commit)
        report.tell()
    return cache.snapshot(offer.commit)


# --- what is asked for ----------------------------------------------------------------------------------------


def _split(id: str) -> tuple[str, str]:
    repo, _, revision = id.partition("@")
    return repo, revision or constants.DEFAULT_REVISION


def _asked(id: str) -> tuple[str, str]:
    """Repository and revision; raises WeightsError where they must not be asked for."""
    if not enabled():
        raise WeightsError(say("This server opens no models from the hub."))
    if not is_id(id):
        raise WeightsError(
            say("{id!r} is no hub id; one is written owner/name, as in Xrenya/pvt-tiny-224.", id=str(id)[:100])
        )
    if not allowed(id):
        raise WeightsError(
            say("{id} is not allowed on this server; allowed are {ids}.", id=id, ids=enumerated(allowed_ids()))
        )
    return _split(id)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _needed(id: str, there: dict) -> list[str]:
    """Names of the files to fetch, each a plain name that is known beforehand: what else a listing holds is left."""
    shards = sorted(name for name in there if _SHARD.fullmatch(name))
    if SAFETENSORS in there:
        weights = [SAFETENSORS]
    elif INDEX in there and shards:
        weights = [INDEX, *shards]
    elif PICKLED in there:
        weights = [PICKLED]
    else:
        raise WeightsError(
            say(
                "{id} has no weights that this app reads: neither {first} nor {second}.",
                id=id,
                first=SAFETENSORS,
                second=PICKLED,
            )
        )
    if CONFIG not in there:
        raise WeightsError(
            say("{id} has no {file}, so that nothing says what network its weights are for.", id=id, file=CONFIG)
        )
    return [CONFIG, *([PREPROCESSOR] if PREPROCESSOR in there else []), *weights]


def _part(entry: dict) -> Part:
    """Of a line in the hub's listing; ValueError where it does not say what a file of the cache needs."""
    large = entry.get("lfs")
    size, digest = (large["size"], large["sha256"]) if large else (entry["size"], entry["blobId"])
    if not isinstance(size, int) or size < 0 or not _DIGEST.fullmatch(digest):  # it becomes a file's name
        raise ValueError(entry)
    return Part(entry["rfilename"], size, digest)


def _shards(folder: Path) -> set[str]:
    """The weights files that an index there names; none where it is not one. Only plain names are believed."""
    with suppress(OSError, ValueError):
        names = parts_named_in(folder / INDEX)
        if all(_SHARD.fullmatch(name) for name in names):
            return names
    return set()


def _complete(folder: Path) -> bool:
    shards = _shards(folder)
    whole = bool(shards) and all((folder / name).is_file() for name in shards)
    return (folder / CONFIG).is_file() and (whole or any((folder / n).is_file() for n in (SAFETENSORS, PICKLED)))


# --- what comes -----------------------------------------------------------------------------------------------


class _Report:
    """Tells how far it is, not too often; and hears that it should stop, always."""

    def __init__(self, held: dict[Part, int], progress: Callable[[int, int], None], stop: Callable[[], bool]):
        """`held` are bytes of each file that are here already."""
        self._held, self._progress, self._stop = held, progress, stop
        self._total = sum(part.size for part in held)
        self._last = 0.0

    @property
    def left(self) -> int:
        """Bytes that are to come."""
        return self._total - sum(self._held.values())

    def come(self, part: Part, here: int) -> None:
        """So many bytes of that file are here; raises Stopped where no more are wanted."""
        self._held[part] = here
        if self._stop():
            raise Stopped
        if time.monotonic() - self._last >= EVERY:
            self.tell()

    def tell(self) -> None:
        self._last = time.monotonic()
        self._progress(self._total - self.left, self._total)


def _receive(url: str, id: str, part: Part, path: Path, report: _Report) -> None:
    """Bring the file `path` from as far as it has come to its end."""
    path.touch()
    here = path.stat().st_size
    if here > part.size:
        here = 0
    report.come(part, here)
    if here < part.size:
        headers = {**HEADERS, "range": f"bytes={here}-"} if here else HEADERS
        with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT) as answer:
            _check_status(answer, id)
            if answer.status_code != 206:  # all of it comes, whatever we asked for
                here = 0
            with path.open("ab" if here else "wb") as file:
                for piece in answer.iter_bytes():
                    file.write(piece)
                    here += len(piece)
                    if here > part.size:
                        break
                    report.come(part, here)
    if here < part.size:
        raise ConnectionError(f"{part.name} ended after {here} of {part.size} bytes")
    if here > part.size or _digest(path, part) != part.digest:
        path.unlink()  # going on from there would never come right
        raise WeightsError(
            say("{file} of {id} did not come as the hub has it; ask again to fetch it anew.", file=part.name, id=id)
        )


def _digest(path: Path, part: Part) -> str:
    with path.open("rb") as file:
        if len(part.digest) == 64:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.file_digest(
            file, lambda: hashlib.sha1(b"blob %d\0" % part.size, usedforsecurity=False)
        ).hexdigest()


# --- what goes wrong ------------------------------------------------------------------------------------------


def _no_such(id: str) -> Sentence:
    return say("The hub has no public model {id}; it may not exist, or be private or gated.", id=id)


def _check_status(answer, id: str) -> None:
    status = answer.status_code
    if status < 400:
        return
    if answer.headers.get("x-error-code") == "RevisionNotFound":
        repo, revision = _split(id)
        raise WeightsError(say("{id} has no revision {revision}.", id=repo, revision=revision))
    if status in (401, 403, 404):
        raise WeightsError(_no_such(id))
    if status == 429:
        raise WeightsError(say("The hub has been asked too often from here; ask again in some minutes."))
    raise WeightsError(say("The hub could not answer (status {status}); ask again later.", status=status))


@contextmanager
def _sentences(lost: Sentence) -> Iterator[None]:
    """What network and disk raise, as WeightsError; `lost` says that the hub was."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise WeightsError(
            say("This server stays offline (HF_HUB_OFFLINE), so that nothing can be fetched.")
        ) from error
    except (HTTPError, ConnectionError) as error:
        raise WeightsError(lost) from error
    except OSError as error:
        if error.errno in _FULL:
            raise WeightsError(say("The disk is full; what was fetched so far is kept.")) from error
        why = error.strerror or str(error)
        raise WeightsError(say("The cache of the hub cannot be written ({why}).", why=why)) from error
