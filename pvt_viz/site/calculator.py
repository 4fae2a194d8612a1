"""What the cost calculator in the browser is told: the networks, and the closed forms of `pvt_viz.cost` as they stand.

The browser evaluates the very formulas that `cost.parts` states in its docstrings, so there is no second copy of them;
only the shapes (grids that floor, or round up) are computed there, and a test holds all of it against `cost.analyze`.
"""

from pvt_viz import cost
from pvt_viz.config import PVTConfig
from pvt_viz.cost import parts
from pvt_viz.cost.variants import without_sra
from pvt_viz.presets import PRESETS

MAPS = "B·L·A·N⁺·M⁺"
"""Entries of all attention maps of a stage; A heads."""
PARAMS = {"embedding": "k²·C₀·C", "positions": "N⁺·C", "folds": "L·(R²·C·C+3·C)"}
"""What of the parameters depends on p, R or the image size; the rest of a network is `fixed`."""
NOTHING = "0"
"""The formula of what multiplies nothing."""
NAMES = ("pvt_tiny", "pvt_small", "pvt_medium", "pvt_large", "flexi_pvt", "scene_vit")


def networks() -> list[dict]:
    """Every preset as plain data, the best-known first."""
    return [_network(PRESETS[name]) for name in sorted(PRESETS, key=lambda name: name not in NAMES)]


def _network(config: PVTConfig) -> dict:
    report, full = cost.analyze(config), cost.analyze(without_sra(config))
    shapes = config.shapes()
    return {
        "name": config.name,
        "side": max(config.image_hw),
        "patches": config.patch_sizes,
        "reductions": config.reductions,
        "version": config.version,
        "pool": config.pool,
        "foldable": len(shapes) > 1 and config.pool is None,
        "fixed": report.params - sum(_flexible(config, shape) for shape in shapes),
        "positions": config.version == 1,
        "stages": [
            {
                "L": s.depth,
                "C": s.dim,
                "C₀": s.in_channels,
                "H": s.mlp_hidden,
                "A": s.heads,
                "K": config.num_classes,
                "prefix": s.n_prefix,
                "parts": {row.part: row.formula for row in report.select(stage=s.index) if row.formula != NOTHING},
                "full": {row.part: row.formula for row in full.select(stage=s.index) if row.formula != NOTHING},
                "fold": parts.formula(parts.fold),
            }
            for s in shapes
        ],
    }


def _flexible(config: PVTConfig, s) -> int:
    """Parameters that `PARAMS` gives for this stage."""
    embedding = s.window**2 * s.in_channels * s.dim
    folds = s.depth * (s.reduction**2 * s.dim**2 + 3 * s.dim) if s.reduction > 1 else 0
    return embedding + parts.positions(config, s) + folds
