"""The pictures there are to look at: samples, drawn scenes, and those that a visitor brings.

The last are kept for the visit only; a file that cannot be read changes nothing.
"""

import hashlib
import threading
from dataclasses import dataclass, field

import streamlit as st
from PIL import Image

from pvt_viz import images, samples, scenes
from pvt_viz.choices.selection import SEEDS_FROM, Selection
from pvt_viz.config import Size
from pvt_viz.figures import truth
from pvt_viz.language import say
from pvt_viz.scenes import Scenes

LONGEST_SIDE = 1536  # enough for every image size on offer, and little to hold for thirty visitors
_KEPT, _PROBLEMS = "own_pictures", "own_picture_problems"
_COOKIE = "_streamlit_xsrf"
_decoding = threading.BoundedSemaphore(2)  # the largest pictures take up to 0.8 GB while they are decoded


def withheld() -> bool:
    """Whether the browser holds back the cookie that an upload needs, as it does in a frame of another site."""
    asked = bool(st.context.headers) and st.get_option("server.enableXsrfProtection")
    return asked and _COOKIE not in st.context.cookies


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
        with _decoding:
            found = images.decode(data)
            found.image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        alt = say("Your picture: {title}", title=title)
        digest = hashlib.sha256(data).hexdigest()[:16]
        return cls(found.image, title, alt, "", f"own:{digest}", private=True, notes=found.notes)


def receive(source: str, data: bytes | None, title: str) -> None:
    """A visitor has chosen a file, or (None) taken it back. What cannot be read leaves the picture before it."""
    problems = st.session_state.setdefault(_PROBLEMS, {})
    pictures = st.session_state.setdefault(_KEPT, {})
    problems.pop(source, None)
    if data is None:
        pictures.pop(source, None)
        return
    try:
        pictures[source] = Picture.own(data, title)
    except images.ImageError as error:
        problems[source] = error.args[0]


def kept(source: str) -> Picture | None:
    """The last picture from there that could be read."""
    return st.session_state.get(_KEPT, {}).get(source)


def problem(source: str) -> str | None:
    """What was wrong with the last file from there."""
    return st.session_state.get(_PROBLEMS, {}).get(source)


def forget() -> None:
    """Let go of every picture that the visitor brought."""
    st.session_state.pop(_KEPT, None)
    st.session_state.pop(_PROBLEMS, None)


@st.cache_resource(max_entries=64, show_spinner=False)
def _scene(size: Size, seed: int, clutter: int, cue: str | None, task: str) -> Scenes:
    drawn = scenes.generate(1, size, SEEDS_FROM + seed, task=task, clutter=clutter / 100)
    return drawn.recoloured(cue) if cue else drawn


@st.cache_resource(show_spinner=False)
def _sample_image(name: str) -> Image.Image:
    return samples.load(name)
