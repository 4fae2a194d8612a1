"""One set of weights at every p_i and R_i: kernels and position embeddings are resized to the setting at hand.

Pseudo-inverse resizing is FlexiViT's (Beyer et al. 2023, Section 3.4), there for the patch embedding of a ViT; here the
fold of the spatial reduction, a kernel of R×R tokens, is resized by the same rule.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import torch
from einops import einsum, rearrange
from torch import Tensor
from torch.nn import functional as F

from pvt_viz.config import PVTConfig, Size
from pvt_viz.language import N_

Resizing = Literal["pseudo-inverse", "bilinear"]
PSEUDO_INVERSE: Resizing = N_("pseudo-inverse")
RESIZINGS: tuple[Resizing, ...] = (PSEUDO_INVERSE, N_("bilinear"))


@cache
def enlargement(old: int, new: int) -> Tensor:
    """B (new², old²): bilinear resizing of an old×old patch to new×new, as a matrix on the patch laid end to end."""
    squares = rearrange(torch.eye(old * old, dtype=torch.float64), "n (h w) -> n 1 h w", h=old)
    resized = F.interpolate(squares, size=(new, new), mode="bilinear", align_corners=False)
    return rearrange(resized, "n 1 h w -> (h w) n")


@cache
def _kernel_resizing(old: int, new: int) -> Tensor:
    return torch.linalg.pinv(enlargement(old, new).T).float()  # (new², old²)


def resize_kernel(weight: Tensor, old: int, new: int, how: Resizing = PSEUDO_INVERSE) -> Tensor:
    """weight (out, old·old·channel) of a linear layer over a patch -> (out, new·new·channel), differentiable.

    Enlarged, the new kernel says of an enlarged patch exactly what the old one said of the patch: ⟨w', B x⟩ = ⟨w, x⟩
    with w' = (Bᵀ)⁺ w. Shrunk, it comes as near to that as any kernel can, for patches of independent numbers. `how` can
    be bilinear instead, w' = B w: it looks alike, but a kernel that grows adds up more numbers and answers louder.
    """
    if old == new:
        return weight
    kernel = rearrange(weight, "out (n c) -> out n c", n=old * old)
    matrix = _kernel_resizing(old, new) if how == PSEUDO_INVERSE else enlargement(old, new).float()
    resized = einsum(matrix.to(weight.device), kernel, "m n, out n c -> out m c")
    return rearrange(resized, "out m c -> out (m c)")


def resize_plane(plane: Tensor, grid: Size) -> Tensor:
    """plane (batch, channel, h, w) -> the same on another grid, bilinearly."""
    if tuple(plane.shape[-2:]) == tuple(grid):
        return plane
    return F.interpolate(plane, size=grid, mode="bilinear", align_corners=False)


def refit(
    state: Mapping[str, Tensor], old: PVTConfig, new: PVTConfig, how: Resizing = PSEUDO_INVERSE
) -> dict[str, Tensor]:
    """The weights of a network of configuration `old` (as in `state_dict`) -> those of `new`, differentiable.

    The two differ in p_i, R_i and image size alone. A stage that had no fold (R = 1) has the mean of the R×R tokens for
    one: the identity of a 1×1 kernel, resized like any other. A stage that needs none leaves its own out.
    """
    out = dict(state)
    for i, (was, now) in enumerate(zip(old.shapes(), new.shapes(), strict=True)):
        embed = f"stages.{i}.embed"
        weight = state[f"{embed}.project.weight"]
        out[f"{embed}.project.weight"] = resize_kernel(weight, was.window, now.window, how)
        if f"{embed}.position" in state:
            out[f"{embed}.position"] = resize_plane(state[f"{embed}.position"], now.grid)
        for j in range(now.depth if now.pool is None else 0):
            fold = f"stages.{i}.blocks.{j}.attention.reduce"
            if was.reduction == 1:
                bare = weight.new_zeros(was.dim)
                kernel = torch.eye(was.dim, dtype=weight.dtype, device=weight.device)
                rest = {"project.bias": bare, "norm.weight": bare + 1, "norm.bias": bare}
            else:
                kernel = out.pop(f"{fold}.project.weight")
                rest = {name: out.pop(f"{fold}.{name}") for name in ("project.bias", "norm.weight", "norm.bias")}
            if now.reduction > 1:
                out[f"{fold}.project.weight"] = resize_kernel(kernel, was.reduction, now.reduction, how)
                out |= {f"{fold}.{name}": values for name, values in rest.items()}
    return out
