"""The pictures there are to look at: samples, drawn scenes, and those that somebody brings."""

import hashlib
from dataclasses import dataclass, field
from functools import cache, lru_cache

from PIL import Image

from pvt_viz import images, samples, scenes
from pvt_viz.choices.selection import SCENE, SEEDS_FROM, Selection, SizeOf
from pvt_viz.config import Size
from pvt_viz.figures import truth
from pvt_viz.language import say
from pvt_viz.scenes import Scenes

LONGEST_SIDE = 1536  # enough for every image size on offer, and little to hold for thirty visitors
MULTIPLE = 32
"""Pixels: the sides of a whole picture are multiples of it."""


@dataclass(frozen=True)
class Picture:
    """A picture to look at: its pixels, its name, and whether it belongs to one visitor alone.

    What is said of it (`title` unless it is private, `alt`, `credit`, `notes`) is translated where it is shown.
    """

    image: Image.Image
    title: str
    alt: str
    credit: str
    digest: str
    private: bool
    scenes: Scenes | None = field(default=None, compare=False)
    """The truth about a drawn picture: a batch of one."""
    notes: tuple[str, ...] = ()
    """What had to be assumed when its file was read."""

    @classmethod
    def of(cls, selection: Selection) -> "Picture":
        """The sample or the scene that is chosen."""
        if not selection.drawn:
            return cls.sample(selection.picture)
        return cls.scene(selection.image_size, selection.seed, selection.clutter, selection.cue)

    @classmethod
    def scene(cls, size: Size, seed: int, clutter: int, cue: str | None, task: str = "cue") -> "Picture":
        """A drawn scene; a `cue` of None leaves the cue's colour as it was drawn."""
        drawn = _scene(size, seed, clutter, cue, task)
        alt = say("A drawn scene: {scene}.", scene=truth.describe(drawn))
        digest = f"scene:{task}:{seed}:{clutter}:{cue}"
        return cls(images.from_tensor(drawn.images)[0], say("Scene {seed}", seed=seed), alt, "", digest, False, drawn)

    @classmethod
    def sample(cls, name: str) -> "Picture":
        found = samples.SAMPLES[name]
        return cls(_sample_image(name), found.title, found.alt, found.credit, f"sample:{name}", private=False)

    @classmethod
    def own(cls, data: bytes, title: str) -> "Picture":
        """Raises ImageError, with a sentence, for bytes that are no picture."""
        found = images.decode(data)
        found.image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        alt = say("Your picture: {title}", title=title)
        digest = hashlib.sha256(data).hexdigest()[:16]
        return cls(found.image, title, alt, "", f"own:{digest}", private=True, notes=found.notes)


def size_of(own: Picture | None) -> SizeOf:
    """How large the chosen picture becomes: `own`, or where that is None the one that is named."""

    def size(picture: str, crop: str, side: int) -> Size:
        if crop == "square" or (own is None and picture == SCENE):
            return side, side
        return images.whole_size((own or Picture.sample(picture)).image, side, MULTIPLE)

    return size


@lru_cache(maxsize=64)
def _scene(size: Size, seed: int, clutter: int, cue: str | None, task: str) -> Scenes:
    drawn = scenes.generate(1, size, SEEDS_FROM + seed, task=task, clutter=clutter / 100)
    return drawn.recoloured(cue) if cue else drawn


@cache
def _sample_image(name: str) -> Image.Image:
    return samples.load(name)
