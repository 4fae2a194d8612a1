"""How numbers and symbols are written for people."""

import re

from pvt_viz.language import Sentence, say

SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
PREFIXES = "qryzafpnµm kMGTPEZYRQ"  # thousandths to the left of the blank, thousands to its right


def times(size: tuple[int, ...]) -> str:
    """(h, w): h×w."""
    return "×".join(map(str, size))


def megabytes(count: float) -> str:
    """Bytes, in powers of ten: 1 MB = 10⁶ bytes."""
    return si(round(count), "B")


def factor(ratio: float) -> Sentence:
    """How many times: 1.64×, 64×, 2,690×."""
    return say("{ratio}×", ratio=f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}")


def si(value: float, unit: str) -> str:
    """Three significant digits with the prefix that fits: 1.94 GMAC, 39.3 MB, 12.5 ms."""
    digits, power = f"{value:.2e}".split("e")  # rounded before the prefix is chosen: 999.6e6 is 1 G
    middle = PREFIXES.index(" ")
    thousands = max(-middle, min(int(power) // 3, middle)) if value else 0
    number = float(digits) * 10.0 ** (int(power) - 3 * thousands)
    return f"{number:.3g} {PREFIXES[middle + thousands].strip()}{unit}".strip()


def escaped(text: str) -> str:
    """A stranger's words (the name of a class, of a tensor), so that Markdown makes nothing of them."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|:$~-])", r"\\\1", text)
