"""The picture that a visitor brings, kept for the visit only; one that cannot be read changes nothing."""

import hashlib
from dataclasses import dataclass

import streamlit as st
from PIL import Image

from pvt_viz import images, samples

LONGEST_SIDE = 1536  # enough for every image size on offer, and little to hold for thirty visitors
_KEPT = "uploaded_picture"


@dataclass(frozen=True)
class Picture:
    """A picture to look at: its pixels, its name, and whether it belongs to one visitor alone."""

    image: Image.Image
    title: str
    alt: str
    credit: str
    digest: str
    private: bool

    @classmethod
    def sample(cls, name: str) -> "Picture":
        found = samples.SAMPLES[name]
        return cls(_sample_image(name), found.title, found.alt, found.credit, f"sample:{name}", private=False)

    @classmethod
    def upload(cls, data: bytes, title: str) -> "Picture":
        """Raises ImageError, with a sentence, for bytes that are no picture."""
        image = images.read(data)
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        return cls(image, title, f"Your picture, {title}.", "", _digest(data), private=True)


def receive(data: bytes, title: str) -> str | None:
    """Keep this picture for the visit; returns the sentence to show when it cannot be read."""
    known = kept()
    if known and known.digest == _digest(data):
        return None  # a script run for another reason: no need to decode it again
    try:
        st.session_state[_KEPT] = Picture.upload(data, title)
    except images.ImageError as error:
        return str(error)
    return None


def kept() -> Picture | None:
    """The last picture of this visit that could be read."""
    return st.session_state.get(_KEPT)


def _digest(data: bytes) -> str:
    return f"upload:{hashlib.sha256(data).hexdigest()[:16]}"


@st.cache_resource(show_spinner=False)
def _sample_image(name: str) -> Image.Image:
    return samples.load(name)
