"""Messages between a working process of ours and the one that started it, over standard input and output."""

import base64
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from typing import IO

MARK = b"pvt-viz:"


def send(stream: IO[bytes], message: object) -> None:
    """One line for each message."""
    stream.write(b"\n" + MARK + base64.b64encode(pickle.dumps(message)) + b"\n")
    stream.flush()


def receive(stream: IO[bytes]) -> Iterator[object]:
    """Every message until the stream ends; other lines are what some library had to say.

    Only for streams whose other end is our own process: a pickle from a stranger could run code.
    """
    for line in stream:
        if line.startswith(MARK):
            yield pickle.loads(base64.b64decode(line[len(MARK) :]))


def end_with_parent() -> None:
    """The standard input stays open as long as the process that asked: without it nobody waits for an answer."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
