"""What tools that count multiply-adds say of PVT-Tiny, and why they disagree: what each leaves out, and adds.

Rows with a tool of their own were counted by it, in the given version, on the authors' network written anew
(`tests/helpers/authors_pvt.py`), one picture of 224×224; some tools print the number under the name of FLOPs.
"""

from dataclasses import dataclass

from pvt_viz import cost
from pvt_viz.language import Sentence, say
from pvt_viz.presets import PRESETS

TINY = PRESETS["pvt_tiny"]
NORM_FVCORE, NORM_THOP = 5, 4
"""Operations that they count for each number that a LayerNorm gives."""


@dataclass(frozen=True)
class Counter:
    """A way to count, what it says in MACs, and how that differs from the closed forms of `pvt_viz.cost`."""

    name: Sentence
    macs: int
    differs: Sentence


def products() -> int:
    """MACs of QKᵀ and softmax·V: what a counter misses that sees layers alone."""
    return sum(row.macs for row in cost.analyze(TINY).rows if row.part in ("QKᵀ", "softmax·V"))


def normalised() -> int:
    """Numbers that all LayerNorms give: those of patches, of blocks, behind folds, and the last."""
    found = 0
    for s in TINY.shapes():
        folded = s.reduced_tokens if s.reduction > 1 else 0
        found += s.dim * (s.tokens + s.depth * (2 * s.queries + folded))
    return found + s.dim * s.queries  # the authors normalise all tokens of the last stage


def authors() -> int:
    """The authors' formula for attention, N·(h/R)·(w/R)·C twice: without floors, and without CLS."""
    return sum(int(2 * s.depth * s.dim * s.tokens * (s.tokens / s.reduction**2)) for s in TINY.shapes())


def counters() -> tuple[Counter, ...]:
    """The closed forms first."""
    ours = cost.analyze(TINY).macs
    layers = ours - products()
    return (
        Counter(
            say("the closed forms here"),
            ours,
            say("every multiplication of two activations, or of an activation and a weight"),
        ),
        Counter(
            say("torch 2.13's FlopCounterMode, half of it: on the meta device, or with attention written out"),
            ours,
            say("the same; tests hold the closed forms to it on the meta device"),
        ),
        Counter(
            say("torch 2.13's FlopCounterMode, half of it: fused attention on a CPU"),
            layers,
            say("leaves out QKᵀ and softmax·V: the CPU's fused kernel is none that it knows"),
        ),
        Counter(
            say("fvcore 0.1.5"),
            1_943_022_336,
            say("adds LayerNorm, {each} for each number", each=NORM_FVCORE),
        ),
        Counter(
            say("ptflops 0.7.5"),
            1_872_539_624,
            say(
                "leaves out QKᵀ and softmax·V, which are no layers; adds LayerNorm, GELU and biases, 1 for each number"
            ),
        ),
        Counter(
            say("thop 0.1.1"),
            1_864_580_096,
            say(
                "leaves out QKᵀ and softmax·V, which are no layers; adds LayerNorm, {each} for each number",
                each=NORM_THOP,
            ),
        ),
        Counter(
            say("the authors' formula for attention, beside a counter of layers"),
            layers + authors(),
            say("leaves out CLS and the floors of ⌊h/R⌋; what its counter of layers adds is not in here"),
        ),
    )
