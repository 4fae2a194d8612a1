"""A visit without a visitor: the scene that a command line asks for, exact or not at all."""

from pathlib import Path

from pvt_viz import devices, images
from pvt_viz.choices.selection import CROPS, DEFAULTS, NETWORKS, SCENE, SEEDS, choose, label, native, ratio_words
from pvt_viz.choices.view import View
from pvt_viz.config import Size
from pvt_viz.language import joined, say
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import calls, weights
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.uploads import Picture


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
    name = native(str(words["picture"]), own=own is not None) if model is None else _model(model)
    network = (NETWORKS | weights.networks())[name]
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

    def size_of(sample: str, crop: str, side: int) -> Size:
        if crop == "square" or (own is None and sample == SCENE):
            return side, side
        return images.whole_size((own or Picture.sample(sample)).image, side, 32)

    choice = choose(words, size_of, devices.available(), weights.networks())
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
    return calls.scene(choice.selection, own or Picture.of(choice.selection))


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


def _model(model: str) -> str:
    """The name of a preset, of the network in a file of weights and the files beside it, or of one from the hub."""
    if model in NETWORKS:
        return model
    path = Path(model)
    if path.is_file():
        beside = [file for file in path.parent.iterdir() if file.name in ("config.json", "preprocessor_config.json")]
        opened = weights.receive({file.name: _bytes(file) for file in (path, *beside)})
    else:
        opened = weights.open_hub(model)
    if opened is not None:
        return opened
    raise ValueError(
        weights.problem()
        or say(
            "{model} is no preset, no file of weights, and no hub id whose files are on this machine; presets are"
            " {names}.",
            model=model,
            names=", ".join(NETWORKS),
        )
    )


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
