"""One run of a model with every attention map kept, and what each of them, and the features, add to the answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from pvt_viz import budget
from pvt_viz.attribution.held import held
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import say
from pvt_viz.models import PVT
from pvt_viz.models.pvt import Block, Stage


@dataclass(frozen=True, eq=False)
class BlockLook:
    """One encoder block."""

    attention: Tensor
    """(batch, head, n_prefix + N, n_prefix + M); rows sum to 1."""
    gradient: Tensor
    """The same axes: d(logit of the class) / d(attention), with all other maps and the deviations held (`held`)."""
    taps: Tensor | None
    """(R, R): how much of a key stands for each of the R×R tokens it was folded from; sums to 1. None: it was pooled,
    and every token of its window counts alike."""


@dataclass(frozen=True, eq=False)
class StageLook:
    """One stage."""

    shape: StageShape
    blocks: tuple[BlockLook, ...]
    features: Tensor
    """(batch, channel, h, w), without CLS: at the stage's end, but where CLS answers, in the last stage before its last
    block."""
    gradient: Tensor
    """The same axes: d(logit of the class) / d(features), with attention maps and the deviations of LayerNorms held
    (`held`): times the features, what they add to the logit."""


@dataclass(frozen=True, eq=False)
class Look:
    """What every method of attribution starts from."""

    stages: tuple[StageLook, ...]
    answering: Tensor
    """(query,) of the last stage: each token's part in the answer, summing to 1. All of it is CLS's; in a distilled
    network half of it the distillation token's; without either, the mean token answers, and all have the same."""
    logits: Tensor
    """(batch, class)."""
    classes: Tensor
    """(batch,): the class whose logit the gradients are of."""


def look(model: PVT, images: Tensor, classes: Tensor | None = None, *, unlimited: bool = False) -> Look:
    """Run `model` on images (batch, 3, H, W), normalised; `classes` (batch,) are the model's own answers by default.

    Forward and backward once each, on the model's device; pictures of a batch do not touch each other. Raises
    ValueError for a network without a head; and, unless `unlimited`, where maps and features of all images are more
    than the app allows itself (`budget`, 400 MB). Their gradients, and what a backward pass keeps, come on top.
    """
    if not model.config.num_classes:
        raise ValueError(say("A network without a head has no answer: there is nothing to follow back."))
    shapes = model.config.shapes(tuple(images.shape[-2:]))
    if not unlimited:
        budget.check_trace(shapes, budget.limit(budget.TRACES), len(images))
    images = images.to(next(model.parameters()).device)
    watched, maps, features = held(model), {}, {}
    for i, stage in enumerate(watched.stages):
        for j, block in enumerate(stage.blocks):
            block.attention.map.register_forward_hook(_keep(maps, (i, j)))
        _features(stage, last=i == len(shapes) - 1, cls=not model.config.by_mean).register_forward_hook(
            _keep(features, i)
        )
    logits, classes, of_map, of_features = _gradients(watched, images, classes, maps, features)
    return Look(
        stages=tuple(
            StageLook(
                shape=shape,
                blocks=tuple(
                    BlockLook(
                        attention=maps[i, j].detach().cpu(),
                        gradient=of_map[i, j].cpu(),
                        taps=_taps(block, shape),
                    )
                    for j, block in enumerate(stage.blocks)
                ),
                features=_plane(features[i], shape).detach().cpu(),
                gradient=_plane(of_features[i], shape).cpu(),
            )
            for i, (stage, shape) in enumerate(zip(model.stages, shapes, strict=True))
        ),
        answering=_answering(model.config, shapes[-1]).to(logits.dtype),
        logits=logits.detach().cpu(),
        classes=classes.cpu(),
    )


def _answering(config: PVTConfig, last: StageShape) -> Tensor:
    """What `PVT.read` reads: the first token, the first two in a distilled network, or the mean of the grid's."""
    parts = torch.zeros(last.queries)
    parts[config.read_from] = 1
    return parts / parts.sum()


def _keep(where: dict, at):
    return lambda _module, _args, output: where.__setitem__(at, output)


def _gradients(model: PVT, images: Tensor, classes: Tensor | None, *kept: dict) -> tuple[Tensor, Tensor, dict, dict]:
    """Logits, the classes asked about, and d(logit)/d(what is kept), by the same names."""
    with torch.enable_grad():
        # Parameters ask for no gradient here: one that flows from the picture reaches every map all the same.
        logits = model(images.detach().requires_grad_())
        classes = logits.argmax(dim=1) if classes is None else classes.to(logits.device)
        chosen = logits.gather(1, classes[:, None]).sum()
        # A map that the answer does not depend on (the last rows of it, say) has a gradient of 0.
        values = [value for some in kept for value in some.values()]
        gradients = iter(torch.autograd.grad(chosen, values, materialize_grads=True))
    return logits, classes, *({name: next(gradients) for name in some} for some in kept)


def _features(stage: Stage, *, last: bool, cls: bool) -> nn.Module:
    """What to hook for a stage's features: its end, as what comes next reads it.

    In the last stage that is its tokens; CLS alone is read there, so the others count before the last block.
    """
    if not last:
        return stage.feature_map
    if not cls:
        return stage.norm
    return stage.blocks[-2] if len(stage.blocks) > 1 else stage.tokens


def _plane(tensor: Tensor, shape: StageShape) -> Tensor:
    """(batch, channel, h, w), or (batch, query, channel) -> (batch, channel, h, w)."""
    if tensor.ndim == 4:
        return tensor
    return rearrange(tensor[:, shape.n_prefix :], "b (h w) c -> b c h w", h=shape.grid[0])


def _taps(block: Block, shape: StageShape) -> Tensor | None:
    """The norm of the fold's weights at each of its R×R places, made to sum to 1; None for a pool, which has none."""
    if shape.pool:
        return None
    if shape.reduction == 1:
        return torch.ones(1, 1)
    weight, r = block.attention.reduce.project.weight, shape.reduction
    norms = weight.view(weight.shape[0], r, r, -1).square().sum(dim=(0, 3)).sqrt()
    return (norms / norms.sum()).detach().cpu()
