"""What a traced picture and its network weigh, and the sentence for when that is too much."""

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import parts
from pvt_viz.cost.counted import BYTES
from pvt_viz.language import joined, say
from pvt_viz.words import SUBSCRIPTS, megabytes


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


def check(config: PVTConfig, *, trace_limit: int, fold_limit: int, largest_reduction: int) -> None:
    """ValueError, with a way out, where one image's trace or the network's folds would exceed a limit in bytes."""
    shapes = config.shapes()
    folds, heaviest_fold = sum(map(fold_bytes, shapes)), max(shapes, key=fold_bytes)
    if folds > fold_limit:
        way_out = say("Take a smaller network.")
        if heaviest_fold.reduction > 1:
            way_out = say("Lower {ratio}.", ratio=f"R{SUBSCRIPTS[heaviest_fold.index]}")
        too_much = say(
            "The folds would hold {folds} of weights, and this app stops at {limit}: SRA saves arithmetic, not"
            " parameters, and each of the {count} folds of stage {stage} has R²·C² = {weights:,}.",
            folds=megabytes(folds),
            limit=megabytes(fold_limit),
            count=heaviest_fold.depth,
            stage=heaviest_fold.index,
            weights=heaviest_fold.reduction**2 * heaviest_fold.dim**2,
        )
        raise ValueError(joined(too_much, way_out))
    total, worst = sum(map(trace_bytes, shapes)), max(shapes, key=trace_bytes)
    if total <= trace_limit:
        return
    share = trace_limit - (total - trace_bytes(worst))
    folds_more = len(shapes) > 1 and worst.pool is None
    allowed = range(worst.reduction + 1, min(largest_reduction, *worst.grid) + 1) if folds_more else ()
    fits = [r for r in allowed if trace_bytes(worst.with_reduction(r)) <= share]
    way_out = say("Take larger patches, or choose a smaller image.")
    if fits:
        ratio = f"R{SUBSCRIPTS[worst.index]}"
        way_out = say("Raise {ratio} to {least} or more, or choose a smaller image.", ratio=ratio, least=fits[0])
    too_much = say(
        "Following this picture would take {total}, and this app stops at {limit}: stage {stage} compares {queries:,}"
        " queries with {keys:,} keys in {maps} maps.",
        total=megabytes(total),
        limit=megabytes(trace_limit),
        stage=worst.index,
        queries=worst.queries,
        keys=worst.keys,
        maps=worst.depth * worst.heads,
    )
    raise ValueError(joined(too_much, way_out))
