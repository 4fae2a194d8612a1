"""How much memory a measurement may still take."""

from pathlib import Path

import psutil
import torch

CGROUP = Path("/sys/fs/cgroup")


def free_bytes(device: str) -> int:
    """Free bytes of the device: of the GPU, or of this machine and of the container that this process lives in."""
    if device != "cpu":
        torch.get_device_module(device).empty_cache()  # what earlier tensors left behind is free
    if device == "cuda":
        return torch.cuda.mem_get_info()[0]
    machine = psutil.virtual_memory().available
    if device == "mps":
        return min(machine, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return min(machine, _container(CGROUP, machine))


def _container(folder: Path, otherwise: int) -> int:
    """What a control group's limit (version 2) leaves; pages that only cache files count as free."""
    try:
        limit = int((folder / "memory.max").read_text())
        used = int((folder / "memory.current").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, limit - used + int(stat["inactive_file"]))
    except (OSError, ValueError, KeyError):  # no such group, or one without a limit ("max")
        return otherwise
