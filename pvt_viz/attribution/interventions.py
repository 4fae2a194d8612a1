"""Change the attention of one stage and see what becomes of the answer: what *matters*, not where attention goes."""

import torch
from torch import Tensor

from pvt_viz.language import N_, say
from pvt_viz.models import PVT
from pvt_viz.models.tap import twin

KINDS = {
    N_("off"): N_(
        "Its attention adds nothing from other tokens; only its MLPs work (PVTv2's see the tokens next to theirs)."
    ),
    N_("uniform"): N_("Every query weighs all keys alike: what is mixed stays, where to look is lost."),
    N_("swapped"): N_("Keys and values come from another picture: queries ask in one and are answered from the other."),
}
"""What can be done to a stage, in words."""


def intervene(model: PVT, stage: int, kind: str) -> PVT:
    """A twin of `model` (same parameters) whose stage `stage`, counted from 1, is changed in all of its blocks.

    "swapped" takes each picture's keys and values from the one before it in the batch, so it needs two or more; those
    of CLS and its like, no part of a picture, stay. Raises ValueError for a stage or kind that does not exist.
    """
    if not 1 <= stage <= len(model.stages):
        raise ValueError(
            say("stage={stage} does not exist; it can be 1 to {last}.", stage=stage, last=len(model.stages))
        )
    if kind not in KINDS:
        raise ValueError(say("kind={kind!r} should be one of {known}.", kind=kind, known=", ".join(KINDS)))
    changed = twin(model)
    for block in changed.stages[stage - 1].blocks:
        attention = block.attention
        if kind == "off":
            attention.register_forward_hook(lambda _module, _args, output: torch.zeros_like(output))
        elif kind == "uniform":
            attention.map.register_forward_hook(lambda _m, _a, output: torch.full_like(output, 1 / output.shape[-1]))
        else:
            attention.reduced.register_forward_hook(lambda _module, _args, output: _from_another(output))
    return changed


def _from_another(reduced: Tensor) -> Tensor:
    if len(reduced) < 2:
        raise ValueError(say("Keys and values from another picture need a batch of two or more."))
    return reduced.roll(1, dims=0)
