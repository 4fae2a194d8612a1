"""Where what is written about PVT disagrees, each with the number that decides it, counted here and now."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pvt_viz import cost
from pvt_viz.cost import memory, parts
from pvt_viz.cost.compare import figure_6, growth
from pvt_viz.cost.counted import BYTES
from pvt_viz.cost.variants import without_sra
from pvt_viz.language import Sentence, say
from pvt_viz.presets import PRESETS
from pvt_viz.words import factor, megabytes, si, times

TINY = PRESETS["pvt_tiny"]
PUBLISHED = {"pvt_small": 24.5e6, "pvt_medium": 44.2e6}
"""Parameters as the paper's Table 2 prints them."""


@dataclass(frozen=True)
class Dispute:
    """A question that sources answer differently: who says what, what holds, and the number that tells."""

    question: Sentence
    written: Sentence
    holds: Sentence
    number: Sentence


def _depths() -> Dispute:
    counted = {}
    for name in PUBLISHED:
        config = PRESETS[name]
        depths = (config.depths[0], 3, *config.depths[2:])
        counted[name] = [cost.analyze(replace(config, depths=depths)).params, cost.analyze(config).params]
    (small_3, small_4), (medium_3, medium_4) = counted.values()
    return Dispute(
        question=say("How many blocks has stage 2 of Small and Medium?"),
        written=say("Table 1 of the paper prints 3; the authors' code has 4."),
        holds=say("4: only that gives the parameters that the paper itself publishes."),
        number=say(
            "Small: {three} with 3, {four} with 4, published {small}. Medium: {m_three} with 3, {m_four} with 4,"
            " published {medium}.",
            three=si(small_3, ""),
            four=si(small_4, ""),
            small=si(PUBLISHED["pvt_small"], ""),
            m_three=si(medium_3, ""),
            m_four=si(medium_4, ""),
            medium=si(PUBLISHED["pvt_medium"], ""),
        ),
    )


def _flops() -> Dispute:
    report = cost.analyze(TINY)
    return Dispute(
        question=say("Are the paper's “GFLOPs” floating-point operations?"),
        written=say("The paper prints 1.9 GFLOPs for PVT-Tiny at 224×224; profilers print twice that."),
        holds=say("They are multiply-adds: 1 MAC is 2 FLOPs. This app always says which of the two it counts."),
        number=say(
            "PVT-Tiny at 224×224: {macs}, which are {flops}.",
            macs=si(report.macs, "MAC"),
            flops=si(report.flops, "FLOP"),
        ),
    )


def _patches() -> Dispute:
    shape = TINY.shapes()[0]
    h, w = TINY.image_hw
    return Dispute(
        question=say("Is the picture cut into p × p patches?"),
        written=say("Short notes often say that it is cut into pᵢ × pᵢ patches of H/pᵢ pixels a side."),
        holds=say("No: pᵢ is a patch's side, and the grid has H·W/pᵢ² patches."),
        number=say(
            "Stage 1 of PVT-Tiny, p = {p}: {h}/{p} × {w}/{p} = {count:,} patches of {p}×{p} px, not {wrong} of"
            " {large}×{large} px.",
            p=shape.patch_size,
            h=h,
            w=w,
            count=shape.tokens,
            wrong=shape.patch_size**2,
            large=h // shape.patch_size,
        ),
    )


def _parameters() -> Dispute:
    report = cost.analyze(TINY)
    added = sum(row.params for row in report.select(part=parts.REDUCTION))
    full = cost.analyze(without_sra(TINY))
    return Dispute(
        question=say("Does SRA save parameters?"),
        written=say("Short notes often say that it cuts them."),
        holds=say("It adds some, the folds'; what it cuts is arithmetic and memory."),
        number=say(
            "PVT-Tiny at 224×224: {params} parameters, {added} of them in folds; multiply-adds {before} without SRA,"
            " {after} with it.",
            params=si(report.params, ""),
            added=si(added, ""),
            before=si(full.macs, "MAC"),
            after=si(report.macs, "MAC"),
        ),
    )


def _fold() -> Dispute:
    report = cost.analyze(TINY)
    folds = report.select(part="fold")
    extra = sum(row.macs * (report.shapes[row.stage - 1].reduction ** 2 - 1) for row in folds)
    return Dispute(
        question=say("What does one fold cost?"),
        written=say("Equation 1 of the PVTv2 paper has a factor R² that the sizes of the layer do not give."),
        holds=say("N·C² multiply-adds: M keys, each R²·C numbers in and C out, and M·R² is N. R does not matter."),
        number=say(
            "All folds of PVT-Tiny: {right}. With another R² the whole network would take {wrong}; the paper prints"
            " 1.9 G, and {total} are counted.",
            right=si(sum(row.macs for row in folds), "MAC"),
            wrong=si(report.macs + extra, "MAC"),
            total=si(report.macs, "MAC"),
        ),
    )


def _positions() -> Dispute:
    home, odd = TINY.shapes()[0].grid, TINY.shapes((112, 448))[0].grid
    return Dispute(
        question=say("When must position embeddings be interpolated?"),
        written=say("The authors' code compares the number of tokens with that of the training size."),
        holds=say("Whenever the grid differs: grids of one area can have other sides."),
        number=say(
            "A 112×448 picture has {odd} = {count:,} tokens in stage 1, a 224×224 one {home} = {other:,}: equal"
            " counts, other grids.",
            odd=times(odd),
            count=odd[0] * odd[1],
            home=times(home),
            other=home[0] * home[1],
        ),
    )


def _epsilon() -> Dispute:
    return Dispute(
        question=say("Which ε does LayerNorm add?"),
        written=say("The paper does not say; the authors' code has two, one of them torch's silent default."),
        holds=say(
            "{block:g} in the blocks and at the end, {embed:g} after a patch projection and after a fold.",
            block=TINY.block_norm_eps,
            embed=TINY.embed_norm_eps,
        ),
        number=say(
            "A token whose numbers vary by 0.001 leaves the two norms with a deviation of {block:.2f} and {embed:.2f}.",
            block=_deviation(TINY.block_norm_eps),
            embed=_deviation(TINY.embed_norm_eps),
        ),
    )


def _deviation(eps: float, before: float = 1e-3) -> float:
    """Of a token after LayerNorm, if it was `before` in front of it: σ / √(σ² + ε)."""
    return before / (before**2 + eps) ** 0.5


def _figure() -> Dispute:
    grown = {name: growth(network, sides=(224, 640)) for name, network in figure_6().items()}
    factors = {name: large / small for name, (small, large) in grown.items()}
    return Dispute(
        question=say("Which network grows fastest with the picture?"),
        written=say("The caption of Figure 6 ranks: ViT-Small/16, then ViT-Small/32, then PVT-Small."),
        holds=say(
            "ViT-Small/32 grows least: it has as few keys as PVT-Small, and far fewer queries. What SRA is worth is the"
            " gap to the same network without it."
        ),
        number=say(
            "At 640 px a forward costs {vit_16} what it costs at 224 px (ViT-Small/16), {vit_32} (ViT-Small/32), {pvt}"
            " (PVT-Small), {bare} (PVT-Small without SRA).",
            vit_16=factor(factors["ViT-Small/16 (paper)"]),
            vit_32=factor(factors["ViT-Small/32 (paper)"]),
            pvt=factor(factors["PVT-Small"]),
            bare=factor(factors["PVT-Small without SRA"]),
        ),
    )


def _memory() -> Dispute:
    def peak(config, kernel) -> int:
        return BYTES["float32"] * memory.peak(memory.attention(config.shapes()[0], 1, kernel)).numbers

    full = without_sra(TINY)
    explicit, fused, sra = peak(full, "explicit"), peak(full, "fused"), peak(TINY, "fused")
    n, m = TINY.shapes()[0].tokens, TINY.shapes()[0].reduced_tokens
    return Dispute(
        question=say("Is memory the reason for SRA?"),
        written=say("In 2021 it was: every N×M map was written out. Fused kernels since then never store it."),
        holds=say(
            "With fused kernels most of the memory argument goes; the arithmetic stays R² = {n} apart.", n=n // m
        ),
        number=say(
            "Stage 1 of PVT-Tiny at 224×224, one attention layer in float32: full {explicit} written out, full {fused}"
            " fused, SRA {sra} fused.",
            explicit=megabytes(explicit),
            fused=megabytes(fused),
            sra=megabytes(sra),
        ),
    )


DISPUTES: tuple[Callable[[], Dispute], ...] = (
    *(_depths, _flops, _patches, _parameters, _fold, _memory, _figure, _positions, _epsilon),
)


def disputes() -> list[Dispute]:
    """All of them, most asked first."""
    return [make() for make in DISPUTES]
