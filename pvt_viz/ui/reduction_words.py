"""What the Reduction page says of one stage: how its keys are made, and what that saves."""

from pvt_viz.config import StageShape
from pvt_viz.walkthrough import window_size
from pvt_viz.words import factor, times


def how(shape: StageShape) -> str:
    """In a word or two."""
    return f"pool {times(shape.reduced_grid)}" if shape.pool else f"R = {shape.reduction}"


def saving(shape: StageShape) -> str:
    """What one attention map has less than with every token as a key."""
    entries, full = shape.queries * shape.keys, shape.queries**2
    if not shape.reduces:
        return "R = 1: nothing is folded, every token is a key."
    if entries >= full:
        many = "as many as" if entries == full else "more than"
        return (
            f"That is {many} the {full:,} of full attention: pooled to {times(shape.reduced_grid)},"
            f" {times(shape.grid)} tokens are no fewer keys."
        )
    saved = f"Only K and V shrink, Q does not: **{factor(full / entries)} fewer** than the {full:,} of full attention."
    rows, columns = shape.unfolded
    if rows or columns:
        saved += f" (More than R² = {shape.reduction**2}, since {rows} rows and {columns} columns fill no square.)"
    return saved


def cut(shape: StageShape) -> list[str]:
    """How the tokens are shared out among the keys, in captions."""
    r, (rows, columns) = shape.reduction, shape.unfolded
    if shape.pool:
        mean = f"Each key is the mean of {times(window_size(shape))} tokens"
        if not any(side % keys for side, keys in zip(shape.grid, shape.reduced_grid, strict=True)):
            return [f"{mean}."]
        if min(shape.grid) < shape.pool:
            return [f"{mean} at most; there are fewer tokens than keys, so that keys share them."]
        return [
            f"{mean} at most. {times(shape.grid)} does not divide by {shape.pool}: the row or column between two close"
            " lines belongs to both windows."
        ]
    if r == 1:
        return ["R = 1: every square is one token; there is nothing to fold."]
    captions = [f"Each square, laid end to end: {r}·{r}·{shape.dim} = {r * r * shape.dim:,} numbers."]
    if rows or columns:
        captions.append(f"The last {rows} rows and {columns} columns fill no square: as keys they are dropped.")
    return captions
