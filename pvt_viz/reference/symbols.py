"""Every symbol of the paper with this app's word for it, its formula, and its value in each stage of a network."""

from dataclasses import dataclass

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import N_
from pvt_viz.words import times


@dataclass(frozen=True)
class Symbol:
    """One symbol; words are messages to be translated where they are shown."""

    paper: str
    """As the paper writes it; nothing where it has none."""
    here: str
    """This app's symbol."""
    word: str
    meaning: str
    formula: str
    values: tuple[str, ...]
    """One for each stage."""
    page: str
    """The file in pages/ where it can be seen to move."""


def symbols(config: PVTConfig) -> tuple[Symbol, ...]:
    """In the order of the paper's Table 1 and Section 3, for the configuration's own image size."""
    shapes = config.shapes()

    def each(value) -> tuple[str, ...]:
        return tuple(value(shape) for shape in shapes)

    no_fold = N_("none: keys are pooled")
    return (
        Symbol(
            *("Hᵢ, Wᵢ", "h, w", N_("token grid"), N_("rows and columns of tokens; H and W without an index: pixels")),
            _grid_formula(config),
            each(lambda s: times(s.grid)),
            "pyramid",
        ),
        Symbol(
            *("Pᵢ", "pᵢ", N_("patch size"), N_("side of the square that a token covers in the grid below it")),
            "",
            each(lambda s: str(s.patch_size)),
            "pyramid",
        ),
        Symbol(
            *("", "stride", N_("stride"), N_("side of a token's square in pixels of the picture")),
            "p₁·…·pᵢ",
            each(lambda s: f"{s.stride} px"),
            "pyramid",
        ),
        Symbol(
            *("Cᵢ", "C", N_("channels"), N_("numbers that describe one token")),
            "",
            each(lambda s: str(s.dim)),
            "reduction",
        ),
        Symbol(
            *("Lᵢ", "L", N_("blocks"), N_("encoder layers in a row, each with attention and an MLP")),
            "",
            each(lambda s: str(s.depth)),
            "attention",
        ),
        Symbol(
            *("Rᵢ", "Rᵢ", N_("reduction ratio"), N_("side of the square of tokens that is folded into one key")),
            "",
            each(lambda s: no_fold if s.pool else str(s.reduction)),
            "reduction",
        ),
        Symbol(
            *("Nᵢ", "", N_("heads"), N_("attention maps side by side; this app keeps N for the number of tokens")),
            "",
            each(lambda s: str(s.heads)),
            "attention",
        ),
        Symbol(
            *("Eᵢ", "E", N_("MLP ratio"), N_("how many times wider the MLP's hidden layer is than a token")),
            "E = hidden / C",
            each(lambda s: f"{s.mlp_hidden / s.dim:g}"),
            "cost",
        ),
        Symbol(
            *("Hᵢ·Wᵢ", "N", N_("tokens"), N_("queries of one map, CLS apart")),
            "h·w",
            each(lambda s: f"{s.tokens:,}"),
            "attention",
        ),
        Symbol(
            *("Hᵢ·Wᵢ / Rᵢ²", "M", N_("keys"), N_("what a token can look at, CLS apart")),
            _keys_formula(config),
            each(lambda s: f"{times(s.reduced_grid)} = {s.reduced_tokens:,}"),
            "reduction",
        ),
        Symbol(
            *("d_head", "d", N_("channels of a head"), N_("length of one q, k or v; scores are divided by its root")),
            "C / Nᵢ",
            each(lambda s: str(s.head_dim)),
            "reduction",
        ),
        Symbol(
            *("CLS", "n_prefix", N_("prefix tokens"), N_("tokens without a place in the picture: last stage only")),
            "",
            each(lambda s: str(s.n_prefix)),
            "attention",
        ),
    )


def _grid_formula(config: PVTConfig) -> str:
    return "⌈Hᵢ₋₁/Pᵢ⌉ × ⌈Wᵢ₋₁/Pᵢ⌉" if config.version == 2 else "⌊Hᵢ₋₁/Pᵢ⌋ × ⌊Wᵢ₋₁/Pᵢ⌋"


def _keys_formula(config: PVTConfig) -> str:
    return times((config.pool, config.pool)) if config.pool else "⌊h/Rᵢ⌋·⌊w/Rᵢ⌋"


def shares_keys(shapes: tuple[StageShape, ...]) -> bool:
    """Whether every stage has the same grid of keys: the picture to remember."""
    return len({shape.reduced_grid for shape in shapes}) == 1
