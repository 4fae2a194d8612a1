"""Run a model with listeners on and hand back a Trace: everything the pages show, frozen and on the CPU.

The listeners sit on a twin of the model (`models.tap.twin`), so that the model itself is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from pvt_viz import budget
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import say
from pvt_viz.models import PVT, Weights
from pvt_viz.models.tap import Tap, twin


@dataclass(frozen=True, eq=False)
class BlockTrace:
    """One encoder block. K and V are made from `reduced`; CLS, where there is one, is query 0 and key 0."""

    shape: StageShape
    inputs: Tensor
    """(batch, n_prefix + N, channel): the normalised tokens that enter the attention."""
    projected: Tensor | None
    """(batch, channel, h', w'): the folded and projected map before its LayerNorm; None at R = 1."""
    reduced: Tensor
    """(batch, channel, h', w'): the map K and V are made from; at R = 1 the block's own input map."""
    queries: Tensor
    """(batch, head, n_prefix + N, channel)."""
    keys: Tensor
    """(batch, head, n_prefix + M, channel)."""
    values: Tensor
    """(batch, head, n_prefix + M, channel)."""
    attention: Tensor
    """(batch, head, n_prefix + N, n_prefix + M); rows sum to 1."""
    mixed: Tensor
    """(batch, head, n_prefix + N, channel): the values, summed with each query's weights."""

    @property
    def reduced_grid(self) -> tuple[int, int]:
        return self.shape.reduced_grid

    def footprint(self, key: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in image pixels of the R×R tokens behind a key; bottom and right are exclusive.

        Pooled keys (linear SRA) may share tokens with their neighbours, and padded grids may reach over the edge.
        Raises ValueError for a key that does not exist, and for CLS, which has no place in the image.
        """
        shape = self.shape
        if not 0 <= key < shape.keys:
            raise ValueError(
                say(
                    "{name}={value} does not exist in stage {stage}; it can be 0 to {last}.",
                    name="key",
                    value=key,
                    stage=shape.index,
                    last=shape.keys - 1,
                )
            )
        if key < shape.n_prefix:
            raise ValueError(
                say(
                    "key={key} of stage {stage} is the CLS token, which has no place in the image; keys {first} to"
                    " {last} have one.",
                    key=key,
                    stage=shape.index,
                    first=shape.n_prefix,
                    last=shape.keys - 1,
                )
            )
        return shape.pixels_behind(key)


@dataclass(frozen=True, eq=False)
class StageTrace:
    """One stage: its tokens as they enter, its blocks, and its feature map as it leaves."""

    shape: StageShape
    tokens: Tensor
    """(batch, n_prefix + N, channel), right after the patch embedding."""
    feature_map: Tensor
    """(batch, channel, h, w), at the stage's end, without CLS."""
    blocks: tuple[BlockTrace, ...]

    @property
    def grid(self) -> tuple[int, int]:
        return self.shape.grid

    @property
    def patch_size(self) -> int:
        return self.shape.patch_size

    @property
    def stride(self) -> int:
        return self.shape.stride

    @property
    def reduction(self) -> int:
        return self.shape.reduction

    @property
    def n_prefix(self) -> int:
        return self.shape.n_prefix


@dataclass(frozen=True, eq=False)
class Trace:
    """What a model did with a batch of images."""

    config: PVTConfig
    weights: Weights
    image: Tensor
    """(batch, 3, H, W), as the model saw it (normalised)."""
    logits: Tensor
    """(batch, class)."""
    lens: Tensor
    """(batch, block, class): what the head says of the tokens after each block of the last stage (the logit lens)."""
    stages: tuple[StageTrace, ...]


@torch.no_grad()
def trace(model: PVT, images: Tensor, *, unlimited: bool = False) -> Trace:
    """Run `model` on images (batch, 3, H, W) and keep what every stage and block saw.

    Attention maps are computed explicitly, since a fused kernel has none to show; the answer is the same. Raises
    ValueError for images that are not a float32 batch of that shape, or too small for the model; and, unless
    `unlimited`, where what is kept of all of them is more than the app allows itself (`budget`, 400 MB).
    """
    if not isinstance(images, Tensor) or images.dtype != torch.float32:
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(
            say(
                "images is {kind}; it should be a float32 tensor (batch, {channels}, H, W).",
                kind=kind,
                channels=model.config.in_channels,
            )
        )
    shapes = model.config.shapes(tuple(images.shape[-2:])) if images.ndim == 4 else ()
    if shapes and not unlimited:
        budget.check_trace(shapes, budget.limit(budget.TRACES), len(images))
    watched = twin(model)
    seen, lens = _listen(watched), {}
    for j, block in enumerate(watched.stages[-1].blocks):
        # The same last norm and head, read too early: nostalgebraist's logit lens (2020), for pictures.
        block.register_forward_hook(lambda _module, _args, tokens, j=j: lens.__setitem__(j, model.read(tokens).cpu()))
    logits = watched(images.to(next(model.parameters()).device))
    return Trace(
        config=model.config,
        weights=model.weights,
        image=images.detach().cpu().clone(),
        logits=logits.cpu(),
        lens=torch.stack([lens[j] for j in sorted(lens)], dim=1),
        stages=tuple(_stage_trace(seen, f"stages.{i}", shape) for i, shape in enumerate(shapes)),
    )


def _listen(model: nn.Module) -> dict[str, Tensor]:
    """Hang a hook on every tap; the dictionary fills, by the tap's name, as the model runs."""
    seen: dict[str, Tensor] = {}

    def hook(name: str):
        return lambda _module, _args, output: seen.__setitem__(name, output.cpu())

    for name, module in model.named_modules():
        if isinstance(module, Tap):
            module.register_forward_hook(hook(name))
    return seen


def _stage_trace(seen: dict[str, Tensor], prefix: str, shape: StageShape) -> StageTrace:
    return StageTrace(
        shape=shape,
        tokens=seen[f"{prefix}.tokens"],
        feature_map=seen[f"{prefix}.feature_map"],
        blocks=tuple(_block_trace(seen, f"{prefix}.blocks.{j}.attention", shape) for j in range(shape.depth)),
    )


def _block_trace(seen: dict[str, Tensor], prefix: str, shape: StageShape) -> BlockTrace:
    def plane(name: str) -> Tensor | None:
        tensor = seen.get(f"{prefix}.{name}")
        return None if tensor is None else rearrange(tensor, "b h w c -> b c h w")

    same_name = ("inputs", "queries", "keys", "values", "mixed")
    return BlockTrace(
        shape=shape,
        projected=plane("reduce.projected"),
        reduced=plane("reduced"),
        attention=seen[f"{prefix}.map"],
        **{name: seen[f"{prefix}.{name}"] for name in same_name},
    )
