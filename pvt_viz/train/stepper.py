"""One step after the other, whatever is learnt: the loss of a batch, new weights, their average, and a way to go on."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pvt_viz.train.recipe import Lesson, Recipe


@dataclass(frozen=True)
class Step:
    """What happened in one step."""

    number: int
    lesson: Lesson
    loss: float
    accuracy: float


class Stepper:
    """A recipe on its way. `advance` does one step; `save` and `load` let it go on another day with the same result.

    What is learnt, its subclasses say: `optimizers` and `lose`.
    """

    def __init__(self, recipe: Recipe, learner: nn.Module, device: str = "cpu"):
        self.recipe, self.device, self.number = recipe, torch.device(device), 0
        self.slowed = 1.0  # a part of the recipe's pace, for a training that has to stop before its end
        self.learner = learner.to(self.device)
        # Averaged weights answer better than the last ones, and are what is shipped.
        self.average = {name: values.detach().clone() for name, values in self.learner.named_parameters()}
        matrices, rest = [], []
        for name, values in self.learner.named_parameters():
            inside = name.startswith("network.stages") and values.ndim == 2
            (matrices if inside else rest).append(values)
        adam = torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=recipe.adam_betas, weight_decay=recipe.adam_decay)
        self.optimizers = (self.muon(matrices), adam)
        self._lrs = tuple(optimizer.param_groups[0]["lr"] for optimizer in self.optimizers)

    def muon(self, matrices: list[Tensor]) -> torch.optim.Optimizer:
        """The optimizer of the matrices inside the stages."""
        raise NotImplementedError

    def lose(self, lesson: Lesson) -> tuple[Tensor, float]:
        """The loss of one batch, and the part of it that was answered rightly."""
        raise NotImplementedError

    def advance(self) -> Step:
        """One batch."""
        lesson = self.recipe.lesson(self.number)
        loss, right = self.lose(lesson)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.learner.parameters(), self.recipe.clip)
        for optimizer, lr in zip(self.optimizers, self._lrs, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = lr * self.recipe.pace(self.number) * self.slowed
            optimizer.step()
        self.number += 1
        keep = min(self.recipe.averaging, self.number / (self.number + 9))
        with torch.no_grad():
            for name, values in self.learner.named_parameters():
                self.average[name].lerp_(values, 1 - keep)
        return Step(self.number, lesson, loss.item(), right)

    def state(self) -> dict:
        """All that is needed to go on."""
        return {
            "number": self.number,
            "learner": self.learner.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def save(self, path: Path) -> None:
        torch.save(self.state(), path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)  # a cut in the middle of writing leaves the one before

    def load(self, path: Path) -> None:
        """Go on from there."""
        self.go_on(torch.load(path, map_location=self.device, weights_only=True))

    def go_on(self, state: dict) -> None:
        """The other way round of `state`."""
        self.number = state["number"]
        self.learner.load_state_dict(state["learner"])
        self.average = state["average"]
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
