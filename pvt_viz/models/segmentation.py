"""A light head over the pyramid: what stands where, at the resolution of stage 1.

It supervises the scene networks in training and ships with their weights; the answer to the task does not pass through
it.
"""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from pvt_viz.config import PVTConfig
from pvt_viz.models.flexible import resize_plane


class SegmentationHead(nn.Module):
    """Every stage's map (batch, channel, h, w) -> (batch, 2 + class, h_1, w_1): logits.

    Channel 0 is whether the shape there is the answer; then ground, and one channel per class.
    """

    WIDTH = 48

    def __init__(self, config: PVTConfig):
        super().__init__()
        self.narrow = nn.ModuleList(nn.Linear(dim, self.WIDTH) for dim in config.dims)
        self.classify = nn.Linear(self.WIDTH, 2 + config.num_classes)

    def forward(self, maps: tuple[torch.Tensor, ...]):
        grid = maps[0].shape[-2:]
        total = 0
        for narrow, plane in zip(self.narrow, maps, strict=True):
            plane = rearrange(narrow(rearrange(plane, "b c h w -> b h w c")), "b h w c -> b c h w")
            total = total + resize_plane(plane, grid)
        logits = self.classify(F.gelu(rearrange(total, "b c h w -> b h w c")))
        return rearrange(logits, "b h w c -> b c h w")
