"""The app as a person starts it, on a free port; and the browser that a person would open it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Quiet, and allowed to run as root in a container.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def serve(log: Path, env: dict[str, str] | None = None, script: str = "app.py", *, started: Sequence[str] = ()):
    """Start `streamlit run` and give its address; ends that very process. `env` is added to its environment.

    `started` is a command to start instead, in the folder of the log: one that takes the options of `streamlit run`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = started or (sys.executable, "-m", "streamlit", "run", script)
    options = (f"--server.port={port}", "--server.headless=true")
    with log.open("w") as out:
        surroundings = {**os.environ, **(env or {})}
        process = subprocess.Popen(
            [*command, *options],
            cwd=log.parent if started else ROOT,
            env=surroundings,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def process(address: str) -> psutil.Process:
    """The one that `serve` has started there."""
    port = address.rpartition(":")[2]
    [found] = [one for one in psutil.Process().children() if f"--server.port={port}" in one.cmdline()]
    return found


def _wait(url: str, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"The app did not start:\n{log.read_text()}")


def launch(playwright):
    """A system Chromium or Chrome where there is one, else playwright's own."""
    return playwright.chromium.launch(**_chosen())


def profile(playwright, folder: Path, **options):
    """The same with a profile on disk: only there it keeps scripts as it has compiled them, for the next page."""
    return playwright.chromium.launch_persistent_context(folder, **_chosen(), **options)


def _chosen() -> dict:
    path = os.environ.get("PVT_VIZ_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    return {"executable_path": path, "args": CHROMIUM_ARGS}


def on_scene(url: str) -> str:
    """The same link, on a drawn scene and the network that comes with it where it names no picture."""
    return url if "picture=" in url else f"{url}{'&' if '?' in url else '?'}picture=scene"
