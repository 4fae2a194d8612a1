"""A network's weights as somebody kept them, and the network that they become at the p_i, R_i and size asked for."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pvt_viz.config import PVTConfig
from pvt_viz.language import say
from pvt_viz.models.flexible import PSEUDO_INVERSE, Resizing, refit
from pvt_viz.models.pvt import PVT, Weights

FLEXIBLE = ("image_size", "patch_sizes", "reductions")
"""What may differ from the setting that the weights were kept at."""


class WeightsError(ValueError):
    """Weights that cannot be used; its text is one sentence, which `tr` can translate."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights that are there as a whole: every tensor of the network, and none besides."""

    config: PVTConfig
    """What they were kept at: training size, p_i, R_i, and how pictures were normalised."""
    state: dict[str, Tensor]
    """As in `state_dict` of the network."""
    weights: Weights

    def model(self, config: PVTConfig | None = None, how: Resizing = PSEUDO_INVERSE) -> PVT:
        """The network of `config`, which differs in p_i, R_i and size alone, in eval mode on the CPU.

        Kernels are resized as `how` says and position embeddings bilinearly (see `flexible.refit`). Raises KeyError or
        RuntimeError where the state is not that of the network.
        """
        config = config or self.config
        with torch.device("meta"):
            network = PVT(config).eval()
        with torch.no_grad():
            network.load_state_dict(refit(self.state, self.config, config, how), assign=True)
        network.requires_grad_(False)
        network.weights = self.weights
        return network

    def with_fields(self, overrides: dict) -> PVTConfig:
        """The configuration with image_size, patch_sizes or reductions replaced; ValueError for any other field."""
        for field in overrides:
            if field not in FLEXIBLE:
                raise ValueError(
                    say("{field} is fixed by the weights; {free} can be chosen.", field=field, free=", ".join(FLEXIBLE))
                )
        return replace(self.config, **overrides)
