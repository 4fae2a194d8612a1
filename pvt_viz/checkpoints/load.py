"""From a name, a file, a folder or a hub id to weights, and to the network with them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pvt_viz.checkpoints import beside, foreign, own
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError

try:  # TEMPORARY
    from pvt_viz.checkpoints import hub
    from pvt_viz.checkpoints.tensors import LIMIT, read_tensors
except ImportError:
    LIMIT = 2 * 10**9

    def read_tensors(source, name, limit=LIMIT):
        import torch
        from safetensors.torch import load, load_file

        if isinstance(source, bytes):
            return load(source)
        return load_file(source) if str(source).endswith("safetensors") else torch.load(source, weights_only=True)


from pvt_viz.config import PRESETS
from pvt_viz.models.flexible import PSEUDO_INVERSE, Resizing
from pvt_viz.models.pvt import PVT

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
INDEX = "model.safetensors.index.json"
IN_FOLDER = ("model.safetensors", "pytorch_model.bin")


def load_model(source: str | Path, /, *, resize: Resizing = PSEUDO_INVERSE, **overrides) -> PVT:
    """The network of `source` with its weights, in eval mode on the CPU; `model.config` says what it is.

    `source` is a bundled name; a .safetensors, .pth or .pt file of PVT, PVTv2, ViT or DeiT as their authors,
    `transformers` or `timm` name its tensors; a folder in the format of `transformers`; or an `owner/name` on the hub,
    which is fetched once. `overrides` are image_size, patch_sizes and reductions: kernels are resized with the
    pseudo-inverse ("bilinear" shows what the naive way does), position embeddings bilinearly. Raises WeightsError, a
    ValueError, with one sentence where the weights cannot be used, and ValueError for an override that is not valid.
    """
    found = open_checkpoint(source)
    return found.model(found.with_fields(overrides), resize)


def open_checkpoint(source: str | Path) -> Checkpoint:
    """The weights of `source`, as for `load_model`, whole; raises WeightsError."""
    if source in own.BUNDLED or source in PRESETS:
        return own.read(source)
    path = Path(source)
    if path.is_dir():
        return open_folder(path, path.name)
    if path.is_file():
        if own.is_ours(path):
            return own.read(path)
        near = {name: path.with_name(name).read_bytes() for name in beside.NAMES if path.with_name(name).is_file()}
        return foreign.checkpoint(read_tensors(path, path.name), near, path.name)
    if isinstance(source, str) and hub.is_id(source):
        return open_folder(hub.cached(source) or hub.fetch(hub.offer(source)), source)
    raise WeightsError(
        f"The weights {path.name} are not there: no such file or folder; names that come with weights are"
        f" {', '.join(own.BUNDLED)}."
    )


def open_folder(folder: Path, name: str) -> Checkpoint:
    """A folder as `transformers`' save_pretrained and the hub keep it; `name` is what to call it."""
    near = {file: (folder / file).read_bytes() for file in beside.NAMES if (folder / file).is_file()}
    if (folder / INDEX).is_file():
        tensors = {}
        for shard in _shards(folder / INDEX):
            if not (folder / shard).is_file():
                raise WeightsError(f"{name} is not complete: its part {shard} is not there.")
            tensors |= read_tensors(folder / shard, shard)
        return foreign.checkpoint(tensors, near, name)
    for file in IN_FOLDER:
        if (folder / file).is_file():
            return foreign.checkpoint(read_tensors(folder / file, file), near, name)
    raise WeightsError(f"The folder {name} holds no weights; one of {', '.join(IN_FOLDER)} should be in it.")


def open_files(files: Mapping[str, bytes], limit: int = LIMIT) -> Checkpoint:
    """Files that somebody chose together: one with weights, and what lay beside it; raises WeightsError.

    Nothing is written to disk.
    """
    weights = [name for name in files if name not in beside.NAMES]
    if len(weights) != 1:
        raise WeightsError(
            f"{len(weights)} of these files could hold weights; choose one ({', '.join(ENDINGS)}), with its"
            f" {' and '.join(beside.NAMES)} if there are any."
        )
    [file] = weights
    name = re.sub(r"[^\w.+ -]", "_", file)[-80:]  # a stranger's, and soon on every page
    return foreign.checkpoint(read_tensors(files[file], name, limit), files, name)


def _shards(index: Path) -> list[str]:
    """Names of the files that a sharded checkpoint is in; none leads out of its folder."""
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
        if any(Path(name).name != name for name in names):
            raise ValueError("a path")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{index.name} is damaged; fetch it again.") from error
    return names
