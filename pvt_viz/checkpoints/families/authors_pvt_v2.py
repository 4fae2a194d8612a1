"""PVTv2 by the names of its authors (whai362/PVT, classification/pvt_v2.py), which those of SegFormer took over."""

from pvt_viz.checkpoints.families import authors_pvt
from pvt_viz.checkpoints.names import BLOCK, Family
from pvt_viz.language import N_

_GONE = ("pos_embed{i}", "cls_token", "norm")

FAMILY = Family(
    label=N_("PVTv2, the authors' file"),
    mit=N_("SegFormer's MiT, its authors' file"),
    network="pvt_v2",
    marks=("block1.0.mlp.dwconv.dwconv.weight", "patch_embed1.proj.weight"),
    first_stage=1,
    table={
        **{theirs: ours for theirs, ours in authors_pvt.FAMILY.table.items() if theirs not in _GONE},
        "block{i}.{j}.mlp.dwconv.dwconv": BLOCK + "mlp.convolve",
        "norm{i}": "stages.{i}.norm",
    },
)
