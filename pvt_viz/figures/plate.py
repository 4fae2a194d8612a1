"""A picture that can be taken away: what is shown, the words around it, and the numbers that it was painted from.

`plate_paper` draws it for print and slides; here are its numbers as files.
"""

import io
import json
from csv import writer
from dataclasses import dataclass, field

import numpy as np

from pvt_viz.figures.colour import COLOUR_MAPS

ABOUT = ("axes", "scale", "setting")
"""What an .npz says beside its arrays, each as JSON."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What the colours of a picture mean: the two ends, and in a note of what they are and whether it is shared."""

    colour_map: str
    low: float
    high: float
    note: str
    form: str = ".2f"
    """How the ends are written: a format specification."""

    def __post_init__(self) -> None:
        if self.colour_map not in COLOUR_MAPS:
            raise ValueError(f"colour_map={self.colour_map!r} is not offered; there are {', '.join(COLOUR_MAPS)}.")

    @property
    def ends(self) -> tuple[str, str]:
        """Both in words."""
        return f"{self.low:{self.form}}", f"{self.high:{self.form}}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Plate:
    """A painted picture with its caption, colour scale and numbers. Words are in the reader's language already.

    `name` is an identifier, for files. `axes` names the axes of each array of `numbers`, "h w" or "key channel"; the
    first array is the one that the picture shows. `setting` is what the numbers were made for.
    """

    name: str
    title: str
    caption: str
    alt: str
    pixels: np.ndarray
    """(row, column, RGB), uint8: as it is shown."""
    scale: Scale | None = None
    numbers: dict[str, np.ndarray]
    axes: dict[str, str]
    setting: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or not self.pixels.size:
            found = f"{self.pixels.dtype} {self.pixels.shape}"
            raise ValueError(f"pixels of plate {self.name!r} are {found}; they should be uint8 (row, column, 3).")
        if not self.numbers or self.numbers.keys() != self.axes.keys() or self.numbers.keys() & set(ABOUT):
            raise ValueError(
                f"plate {self.name!r} has the numbers {', '.join(self.numbers) or 'of nothing'} and axes of"
                f" {', '.join(self.axes) or 'nothing'}: they should be the same, and none is called {', '.join(ABOUT)}."
            )
        for name, values in self.numbers.items():
            if len(self.axes[name].split()) != values.ndim:
                raise ValueError(
                    f"axes[{name!r}]={self.axes[name]!r} of plate {self.name!r} should name {values.ndim} axes."
                )

    @property
    def tabular(self) -> bool:
        """Whether what the picture shows fits a table: at most two axes."""
        return next(iter(self.numbers.values())).ndim <= 2

    @property
    def origin(self) -> str:
        """The setting in one line."""
        return ", ".join(self.setting.values())


def npz(plate: Plate) -> bytes:
    """Every array under its name; `axes`, `scale` (where there is one) and `setting` are JSON in strings."""
    about = {"axes": plate.axes, "setting": plate.setting}
    if plate.scale:
        scale = plate.scale
        about["scale"] = {"colour_map": scale.colour_map, "low": scale.low, "high": scale.high, "note": scale.note}
    out = io.BytesIO()
    told = {name: np.array(json.dumps(value, ensure_ascii=False)) for name, value in about.items()}
    np.savez_compressed(out, **plate.numbers, **told)
    return out.getvalue()


def csv(plate: Plate) -> bytes:
    """The array that the picture shows, a row for each value: its place on each axis, from 0, the value, the setting.

    UTF-8; numbers in as many digits as bring back the same ones. Raises ValueError for more than two axes.
    """
    name, values = next(iter(plate.numbers.items()))
    if not plate.tabular:
        raise ValueError(f"{name} of plate {plate.name!r} has the axes {plate.axes[name]}: too many for a table.")
    out = io.StringIO()
    rows = writer(out, lineterminator="\n")
    rows.writerow((*plate.axes[name].split(), name, "setting"))
    rows.writerows((*place, str(value), plate.origin) for place, value in np.ndenumerate(values))
    return out.getvalue().encode()
