"""Shared set-up: deterministic hypothesis runs, one torch thread (the suite runs in several processes)."""

import os

import pytest
import torch
from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
torch.set_num_threads(1)
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
