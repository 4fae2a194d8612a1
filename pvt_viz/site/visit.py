"""A visit without a visitor: the scene that a command line asks for, exact or not at all."""

from collections.abc import Callable
from pathlib import Path

from pvt_viz import devices
from pvt_viz.checkpoints import Checkpoint, beside, hub
from pvt_viz.checkpoints.load import digest, open_files, open_folder
from pvt_viz.choices.selection import (
    CROPS,
    DEFAULTS,
    NETWORKS,
    SCENE,
    SEEDS,
    Network,
    choose,
    label,
    native,
    ratio_words,
)
from pvt_viz.choices.view import View
from pvt_viz.language import joined, say
from pvt_viz.picture import Picture, size_of
from pvt_viz.samples import SAMPLES
from pvt_viz.scene import Scene, Studio, in_memory


class Alone(Studio):
    """Keeps in memory what it made, for its networks as well: those that come with the app, and one that is brought."""

    def __init__(self):
        super().__init__()
        self.networks: dict[str, Network] = {}
        """What was opened, by name."""
        self._opened: dict[str, Checkpoint] = {}

    def keep(self, function: Callable, *, most: int, private: bool = False) -> Callable:
        return in_memory(function, most)

    def brought(self, network: Network) -> Checkpoint:
        return self._opened[network.digest]

    def open(self, model: str) -> str:
        """The name of a preset, of the network in a file of weights and the files beside it, or of one from the hub.

        Raises ValueError, with a sentence, where there is none or it is of no use.
        """
        if model in NETWORKS:
            return model
        path = Path(model)
        if path.is_file():
            files = {file.name: _bytes(file) for file in (path, *_beside(path))}
            found = open_files(files)
            return self._take(found.config.name, Network(found.config, digest(files), private=True), found)
        if (folder := hub.cached(model)) is not None:
            found = open_folder(folder, model)
            return self._take(model, Network(found.config, folder.name), found)
        raise ValueError(
            say(
                "{model} is no preset, no file of weights, and no hub id whose files are on this machine; presets are"
                " {names}.",
                model=model,
                names=", ".join(NETWORKS),
            )
        )

    def _take(self, name: str, network: Network, opened: Checkpoint) -> str:
        self.networks[name], self._opened[network.digest] = network, opened
        return name


def _beside(path: Path) -> list[Path]:
    """What else may tell something about weights."""
    return [file for file in path.parent.iterdir() if file.name in beside.NAMES]


def scene(
    picture: str,
    model: str | None = None,
    *,
    size: int | None = None,
    patch_sizes: list[int] | None = None,
    reductions: list[int] | None = None,
    crop: str = CROPS[0],
) -> Scene:
    """The traced scene. Raises ValueError, with a sentence, for whatever is not there or does not fit.

    `picture` is an image file, the name of a sample, "scene" or "scene:NUMBER"; `model` a preset, a file of weights, or
    a hub id that was fetched before; without one it is the network that comes with pictures of this kind.
    """
    words, own = _picture(picture)
    studio = Alone()
    name = native(str(words["picture"]), own=own is not None) if model is None else studio.open(model)
    network = (NETWORKS | studio.networks)[name]
    for option, numbers in {"--patch-sizes": patch_sizes, "--reductions": reductions}.items():
        if numbers is not None and len(numbers) != len(network.config.dims):
            raise ValueError(
                say(
                    "{option} takes one number for each of the {stages} stages of {model}, not {count}.",
                    option=option,
                    stages=len(network.config.dims),
                    model=name,
                    count=len(numbers),
                )
            )
    words |= {"model": name, "crop": crop} | network.home
    words |= ratio_words(tuple(patch_sizes or ()), tuple(reductions or ()))
    if size is not None:
        words["size"] = size

    choice = choose(words, size_of(own), devices.available(), studio.networks)
    chosen = choice.selection.words()
    for asked, word in words.items():
        if str(chosen[asked]) != str(word):
            options = ", ".join(map(str, choice.options[asked]))
            raise ValueError(
                say(
                    "{label} = {word} does not fit here; what does is {options}.",
                    label=say(label(asked)),
                    word=word,
                    options=options,
                )
            )
    return studio.scene(choice.selection, own or Picture.of(choice.selection))


def looking_at(x: float, y: float) -> View:
    """A view of the place at these fractions of the picture. Raises ValueError for one outside of it."""
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(say("--at {x:g} {y:g} is outside of the picture: both are from 0 to 1.", x=x, y=y))
    return View(pin=(x, y))


def _picture(picture: str) -> tuple[dict[str, object], Picture | None]:
    """What it is in the words of a selection; and the picture itself, where it is a file."""
    kind, _, number = picture.partition(":")
    if kind == SCENE:
        seed = number or str(DEFAULTS["seed"])
        if seed not in map(str, SEEDS):
            raise ValueError(
                say(
                    "{picture} is no scene; their numbers are {first} to {last}.",
                    picture=picture,
                    first=SEEDS[0],
                    last=SEEDS[-1],
                )
            )
        return {"picture": SCENE, "seed": seed}, None
    if picture in SAMPLES:
        return {"picture": picture}, None
    # Behind a picture of one's own stands a sample, so that what is said of scenes does not hold.
    return {"picture": next(iter(SAMPLES))}, Picture.own(_read(picture), Path(picture).name)


def _read(path: str) -> bytes:
    try:
        return _bytes(Path(path))
    except ValueError as error:
        samples = ", ".join((SCENE, *SAMPLES))
        raise ValueError(
            joined(error.args[0], say("A picture is an image file, or one of {samples}.", samples=samples))
        ) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(
            say("{path} cannot be read: {reason}.", path=path, reason=error.strerror or str(error))
        ) from None
