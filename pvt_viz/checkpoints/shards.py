"""Weights that are kept in several files: the index that says in which."""

import json
from pathlib import Path


def parts_named_in(index: Path) -> set[str]:
    """Names of the files that hold the tensors; ValueError where it is no index, or one of them leads elsewhere."""
    try:
        names = set(json.loads(index.read_bytes())["weight_map"].values())
        if not names or any(Path(name).name != name for name in names):
            raise ValueError("a path, or nothing")
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no index") from error
    return names
