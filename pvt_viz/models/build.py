"""From a configuration to a network with seeded random weights."""

import zlib
from dataclasses import dataclass

import torch
from torch import nn

from pvt_viz.config import PVTConfig, get_config
from pvt_viz.models.pvt import PVT, PatchEmbedding


@dataclass(frozen=True)
class Weights:
    """Where a model's numbers come from; a page that shows attention says so while `trained` is False."""

    source: str
    trained: bool


def build_model(config: PVTConfig | str, *, seed: int = 0) -> PVT:
    """The network of a configuration (or of a preset's name), in eval mode, with seeded random weights.

    Every tensor draws from a generator of its own, seeded by its name: changing R_1 changes stage 1's fold and no
    other weight, so what moves on the page is what R_1 moves. The random matrices keep the variance of their input
    (deviation 1/√fan-in): with the authors' 0.02 an untrained network attends to everything equally.
    """
    config = get_config(config) if isinstance(config, str) else config
    with torch.device("meta"):
        model = PVT(config)
    model = model.to_empty(device="cpu").eval()
    for module_name, module in model.named_modules():
        _initialise(module, module_name, seed)
    model.weights = Weights(source=f"random, seed {seed}", trained=False)
    return model


@torch.no_grad()
def _initialise(module: nn.Module, name: str, seed: int) -> None:
    def draw(parameter: torch.Tensor, std: float, label: str) -> None:
        generator = torch.Generator().manual_seed(zlib.crc32(f"{seed}:{name}.{label}".encode()))
        parameter.normal_(0.0, std, generator=generator)

    if isinstance(module, nn.Linear):
        draw(module.weight, module.in_features**-0.5, "weight")
        if module.bias is not None:
            module.bias.zero_()
    elif isinstance(module, nn.LayerNorm):
        module.weight.fill_(1.0)
        module.bias.zero_()
    elif isinstance(module, PatchEmbedding):
        for label in ("position", "prefix", "prefix_position"):
            draw(getattr(module, label), 0.02, label)
