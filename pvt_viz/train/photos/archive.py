"""Tiny-ImageNet-200 from the zip that it is handed out as: nothing is unpacked, and everything is checked.

200 classes; `train` has 500 pictures of each, `val` 10,000 in all, every one 64×64 pixels with a box round the object.
The `test` part has no labels and is not read. For training and measuring only: no picture of it ships with the app.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pvt_viz.checkpoints.tiny_imagenet import WNIDS
from pvt_viz.config import Size

SIDE = 64
"""Pixels of a picture."""
Part = Literal["train", "val"]


class ArchiveError(ValueError):
    """A file that is not the data set; its text is one sentence."""


@dataclass(frozen=True)
class Layout:
    """What the archive has to hold."""

    classes: tuple[str, ...] = WNIDS
    train: int = 500
    """Pictures of every class."""
    val: int = 10_000
    """Pictures in all."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs with what is known of them."""

    images: Tensor
    """(n, 64, 64, 3), uint8."""
    labels: Tensor
    """(n,), into `Layout.classes`."""
    boxes: Tensor
    """(n, 4): left, top, right, bottom of the object, in pixels from 0 to 63, all inclusive."""

    def __len__(self) -> int:
        return len(self.labels)

    def masks(self, size: Size = (SIDE, SIDE)) -> Tensor:
        """(n, H, W) bool: the pixels of a picture of that size whose middle lies in the box."""
        y, x = ((torch.arange(side) + 0.5) * SIDE / side for side in size)
        left, top, right, bottom = (edge[:, None] for edge in self.boxes.float().unbind(dim=1))
        rows, columns = (y >= top) & (y < bottom + 1), (x >= left) & (x < right + 1)
        return rows[:, :, None] & columns[:, None, :]

    def some(self, chosen: slice | Tensor) -> "Photos":
        """Those of an index."""
        return Photos(self.images[chosen], self.labels[chosen], self.boxes[chosen])


def read(path: str | Path, part: Part, layout: Layout = Layout()) -> Photos:
    """One part of the archive at `path`; raises ArchiveError where it is missing, cut short or another one."""
    path = Path(path)
    if not path.is_file():
        raise ArchiveError(f"{path} is not there: --data wants the zip of Tiny-ImageNet-200 (tiny-imagenet-200.zip).")
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(_Folder(archive, _root(archive, path)), part, layout, path)
    except zipfile.BadZipFile as error:
        raise ArchiveError(f"{path.name} is no zip archive, or was cut short on its way: fetch it again.") from error


@dataclass(frozen=True)
class _Folder:
    """The data set's folder inside the archive."""

    archive: zipfile.ZipFile
    root: str

    def read(self, name: str) -> bytes:
        return self.archive.read(self.root + name)

    def lines(self, name: str) -> list[list[str]]:
        return [line.split() for line in self.read(name).decode("ascii").splitlines() if line.strip()]

    def picture(self, name: str) -> np.ndarray:
        image = Image.open(io.BytesIO(self.read(name)))
        if image.size != (SIDE, SIDE):
            raise ValueError(f"{image.width}×{image.height} pixels")
        return np.asarray(image.convert("RGB"))  # some are grey


def _root(archive: zipfile.ZipFile, path: Path) -> str:
    """The folder that holds `wnids.txt`, wherever it lies."""
    found = [name for name in archive.namelist() if name == "wnids.txt" or name.endswith("/wnids.txt")]
    if len(found) != 1:
        raise ArchiveError(
            f"{path.name} is another archive: Tiny-ImageNet-200 has one wnids.txt, this has {len(found)}."
        )
    return found[0].removesuffix("wnids.txt")


def _read(folder: _Folder, part: Part, layout: Layout, path: Path) -> Photos:
    listed = sorted(name for line in folder.lines("wnids.txt") for name in line)
    if listed != sorted(layout.classes):
        raise ArchiveError(
            f"{path.name} is another data set: its wnids.txt does not list the {len(layout.classes)} classes of"
            " Tiny-ImageNet-200."
        )
    try:
        rows = _train_rows(folder, layout) if part == "train" else _val_rows(folder, layout)
        counts = np.bincount([label for _, label, _ in rows], minlength=len(layout.classes))
        wanted = layout.train * len(layout.classes) if part == "train" else layout.val
        if len(rows) != wanted or (part == "train" and set(counts) != {layout.train}):
            raise ArchiveError(
                f"{path.name} is not complete: its part {part} has {len(rows):,} pictures, it should have {wanted:,}."
            )
        images = np.empty((len(rows), SIDE, SIDE, 3), np.uint8)
        for i, (name, _, _) in enumerate(rows):
            images[i] = folder.picture(name)
        boxes = torch.tensor([box for _, _, box in rows])
        if not ((boxes >= 0) & (boxes < SIDE)).all() or not (boxes[:, :2] <= boxes[:, 2:]).all():
            raise ValueError("a box lies outside its picture")
    except (KeyError, ValueError, OSError, SyntaxError) as error:  # what zipfile, the parsing and PIL raise
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"{path.name} is not complete, or damaged inside ({error}): fetch it again.") from error
    return Photos(torch.from_numpy(images), torch.tensor([label for _, label, _ in rows]), boxes)


_Row = tuple[str, int, list[int]]  # file, label, box


def _train_rows(folder: _Folder, layout: Layout) -> list[_Row]:
    return [
        (f"train/{wnid}/images/{name}", label, [int(edge) for edge in box])
        for label, wnid in enumerate(layout.classes)
        for name, *box in folder.lines(f"train/{wnid}/{wnid}_boxes.txt")
    ]


def _val_rows(folder: _Folder, layout: Layout) -> list[_Row]:
    label_of = {wnid: label for label, wnid in enumerate(layout.classes)}
    return [
        (f"val/images/{name}", label_of[wnid], [int(edge) for edge in box])
        for name, wnid, *box in folder.lines("val/val_annotations.txt")
    ]
