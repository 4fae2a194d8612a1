"""One step after the other: a batch of scenes, the loss, new weights. What a step does, its number decides."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pvt_viz import images, scenes
from pvt_viz.checkpoints.own import part
from pvt_viz.config import PVTConfig
from pvt_viz.models import PVT, build_model
from pvt_viz.models.flexible import refit
from pvt_viz.models.segmentation import SegmentationHead
from pvt_viz.scenes import Scenes
from pvt_viz.train.recipe import Lesson, Recipe


@dataclass(frozen=True)
class Step:
    """What happened in one step."""

    number: int
    lesson: Lesson
    loss: float
    accuracy: float


class Learner(nn.Module):
    """images (batch, 3, H, W) -> logits (batch, class), and the segmentation head's (batch, 2 + class, h_1, w_1)."""

    def __init__(self, network: PVT, segment: SegmentationHead):
        super().__init__()
        self.network, self.segment = network, segment

    def forward(self, pictures: Tensor):
        tokens, maps = self.network.encode(pictures)
        return self.network.read(tokens), self.segment(maps)


class Trainer:
    """A recipe on its way. `advance` does one step; `save` and `load` let it go on another day with the same result."""

    def __init__(self, recipe: Recipe, device: str = "cpu"):
        self.recipe, self.device, self.number = recipe, torch.device(device), 0
        network = build_model(recipe.config, seed=recipe.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            segment = SegmentationHead(recipe.config)
        self.learner = Learner(network, segment).to(self.device)
        # Averaged weights answer better than the last ones, and are what is shipped.
        self.average = {name: values.detach().clone() for name, values in self.learner.named_parameters()}
        matrices, rest = [], []
        for name, values in self.learner.named_parameters():
            inside = name.startswith("network.stages") and values.ndim == 2
            (matrices if inside else rest).append(values)
        self.optimizers = (
            torch.optim.Muon(
                matrices, lr=recipe.muon_lr, weight_decay=recipe.muon_decay, adjust_lr_fn="original", momentum=0.95
            ),
            torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=recipe.adam_betas, weight_decay=recipe.adam_decay),
        )
        self._lrs = tuple(optimizer.param_groups[0]["lr"] for optimizer in self.optimizers)

    def advance(self) -> Step:
        """One batch."""
        lesson = self.recipe.lesson(self.number)
        batch = scenes.generate(
            lesson.batch,
            lesson.config.image_hw,
            lesson.scenes_seed,
            task=lesson.task,
            clutter=lesson.clutter,
            tag_size=lesson.tag_size,
        )
        pictures = images.standardise(batch.images).to(self.device)
        logits, segmented = self._answer(lesson.config, pictures)
        labels = batch.labels.to(self.device)
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.smoothing)
        loss = loss + segmentation_loss(segmented, batch, lesson.config.patch_sizes[0])
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.learner.parameters(), self.recipe.clip)
        for optimizer, lr in zip(self.optimizers, self._lrs, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = lr * self._pace()
            optimizer.step()
        self.number += 1
        keep = min(self.recipe.averaging, self.number / (self.number + 9))
        with torch.no_grad():
            for name, values in self.learner.named_parameters():
                self.average[name].lerp_(values, 1 - keep)
        right = (logits.argmax(dim=1) == labels).float().mean().item()
        return Step(self.number, lesson, loss.item(), right)

    def _answer(self, config: PVTConfig, pictures: Tensor):
        """The learner at a setting: the kernels that are trained are resized to it, and the gradients back."""
        named = dict(self.learner.named_parameters())
        network = refit(part(named, "network"), self.recipe.config, config)
        fitted = {f"network.{name}": v for name, v in network.items()}
        segment = {name: v for name, v in named.items() if name.startswith("segment.")}
        return torch.func.functional_call(_skeleton(config), fitted | segment, (pictures,))

    def _pace(self) -> float:
        """Up in a line, then down in a half cosine."""
        done, warm_up = self.number, self.recipe.warm_up
        if done < warm_up:
            return (done + 1) / warm_up
        return 0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / max(1, self.recipe.steps - warm_up))

    def save(self, path: Path) -> None:
        """All that is needed to go on."""
        state = {
            "number": self.number,
            "learner": self.learner.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)  # a cut in the middle of writing leaves the one before

    def load(self, path: Path) -> None:
        """Go on from there."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.number = state["number"]
        self.learner.load_state_dict(state["learner"])
        self.average = state["average"]
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)


def segmentation_loss(logits: Tensor, batch: Scenes, patch_size: int) -> Tensor:
    """How wrong (batch, 2 + class, h, w) is about the pixel in the middle of every token of stage 1.

    Classes count over all tokens and once more over those on a shape, which are few; whether a shape is the answer
    counts on shapes alone.
    """
    h, w = logits.shape[-2:]

    def at_tokens(plane: Tensor) -> Tensor:
        return plane[:, patch_size // 2 :: patch_size, patch_size // 2 :: patch_size][:, :h, :w].to(logits.device)

    classes, answer = at_tokens(batch.shape_map), at_tokens(batch.masks).float()
    on_shape = classes > 0
    wrong = F.cross_entropy(logits[:, 1:], classes, reduction="none")
    meant = F.binary_cross_entropy_with_logits(logits[:, 0], answer, reduction="none")
    return 0.5 * wrong.mean() + 0.5 * wrong[on_shape].mean() + meant[on_shape].mean()


@lru_cache(maxsize=512)
def _skeleton(config: PVTConfig) -> Learner:
    """The network of a setting without any numbers: they are lent to it for one batch."""
    with torch.device("meta"):
        return Learner(PVT(config), SegmentationHead(config))
