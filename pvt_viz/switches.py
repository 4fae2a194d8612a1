"""What whoever runs a server may switch off, by environment variables."""

import os


def on(name: str) -> bool:
    """Whether the variable leaves it on: unset, empty, on, 1, true or yes. Read at every call."""
    return os.environ.get(name, "").strip().lower() in ("", "on", "1", "true", "yes")
