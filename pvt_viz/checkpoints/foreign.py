"""Somebody else's tensors, whole and under our names, or one sentence about what does not fit."""

from collections.abc import Collection, Mapping
from functools import partial

import torch
from einops import EinopsError
from torch import Tensor

from pvt_viz.checkpoints import architecture, beside, labels
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError
from pvt_viz.checkpoints.families import FAMILIES
from pvt_viz.checkpoints.names import Family, Renamed, in_their_words, rename
from pvt_viz.config import PVTConfig
from pvt_viz.models.pvt import PVT, Weights
from pvt_viz.words import times

NAMED = 3
"""How many tensors a sentence names."""


def checkpoint(theirs: Mapping[str, Tensor], files: Mapping[str, bytes], name: str) -> Checkpoint:
    """The weights in `theirs`, a file's tensors by its own names; `files` are those beside it, `name` is for sentences.

    Raises WeightsError where they are of no family that is known here, where a tensor is missing, left over, of another
    shape or not a number: nothing is ever loaded half.
    """
    said = beside.read(files)
    family, root = _family(theirs, name)
    found = rename(family, root, theirs)
    if found.unknown:
        raise WeightsError(
            f"{name} looks like {family.label}, but that network has no place for {_listed(found.unknown)}; it is a"
            " variant that is not known here."
        )
    say = partial(in_their_words, family, root)
    config, notes = architecture.read(family, found.tensors, said, name, say)
    try:
        state = architecture.settle(config, found.tensors, notes)
    except (EinopsError, RuntimeError) as error:
        raise WeightsError(f"{name} looks like {family.label}, but its tensors do not fit together.") from error
    _check(state, config, name, say)
    return Checkpoint(config, state, _weights(config, family, said, [*notes, *_aside(found)]))


def _weights(config: PVTConfig, family: Family, said: beside.Beside, notes: list[str]) -> Weights:
    return Weights(
        source=config.name,
        trained=True,
        classes=labels.names(config.num_classes, said.classes),
        patch_sizes=tuple((p,) for p in config.patch_sizes),
        reductions=tuple((r,) for r in config.reductions),
        family=family.label,
        notes=tuple(notes),
    )


def _family(theirs: Mapping[str, Tensor], name: str) -> tuple[Family, str]:
    for family in FAMILIES:
        roots = family.roots(theirs)
        if len(roots) > 1:
            raise WeightsError(f"{name} holds several networks ({', '.join(roots)}); save one of them alone.")
        if roots:
            return family, roots[0]
    some = _listed(sorted(theirs))
    raise WeightsError(
        f"{name} is of a network that is not known here (it has {some}); PVT, PVTv2, ViT and DeiT open, as their"
        " authors, transformers or timm save them."
    )


def _check(state: Mapping[str, Tensor], config: PVTConfig, name: str, say) -> None:
    """Every tensor of the network, of the right shape, all numbers, and no other."""
    with torch.device("meta"):
        expected = {at: tuple(values.shape) for at, values in PVT(config).state_dict().items()}
    if missing := [at for at in expected if at not in state]:
        raise WeightsError(f"{name} is not complete: {_listed([say(at) for at in missing])} missing.")
    if extra := [at for at in state if at not in expected]:
        raise WeightsError(f"{name} has more than its network: {_listed([say(at) for at in extra])}.")
    for at, shape in expected.items():
        if tuple(state[at].shape) != shape:
            raise WeightsError(
                f"{name} does not fit together: {say(at)} is {times(state[at].shape)}, where the rest of the file"
                f" makes it {times(shape)}."
            )
    for at, values in state.items():
        if not values.isfinite().all():
            raise WeightsError(
                f"{name} holds values in {say(at)} that are not numbers (NaN or infinite): its training has failed."
            )


def _aside(found: Renamed) -> list[str]:
    """Sentences about what was left aside."""
    notes = []
    if found.unused:
        notes.append(f"Not needed for the answer, and left aside: {_listed(found.unused)}.")
    if found.foreign:
        notes.append(f"Not part of this network, and left aside: {_listed(found.foreign)}.")
    return notes


def _listed(names: Collection[str]) -> str:
    """The first few, and how many more."""
    first = ", ".join(list(names)[:NAMED])
    return first if len(names) <= NAMED else f"{first} and {len(names) - NAMED:,} more"
