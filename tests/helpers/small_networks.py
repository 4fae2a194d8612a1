"""Small networks of every kind, on which attribution and interventions are tried."""

from dataclasses import replace

import pytest
import torch

from pvt_viz import build_model, get_config
from pvt_viz.config import PVTConfig, PVTv2Config, ViTConfig
from randomised import randomise

FLOORS = PVTConfig(
    name="floors",
    image_size=(41, 55),  # grids 13×18 and 6×9: rows, columns and pixels are left over everywhere
    num_classes=5,
    patch_sizes=(3, 2),
    dims=(6, 8),
    depths=(2, 2),
    heads=(2, 2),
    mlp_ratios=(2, 2),
    reductions=(3, 2),
)
SINGLE_BLOCKS = PVTConfig(
    name="single blocks",
    image_size=32,
    num_classes=4,
    patch_sizes=(2, 2, 2),
    dims=(4, 6, 8),
    depths=(1, 2, 1),
    heads=(1, 3, 2),
    mlp_ratios=(1, 2, 1),
    reductions=(4, 1, 3),
)
VIT = ViTConfig(name="vit", image_size=32, num_classes=4, patch_sizes=(8,), dims=(12,), depths=(3,), heads=(3,))
DISTILLED = replace(VIT, n_prefix=2, distilled=True)
TWO_TOKENS = replace(SINGLE_BLOCKS, n_prefix=2)  # the second one answers nothing
V2 = PVTv2Config(
    name="v2",
    image_size=(41, 54),  # grids 14×18, 7×9 and 4×5: each reaches over the edge of what is below it
    num_classes=5,
    patch_sizes=(3, 2, 2),
    dims=(6, 8, 12),
    depths=(2, 2, 1),
    heads=(2, 2, 3),
    mlp_ratios=(2, 2, 2),
    reductions=(3, 2, 1),
)
LINEAR = replace(V2, name="linear", linear=True, reductions=(1, 1, 1))  # 14×18, 7×9 and 4×5 tokens behind 7×7 keys
NETWORKS = {
    "floors": FLOORS,
    "single blocks": SINGLE_BLOCKS,
    "vit": VIT,
    "distilled": DISTILLED,
    "two tokens": TWO_TOKENS,
    "v2": V2,
    "linear": LINEAR,
    "flexi_pvt": get_config("flexi_pvt"),
}


def network(config: PVTConfig):
    model = build_model(config)
    randomise(model)
    return model.requires_grad_(False)


def pictures(config: PVTConfig, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, *config.image_hw, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def floors():
    return network(FLOORS)


def hooks(model) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
