"""“Show the code”: under each page the lines of the model or of the core that make its figure."""

import streamlit as st

from pvt_viz import source
from pvt_viz.attribution.rollout import _step as rollout_step
from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.cost import parts
from pvt_viz.language import N_, tr
from pvt_viz.models import v1, v2
from pvt_viz.models.attention import Attention, SpatialReduction
from pvt_viz.models.flexible import resize_kernel
from pvt_viz.models.pvt import PVT, Block
from pvt_viz.train.stepper import Stepper

SHOWN = {
    "patches": (v1.PatchEmbedding.forward, "p = self.patch_size", "tokens = "),
    "windows": (v2.PatchEmbedding.forward, "", ""),
    "position": (v1.PatchEmbedding.forward, "tokens = ", "return"),
    "grids": (PVTConfig.grid_over, "", ""),
    "attention": (Attention.forward, "split = ", "return"),
    "map": (Attention.forward, "scores = ", "mixed = "),
    "fold": (SpatialReduction.forward, "", ""),
    "pool": (v2.SpatialReduction.forward, "", ""),
    "keys": (Attention.forward, "prefix, plane", "context = "),
    "block": (Block.forward, "", ""),
    "answer": (PVT.read, "", ""),
    "maps": (PVT.encode, "planes = ", "return"),
    "rollout": (rollout_step, "", ""),
    "resize": (resize_kernel, "if old == new", ""),
    "training": (Stepper.advance, "lesson =", "optimizer.step"),
    "scores": (parts.scores, "", ""),
    "fold_cost": (parts.fold, "", ""),
    "pool_cost": (parts.pool, "", ""),
    "kernels": (Attention.forward, "if self.map.listened", "mixed = F."),
    "reduction": (StageShape.with_reduction, "", ""),
    "footprint": (StageShape.tokens_behind, "", ""),
}
"""By name: the function, the words in its first line, and those in its last."""
LABEL = N_("Show the code")


def embedding(config: PVTConfig) -> str:
    """Which lines cut the picture into tokens, in this version of PVT."""
    return "windows" if config.version == 2 else "patches"


def show(*names: str) -> None:
    """The lines that are named here, each with the file and the place that they were read from."""
    with st.expander(tr(LABEL), icon=":material/code:"):
        for name in names:
            found = source.excerpt(*SHOWN[name])
            st.caption(
                tr("{file}, lines {first} to {last}", file=f"`{found.file}`", first=found.first, last=found.last)
            )
            st.code(found.code, language="python", wrap_lines=True)
