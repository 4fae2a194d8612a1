"""From a configuration to a network with seeded random weights."""

import zlib
from functools import lru_cache

import torch
from torch import nn

from pvt_viz.config import PVTConfig
from pvt_viz.language import say
from pvt_viz.models.pvt import PVT, Weights
from pvt_viz.presets import get_config


@lru_cache(maxsize=32)
def tensor_shapes(config: PVTConfig) -> dict[str, torch.Size]:
    """The shape of every tensor of a network, by its name in `state_dict`; nothing is drawn or allocated."""
    with torch.device("meta"):
        return {name: values.shape for name, values in PVT(config).state_dict().items()}


def build_model(config: PVTConfig | str, *, seed: int = 0, share: PVT | None = None) -> PVT:
    """The network of a configuration (or of a preset's name), in eval mode on the CPU, with seeded random weights.

    Every tensor draws from a generator of its own, seeded by its name: changing R_1 changes stage 1's fold and no
    other weight, so what moves on the page is what R_1 moves. The random matrices keep the variance of their input
    (deviation 1/√fan-in): with the authors' 0.02 an untrained network attends to everything equally.

    `share`, a model made with the same seed, lends the tensors that would come out the same: nothing is drawn twice.
    """
    config = get_config(config) if isinstance(config, str) else config
    weights = Weights(source=say("random, seed {seed}", seed=seed), trained=False)
    lent = dict(share.named_parameters()) if share is not None and share.weights == weights else {}
    with torch.device("meta"):
        model = PVT(config).eval()
    for module_name, module in model.named_modules():
        for label, shape_only in list(module.named_parameters(recurse=False)):
            name = f"{module_name}.{label}" if module_name else label
            values = lent.get(name)
            if values is None or values.shape != shape_only.shape:
                values = _draw(module, label, shape_only.shape, f"{seed}:{name}")
            # A parameter of its own over the same memory: moved to a GPU, it leaves the lender where it is.
            setattr(module, label, nn.Parameter(values.detach()))
    model.weights = weights
    return model


def _draw(module: nn.Module, label: str, shape: torch.Size, seed: str) -> torch.Tensor:
    if label == "bias":
        return torch.zeros(shape)
    if isinstance(module, nn.LayerNorm):
        return torch.ones(shape)
    fan_in = shape[1:].numel() if isinstance(module, nn.Linear | nn.Conv2d) else 0
    deviation = fan_in**-0.5 if fan_in else 0.02
    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    return torch.empty(shape).normal_(0.0, deviation, generator=generator)
