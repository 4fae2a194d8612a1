"""LayerScale (Touvron et al. 2021, arXiv 2103.17239, Section 2): what a part of a block adds, channel by channel."""

import torch
from torch import nn


class LayerScale(nn.Module):
    """tokens (batch, query, channel) -> the same, each channel times a number that is learnt."""

    def __init__(self, dim: int):
        super().__init__()
        self.gain = nn.Parameter(torch.empty(dim))

    def forward(self, tokens):
        return tokens * self.gain
