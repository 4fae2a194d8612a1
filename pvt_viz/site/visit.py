"""A visit without a visitor: the scene that a command line asks for, exact or not at all."""

from pathlib import Path

from pvt_viz import devices
from pvt_viz.language import say
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import calls, weights
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.selection import NETWORKS, SCENE, choose, ratio_words
from pvt_viz.ui.uploads import Picture
from pvt_viz.ui.view import View


def scene(
    picture: str,
    model: str,
    *,
    size: int | None = None,
    patch_sizes: list[int] | None = None,
    reductions: list[int] | None = None,
) -> Scene:
    """The traced scene. Raises ValueError, with a sentence, for whatever is not there or does not fit.

    `picture` is an image file, the name of a sample, "scene" or "scene:NUMBER"; `model` a preset or a file of weights.
    """
    name = _model(model)
    words: dict[str, object] = {"model": name, "picture": SCENE}
    own = None
    kind, _, number = picture.partition(":")
    if kind == SCENE:
        words["seed"] = number or "7"
    elif picture in SAMPLES:
        words["picture"] = picture
    else:
        own = Picture.own(_read(picture), Path(picture).name)
        words["picture"] = next(iter(SAMPLES))  # behind the picture: what is said of scenes does not hold
    if size is not None:
        words["size"] = size
    words |= ratio_words(tuple(patch_sizes or ()), tuple(reductions or ()))
    choice = choose(words, lambda _picture, _crop, side: (side, side), devices.available(), weights.networks())
    if choice.replaced:
        raise ValueError(choice.replaced[0])
    return calls.scene(choice.selection, own or Picture.of(choice.selection))


def looking_at(x: float, y: float) -> View:
    """A view of the place at these fractions of the picture. Raises ValueError for one outside of it."""
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(say("--at {x:g} {y:g} is outside of the picture: both are from 0 to 1.", x=x, y=y))
    return View(pin=(x, y))


def _model(model: str) -> str:
    """The name of a preset, or of the network in a file of weights and the files beside it."""
    if model in NETWORKS:
        return model
    path = Path(model)
    if not path.is_file():
        offered = ", ".join(NETWORKS)
        raise ValueError(
            say("{model} is no preset and no file of weights; presets are {names}.", model=model, names=offered)
        )
    beside = [file for file in path.parent.iterdir() if file.name in ("config.json", "preprocessor_config.json")]
    opened = weights.receive({file.name: _read(str(file)) for file in (path, *beside)})
    if opened is None:
        raise ValueError(weights.problem())
    return opened


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        samples = ", ".join((SCENE, *SAMPLES))
        raise ValueError(
            say(
                "{path} cannot be read ({reason}). A picture is an image file, or one of {samples}.",
                path=path,
                reason=error.strerror or str(error),
                samples=samples,
            )
        ) from None
