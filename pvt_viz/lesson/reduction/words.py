"""What the Reduction page says of one stage: how its keys are made, and what that saves."""

from pvt_viz.config import StageShape
from pvt_viz.language import spaced, tr
from pvt_viz.walkthrough import window_size
from pvt_viz.words import factor, times


def how(shape: StageShape) -> str:
    """In a word or two."""
    return tr("pool {grid}", grid=times(shape.reduced_grid)) if shape.pool else f"R = {shape.reduction}"


def saving(shape: StageShape) -> str:
    """What one attention map has less than with every token as a key."""
    entries, full = shape.queries * shape.keys, shape.queries**2
    if not shape.reduces:
        return tr("R = 1: nothing is folded, every token is a key.")
    if entries >= full:
        sides = {"full": full, "pooled": times(shape.reduced_grid), "grid": times(shape.grid)}
        if entries == full:
            return tr(
                "That is as many as the {full:,} of full attention: pooled to {pooled}, {grid} tokens are no fewer"
                " keys.",
                **sides,
            )
        return tr(
            "That is more than the {full:,} of full attention: pooled to {pooled}, {grid} tokens are no fewer keys.",
            **sides,
        )
    saved = tr(
        "Only K and V shrink, Q does not: **{factor} fewer** than the {full:,} of full attention.",
        factor=factor(full / entries),
        full=full,
    )
    rows, columns = shape.unfolded
    if rows or columns:
        more = tr(
            "(More than R² = {square}, since {rows} rows and {columns} columns fill no square.)",
            square=shape.reduction**2,
            rows=rows,
            columns=columns,
        )
        return spaced(saved, more)
    return saved


def cut(shape: StageShape) -> list[str]:
    """How the tokens are shared out among the keys, in captions."""
    r, (rows, columns) = shape.reduction, shape.unfolded
    if shape.pool:
        size = times(window_size(shape))
        if not any(side % keys for side, keys in zip(shape.grid, shape.reduced_grid, strict=True)):
            return [tr("Each key is the mean of {size} tokens.", size=size)]
        if min(shape.grid) < shape.pool:
            return [
                tr(
                    "Each key is the mean of {size} tokens at most; there are fewer tokens than keys, so that keys"
                    " share them.",
                    size=size,
                )
            ]
        return [
            tr(
                "Each key is the mean of {size} tokens at most. {grid} does not divide by {pool}: the row or column"
                " between two close lines belongs to both windows.",
                size=size,
                grid=times(shape.grid),
                pool=shape.pool,
            )
        ]
    if r == 1:
        return [tr("R = 1: every square is one token; there is nothing to fold.")]
    captions = [
        tr(
            "Each square, laid end to end: {r}·{r}·{channels} = {count:,} numbers.",
            r=r,
            channels=shape.dim,
            count=r * r * shape.dim,
        )
    ]
    if rows or columns:
        captions.append(
            tr(
                "The last {rows} rows and {columns} columns fill no square: as keys they are dropped.",
                rows=rows,
                columns=columns,
            )
        )
    return captions


def token(place: tuple[int, int] | None) -> str:
    """A token by its place, or CLS."""
    if place is None:
        return "CLS"
    return tr("the token at row {row}, column {column}", row=place[0] + 1, column=place[1] + 1)
