"""A hub on this machine: the few addresses that huggingface_hub asks, and switches for what can go wrong."""

import contextlib
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

PIECE = 1 << 14  # bytes that are sent at a time


class FakeHub:
    """Serves models while the `with` block lasts.

    `requests` are (method, path, headers with small letters), `sent` bytes of files (not of listings) that left.
    Switches: `status` (of every answer), `file_status` (of files alone), `page` (HTML in the place of a listing),
    `breaks_after` (bytes of a file's answer at which the connection ends), `pause` (seconds after each piece),
    `corrupt` (other bytes of the right number), `surplus` (more bytes than announced by the listing), `no_ranges`,
    `gated`, and `listing` (a function that changes the listing before it is sent).
    """

    def __init__(self):
        self.models: dict[str, dict[str, bytes]] = {}
        self.large = (".safetensors", ".bin")
        self.requests: list[tuple[str, str, dict]] = []
        self.sent = 0
        self.status = self.file_status = self.breaks_after = self.page = None
        self.pause = 0.0
        self.corrupt = self.no_ranges = self.gated = False
        self.surplus = b""
        self.listing = lambda said: said
        handler = type("Handler", (_Handler,), {"hub": self})
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        # The second is where large files lie; the first sends those who ask for one over there, as the real one does.
        self.url, self.store = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)

    def __enter__(self) -> "FakeHub":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def add(self, id: str, files: dict[str, bytes]) -> None:
        self.models[id] = files

    def commit(self, id: str) -> str:
        whole = hashlib.sha1(id.encode())
        for name, data in self.models[id].items():
            whole.update(name.encode() + data)
        return whole.hexdigest()

    def is_large(self, name: str) -> bool:
        return name.endswith(self.large)

    def asked(self) -> list[str]:
        """The paths so far, without what is asked of them."""
        return [urlsplit(path).path for _, path, _ in self.requests]

    def forget(self) -> None:
        self.requests.clear()
        self.sent = 0


def digest(data: bytes, large: bool) -> str:
    return hashlib.sha256(data).hexdigest() if large else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *_args) -> None:
        pass

    def do_HEAD(self) -> None:
        self._do(body=False)

    def do_GET(self) -> None:
        self._do(body=True)

    def _do(self, body: bool) -> None:
        hub = self.hub
        hub.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        path = urlsplit(self.path).path.strip("/")
        if hub.status:
            return self._say(hub.status, {}, b"{}", body)
        if path.startswith("api/models/"):
            return self._list(path.removeprefix("api/models/"), body)
        if path.startswith("store/"):
            _, owner, name, file = path.split("/", 3)
            return self._file(hub.models[f"{owner}/{name}"][file], {}, body)
        id, _, rest = path.partition("/resolve/")
        revision, _, file = rest.partition("/")
        if hub.file_status:
            return self._say(hub.file_status, {}, b"", body)
        if file not in hub.models.get(id, {}) or unquote(revision) not in ("main", hub.commit(id)):
            return self._say(404, {"X-Error-Code": "EntryNotFound"}, b"", body)
        data, large = hub.models[id][file], hub.is_large(file)
        about = {"X-Repo-Commit": hub.commit(id), "ETag": f'"{digest(data, large)}"'}
        if large:
            about |= {"X-Linked-Size": str(len(data)), "X-Linked-ETag": about["ETag"]}
            return self._say(302, {**about, "Location": f"{hub.store}/store/{id}/{file}"}, b"", body)
        return self._file(data, about, body)

    def _list(self, path: str, body: bool) -> None:
        hub = self.hub
        id, _, revision = path.partition("/revision/")
        if hub.page:
            return self._say(200, {"Content-Type": "text/html"}, hub.page, body)
        if id not in hub.models:
            return self._say(401, {"X-Error-Code": "RepoNotFound"}, b"{}", body)
        if unquote(revision) not in ("", "main", "v1", hub.commit(id)):
            return self._say(404, {"X-Error-Code": "RevisionNotFound"}, b"{}", body)
        siblings = []
        for name, data in hub.models[id].items():
            entry = {"rfilename": name, "size": len(data), "blobId": digest(data, False)}
            if hub.is_large(name):
                entry["lfs"] = {"sha256": digest(data, True), "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        said = {"id": id, "sha": hub.commit(id), "private": False, "gated": hub.gated, "siblings": siblings}
        return self._say(200, {"Content-Type": "application/json"}, json.dumps(hub.listing(said)).encode(), body)

    def _file(self, data: bytes, about: dict, body: bool) -> None:
        hub, start, status = self.hub, 0, 200
        if hub.corrupt:
            data = bytes(255 - one for one in data)
        data += hub.surplus
        asked = self.headers.get("Range")
        if asked and not hub.no_ranges:
            start, status = int(asked.removeprefix("bytes=").rstrip("-")), 206
            about = {**about, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self._say(status, {**about, "Accept-Ranges": "bytes"}, data[start:], body, count=True)

    def _say(self, status: int, headers: dict, data: bytes, body: bool, count: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        most = self.hub.breaks_after if count and self.hub.breaks_after is not None else len(data)
        with contextlib.suppress(ConnectionError):  # who asked has gone
            for start in range(0, min(most, len(data)), PIECE):
                piece = data[start : min(start + PIECE, most)]
                if count:
                    self.hub.sent += len(piece)
                self.wfile.write(piece)
                if count:
                    time.sleep(self.hub.pause)
