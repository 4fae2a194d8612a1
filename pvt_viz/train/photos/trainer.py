"""The networks that know photographs: a batch of them, each seen another way every time."""

from functools import lru_cache

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from pvt_viz.checkpoints.own import part
from pvt_viz.config import PVTConfig
from pvt_viz.models import PVT, build_model
from pvt_viz.models.flexible import refit
from pvt_viz.report import Training
from pvt_viz.train.muon import Muon
from pvt_viz.train.photos import teacher
from pvt_viz.train.photos.archive import Photos
from pvt_viz.train.photos.augment import crops, light, mixed
from pvt_viz.train.photos.recipe import MIXED, PhotoRecipe
from pvt_viz.train.recipe import Lesson
from pvt_viz.train.stepper import Stepper


class Learner(nn.Module):
    """images (batch, 3, H, W) -> logits (batch, class)."""

    def __init__(self, network: PVT):
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor):
        return self.network(pictures)


class PhotoTrainer(Stepper):
    """Goes through all photographs in a new order each time; what a step does, its number and that order decide."""

    def __init__(self, recipe: PhotoRecipe, photos: Photos, device: str = "cpu", taught: Tensor | None = None):
        """`taught` (n, class): probabilities of a teacher, for as many photographs."""
        super().__init__(recipe, Learner(build_model(recipe.config, seed=recipe.seed)), device)
        self.photos, self.seen, self.taught = photos, 0, taught
        self.taught_from: int | None = None

    def muon(self, matrices: list[Tensor]) -> torch.optim.Optimizer:
        return Muon(matrices, lr=self.recipe.muon_lr, weight_decay=self.recipe.muon_decay)

    def start_from(self, state: dict[str, Tensor], known: Training) -> None:
        """Begin with the weights of a network of this recipe after such a training, not with random ones."""
        self.number, self.seen, self.taught_from = known.steps, known.scenes, known.taught_from
        self.learner.network.load_state_dict(state)
        self.average = {name: values.detach().clone() for name, values in self.learner.named_parameters()}

    def lose(self, lesson: Lesson) -> tuple[Tensor, float]:
        chosen = self._next(lesson.batch)
        chance = np.random.default_rng([self.recipe.seed, self.number])
        config = lesson.config
        pictures = rearrange(self.photos.images[chosen], "n h w c -> n c h w").float() / 255
        pictures = light(crops(pictures, config.image_hw, chance), chance)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (config.mean, config.std))
        labels = self.photos.labels[chosen]
        targets = F.one_hot(labels, config.num_classes).float()
        targets = targets * (1 - self.recipe.smoothing) + self.recipe.smoothing / config.num_classes
        if self.taught is not None:
            self.taught_from = self.number if self.taught_from is None else self.taught_from
            targets = targets.lerp(self.taught[chosen].float(), teacher.WEIGHT)
        pictures = (pictures - mean) / std
        if lesson.task == MIXED:
            pictures, targets = mixed(pictures, targets, chance)
        named = part(dict(self.learner.named_parameters()), "network")
        fitted = refit(named, self.recipe.config, config)
        logits = torch.func.functional_call(_skeleton(config), fitted, (pictures.to(self.device),))
        loss = F.cross_entropy(logits, targets.to(self.device))
        return loss, (logits.argmax(dim=1).cpu() == labels).float().mean().item()

    def _next(self, count: int) -> Tensor:
        """So many photographs further on: each comes once before any comes again."""
        found, total = [], len(self.photos)
        while count:
            epoch, at = divmod(self.seen, total)
            some = _order(self.recipe.seed, epoch, total)[at : at + count]
            self.seen, count = self.seen + len(some), count - len(some)
            found.append(some)
        return torch.cat(found)

    def state(self) -> dict:
        return super().state() | {"seen": self.seen, "taught_from": self.taught_from}

    def go_on(self, state: dict) -> None:
        super().go_on(state)
        self.seen, self.taught_from = state["seen"], state["taught_from"]


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(count))


@lru_cache(maxsize=512)
def _skeleton(config: PVTConfig) -> PVT:
    """The network of a setting without any numbers: they are lent to it for one batch."""
    with torch.device("meta"):
        return PVT(config)
