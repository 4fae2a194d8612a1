"""From picture to picture: read some, trace them together, write their files; what is there already is left alone."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from pvt_viz import budget, images
from pvt_viz.language import tr
from pvt_viz.maps import arrays, overlays
from pvt_viz.maps.folder import Answer, Folder
from pvt_viz.maps.pictures import named
from pvt_viz.maps.wanted import Chosen
from pvt_viz.models import PVT
from pvt_viz.tracing import Trace, trace

MOST = 5
"""Answers a picture."""


@dataclass
class Outcome:
    """What a call has done."""

    before: int
    """Pictures that were finished already."""
    written: int = 0
    refused: int = 0


def settings(model: PVT) -> dict[str, object]:
    """What a network's maps depend on, apart from the picture."""
    config = model.config
    return {
        "model": config.name,
        "weights": _digest(model),
        "image_size": config.image_hw,
        "patch_sizes": config.patch_sizes,
        "reductions": config.reductions,
    }


def check(model: PVT) -> None:
    """Raises ValueError, with a sentence, where no picture at all could be followed through this network."""
    budget.check_trace(model.config.shapes(), budget.limit(budget.TRACES))
    images.to_tensor(Image.new("RGB", (images.MIN_SIDE, images.MIN_SIDE)), model.config)


def write(
    pictures: Sequence[Path], model: PVT, chosen: Sequence[Chosen], folder: Folder, *, batch: int, png: bool
) -> Outcome:
    """Maps of all pictures that `folder` does not have yet, up to `batch` at once, with a bar on a terminal.

    A picture that cannot be used is a line in the folder's log. Raises OSError where the folder cannot be written to.
    """
    names = named(pictures, folder.names)
    missing = [picture for picture in pictures if not folder.has(picture)]
    outcome = Outcome(before=len(pictures) - len(missing))
    frame = arrays.frame(chosen, folder.settings)
    at_once = _at_once(model, batch)
    try:
        with tqdm(total=len(pictures), initial=outcome.before, unit=" pictures", disable=None) as bar:
            for start in range(0, len(missing), at_once):
                some = missing[start : start + at_once]
                for picture, image, found, answers in _followed(some, model, chosen, folder):
                    drawn = overlays.pngs(image, found, chosen, model.config) if png else ()
                    folder.keep(picture, names[picture], arrays.npz(found | frame), drawn, answers)
                    outcome.written += 1
                bar.update(len(some))
    finally:
        if model.weights.classes:
            folder.write_answers()
    outcome.refused = len(missing) - outcome.written
    return outcome


def _followed(
    pictures: Sequence[Path], model: PVT, chosen: Sequence[Chosen], folder: Folder
) -> Iterator[tuple[Path, Image.Image, dict[str, np.ndarray], list[Answer]]]:
    """Of those that can be used: the picture, its maps and what the network answers."""
    opened = {picture: image for picture in pictures if (image := _opened(picture, folder)) is not None}
    if not opened:
        return
    traced = trace(model, torch.cat([images.to_tensor(image, model.config) for image in opened.values()]))
    for index, (picture, image) in enumerate(opened.items()):
        found = arrays.maps(traced, index, chosen)
        if all(np.isfinite(values).all() for values in (traced.logits[index].numpy(), *found.values())):
            yield picture, image, found, _answers(traced, index)
        else:
            folder.log(picture, tr("In this network its numbers grow until they are none (NaN or infinite)."))


def _opened(picture: Path, folder: Folder) -> Image.Image | None:
    try:
        return images.read(picture.read_bytes())
    except OSError as error:
        folder.log(picture, error.strerror or str(error))
    except ValueError as error:
        folder.log(picture, tr(error))
    return None


def _answers(traced: Trace, index: int) -> list[Answer]:
    """The likeliest first; none of a network without a head, or whose answers have no names."""
    classes = traced.weights.classes
    chances = traced.logits[index].softmax(dim=-1)
    best = chances.argsort(descending=True)[:MOST].tolist() if classes else ()
    return [(number, tr(classes[number]), float(chances[number])) for number in best]


def _at_once(model: PVT, batch: int) -> int:
    """How many pictures are followed together: as many as may be kept at once, at most `batch`."""
    one = sum(map(budget.trace_bytes, model.config.shapes()))
    return max(1, min(batch, budget.limit(budget.TRACES) // one))


def _digest(model: PVT) -> str:
    """Equal for equal weights."""
    found = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(values.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()[:16]
