"""The networks that know scenes: a batch of drawn pictures, the answer and the masks to learn from."""

from functools import lru_cache

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
from pvt_viz.train.stepper import Stepper


class Learner(nn.Module):
    """images (batch, 3, H, W) -> logits (batch, class), and the segmentation head's (batch, 2 + class, h_1, w_1)."""

    def __init__(self, network: PVT, segment: SegmentationHead):
        super().__init__()
        self.network, self.segment = network, segment

    def forward(self, pictures: Tensor):
        tokens, maps = self.network.encode(pictures)
        return self.network.read(tokens), self.segment(maps)


class Trainer(Stepper):
    """What a step does, its number decides: a run that is repeated ends in the same weights."""

    def __init__(self, recipe: Recipe, device: str = "cpu"):
        network = build_model(recipe.config, seed=recipe.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            segment = SegmentationHead(recipe.config)
        super().__init__(recipe, Learner(network, segment), device)

    def muon(self, matrices: list[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.Muon(
            matrices,
            lr=self.recipe.muon_lr,
            weight_decay=self.recipe.muon_decay,
            adjust_lr_fn="original",
            momentum=0.95,
        )

    def lose(self, lesson: Lesson) -> tuple[Tensor, float]:
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
        return loss, (logits.argmax(dim=1) == labels).float().mean().item()

    def _answer(self, config: PVTConfig, pictures: Tensor):
        """The learner at a setting: the kernels that are trained are resized to it, and the gradients back."""
        named = dict(self.learner.named_parameters())
        network = refit(part(named, "network"), self.recipe.config, config)
        fitted = {f"network.{name}": v for name, v in network.items()}
        segment = {name: v for name, v in named.items() if name.startswith("segment.")}
        return torch.func.functional_call(_skeleton(config), fitted | segment, (pictures,))


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
