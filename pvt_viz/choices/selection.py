"""What the visitor has chosen, as plain data: from loose words (a URL, widgets) to a valid choice, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pvt_viz import scenes
from pvt_viz.budget import LARGEST_REDUCTION
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.choices.nearest import nearest, replacement
from pvt_viz.config import PVTConfig, Size
from pvt_viz.language import N_, Sentence, say
from pvt_viz.listed import enumerated
from pvt_viz.models.flexible import PSEUDO_INVERSE, RESIZINGS
from pvt_viz.presets import PRESETS
from pvt_viz.samples import SAMPLES
from pvt_viz.words import SUBSCRIPTS

SIZES = (64, 96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)
FIRST_PATCHES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32)
LATER_PATCHES = (1, 2, 3, 4)
POWERS = (1, 2, 4, 8, 16)
"""What a network with weights is offered of p_1 and R_i: the values between were neither trained nor measured."""
CROPS = (N_("square"), N_("whole"))
SCENE = "scene"
"""The picture that is drawn, by `pvt_viz.scenes`."""
SEEDS = tuple(range(1000))
SEEDS_FROM = 1 << 31
"""What is added to them: neither training nor the test set has any scene of these."""
CLUTTERS = (0, 25, 50, 75, 100)
"""Percent."""
OUTLINES = (N_("off"), N_("on"))
KNOWS_SCENES, KNOWS_PHOTOGRAPHS = "flexi_pvt", "photo_pvt"
"""The networks that come by themselves: with a drawn scene, and with every photograph."""
SCENES_ALONE = ("flexi_pvt", "flexi_pvt_fixed", "scene_vit")
"""What these know is drawn: a link to one of them that names no picture opens on a scene."""
DEFAULTS = {
    "crop": "square",
    "device": "auto",
    "kernels": PSEUDO_INVERSE,
    "seed": 7,
    "clutter": 100,
    "outline": "off",
}
DEFAULT_SIDE = max(PRESETS[KNOWS_PHOTOGRAPHS].image_hw)
LARGEST_SIDE = 1024
"""Pixels: what a file says that it was trained at may be anything."""
OF_SCENES = ("seed", "clutter", "cue", "outline")
"""What is said of drawn scenes alone."""
LABELS = {
    "picture": N_("Picture"),
    "model": N_("Model"),
    "crop": N_("Framing"),
    "size": N_("Image size"),
    "device": N_("Device"),
    "kernels": N_("Kernels"),
    "seed": N_("Scene"),
    "clutter": N_("Clutter"),
    "cue": N_("Cue's colour"),
    "outline": N_("Outline"),
}
IN_WORDS = ("crop", "kernels", "cue", "outline")
"""What is chosen among words of ours; the others are chosen among names and numbers."""


@dataclass(frozen=True)
class Network:
    """A network that can be chosen: a preset, or one whose weights somebody brought."""

    config: PVTConfig
    """At home: as the preset is, or as its weights were kept."""
    digest: str = ""
    """Of the weights' file; nothing for a preset."""
    private: bool = False
    """Whether it is one visitor's own: it is in no link and in nobody else's cache."""

    @property
    def home(self) -> dict[str, int]:
        """The size, p_i and R_i that are its own, under their names in the URL and in the widgets."""
        return {
            "size": min(max(self.config.image_hw), LARGEST_SIDE),
            **ratio_words(self.config.patch_sizes, self.config.reductions),
        }


NETWORKS = {name: Network(config) for name, config in PRESETS.items()}

SizeOf = Callable[[str, str, int], Size]
"""(picture, crop, size) -> (H, W): how large the picture becomes; it depends on the picture's own shape."""


@dataclass(frozen=True)
class Selection:
    """A choice that is valid as a whole: every p_i and R_i fits its grid."""

    picture: str
    model: str
    crop: str
    size: int
    patch_sizes: tuple[int, ...]
    reductions: tuple[int, ...]
    device: str
    image_size: Size
    seed: int
    clutter: int
    cue: str
    """The colour that the cue has in a drawn scene."""
    outline: str
    """Whether the answer's shape is outlined in it."""
    kernels: str
    """How kernels are resized to p_i and R_i that the weights were not kept at."""
    network: Network
    """The model, at home."""
    own: bool = False
    """Whether a picture of the visitor's own is shown, which is in no link: then `picture` is what lies under it."""

    @property
    def drawn(self) -> bool:
        """Whether the picture that is shown is a scene."""
        return self.picture == SCENE and not self.own

    @property
    def config(self) -> PVTConfig:
        return replace(
            self.network.config,
            image_size=self.image_size,
            patch_sizes=self.patch_sizes,
            reductions=self.reductions,
            # What is drawn is drawn at this size, and who asks for the whole picture gets it.
            crop=self.network.config.crop if self.crop == "square" and not self.drawn else 1.0,
        )

    @property
    def resized(self) -> bool:
        """Whether any kernel has another size than at home."""
        home = self.network.config
        return (self.patch_sizes, self.reductions) != (home.patch_sizes, home.reductions)

    def words(self) -> dict[str, str | int]:
        """Every choice under its name in the URL and in the widgets."""
        return {
            "picture": self.picture,
            "model": self.model,
            "crop": self.crop,
            "size": self.size,
            **ratio_words(self.patch_sizes, self.reductions),
            "device": self.device,
            "kernels": self.kernels,
            "seed": self.seed,
            "clutter": self.clutter,
            "cue": self.cue,
            "outline": self.outline,
        }

    def query(self) -> dict[str, str]:
        """What differs from the defaults: the shortest link that opens on the same choice.

        Who opens it sees what lies under a picture of one's own, with the network that comes with that: one that came
        by itself with the own picture is left out.
        """
        left_out = {"picture"} if self.picture == SCENE else {"picture", *OF_SCENES}
        if self.own and self.model == KNOWS_PHOTOGRAPHS:
            left_out.add("model")
        words = self.words()
        if self.network.private:  # and what is said of it alone
            left_out |= {"model", "size", "kernels", *filter(is_ratio, words)}
        words = {name: word for name, word in words.items() if name not in left_out}
        query = {name: str(word) for name, word in words.items() if word != self._default(name)}
        return query if self.picture == first_picture(query) else {"picture": self.picture, **query}

    def _default(self, name: str) -> str | int:
        if name in self.network.home:
            return self.network.home[name]
        if name == "model":
            return native(self.picture)
        return scenes.colours(SEEDS_FROM + self.seed)[0] if name == "cue" else DEFAULTS[name]


@dataclass(frozen=True)
class Choice:
    """A valid selection, what each of its parts could have been, and what had to be replaced."""

    selection: Selection
    options: dict[str, tuple]
    replaced: tuple[Sentence, ...]


def choose(
    words: Mapping[str, object],
    size_of: SizeOf,
    devices: tuple[str, ...] = ("cpu",),
    brought: Mapping[str, Network] = MappingProxyType({}),
    *,
    own: bool = False,
) -> Choice:
    """The valid selection nearest to `words` (named as in `Selection.words`; what is missing is the default).

    `brought` are networks to choose beside the presets, by name; `own` says that a picture of the visitor's own is
    shown.
    """
    networks = NETWORKS | dict(brought)
    options: dict[str, tuple] = {
        "picture": (SCENE, *SAMPLES),
        "model": tuple(networks),
        "crop": CROPS,
        "size": SIZES,
        "device": ("auto", *devices),
        "kernels": RESIZINGS,
        "seed": SEEDS,
        "clutter": CLUTTERS,
        "outline": OUTLINES,
    }
    replaced: list[Sentence] = []
    followed: list[Sentence] = []

    def said(name: str, value):
        return say(value) if name in IN_WORDS else value

    def pick(name: str, default):
        word = words.get(name, default)
        value = nearest(word, options[name], default)
        if name in words and str(value) != str(word):
            replaced.append(replacement(label(name), word, said(name, value)))
        elif value != default and name not in words:
            followed.append(say("{label} = {value}", label=say(label(name)), value=said(name, value)))
        return value

    picture = pick("picture", first_picture(words))
    model = pick("model", native(picture, own=own))
    picked = {name: pick(name, default) for name, default in DEFAULTS.items()}
    crop, seed = picked["crop"], picked["seed"]
    options["cue"] = scenes.colours(SEEDS_FROM + seed)
    cue = pick("cue", options["cue"][0]) if picture == SCENE else options["cue"][0]
    network = networks[model]
    home = network.config
    options["size"] = tuple(sorted({*SIZES, network.home["size"]}))
    size = pick("size", network.home["size"])
    image = below = size_of(picture, crop, size)
    patch_sizes, reductions = [], []
    folds = len(home.dims) > 1 and home.pool is None
    for i, (p, r) in enumerate(zip(home.patch_sizes, home.reductions, strict=True), 1):
        offered = LATER_PATCHES if i > 1 else POWERS[1:] if model in BUNDLED else FIRST_PATCHES
        options[f"p{i}"] = tuple(option for option in sorted({*offered, p}) if option <= min(below))
        patch_sizes.append(pick(f"p{i}", p))
        below = home.grid_over(below, patch_sizes[-1])
        largest = min(LARGEST_REDUCTION, *below) if folds else 1
        ratios = POWERS if model in BUNDLED else range(1, LARGEST_REDUCTION + 1)
        options[f"r{i}"] = tuple(ratio for ratio in sorted({*ratios, r}) if ratio <= largest)
        reductions.append(pick(f"r{i}", r))
    if followed:
        replaced.append(say("What else had to change, to fit: {changes}.", changes=enumerated(*followed)))
    selection = Selection(
        picture=picture,
        model=model,
        **picked,
        size=size,
        patch_sizes=tuple(patch_sizes),
        reductions=tuple(reductions),
        image_size=image,
        cue=cue,
        network=network,
        own=own,
    )
    return Choice(selection, options, tuple(replaced))


def first_picture(words: Mapping[str, object]) -> str:
    """What is shown where none of `words` names a picture: a photograph, or a scene where they are about scenes."""
    drawn = words.get("model") in SCENES_ALONE or any(name in words for name in OF_SCENES)
    return SCENE if drawn else next(iter(SAMPLES))


def native(picture: str, *, own: bool = False) -> str:
    """The network that comes with a picture by itself, since it knows pictures of its kind."""
    return KNOWS_SCENES if picture == SCENE and not own else KNOWS_PHOTOGRAPHS


def ratio_words(patch_sizes: tuple[int, ...], reductions: tuple[int, ...]) -> dict[str, int]:
    """p_i and R_i under their names in the URL and in the widgets: p1, …, r1, …"""
    ratios = {"p": patch_sizes, "r": reductions}
    return {f"{letter}{i}": value for letter, values in ratios.items() for i, value in enumerate(values, 1)}


def is_ratio(name: str) -> bool:
    """Whether this is p1, r1, p2, …: what a stage has of its own."""
    return len(name) == 2 and name[0] in "pr" and name[1].isdigit()


def label(name: str) -> str:
    """What the sidebar calls it: a symbol, or a message."""
    if is_ratio(name):
        return ("p" if name[0] == "p" else "R") + SUBSCRIPTS[int(name[1])]
    return LABELS[name]
