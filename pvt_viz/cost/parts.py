"""The parts of the network, each with its multiply-adds (MACs) and parameters in closed form.

The first line of a part's docstring is its formula for the MACs of one stage and a whole batch; the page prints it
with the numbers filled in, and a test evaluates it. In the formulas:

    B batch, L blocks of the stage, C its channels, C₀ the channels below it, H the MLP's hidden channels,
    p patch size, k side of a window of overlapping patches, R reduction ratio, N tokens, M keys of the reduced grid,
    K classes; N⁺ and M⁺ are N and M with the tokens before the grid (CLS), which only the last stage has, if any.

1 MAC is one multiplication and one addition: 2 FLOPs. Left out, as the paper, `FlopCounterMode` and nearly everybody
do: softmax, LayerNorm, GELU, ReLU, biases, residual sums, interpolation, and the sums of an average pool and of a mean.
None of them multiplies two activations or an activation and a matrix; together they are a few operations per number.

PVTv2 is written as its difference: two parts that v1 has not (pool, convolution), and another patch embedding.
"""

from collections.abc import Callable
from typing import NamedTuple

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import N_


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
        params=linear(flat, s.dim)
        + (2 * s.dim if config.embed_norm else 0)
        + positions(config, own)
        + s.n_prefix * s.dim,
        written=batch * s.dim * (s.tokens * (2 if config.embed_norm else 1) + s.queries),
    )


def overlapping_embedding(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·N·k²·C₀·C

    PVTv2, Section 3.2: the same with windows of k = 2p−1, p apart, so that neighbours share pixels; the padding around
    the grid is multiplied like the rest. Parameters are the layer and the LayerNorm after it: no position embedding, no
    CLS.
    """
    flat = s.window**2 * s.in_channels
    return Work(
        macs=batch * s.tokens * flat * s.dim,
        params=linear(flat, s.dim) + 2 * s.dim,
        written=batch * 2 * s.tokens * s.dim,
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
        params=reduction_params(s),
        written=batch * s.depth * 2 * s.reduced_tokens * s.dim,
    )


def pool(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·M·C·C

    PVTv2, Section 3.1 (linear SRA), in the fold's place and in every stage: the tokens are averaged to 7×7, M = 49 keys
    whatever the picture, which go through one linear layer, a LayerNorm and a GELU. The averages are sums of N·C
    numbers, and by the convention above they are not counted; the paper's Equation 2 leaves out the layer, too.
    """
    return Work(
        macs=batch * s.depth * s.reduced_tokens * s.dim**2,
        params=reduction_params(s),
        written=batch * s.depth * 4 * s.reduced_tokens * s.dim,
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


def convolution(_config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·L·N·9·H

    PVTv2, Section 3.3: a depthwise convolution in the middle of the MLP. Each hidden channel of a token is summed with
    its 3×3 neighbourhood, padding included. With linear SRA a ReLU stands before it, which writes as much again.
    """
    return Work(
        macs=batch * s.depth * s.tokens * 9 * s.mlp_hidden,
        params=s.depth * (9 + 1) * s.mlp_hidden,
        written=batch * s.depth * s.tokens * s.mlp_hidden * (2 if s.pool else 1),
    )


def norms(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """0

    The two LayerNorms of every block (pre-norm, as in ViT), and in PVTv2 one more at the end of each stage but the
    last, whose own is the head's: parameters and results, no MACs by the convention above. With them a ViT's
    LayerScale, if it has any.
    """
    count = 2 * s.depth + (config.version == 2 and s.index < len(config.dims))
    scales = 2 * s.depth if config.layer_scale else 0
    return Work(macs=0, params=(2 * count + scales) * s.dim, written=batch * (count + scales) * s.queries * s.dim)


def head(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·C·K

    The last LayerNorm and one linear layer, on the CLS token alone (paper, Section 3.1, as in ViT); in PVTv2, which has
    none, the norm is on every token and the layer on their mean, whose sums are not counted.
    """
    return Work(
        macs=batch * s.dim * config.num_classes,
        params=2 * s.dim + linear(s.dim, config.num_classes),
        written=batch * ((answering(config, s) + config.by_mean) * s.dim + config.num_classes),
    )


def answering(config: PVTConfig, s: StageShape) -> int:
    """Tokens of the last stage that the last LayerNorm is given: those before the grid, or those of the grid."""
    if config.by_mean:
        return 1 if config.norm_last else s.tokens
    return s.n_prefix


def two_heads(config: PVTConfig, s: StageShape, batch: int) -> Work:
    """B·2·C·K

    DeiT (Touvron et al. 2021, Section 4): CLS and the distillation token have a linear layer each, and the answer is
    the mean of what both say.
    """
    one = head(config, s, batch)
    return Work(
        macs=2 * one.macs,
        params=one.params + linear(s.dim, config.num_classes),
        written=one.written + batch * config.num_classes,
    )


STAGE_PARTS: dict[str, Part] = {
    N_("patch embedding"): patch_embedding,
    N_("fold"): fold,
    N_("pool"): pool,
    N_("q, k, v projections"): projections,
    "QKᵀ": scores,
    "softmax·V": mixing,
    N_("output projection"): output,
    "MLP": mlp,
    N_("convolution"): convolution,
    N_("norms"): norms,
}
HEAD = N_("head")
ATTENTION = ("QKᵀ", "softmax·V")
"""The two products that SRA makes R² times smaller."""
REDUCTION = ("fold", "pool")
"""What makes fewer keys of the tokens: a stage has one of them, or none."""
ATTENTION_LAYER = (*REDUCTION, "q, k, v projections", *ATTENTION, "output projection")
"""All that one attention layer does."""
MLP = ("MLP", "convolution")
"""What works on the tokens between two attention layers."""


def of(config: PVTConfig, s: StageShape) -> dict[str, Part]:
    """The parts that a stage has, by name; the head is counted to the last."""
    v2 = config.version == 2
    absent = {"fold": s.reduction == 1, "pool": s.pool is None, "convolution": not v2}
    found = {name: part for name, part in STAGE_PARTS.items() if not absent.get(name)}
    if v2:
        found["patch embedding"] = overlapping_embedding
    if s.index == len(config.dims):
        found[HEAD] = two_heads if config.distilled else head
    return found


def reduction_params(s: StageShape) -> int:
    """Parameters of a stage's folds, or of its pools: a linear layer and a LayerNorm in every block; none without."""
    return s.depth * (linear(s.reduction**2 * s.dim, s.dim) + 2 * s.dim) if s.reduces else 0


def positions(config: PVTConfig, s: StageShape) -> int:
    """Parameters of a stage's position embedding: a vector for every token, those before the grid included.

    PVTv2 has none: the zeros around a convolution tell a token where it is.
    """
    return s.queries * s.dim if config.version == 1 else 0


def linear(inputs: int, outputs: int, *, bias: bool = True) -> int:
    """Parameters of a linear layer."""
    return inputs * outputs + (outputs if bias else 0)


def formula(part: Part) -> str:
    """The MACs of a part in symbols."""
    return (part.__doc__ or "").partition("\n")[0]


def filled(formula: str, config: PVTConfig, s: StageShape, batch: int) -> str:
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
        "k": s.window,
        "R": s.reduction,
        "N": s.tokens,
        "M": s.reduced_tokens,
        "K": config.num_classes,
    }
    for symbol, number in numbers.items():  # two-letter symbols first
        formula = formula.replace(symbol, str(number))
    return formula
