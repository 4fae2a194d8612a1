"""Somebody else's tensors, whole and under our names, or one sentence about what does not fit."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from torch import Tensor

from pvt_viz.checkpoints import architecture, beside, labels
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError
from pvt_viz.checkpoints.families import FAMILIES
from pvt_viz.checkpoints.names import POOLED_NORM, Family, Renamed, in_their_words, rename, with_head
from pvt_viz.checkpoints.sentences import NAMED, label, listed, misfit, missing, shortened
from pvt_viz.checkpoints.theirs import Theirs
from pvt_viz.config import PVTConfig
from pvt_viz.language import Sentence, say
from pvt_viz.models.build import tensor_shapes
from pvt_viz.models.pvt import Weights
from pvt_viz.presets import PRESETS

ALMOST = 0.8
"""The part of a file's tensors that must be of a family for its name to come up."""
MIT_RATIO = 4
SEGFORMER_HEAD = ("decode_head.linear_c", "decode_head.linear_fuse", "decode_head.fusion_conv")
"""In the names of a SegFormer's head, by its authors and in mmsegmentation."""
MOST_PARTS = 12
"""How many parts beside the network a note names: a detector has a neck and two or three heads."""


def checkpoint(tensors: Mapping[str, Tensor], files: Mapping[str, bytes], name: str) -> Checkpoint:
    """The weights in `tensors`, a file's by its own names; `files` are those beside it, `name` is for sentences.

    Raises WeightsError where they are of no family that is known here, where a tensor is missing, left over, of another
    shape or not a number: nothing is ever loaded half.
    """
    theirs = Theirs(tensors)
    said = beside.read(files)
    family, root = _family(theirs, name)
    found = rename(family, root, theirs.tensors)
    if others := [at for other in FAMILIES for at in _networks(other, other.roots(found.foreign), found.foreign)]:
        raise _several(name, theirs, [*_networks(family, [root], theirs.tensors), *others])
    extra = [*found.unknown, *found.twice, *_second_norm(family, root, found, theirs)]
    if extra:
        raise WeightsError(
            say(
                "{name} looks like {family}, but that network has no place for {tensors}; it is a variant that is not"
                " known here.",
                name=name,
                family=say(family.label),
                tensors=theirs.listed(extra),
            )
        )
    found = with_head(found, family, root, theirs.tensors)
    last = max((int(at.split(".")[1]) for at in found.tensors if at.startswith("stages.")), default=0)

    def called(ours: str) -> str:
        plain = found.outer_name(ours) or in_their_words(family, root, theirs.tensors, last, ours)
        return theirs.original(plain)

    for at, values in found.tensors.items():
        if not values.is_floating_point():
            kind = str(values.dtype).removeprefix("torch.")
            raise WeightsError(
                say(
                    "{name} keeps {tensor} as {kind}; save plain floating-point numbers.",
                    name=name,
                    tensor=listed([called(at)]),
                    kind=kind,
                )
            )
        if not values.float().isfinite().all():
            raise WeightsError(
                say(
                    "{name} holds values in {tensor} that are not numbers (NaN or infinite): its training has failed.",
                    name=name,
                    tensor=listed([called(at)]),
                )
            )
    config, notes = architecture.read(family, found.tensors, said, name, called)
    state = architecture.settle(config, found.tensors, notes, called)
    _check(state, config, name, lambda at: called(architecture.unsettle(config, at)), tensors)
    label = _label(family, config, found.foreign)
    return Checkpoint(config, state, _weights(config, label, said, [*notes, *_aside(found, theirs)]))


def _second_norm(family: Family, root: str, found: Renamed, theirs: Theirs) -> list[str]:
    """Their names for a norm of the mean where the tokens have one too: a network has one of them."""
    if not any(at.startswith("norm.") for at in found.tensors):
        return []
    second = [at for at in found.tensors if at.startswith(f"{POOLED_NORM}.")]
    return [in_their_words(family, root, theirs.tensors, 0, at) for at in second]


def _label(family: Family, config: PVTConfig, foreign: Collection[str]) -> str:
    """What the network is, and whose file: a MiT has MLPs of four times the width, and PVTv2 has such in B5 alone."""
    if not family.mit or set(config.mlp_ratios) != {MIT_RATIO} or config.pool:
        return family.label
    b5 = PRESETS["pvt_v2_b5"]
    segments = any(word in name for name in foreign for word in SEGFORMER_HEAD)
    if (config.dims, config.depths) == (b5.dims, b5.depths) and not segments:
        return say("{one}, or the same network as {other}", one=say(family.label), other=say(family.mit))
    return family.mit


def _weights(config: PVTConfig, label: str, said: beside.Beside, notes: list[str]) -> Weights:
    return Weights(
        source=config.name,
        trained=True,
        classes=labels.names(config.num_classes, said.classes),
        patch_sizes=tuple((p,) for p in config.patch_sizes),
        reductions=tuple((r,) for r in config.reductions),
        family=label,
        notes=tuple(notes),
    )


def _family(theirs: Theirs, name: str) -> tuple[Family, str]:
    fitting = []
    for family in FAMILIES:
        roots = family.roots(theirs.tensors)
        if len(roots) > 1:
            raise _several(name, theirs, _networks(family, roots, theirs.tensors))
        fitting += [(family, root) for root in roots]
    if fitting:  # a DeiT has the marks of a ViT too: the one that has a place for most
        return max(fitting, key=lambda at: at[0].places(at[1], theirs.tensors)) if len(fitting) > 1 else fitting[0]
    _check_marks(theirs, name)
    raise WeightsError(
        say(
            "{name} is of a network that is not known here (it has {tensors}); PVT, PVTv2, SegFormer's MiT, ViT,"
            " DeiT and DINOv2 open, as their authors, transformers, timm or mmdetection save them.",
            name=name,
            tensors=theirs.listed(sorted(theirs.tensors)) or say("nothing"),
        )
    )


def _networks(family: Family, roots: list[str], names: Collection[str]) -> list[str]:
    """One tensor of each network, to name it by."""
    return [family.marks_in(root, names)[0] for root in roots]


def _several(name: str, theirs: Theirs, networks: list[str]) -> WeightsError:
    return WeightsError(
        say(
            "{name} holds several networks, with {tensors}; save one of them alone.",
            name=name,
            tensors=theirs.listed(networks),
        )
    )


def _check_marks(theirs: Theirs, name: str) -> None:
    """Raises WeightsError where the tensors are nearly a family's, but lack one that it is known by."""

    def lacks(family: Family, root: str) -> list[str]:
        return [mark for mark in family.marks_in(root, theirs.tensors) if mark not in theirs.tensors]

    near = [(*family.nearness(theirs.tensors), family) for family in FAMILIES]
    share, root, family = max(near, key=lambda at: (at[0], -len(lacks(at[2], at[1]))))
    if share >= ALMOST:
        raise WeightsError(
            say(
                "{name} looks like {family}, but is not complete: {tensors} missing.",
                name=name,
                family=say(family.label),
                tensors=theirs.listed(lacks(family, root)),
            )
        )


def _check(
    state: Mapping[str, Tensor],
    config: PVTConfig,
    name: str,
    called: Callable[[str], str],
    tensors: Mapping[str, Tensor],
) -> None:
    """Every tensor of the network, of the right shape, and no other."""
    expected = tensor_shapes(config)
    if lost := [at for at in expected if at not in state]:
        raise missing(name, map(called, lost))
    if extra := [at for at in state if at not in expected]:
        raise WeightsError(
            say("{name} has more than its network: {tensors}.", name=name, tensors=listed(map(called, extra)))
        )
    for at, shape in expected.items():
        if state[at].shape != shape:
            raise misfit(name, called(at), tensors.get(called(at), state[at]))


def _aside(found: Renamed, theirs: Theirs) -> list[Sentence]:
    """Sentences about what was left aside, or stands aside."""
    notes = []
    if found.outside:
        notes.append(
            say(
                "The head stands outside its body and is read as its own: {tensors}.",
                tensors=theirs.listed(found.outside.values()),
            )
        )
    if found.unused:
        notes.append(say("Not needed for the answer, and left aside: {tensors}.", tensors=theirs.listed(found.unused)))
    if found.foreign:
        notes.append(
            say(
                "Not part of this network, and left aside: {tensors}.",
                tensors=_grouped([*map(theirs.original, found.foreign)]),
            )
        )
    return notes


def _grouped(names: Collection[str]) -> str:
    """All of them; where they are many, by what they begin with."""
    if len(names) <= NAMED:
        return listed(names)
    parts = Counter(name.split(".")[0] for name in names)
    return shortened(
        [say("{part} ({count:,} tensors)", part=label(part), count=count) for part, count in parts.items()], MOST_PARTS
    )
