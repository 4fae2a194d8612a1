"""The shapes of every tensor on its way from the image to the logits, with the pattern that makes each."""

from dataclasses import dataclass, replace

from pvt_viz.config import PVTConfig, StageShape

# As they stand in models/: a test looks each of them up in the source.
CUT = "b c (h p1) (w p2) -> b (h w) (p1 p2 c)"
WINDOWS = "b c h w k1 k2 -> b (h w) (k1 k2 c)"
FOLD = "b (h r1) (w r2) c -> b h w (r1 r2 c)"
SPLIT = "b n (head d) -> b head n d"
SCORE = "b head n d, b head m d -> b head n m"
MIX = "b head n m, b head m d -> b head n d"
MERGE = "b head n d -> b n (head d)"
MAP = "b (h w) c -> b c h w"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One tensor: where it is, what it is, its shape, and the einops pattern and layer that make it."""

    where: str
    what: str
    shape: tuple[int, ...]
    pattern: str = ""
    layer: str = ""
    tap: str | None = None
    """Where in a trace this very tensor can be seen: "tokens" of the stage, "blocks.keys" of its blocks, …"""


def steps(config: PVTConfig, batch: int = 1) -> tuple[Step, ...]:
    """Every step for `batch` images of the configuration's size; blocks of a stage share their shapes."""
    return (
        Step(
            where="image",
            what="pixels",
            shape=(batch, config.in_channels, *config.image_hw),
            layer="normalised",
        ),
        *(step for shape in config.shapes() for step in _stage_steps(config, shape, batch)),
        *_answer_steps(config, batch),
    )


def _answer_steps(config: PVTConfig, b: int) -> list[Step]:
    dim, classes = config.dims[-1], config.num_classes
    head = f"Linear {dim} → {classes}" if classes else "no classes: a backbone"
    read = Step(where="answer", what="CLS token", shape=(b, dim), layer="token 0, LayerNorm")
    if not config.n_prefix:
        read = Step(where="answer", what="mean token", shape=(b, dim), layer="LayerNorm, mean of all tokens")
    if config.distilled:
        read = Step(where="answer", what=_prefix(2), shape=(b, 2, dim), layer="tokens 0 and 1, LayerNorm")
        head += " of its own for each, mean"
    return [read, Step(where="answer", what="logits", shape=(b, classes), layer=head, tap="logits")]


def _prefix(count: int) -> str:
    """The tokens before the grid, in words."""
    return {1: "CLS", 2: "CLS and distillation token"}.get(count, f"{count} tokens without a place")


def _embedding_steps(config: PVTConfig, s: StageShape, b: int) -> list[Step]:
    """Map below -> tokens."""
    flat = s.window**2 * s.in_channels
    size, shape = f"{s.window}×{s.window}", (b, s.tokens, flat)
    linear = f"Linear {flat} → {s.dim}" + (", LayerNorm" if config.embed_norm else "")
    if config.version == 2:
        what, padding = f"windows of {size}, {s.patch_size} apart", f"padded by {s.window // 2}"
        cut = Step(where=f"stage {s.index}", what=what, shape=shape, pattern=WINDOWS, layer=padding)
    else:
        cut = Step(where=f"stage {s.index}", what=f"patches of {size}", shape=shape, pattern=CUT)
        linear += ", + position"
    if s.n_prefix:
        linear += f", {_prefix(s.n_prefix)} in front"
    return [cut, Step(where=cut.where, what="tokens", shape=(b, s.queries, s.dim), layer=linear, tap="tokens")]


def _reduction_steps(s: StageShape, b: int, block: str) -> list[Step]:
    """Tokens -> the fewer that keys and values are made from."""
    h, w = s.reduced_grid
    if s.pool:
        return [
            Step(where=block, what="averaged tokens", shape=(b, s.dim, h, w), layer=f"average pool to {h}×{w}"),
            Step(
                where=block,
                what="reduced tokens",
                shape=(b, s.reduced_tokens, s.dim),
                layer=f"Linear {s.dim} → {s.dim}, LayerNorm, GELU",
            ),
        ]
    squares = s.reduction**2 * s.dim
    return [
        Step(
            where=block,
            what=f"squares of {s.reduction}×{s.reduction} tokens",
            shape=(b, h, w, squares),
            pattern=FOLD,
        ),
        Step(
            where=block,
            what="reduced tokens",
            shape=(b, s.reduced_tokens, s.dim),
            layer=f"Linear {squares} → {s.dim}, LayerNorm",
        ),
    ]


def _end_of_block(config: PVTConfig, s: StageShape, b: int, block: str) -> list[Step]:
    """Weighted sums -> tokens: the heads side by side, then the MLP."""
    again = Step(where=block, what="tokens again", shape=(b, s.queries, s.dim), pattern=MERGE)
    output, widen, narrow = f"Linear {s.dim} → {s.dim}", f"{s.dim} → {s.mlp_hidden}", f"→ {s.dim}"
    if config.version == 1:
        return [replace(again, layer=f"{output}; MLP {widen} {narrow}")]
    rectified = ", ReLU" if s.pool else ""
    return [
        replace(again, layer=output),
        Step(
            where=block,
            what="hidden channels in the plane",
            shape=(b, s.mlp_hidden, *s.grid),
            pattern=MAP,
            layer=f"MLP {widen}{rectified}",
        ),
        Step(
            where=block,
            what="tokens once more",
            shape=(b, s.queries, s.dim),
            layer=f"3×3 convolution of each channel, GELU, MLP {narrow}",
        ),
    ]


def _stage_steps(config: PVTConfig, s: StageShape, b: int) -> list[Step]:
    stage, block = f"stage {s.index}", f"stage {s.index}, block (×{s.depth})"
    per_query, per_key = (b, s.heads, s.queries, s.head_dim), (b, s.heads, s.keys, s.head_dim)
    keys = "keys, and values" + (f" ({_prefix(s.n_prefix)} among them)" if s.n_prefix else "")
    normed = "LayerNorm" if config.version == 2 and s.index < len(config.dims) else ""
    return [
        *_embedding_steps(config, s, b),
        *(_reduction_steps(s, b, block) if s.reduces else []),
        Step(where=block, what="queries", shape=per_query, pattern=SPLIT, tap="blocks.queries"),
        Step(where=block, what=keys, shape=per_key, pattern=SPLIT, tap="blocks.keys"),
        Step(
            where=block,
            what="attention map",
            shape=(b, s.heads, s.queries, s.keys),
            pattern=SCORE,
            layer="/ √d, softmax",
            tap="blocks.attention",
        ),
        Step(where=block, what="weighted sums of values", shape=per_query, pattern=MIX, tap="blocks.mixed"),
        *_end_of_block(config, s, b, block),
        Step(where=stage, what="feature map", shape=(b, s.dim, *s.grid), pattern=MAP, layer=normed, tap="feature_map"),
    ]
