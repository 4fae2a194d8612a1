"""Real photographs to start from, from the files that scikit-image installs; nothing is downloaded."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from pvt_viz import images
from pvt_viz.language import say


@dataclass(frozen=True)
class Sample:
    """One photograph: what to call it, what it shows, where its file is and whom to thank."""

    name: str
    title: str
    alt: str  # one sentence for somebody who cannot see the picture
    filename: str  # in scikit-image's data folder
    credit: str


SAMPLES = {
    sample.name: sample
    for sample in (
        Sample(
            name="cat",
            title=say("Cat"),
            alt=say("Close-up of a tabby cat's face with green eyes and long whiskers, looking past the camera."),
            filename="chelsea.png",
            credit=say("Chelsea the cat, by Stefan van der Walt, CC0 (via scikit-image)."),
        ),
        Sample(
            name="astronaut",
            title=say("Astronaut"),
            alt=say(
                "Portrait of a smiling astronaut in an orange space suit, her helmet beside her, with a US flag and a"
                " model of the space shuttle behind."
            ),
            filename="astronaut.png",
            credit=say("Eileen Collins, by NASA, public domain (via scikit-image)."),
        ),
        Sample(
            name="coffee",
            title=say("Coffee"),
            alt=say("A red cup of espresso on a red saucer with a spoon, seen from above on a wooden table."),
            filename="coffee.png",
            credit=say("Coffee cup, by Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0 (via scikit-image)."),
        ),
        Sample(
            name="rocket",
            title=say("Rocket"),
            alt=say("A white rocket upright on its launch pad at dusk, between lattice towers and bright lamps."),
            filename="rocket.jpg",
            credit=say("Falcon 9 carrying DSCOVR, by SpaceX, released into the public domain (via scikit-image)."),
        ),
        Sample(
            name="motorcycle",
            title=say("Motorcycle"),
            alt=say("A red motorcycle on its stand in a garage, before a wooden bench and shelves full of boxes."),
            filename="motorcycle_left.png",
            credit=say(
                "Left view of Motorcycle, Middlebury stereo benchmark 2014, by Scharstein et al. (via scikit-image,"
                " which names no licence for it)."
            ),
        ),
    )
}


def load(name: str) -> Image.Image:
    """The photograph `name` as an RGB image at its own size; `ValueError` if there is none of that name."""
    if name not in SAMPLES:
        raise ValueError(say("name is {name!r}, but must be one of {known}.", name=name, known=", ".join(SAMPLES)))
    return images.read((_folder() / SAMPLES[name].filename).read_bytes())


def _folder() -> Path:
    # Finding the package is instant; importing skimage.data would bring scipy, and a downloader, along.
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(say("The sample pictures come with scikit-image; install it with pip."))
    return Path(spec.submodule_search_locations[0]) / "data"
