"""The shapes of every tensor on its way from the image to the logits, with the pattern that makes each."""

from dataclasses import dataclass

from pvt_viz.config import PVTConfig, StageShape

# As they stand in models/: a test looks each of them up in the source.
CUT = "b c (h p1) (w p2) -> b (h w) (p1 p2 c)"
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
    dim, classes = config.dims[-1], config.num_classes
    return (
        Step(
            where="image",
            what="pixels",
            shape=(batch, config.in_channels, *config.image_hw),
            layer="normalised",
        ),
        *(step for shape in config.shapes() for step in _stage_steps(shape, batch, config.embed_norm)),
        Step(where="answer", what="CLS token", shape=(batch, dim), layer="token 0, LayerNorm"),
        Step(
            where="answer",
            what="logits",
            shape=(batch, classes),
            layer=f"Linear {dim} → {classes}",
            tap="logits",
        ),
    )


def _stage_steps(s: StageShape, b: int, embed_norm: bool) -> list[Step]:
    stage, block = f"stage {s.index}", f"stage {s.index}, block (×{s.depth})"
    flat, squares = s.patch_size**2 * s.in_channels, s.reduction**2 * s.dim
    embed = f"Linear {flat} → {s.dim}" + (", LayerNorm" if embed_norm else "") + ", + position"
    if s.n_prefix:
        embed += ", CLS in front"
    cut = Step(where=stage, what=f"patches of {s.patch_size}×{s.patch_size}", shape=(b, s.tokens, flat), pattern=CUT)
    tokens = Step(where=stage, what="tokens", shape=(b, s.queries, s.dim), layer=embed, tap="tokens")
    fold = [
        Step(
            where=block,
            what=f"squares of {s.reduction}×{s.reduction} tokens",
            shape=(b, *s.reduced_grid, squares),
            pattern=FOLD,
        ),
        Step(
            where=block,
            what="reduced tokens",
            shape=(b, s.reduced_tokens, s.dim),
            layer=f"Linear {squares} → {s.dim}, LayerNorm",
        ),
    ]
    per_query, per_key = (b, s.heads, s.queries, s.head_dim), (b, s.heads, s.keys, s.head_dim)
    keys = "keys, and values" + (" (CLS is one)" if s.n_prefix else "")
    mlp = f"Linear {s.dim} → {s.dim}; MLP {s.dim} → {s.mlp_hidden} → {s.dim}"
    return [
        cut,
        tokens,
        *(fold if s.reduction > 1 else []),
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
        Step(where=block, what="tokens again", shape=(b, s.queries, s.dim), pattern=MERGE, layer=mlp),
        Step(where=stage, what="feature map", shape=(b, s.dim, *s.grid), pattern=MAP, tap="feature_map"),
    ]
