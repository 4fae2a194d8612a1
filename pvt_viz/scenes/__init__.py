"""Pictures we draw, where the truth is known to the pixel: a network trained on them can be checked on every map.

The task: three shapes of different colours, and three small tags in the same colours. One tag has a white rim: it is
the cue. The answer is the shape of the cue's colour. Nothing else tells which shape is meant: not place, size or order.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pvt_viz.language import say
from pvt_viz.scenes.drawing import draw
from pvt_viz.scenes.layout import COLOURS, TAG, Layout, sample
from pvt_viz.scenes.shapes import SHAPES

__all__ = ["CLASSES", "COLOURS", "TASKS", "Scenes", "colours", "generate"]

CLASSES = tuple(SHAPES)
TASKS = {"cue": (3, 3), "cue alone": (3, 1), "single": (1, 0)}
"""name -> (shapes, tags)."""
LEAST_SIDE, MOST_SIDE = 32, 1024


@dataclass(frozen=True)
class Scenes:
    """A batch of pictures with their truth."""

    images: Tensor
    """(scene, 3, H, W), float32 in 0..1."""
    labels: Tensor
    """(scene,): the answer, a number into CLASSES."""
    masks: Tensor
    """(scene, H, W), bool: the pixels of the shape that is the answer."""
    shape_map: Tensor
    """(scene, H, W): 0 for ground and tags, 1 + a number into CLASSES for every shape, the answer or not.

    Where a larger tag than the usual one lies on a shape, what is under it counts.
    """
    layout: Layout
    clutter: float

    def recoloured(self, colour: str) -> "Scenes":
        """The same scenes with the cue in another of COLOURS: labels and masks follow.

        Raises ValueError for a colour that is unknown, or that no shape has.
        """
        if colour not in COLOURS:
            raise ValueError(
                say("colour={name!r} is not known; there are {known}.", name=colour, known=", ".join(COLOURS))
            )
        layout = self.layout.recoloured(COLOURS.index(colour))
        return _drawn(layout, tuple(self.images.shape[-2:]), self.clutter)


def generate(
    count: int = 8,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    *,
    task: str = "cue",
    clutter: float = 1.0,
    tag_size: float = TAG,
) -> Scenes:
    """`count` scenes of `size` pixels (a side, or (H, W)); the same arguments give the same pixels.

    `task` is "cue", "cue alone" (the cue without the other tags) or "single" (one shape, no tags); `clutter` in 0..1
    is how busy the ground is; `tag_size` is half the side of a tag, in shorter sides of the picture. The same seed at
    another size of the same aspect is the same scene in finer or coarser pixels. Raises ValueError for what is not so.
    """
    hw = (size, size) if _is_int(size) else size
    if not _is_int(count) or count < 1:
        raise ValueError(say("count={count!r} should be a positive whole number.", count=count))
    sides = isinstance(hw, tuple | list) and len(hw) == 2 and all(_is_int(side) for side in hw)
    if not sides or not all(LEAST_SIDE <= side <= MOST_SIDE for side in hw):
        raise ValueError(
            say(
                "size={size!r} should be a side, or (H, W), of {least} to {most} pixels.",
                size=size,
                least=LEAST_SIDE,
                most=MOST_SIDE,
            )
        )
    if not _is_int(seed) or not 0 <= seed < 1 << 32:  # torch's generator would forget the bits above
        raise ValueError(say("seed={seed!r} should be a whole number, 0 to 2³² - 1.", seed=seed))
    if not isinstance(task, str) or task not in TASKS:
        raise ValueError(say("task={task!r} should be one of {known}.", task=task, known=", ".join(TASKS)))
    if not _is_number(clutter) or not 0 <= clutter <= 1:
        raise ValueError(say("clutter={value!r} should lie in 0..1.", value=clutter))
    if not _is_number(tag_size) or not 0.03 <= tag_size <= 0.25:
        raise ValueError(say("tag_size={value!r} should lie in 0.03..0.25.", value=tag_size))
    hw = tuple(hw)
    generator = torch.Generator().manual_seed(seed)
    extent = (hw[0] / min(hw), hw[1] / min(hw))
    shapes, tags = TASKS[task]
    return _drawn(sample(count, extent, generator, shapes=shapes, tags=tags, tag_size=tag_size), hw, clutter)


def _is_int(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=1024)
def colours(seed: int) -> tuple[str, ...]:
    """Of the shapes of `generate(1, seed=seed)`, a square scene of the cue task: the answer's first."""
    layout = sample(1, (1.0, 1.0), torch.Generator().manual_seed(seed), shapes=TASKS["cue"][0], tags=TASKS["cue"][1])
    return tuple(COLOURS[colour] for colour in layout.tag_colour[0].tolist())


def _drawn(layout: Layout, size: tuple[int, int], clutter: float) -> Scenes:
    images, places = draw(layout, size, clutter=clutter)
    kinds = torch.cat([torch.zeros(len(images), 1, dtype=torch.long), layout.kind + 1], dim=1)
    return Scenes(
        images=images,
        labels=layout.labels,
        masks=places == layout.target[:, None, None] + 1,
        shape_map=kinds.gather(1, places.flatten(1)).view_as(places),
        layout=layout,
        clutter=clutter,
    )
