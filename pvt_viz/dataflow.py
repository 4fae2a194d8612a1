"""The shapes of every tensor on its way from the image to the logits, with the pattern that makes each."""

from dataclasses import dataclass, replace

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.language import say
from pvt_viz.words import times

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
    """One tensor: where it is, what it is, its shape, and the einops pattern and layer that make it.

    The words are sentences that can be translated; names of layers (Linear, LayerNorm, GELU, MLP) stand as they are.
    """

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
            where=say("image"),
            what=say("pixels"),
            shape=(batch, config.in_channels, *config.image_hw),
            layer=say("normalised"),
        ),
        *(step for shape in config.shapes() for step in _stage_steps(config, shape, batch)),
        *_answer_steps(config, batch),
    )


def _answer_steps(config: PVTConfig, b: int) -> list[Step]:
    dim, classes = config.dims[-1], config.num_classes
    where = say("answer")
    head = f"Linear {dim} → {classes}" if classes else say("no classes: a backbone")
    read = Step(where=where, what=say("CLS token"), shape=(b, dim), layer=say("token 0, LayerNorm"))
    if config.by_mean:
        layer = say("mean of all tokens, LayerNorm") if config.norm_last else say("LayerNorm, mean of all tokens")
        read = Step(where=where, what=say("mean token"), shape=(b, dim), layer=layer)
    if config.distilled:
        read = Step(where=where, what=_prefix(2), shape=(b, 2, dim), layer=say("tokens 0 and 1, LayerNorm"))
        head = say("{layer} of its own for each, mean", layer=head)
    return [read, Step(where=where, what=say("logits"), shape=(b, classes), layer=head, tap="logits")]


def _prefix(count: int) -> str:
    """The tokens before the grid, in words."""
    if count == 1:
        return "CLS"
    return say("CLS and distillation token") if count == 2 else say("{count} tokens without a place", count=count)


def _embedding_steps(config: PVTConfig, s: StageShape, b: int) -> list[Step]:
    """Map below -> tokens."""
    flat = s.window**2 * s.in_channels
    size, shape = f"{s.window}×{s.window}", (b, s.tokens, flat)
    where = say("stage {index}", index=s.index)
    layers = f"Linear {flat} → {s.dim}" + (", LayerNorm" if config.embed_norm else "")
    if config.version == 2:
        what = say("windows of {size}, {step} apart", size=size, step=s.patch_size)
        padding = say("padded by {count}", count=s.window // 2)
        cut = Step(where=where, what=what, shape=shape, pattern=WINDOWS, layer=padding)
    else:
        cut = Step(where=where, what=say("patches of {size}", size=size), shape=shape, pattern=CUT)
        layers = say("{layers}, + position", layers=layers)
    if s.n_prefix:
        layers = say("{layers}, {tokens} in front", layers=layers, tokens=_prefix(s.n_prefix))
    return [cut, Step(where=where, what=say("tokens"), shape=(b, s.queries, s.dim), layer=layers, tap="tokens")]


def _reduction_steps(s: StageShape, b: int, block: str) -> list[Step]:
    """Tokens -> the fewer that keys and values are made from."""
    h, w = s.reduced_grid
    if s.pool:
        return [
            Step(
                where=block,
                what=say("averaged tokens"),
                shape=(b, s.dim, h, w),
                layer=say("average pool to {grid}", grid=times(s.reduced_grid)),
            ),
            Step(
                where=block,
                what=say("reduced tokens"),
                shape=(b, s.reduced_tokens, s.dim),
                layer=f"Linear {s.dim} → {s.dim}, LayerNorm, GELU",
            ),
        ]
    squares = s.reduction**2 * s.dim
    return [
        Step(
            where=block,
            what=say("squares of {size} tokens", size=times((s.reduction, s.reduction))),
            shape=(b, h, w, squares),
            pattern=FOLD,
        ),
        Step(
            where=block,
            what=say("reduced tokens"),
            shape=(b, s.reduced_tokens, s.dim),
            layer=f"Linear {squares} → {s.dim}, LayerNorm",
        ),
    ]


def _end_of_block(config: PVTConfig, s: StageShape, b: int, block: str) -> list[Step]:
    """Weighted sums -> tokens: the heads side by side, then the MLP."""
    again = Step(where=block, what=say("tokens again"), shape=(b, s.queries, s.dim), pattern=MERGE)
    output, widen, narrow = f"Linear {s.dim} → {s.dim}", f"{s.dim} → {s.mlp_hidden}", f"→ {s.dim}"
    if config.version == 1:
        return [replace(again, layer=f"{output}; MLP {widen} {narrow}")]
    rectified = ", ReLU" if s.pool else ""
    return [
        replace(again, layer=output),
        Step(
            where=block,
            what=say("hidden channels in the plane"),
            shape=(b, s.mlp_hidden, *s.grid),
            pattern=MAP,
            layer=f"MLP {widen}{rectified}",
        ),
        Step(
            where=block,
            what=say("tokens once more"),
            shape=(b, s.queries, s.dim),
            layer=say("3×3 convolution of each channel, GELU, MLP {narrow}", narrow=narrow),
        ),
    ]


def _stage_steps(config: PVTConfig, s: StageShape, b: int) -> list[Step]:
    stage = say("stage {index}", index=s.index)
    block = say("stage {index}, block (×{depth})", index=s.index, depth=s.depth)
    per_query, per_key = (b, s.heads, s.queries, s.head_dim), (b, s.heads, s.keys, s.head_dim)
    keys = say("keys, and values")
    if s.n_prefix:
        keys = say("keys, and values ({tokens} among them)", tokens=_prefix(s.n_prefix))
    normed = "LayerNorm" if config.version == 2 and s.index < len(config.dims) else ""
    return [
        *_embedding_steps(config, s, b),
        *(_reduction_steps(s, b, block) if s.reduces else []),
        Step(where=block, what=say("queries"), shape=per_query, pattern=SPLIT, tap="blocks.queries"),
        Step(where=block, what=keys, shape=per_key, pattern=SPLIT, tap="blocks.keys"),
        Step(
            where=block,
            what=say("attention map"),
            shape=(b, s.heads, s.queries, s.keys),
            pattern=SCORE,
            layer="/ √d, softmax",
            tap="blocks.attention",
        ),
        Step(where=block, what=say("weighted sums of values"), shape=per_query, pattern=MIX, tap="blocks.mixed"),
        *_end_of_block(config, s, b, block),
        Step(
            where=stage,
            what=say("feature map"),
            shape=(b, s.dim, *s.grid),
            pattern=MAP,
            layer=normed,
            tap="feature_map",
        ),
    ]
