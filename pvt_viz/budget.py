"""What a trace's attention maps weigh, and the sentence for when that is too much."""

from pvt_viz.config import PVTConfig, StageShape

BYTES_PER_ENTRY = 4  # float32


def stage_bytes(shape: StageShape) -> int:
    """Bytes of the attention maps of one stage, all blocks and heads, one image."""
    return shape.map_entries * BYTES_PER_ENTRY


def check(config: PVTConfig, limit: int) -> None:
    """ValueError, with a way out, where the maps of one image would exceed `limit` bytes."""
    shapes = config.shapes()
    total = sum(map(stage_bytes, shapes))
    if total <= limit:
        return
    worst = max(shapes, key=stage_bytes)
    share = limit - (total - stage_bytes(worst))
    fits = [r for r in range(worst.reduction + 1, min(worst.grid) + 1) if _bytes_at(worst, r) <= share]
    way_out = f"Raise R_{worst.index} to {fits[0]} or more" if fits and len(shapes) > 1 else "Take larger patches"
    raise ValueError(
        f"The attention maps would weigh {megabytes(total)}, and this app stops at {megabytes(limit)}: stage"
        f" {worst.index} compares {worst.queries:,} queries with {worst.keys:,} keys in {worst.depth * worst.heads}"
        f" maps. {way_out}, or choose a smaller image."
    )


def _bytes_at(shape: StageShape, reduction: int) -> int:
    keys = shape.n_prefix + (shape.grid[0] // reduction) * (shape.grid[1] // reduction)
    return shape.depth * shape.heads * shape.queries * keys * BYTES_PER_ENTRY


def megabytes(count: float) -> str:
    """Bytes for people, in powers of ten: 1 MB = 10⁶ bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
