"""The parts of the network, each with its multiply-adds (MACs) and parameters in closed form.

The first line of a part's docstring is its formula for the MACs of one stage and a whole batch; the page prints it
with the numbers filled in, and a test evaluates it. In the formulas:

    B batch, L blocks of the stage, C its channels, C₀ the channels below it, H the MLP's hidden channels,
    p patch size, R reduction ratio, N tokens, M keys of the reduced grid, K classes;
    N⁺ and M⁺ are N and M with the CLS token, which only the last stage has.

1 MAC is one multiplication and one addition: 2 FLOPs. Left out, as the paper, `FlopCounterMode` and nearly everybody
do: softmax, LayerNorm, GELU, biases, residual sums, interpolation. None of them multiplies two activations or an
activation and a matrix, and together they are a few operations per number.
"""

from collections.abc import Callable
from typing import NamedTuple

from pvt_viz.config import PVTConfig, StageShape


class Work(NamedTuple):
    """What a part does to a batch in one stage, all its blocks together."""

    macs: int
    params: int
    written: int
    """Numbers in the results of its layers (maps apart), as a training run would keep them."""
    maps: int = 0
    """Attention maps of N⁺·M⁺ numbers per head and block that it writes where attention is explicit."""


Part = Callable[[PVTConfig, StageShape, int], Work]


def patch_embedding(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·N·p²·C₀·C

    Paper, Section 3.2: every p×p patch, laid end to end, goes through one linear layer. Parameters are that layer,
    the LayerNorm after it, CLS, and a position embedding for every token of the configuration's own image size.
    """
    flat = s.patch_size**2 * s.in_channels
    own = config.shapes()[s.index - 1]
    return Work(
        macs=batch * s.tokens * flat * s.dim,
        params=linear(flat, s.dim) + (2 * s.dim if config.embed_norm else 0) + positions(own) + s.n_prefix * s.dim,
        written=batch * s.dim * (s.tokens * (2 if config.embed_norm else 1) + s.queries),
    )


def fold(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·M·R²·C·C

    Paper, Equation 3: each R×R square of tokens, R²·C numbers, becomes one token of C. Where R divides the grid,
    M·R² = N and this is N·C² a block, whatever R is; PVTv2's Equation 1 prints another R². Parameters: the layer
    and its LayerNorm in every block. SRA adds them; the rest of its block has as many as without it. There is no
    fold at R = 1.
    """
    return Work(
        macs=batch * s.depth * s.reduced_tokens * s.reduction**2 * s.dim**2,
        params=fold_params(s),
        written=batch * s.depth * 2 * s.reduced_tokens * s.dim,
    )


def projections(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·(N⁺+2·M⁺)·C·C

    Paper, Equation 2: W^Q for every token, W^K and W^V for every key. Vaswani et al. 2017, Section 3.2.2.
    """
    return Work(
        macs=batch * s.depth * (s.queries + 2 * s.keys) * s.dim**2,
        params=s.depth * 3 * linear(s.dim, s.dim, bias=config.qkv_bias),
        written=batch * s.depth * (s.queries + 2 * s.keys) * s.dim,
    )


def scores(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·N⁺·M⁺·C

    Paper, Equation 4: every query meets every key; the heads share the channels, so their number does not matter.
    """
    return Work(macs=batch * s.depth * s.queries * s.keys * s.dim, params=0, written=0, maps=1)


def mixing(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·N⁺·M⁺·C

    Paper, Equation 4: every query sums the values of all keys, weighted by its softmax.
    """
    return Work(
        macs=batch * s.depth * s.queries * s.keys * s.dim,
        params=0,
        written=batch * s.depth * s.queries * s.dim,
        maps=1,
    )


def output(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·N⁺·C·C

    Paper, Equation 1: W^O brings the heads together.
    """
    return Work(
        macs=batch * s.depth * s.queries * s.dim**2,
        params=s.depth * linear(s.dim, s.dim),
        written=batch * s.depth * s.queries * s.dim,
    )


def mlp(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·2·N⁺·C·H

    Paper, Section 3.2 (feed-forward layer): C → H → C with a GELU between; H is C times the MLP ratio.
    """
    return Work(
        macs=batch * s.depth * 2 * s.queries * s.dim * s.mlp_hidden,
        params=s.depth * (linear(s.dim, s.mlp_hidden) + linear(s.mlp_hidden, s.dim)),
        written=batch * s.depth * s.queries * (2 * s.mlp_hidden + s.dim),
    )


def norms(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """0

    The two LayerNorms of every block (pre-norm, as in ViT): parameters and results, no MACs by the convention above.
    """
    return Work(macs=0, params=s.depth * 4 * s.dim, written=batch * s.depth * 2 * s.queries * s.dim)


def head(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·C·K

    The last LayerNorm and one linear layer, on the CLS token alone (paper, Section 3.1, as in ViT).
    """
    return Work(
        macs=batch * s.dim * config.num_classes,
        params=2 * s.dim + linear(s.dim, config.num_classes),
        written=batch * (s.dim + config.num_classes),
    )


STAGE_PARTS: dict[str, Part] = {
    "patch embedding": patch_embedding,
    "fold": fold,
    "q, k, v projections": projections,
    "QKᵀ": scores,
    "softmax·V": mixing,
    "output projection": output,
    "MLP": mlp,
    "norms": norms,
}
HEAD = "head"
PARTS = {**STAGE_PARTS, HEAD: head}
ATTENTION = ("QKᵀ", "softmax·V")
"""The two products that SRA makes R² times smaller."""
ATTENTION_LAYER = ("fold", "q, k, v projections", *ATTENTION, "output projection")
"""All that one attention layer does."""


def of(s: StageShape) -> tuple[str, ...]:
    """The parts that a stage has: at R = 1 there is no fold."""
    return tuple(part for part in STAGE_PARTS if part != "fold" or s.reduction > 1)


def fold_params(s: StageShape) -> int:
    """Parameters of a stage's folds: a linear layer and a LayerNorm in every block; none at R = 1."""
    return s.depth * (linear(s.reduction**2 * s.dim, s.dim) + 2 * s.dim) if s.reduction > 1 else 0


def positions(s: StageShape) -> int:
    """Parameters of a stage's position embedding: a vector for every token, and one for CLS."""
    return s.queries * s.dim


def linear(inputs: int, outputs: int, *, bias: bool = True) -> int:
    """Parameters of a linear layer."""
    return inputs * outputs + (outputs if bias else 0)


def formula(part: str) -> str:
    """The MACs of a part in symbols."""
    return (PARTS[part].__doc__ or "").partition("\n")[0]


def filled(part: str, config: PVTConfig, s: StageShape, batch: int) -> str:
    """The same with the numbers of one stage in their places."""
    numbers = {
        "N⁺": s.queries,
        "M⁺": s.keys,
        "C₀": s.in_channels,
        "B": batch,
        "L": s.depth,
        "C": s.dim,
        "H": s.mlp_hidden,
        "p": s.patch_size,
        "R": s.reduction,
        "N": s.tokens,
        "M": s.reduced_tokens,
        "K": config.num_classes,
    }
    text = formula(part)
    for symbol, number in numbers.items():  # two-letter symbols first
        text = text.replace(symbol, str(number))
    return text
