"""Where to compute: what this machine has, and what `auto` means."""

import platform
from pathlib import Path

import torch

from pvt_viz.language import say


def available() -> tuple[str, ...]:
    """The devices that can run a model here, the fastest first; `cpu` is always among them."""
    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def resolve(device: str) -> str:
    """`auto` becomes the fastest device here; ValueError for one that this machine lacks."""
    if device == "auto":
        return available()[0]
    if device not in available():
        raise ValueError(
            say(
                "device={device!r} is not on this machine; there is {known}, or auto.",
                device=device,
                known=", ".join(available()),
            )
        )
    return device


def describe(device: str) -> str:
    """A name for people."""
    if device == "cuda":
        return f"GPU ({torch.cuda.get_device_name()})"
    return {"mps": "GPU (Apple)", "cpu": "CPU"}[device]


def name(device: str) -> str:
    """The same with the model of the processor, where the system tells it."""
    return f"CPU ({_processor()})" if device == "cpu" else describe(device)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def one_thread_per_forward() -> None:
    """Serve many visitors: side by side on one core each beats taking turns on all of them."""
    torch.set_num_threads(1)
