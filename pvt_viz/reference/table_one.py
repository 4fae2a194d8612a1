"""The paper's Table 1, made anew from the presets: what each size of PVT is made of."""

from pvt_viz import cost
from pvt_viz.language import N_
from pvt_viz.presets import PRESETS
from pvt_viz.words import si, times

SIZES = ("pvt_tiny", "pvt_small", "pvt_medium", "pvt_large")
EMBEDDING, ENCODER = "patch embedding", "transformer encoder"
LAYERS = {
    EMBEDDING: N_("patch embedding"),
    ENCODER: N_("transformer encoder"),
    "parameters": N_("parameters"),
    "multiply-adds": N_("multiply-adds at 224×224"),
}
"""What a row is about, in words."""


def rows() -> list[dict[str, str]]:
    """Two rows a stage, as in the paper, then the totals that are counted from them; a column for each preset.

    Identifiers (`layer`, `stage`) and symbols only: words are put to them where the table is shown.
    """
    configs = [PRESETS[name] for name in SIZES]
    found = []
    for i, _ in enumerate(configs[0].dims):
        shapes = [config.shapes()[i] for config in configs]
        stage = {"stage": str(i + 1), "output": times(shapes[0].grid)}
        embedding = {name: f"P = {s.patch_size}, C = {s.dim}" for name, s in zip(SIZES, shapes, strict=True)}
        encoder = {
            name: f"(R = {s.reduction}, N = {s.heads}, E = {s.mlp_hidden // s.dim}) × {s.depth}"
            for name, s in zip(SIZES, shapes, strict=True)
        }
        found += [{**stage, "layer": EMBEDDING, **embedding}, {**stage, "layer": ENCODER, **encoder}]
    reports = {name: cost.analyze(PRESETS[name]) for name in SIZES}
    total = {"stage": "", "output": ""}
    return [
        *found,
        {**total, "layer": "parameters", **{name: si(report.params, "") for name, report in reports.items()}},
        {**total, "layer": "multiply-adds", **{name: si(report.macs, "MAC") for name, report in reports.items()}},
    ]
