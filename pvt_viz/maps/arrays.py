"""The attention of one picture as an .npz: every array, the names of its axes, and where queries and keys lie."""

import io
import json
from collections.abc import Sequence

import numpy as np

from pvt_viz.maps.wanted import Chosen
from pvt_viz.tracing import Trace

PLACE, EDGES = ("index", "row", "column"), ("top", "left", "bottom", "right")
NOWHERE = -1
"""In place of rows, columns and edges of a token before the grid."""


def frame(chosen: Sequence[Chosen], setting: dict) -> dict[str, np.ndarray]:
    """What is the same for every picture of a run: arrays of numbers, and strings that hold JSON.

    `stage_1_queries` (query, place): index in the sequence, row and column in the token grid, from 0. `stage_1_keys`
    (key, edge): top, left, bottom and right in pixels of the image as the network saw it, the last two exclusive. CLS
    and its like have -1 for what they lack. `axes` names the axes of every array, `labels` what stands along those that
    are no plain counts, `stages` says the grids, `setting` what everything was made with.
    """
    arrays, axes, labels = {}, {}, {"place": PLACE, "edge": EDGES}
    for one in chosen:
        stage = f"stage_{one.shape.index}"
        arrays[f"{stage}_queries"] = np.array([_place(one, query) for query in one.queries], dtype=np.int32)
        arrays[f"{stage}_keys"] = np.array([_edges(one, key) for key in range(one.shape.keys)], dtype=np.int32)
        axes |= {f"{stage}_queries": "query place", f"{stage}_keys": "key edge"}
        axes |= {_name(one, block): "head query key" for block in one.blocks}
        labels |= {_name(one, block): {"head": one.heads} for block in one.blocks}
    told = {"axes": axes, "labels": labels, "stages": [_stage(one) for one in chosen], "setting": setting}
    return arrays | {name: np.array(json.dumps(value, ensure_ascii=False)) for name, value in told.items()}


def maps(trace: Trace, index: int, chosen: Sequence[Chosen]) -> dict[str, np.ndarray]:
    """`stage_1_block_2` and so on, (head, query, key) float32, of one picture of a trace; whole rows sum to 1."""
    found = {}
    for one in chosen:
        heads = [head - 1 for head in one.heads]
        for block in one.blocks:
            attention = trace.stages[one.shape.index - 1].blocks[block - 1].attention[index]
            found[_name(one, block)] = attention[heads][:, list(one.queries)].numpy()
    return found


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def of(arrays: dict[str, np.ndarray], one: Chosen, block: int) -> np.ndarray:
    """(head, query, key) of a stage and a block, out of `maps`."""
    return arrays[_name(one, block)]


def _name(one: Chosen, block: int) -> str:
    return f"stage_{one.shape.index}_block_{block}"


def _place(one: Chosen, query: int) -> tuple[int, int, int]:
    on_grid = query - one.shape.n_prefix
    return query, *(divmod(on_grid, one.shape.grid[1]) if on_grid >= 0 else (NOWHERE, NOWHERE))


def _edges(one: Chosen, key: int) -> tuple[int, int, int, int]:
    return (NOWHERE,) * 4 if key < one.shape.n_prefix else one.shape.pixels_behind(key)


def _stage(one: Chosen) -> dict:
    shape = one.shape
    return {
        "stage": shape.index,
        "grid": shape.grid,
        "reduced_grid": shape.reduced_grid,
        "patch_size": shape.patch_size,
        "stride": shape.stride,
        "reduction": shape.reduction,
        "pool": shape.pool,
        "n_prefix": shape.n_prefix,
        "blocks": one.blocks,
        "heads": one.heads,
    }
