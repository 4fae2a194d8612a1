"""What a traced picture and its network weigh, and the sentence for when that is too much."""

import os
from collections.abc import Sequence

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import parts
from pvt_viz.cost.counted import BYTES
from pvt_viz.language import N_, joined, say
from pvt_viz.words import SUBSCRIPTS, megabytes

TRACES, FOLDS = "PVT_VIZ_TRACE_LIMIT_MB", "PVT_VIZ_FOLD_LIMIT_MB"
"""The environment variables that limit them, in MB."""
DEFAULT = 400
LARGEST_REDUCTION = 16
"""The largest R that is offered, and that a way out may name."""


def limit(name: str) -> int:
    """Bytes, from one of the variables above."""
    return int(float(os.environ.get(name, DEFAULT)) * 1e6)


def trace_bytes(shape: StageShape) -> int:
    """Bytes that the trace of one stage holds for one image: maps, and the vectors around them."""
    # Inputs, queries and mixed values per query; keys and values per key; what is folded or pooled before and after its
    # LayerNorm.
    reduced = 2 * shape.reduced_tokens if shape.reduces else 0
    vectors = 3 * shape.queries + 2 * shape.keys + reduced
    around = shape.depth * vectors + 2 * shape.queries  # the stage's tokens as they enter and as they leave
    return BYTES["float32"] * (shape.map_entries + shape.dim * around)


def fold_bytes(shape: StageShape) -> int:
    """Bytes of the folds' weights of one stage: R²·C² and a little more in each block, none at R = 1.

    The layer of linear SRA is one of C²: a fold of one averaged token.
    """
    return BYTES["float32"] * parts.reduction_params(shape)


def check(config: PVTConfig, *, trace_limit: int, fold_limit: int) -> None:
    """ValueError, with a way out, where one image's trace or the network's folds would exceed a limit in bytes."""
    shapes = config.shapes()
    check_folds(shapes, fold_limit)
    check_trace(shapes, trace_limit)


def check_folds(shapes: Sequence[StageShape], limit: int) -> None:
    """ValueError where the folds' weights are more than `limit` bytes."""
    folds, heaviest_fold = sum(map(fold_bytes, shapes)), max(shapes, key=fold_bytes)
    if folds > limit:
        way_out = say("Take a smaller network.")
        if heaviest_fold.reduction > 1:
            way_out = say("Lower {ratio}.", ratio=f"R{SUBSCRIPTS[heaviest_fold.index]}")
        too_much = say(
            "The folds would hold {folds} of weights, and this app stops at {limit}: SRA saves arithmetic, not"
            " parameters, and each of the {count} folds of stage {stage} has R²·C² = {weights:,}.",
            folds=megabytes(folds),
            limit=megabytes(limit),
            count=heaviest_fold.depth,
            stage=heaviest_fold.index,
            weights=heaviest_fold.reduction**2 * heaviest_fold.dim**2,
        )
        raise ValueError(joined(too_much, way_out))


def check_trace(shapes: Sequence[StageShape], limit: int, images: int = 1) -> None:
    """ValueError, with a way out, where following so many images at once takes more than `limit` bytes."""
    one, worst = sum(map(trace_bytes, shapes)), max(shapes, key=trace_bytes)
    total = images * one
    if total <= limit:
        return
    share = limit / images - (one - trace_bytes(worst))
    folds_more = len(shapes) > 1 and worst.pool is None
    allowed = range(worst.reduction + 1, min(LARGEST_REDUCTION, *worst.grid) + 1) if folds_more else ()
    fits = [r for r in allowed if trace_bytes(worst.with_reduction(r)) <= share]
    way_out = say("Take larger patches, or choose a smaller image.")
    if one <= limit:
        way_out = say("Follow at most {count} at once.", count=int(limit // one))
    elif fits:
        ratio = f"R{SUBSCRIPTS[worst.index]}"
        way_out = say("Raise {ratio} to {least} or more, or choose a smaller image.", ratio=ratio, least=fits[0])
    one_picture = N_(
        "Following this picture would take {total}, and this app stops at {limit}: stage {stage} compares {queries:,}"
        " queries with {keys:,} keys in {maps} maps."
    )
    several = N_(
        "Following these {count} pictures would take {total}, and this app stops at {limit}: in each, stage {stage}"
        " compares {queries:,} queries with {keys:,} keys in {maps} maps."
    )
    too_much = say(
        one_picture if images == 1 else several,
        count=images,
        total=megabytes(total),
        limit=megabytes(limit),
        stage=worst.index,
        queries=worst.queries,
        keys=worst.keys,
        maps=worst.depth * worst.heads,
    )
    raise ValueError(joined(too_much, way_out))
