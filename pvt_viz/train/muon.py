"""Muon (Jordan et al. 2024) in the numbers that the weights have.

torch's own computes in bfloat16, which a CPU without instructions for it does some thirty times slower than float32.
"""

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


def orthogonal(matrices: Tensor) -> Tensor:
    """(n, row, column) -> the same with all singular values near 1, by a Newton–Schulz iteration."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(STEPS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """For matrices alone: a step of the same size in every direction of their momentum."""

    def __init__(self, params, *, lr: float, weight_decay: float, momentum: float = 0.95):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for values in group["params"]:
                if values.grad is None:
                    continue
                state = self.state[values]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(values)
                momentum = state["momentum_buffer"].lerp_(values.grad, 1 - group["momentum"])
                ahead = values.grad.lerp(momentum, group["momentum"])  # Nesterov's
                alike.setdefault(values.shape, []).append((values, ahead))
            for (rows, columns), some in alike.items():
                steps = orthogonal(torch.stack([ahead for _, ahead in some]))
                for (values, _), step in zip(some, steps, strict=True):
                    values.mul_(1 - group["lr"] * group["weight_decay"])
                    values.add_(step, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)
