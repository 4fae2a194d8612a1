"""How numbers and symbols are written for people."""

SUBSCRIPTS = "₀₁₂₃₄"


def times(size: tuple[int, int]) -> str:
    """(h, w): h×w."""
    return f"{size[0]}×{size[1]}"


def megabytes(count: float) -> str:
    """Bytes, in powers of ten: 1 MB = 10⁶ bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
