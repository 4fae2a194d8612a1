"""What is in a scene, before a pixel is drawn: shapes, tags and ground, as numbers that can be changed.

Lengths are in units of the picture's shorter side; places are (y, x), down and to the right from the upper left corner.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pvt_viz.language import N_, say
from pvt_viz.scenes.shapes import SHAPES

COLOURS = (N_("red"), N_("yellow"), N_("green"), N_("cyan"), N_("blue"), N_("magenta"))
"""A colour's number is its place here; `tr` tells it to readers."""
TAG = 0.058
"""Half the side of a tag, its rim included, unless training asks for larger ones."""
TRIES = 48
TURN = 0.45  # radians to either side: a half disc stays told from a disc, and an arrow shows any way up


@dataclass(frozen=True)
class Layout:
    """A batch of scenes. Of its tags one has a white rim; the answer is the shape of that tag's colour.

    The single-shape task has one shape and no tags.
    """

    extent: tuple[float, float]
    """(height, width) of every picture; the shorter is 1."""
    kind: Tensor
    """(scene, shape): which of SHAPES."""
    place: Tensor
    """(scene, shape, 2): centres."""
    radius: Tensor
    """(scene, shape)."""
    angle: Tensor
    """(scene, shape): radians."""
    colour: Tensor
    """(scene, shape): which of COLOURS; all different within a scene."""
    tint: Tensor
    """(scene, shape, 3): how far hue, saturation and value are from that colour's own, in -1..1."""
    tag_place: Tensor
    """(scene, tag, 2)."""
    tag_colour: Tensor
    """(scene, tag): which of COLOURS; tag 0 has the white rim."""
    tag_tint: Tensor
    """(scene, tag, 3)."""
    tag_size: float
    """Half the side of every tag, its rim included."""
    ground: tuple[Tensor, ...]
    """Noise from coarse to fine, each (scene, channel, row, column): the texture behind everything."""
    strokes: Tensor
    """(scene, stroke, 8) in 0..1: clutter; two ends, width, grey, opacity, and one to spare."""

    @property
    def target(self) -> Tensor:
        """(scene,): which of the scene's shapes is the answer."""
        if not self.tag_colour.shape[1]:
            return torch.zeros(len(self.kind), dtype=torch.long)
        return (self.colour == self.tag_colour[:, :1]).long().argmax(dim=1)

    @property
    def labels(self) -> Tensor:
        """(scene,): the answer, which of SHAPES."""
        return self.kind.gather(1, self.target[:, None])[:, 0]

    def recoloured(self, colour: int) -> "Layout":
        """The same scenes with the cue in another colour; the tag that had it takes the old one in exchange.

        Raises ValueError where a scene has no shape of that colour, since then no answer would be right, or no cue.
        """
        for scene in self.colour.tolist() if self.tag_colour.shape[1] else [()]:
            if colour not in scene:
                name, offered = COLOURS[colour], ", ".join(COLOURS[there] for there in scene)
                if not offered:
                    raise ValueError(
                        say("colour={name!r} cannot be the cue's in a scene: there are no tags.", name=name)
                    )
                raise ValueError(
                    say(
                        "colour={name!r} cannot be the cue's in a scene: there are {offered}.",
                        name=name,
                        offered=offered,
                    )
                )
        swapped = torch.where(self.tag_colour == colour, self.tag_colour[:, :1], self.tag_colour)
        swapped[:, 0] = colour
        return replace(self, tag_colour=swapped)


def sample(
    count: int,
    extent: tuple[float, float],
    generator: torch.Generator,
    *,
    shapes: int,
    tags: int,
    tag_size: float = TAG,
) -> Layout:
    """`count` scenes, all drawn alike: nothing about a shape but its colour tells whether it is the answer.

    `tags` is how many of the shapes have a tag of their colour.
    """

    def uniform(*size, low=0.0, high=1.0):
        return torch.rand(*size, generator=generator) * (high - low) + low

    def shuffled(options: int, take: int):
        """(scene, take): different numbers below `options`."""
        return uniform(count, options).argsort(dim=1)[:, :take]

    radius = uniform(count, shapes, low=0.135, high=0.19)
    sizes = torch.cat([radius, torch.full((count, tags), tag_size * 1.3)], dim=1)
    places = _places(sizes, extent, generator)
    colour = shuffled(len(COLOURS), shapes)
    # Every tag has the colour of one shape, in an order of its own.
    tag_colour = colour.gather(1, shuffled(shapes, shapes))[:, :tags]
    return Layout(
        extent=extent,
        kind=shuffled(len(SHAPES), shapes),
        place=places[:, :shapes],
        radius=radius,
        angle=uniform(count, shapes, low=-TURN, high=TURN),
        colour=colour,
        tint=uniform(count, shapes, 3, low=-1.0),
        tag_place=places[:, shapes:],
        tag_colour=tag_colour,
        tag_tint=uniform(count, tags, 3, low=-1.0),
        tag_size=tag_size,
        ground=tuple(torch.randn(count, 3, side, side, generator=generator) for side in (3, 9, 40)),
        strokes=uniform(count, 10, 8),
    )


def _places(sizes: Tensor, extent: tuple[float, float], generator: torch.Generator) -> Tensor:
    """(scene, thing, 2): centres at which nothing of these sizes (scene, thing) touches another or the border.

    Things are set one after the other, each at the first of some random places that is free, else at the freest.
    """
    count, things = sizes.shape
    tries = torch.rand(count, things, TRIES, 2, generator=generator)
    room = torch.tensor(extent) - 2 * sizes[..., None]
    tries = tries * room[:, :, None] + sizes[..., None, None]
    placed = torch.zeros(count, things, 2)
    for i in range(things):
        here = tries[:, i]  # (scene, try, 2)
        if i:
            apart = torch.cdist(here, placed[:, :i]) - sizes[:, None, :i] - sizes[:, i, None, None]
            gap = apart.min(dim=2).values  # (scene, try)
            free = gap > 0.01
            best = torch.where(free.any(dim=1), free.long().argmax(dim=1), gap.argmax(dim=1))
        else:
            best = torch.zeros(count, dtype=torch.long)
        placed[:, i] = here[torch.arange(count), best]
    return placed
