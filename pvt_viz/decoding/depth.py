"""Samples deeper than 8 bits -> 8 bits: which value is white, by what the file says, else by the data.

A 16-bit file may hold the 12 bits of a camera, a float file anything: shown by the container's full scale, such
pictures are nearly black. What is chosen here is told, since it is an assumption more often than not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pvt_viz.language import Sentence, joined, say

MAX_BYTES = 320_000_000
"""What the samples of one picture may take: 40 megapixels of RGBA with 16 bits."""
_FULL_SCALES = (1, 255, 1023, 4095, 16383, 65535)  # a mask, then the bits of files, cameras and scanners
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_BAND = 1 << 20  # samples at a time: what is computed on the way stays small beside the picture


@dataclass(frozen=True)
class Scale:
    """The values that are shown as 0 and 255, and a sentence on how they were found."""

    black: float
    white: float
    note: Sentence


def picture(
    values: np.ndarray,
    colours: int,
    bits: int,
    *,
    significant: int | None = None,
    said: tuple[float, float] | None = None,
    key: int | tuple[int, ...] | None = None,
    premultiplied: bool = False,
    inverted: bool = False,
) -> tuple[Image.Image, Sentence]:
    """`(H, W, sample)` of integers or floats -> 8 bits in mode L, LA, RGB, RGBA or CMYK, and how white was found.

    `colours` of the samples (1, 3 or 4) are colours, one more an alpha, by which they may be `premultiplied`; the
    file has `bits` for each. `significant` is how many of these it says to matter (PNG's sBIT), `said` its own
    black and white, `key` the colour that is transparent; `inverted`: it calls 0 white.
    """
    colour = values[..., :colours]
    scale = choose(colour, bits, significant=significant, said=said)
    shown = to_8_bits(colour, scale.black, scale.white)
    alpha = None
    if values.shape[-1] > colours:
        alpha = to_8_bits(values[..., colours], 0, _opaque(values[..., colours], bits, scale.white))
        if premultiplied:
            _divide(shown, alpha)
    elif key is not None:
        alpha = np.where((colour == np.asarray(key)).all(axis=-1), np.uint8(0), np.uint8(255))
    if inverted:
        np.subtract(255, shown, out=shown)
    image = Image.fromarray(shown[..., 0] if colours == 1 else shown, _MODES[colours])
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    note = scale.note
    if inverted:
        note = joined(note, say("But the file is inverted: in it, this value is black and 0 is white."))
    return image, note


def choose(
    values: np.ndarray,
    bits: int,
    *,
    significant: int | None = None,
    said: tuple[float, float] | None = None,
) -> Scale:
    """Black and white for `values`, colour samples `(H, W, sample)` of integers or floats, `bits` each in the file.

    `significant` is how many of the bits the file says to matter (PNG's sBIT), `said` its own black and white.
    """
    low, high, strange = _range(values)
    scale = _said(said) if said else _found(values, bits, significant, low, high)
    if not strange:
        return scale
    return Scale(scale.black, scale.white, joined(scale.note, say("Samples that are no numbers are black.")))


def to_8_bits(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """uint8 of the same shape: `black` and below is 0, `white` and above 255. NaN is 0; so is all if they are equal."""
    found = np.zeros(values.shape, np.uint8)
    # float32 has 24 bits: enough for 8 of whole numbers of 16, not for the difference of two large ones.
    working = np.float32 if values.dtype.itemsize <= 2 else np.float64
    if not white > black:
        return found
    with np.errstate(all="ignore"):
        for rows, band in zip(_bands(found), _bands(values), strict=True):
            grey = band.astype(working)
            np.nan_to_num(grey, copy=False, nan=black, posinf=white, neginf=black)
            grey /= white - black
            grey -= black / (white - black)
            grey *= 255
            rows[...] = np.rint(grey, out=grey).clip(0, 255, out=grey)
    return found


def _opaque(alpha: np.ndarray, bits: int, white: float) -> float:
    """The value of an opaque pixel: that of white, unless some of `alpha` are larger."""
    high = _range(alpha)[1]
    if alpha.dtype.kind == "f":
        return 1.0 if high <= 1 else max(high, white)
    return white if high <= white else float(2**bits - 1)


def _divide(shown: np.ndarray, alpha: np.ndarray) -> None:
    """Colours that were multiplied by their alpha, `(H, W, colour)` and `(H, W)`, become themselves."""
    for rows, by in zip(_bands(shown), _bands(alpha, shown[0].size), strict=True):
        rows[...] = np.rint(rows * 255.0 / np.maximum(by, 1)[..., None]).clip(0, 255)


def _said(said: tuple[float, float]) -> Scale:
    black, white = said
    return Scale(
        black, white, say("As the file says, {black:g} is black and {white:g} white.", black=black, white=white)
    )


def _found(values: np.ndarray, bits: int, significant: int | None, low: float, high: float) -> Scale:
    if low < 0:
        return Scale(
            low,
            high,
            say(
                "Its values go from {low:g} to {high:g}: the lowest is taken for black, the highest for white.",
                low=low,
                high=high,
            ),
        )
    floats = values.dtype.kind == "f"
    if not floats and significant and significant < bits:
        # By the standard such samples are scaled to all bits; many programs write them as they are.
        white = 2**significant - 1 if high < 2**significant else 2**bits - 1
        return Scale(
            0,
            white,
            say(
                "The file says that {significant} of its {bits} bits matter: {white} is taken for white.",
                significant=significant,
                bits=bits,
                white=white,
            ),
        )
    if not floats and bits < 16:
        white = 2**bits - 1
        return Scale(0, white, say("The file has {bits} bits a sample: {white} is white.", bits=bits, white=white))
    white = _full_scale(values, bits, high)
    return Scale(
        0,
        white,
        say(
            "The file does not say which value is white: {white:g} was taken, since its largest is {high:g}.",
            high=high,
            white=white,
        ),
    )


def _full_scale(values: np.ndarray, bits: int, high: float) -> float:
    """The first usual full scale that no value exceeds, else the largest value."""
    floats = values.dtype.kind == "f"
    if floats and high <= 1:
        return 1.0
    if floats and not _all(values, lambda band: band == np.rint(band)):
        return high
    if not floats and high == 0:
        return float(2**bits - 1)
    # 8 bits that were stretched to 16 are multiples of 257, and as dark as they are.
    if bits == 16 and high > 255 and high % 257 == 0 and _all(values, lambda band: band % 257 == 0):
        return 65535.0
    return float(next((white for white in _FULL_SCALES if high <= white), high))


def _range(values: np.ndarray) -> tuple[float, float, bool]:
    """The smallest and the largest number, 0 and 0 if there is none, and whether any sample is none."""
    if values.dtype.kind != "f":
        return float(values.min()), float(values.max()), False
    low, high, strange = np.inf, -np.inf, False
    for band in _bands(values):
        finite = np.isfinite(band)
        strange = strange or bool(np.isnan(band).any())
        low = min(low, float(band.min(where=finite, initial=np.inf)))
        high = max(high, float(band.max(where=finite, initial=-np.inf)))
    return (low, high, strange) if low <= high else (0.0, 0.0, strange)


def _all(values: np.ndarray, fits) -> bool:
    with np.errstate(all="ignore"):
        return all(bool((fits(band) | ~np.isfinite(band)).all()) for band in _bands(values))


def _bands(values: np.ndarray, row: int | None = None) -> Iterator[np.ndarray]:
    """Views of some rows each, as many as if a row had `row` samples (None: what it has)."""
    rows = max(1, _BAND // (row or values[0].size))
    for top in range(0, len(values), rows):
        yield values[top : top + rows]
