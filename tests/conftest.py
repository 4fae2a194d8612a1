"""Shared set-up: deterministic hypothesis runs, and one torch thread (several processes share the cores)."""

import os
from functools import cache
from itertools import count

import pytest
import torch
from hypothesis import settings
from streamlit.components.v2 import manifest_scanner

from brackets import marked  # noqa: F401  (a fixture)
from pvt_viz.cost import sweep

os.environ["HF_HUB_OFFLINE"] = "1"
torch.set_num_threads(1)
# Every new AppTest looks through all installed packages for components: a tenth of a second, and always the same.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def turns(tmp_path_factory):
    """One folder for all: to make one for a test, pytest would look through those of all tests before it."""
    folder = tmp_path_factory.mktemp("turns")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_turn(turns, monkeypatch):
    """Tests do not wait for each other's measurements, nor for those of the person who runs them."""
    monkeypatch.setattr(sweep, "LOCKS", next(turns))


def pytest_make_parametrize_id(val, argname):
    """Bytes are no name: some hold the second that they were made in, and two workers would not find the same tests."""
    return argname if isinstance(val, bytes) else None
