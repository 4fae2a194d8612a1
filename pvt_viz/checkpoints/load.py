"""From a name, a file, a folder or a hub id to weights, and to the network with them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tqdm import tqdm

from pvt_viz.checkpoints import beside, foreign, hub, own
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError
from pvt_viz.checkpoints.hub import INDEX, PICKLED, SAFETENSORS
from pvt_viz.checkpoints.sentences import enumerated, listed
from pvt_viz.checkpoints.shards import parts_named_in
from pvt_viz.checkpoints.tensors import LIMIT, read_tensors
from pvt_viz.config import PRESETS
from pvt_viz.language import say
from pvt_viz.models.flexible import PSEUDO_INVERSE, RESIZINGS, Resizing
from pvt_viz.models.pvt import PVT

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
IN_FOLDER = (SAFETENSORS, PICKLED)


def load_model(source: str | Path, /, *, resize: Resizing = PSEUDO_INVERSE, **overrides) -> PVT:
    """The network of `source` with its weights, in eval mode on the CPU; `model.config` says what it is.

    `source` is a bundled name; a .safetensors, .pth or .pt file of PVT, PVTv2, ViT or DeiT as their authors,
    `transformers` or `timm` name its tensors; a folder in the format of `transformers`; or an `owner/name` on the hub,
    which is fetched once. `overrides` are image_size, patch_sizes and reductions: kernels are resized with the
    pseudo-inverse ("bilinear" shows what the naive way does), position embeddings bilinearly. Raises WeightsError, a
    ValueError, with one sentence where the weights cannot be used, and ValueError for an override that is not valid.
    """
    if resize not in RESIZINGS:
        raise ValueError(
            say("resize={resize!r} is no way to resize; there are {known}.", resize=resize, known=", ".join(RESIZINGS))
        )
    found = open_checkpoint(source)
    return found.model(found.with_fields(overrides), resize)


def open_checkpoint(source: str | Path) -> Checkpoint:
    """The weights of `source`, as for `load_model`, whole; raises WeightsError."""
    if source in own.BUNDLED or source in PRESETS:
        return own.read(source)
    path = Path(source)
    if _is(Path.is_dir, path):
        return open_folder(path, path.name)
    if _is(Path.is_file, path):
        if own.is_ours(path):
            return own.read(path)
        return foreign.checkpoint(read_tensors(path, path.name), _near(path.parent), path.name)
    if isinstance(source, str) and hub.is_id(source):
        return open_folder(hub.cached(source) or _fetched(source), source)
    raise WeightsError(
        say(
            "The weights {file} are not there: no such file or folder; names that come with weights are {known}.",
            file=path.name,
            known=", ".join(own.BUNDLED),
        )
    )


def _fetched(id: str) -> Path:
    """The folder of a hub id, fetched with a bar that says how much there is."""
    offer = hub.offer(id)
    with tqdm(total=offer.bytes, initial=offer.already, desc=id, unit="B", unit_scale=True) as bar:
        return hub.fetch(offer, lambda done, _total: bar.update(done - bar.n))


def open_folder(folder: Path, name: str) -> Checkpoint:
    """A folder as `transformers`' save_pretrained and the hub keep it; `name` is what to call it."""
    near = _near(folder)
    if not (folder / SAFETENSORS).is_file() and (folder / INDEX).is_file():
        tensors = {}
        for shard in _shards(folder / INDEX):
            if not (folder / shard).is_file():
                raise WeightsError(say("{name} is not complete: its part {part} is not there.", name=name, part=shard))
            part = read_tensors(folder / shard, shard)
            if twice := tensors.keys() & part.keys():
                raise WeightsError(
                    say(
                        "{name} has {tensors} in more than one of its parts; fetch it again.",
                        name=name,
                        tensors=listed(sorted(twice)),
                    )
                )
            tensors |= part
        return foreign.checkpoint(tensors, near, name)
    for file in IN_FOLDER:
        if (folder / file).is_file():
            return foreign.checkpoint(read_tensors(folder / file, file), near, name)
    raise WeightsError(
        say(
            "The folder {name} holds no weights; one of {files} should be in it.",
            name=name,
            files=enumerated(IN_FOLDER),
        )
    )


def open_files(files: Mapping[str, bytes], limit: int = LIMIT) -> Checkpoint:
    """Files that somebody chose together: one with weights, and what lay beside it; raises WeightsError.

    Nothing is written to disk.
    """
    weights = [name for name in files if name not in beside.NAMES]
    if len(weights) != 1:
        config, preprocessor = beside.NAMES
        raise WeightsError(
            say(
                "{count} of these files could hold weights; choose one ({endings}), with its {config} and"
                " {preprocessor} if there are any.",
                count=len(weights),
                endings=enumerated(ENDINGS),
                config=config,
                preprocessor=preprocessor,
            )
        )
    [file] = weights
    name = re.sub(r"[^\w.+ -]", "_", file)[-80:]  # a stranger's, and soon on every page
    tensors, said = read_tensors(files[file], name, limit), own.said_in(files[file])
    if said.get("format") == own.FORMAT:
        return own.received(tensors, said, name)
    return foreign.checkpoint(tensors, files, name)


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """False too where the path is none, being too long for one."""
    try:
        return kind(path)
    except OSError:
        return False


def _near(folder: Path) -> dict[str, bytes]:
    """The small files in a folder that weights are read with."""
    found = {}
    for name in beside.NAMES:
        if (folder / name).is_file():
            try:
                with (folder / name).open("rb") as file:
                    found[name] = file.read(beside.LARGEST + 1)
            except OSError as error:
                raise WeightsError(say("{name} cannot be opened; see that you may read it.", name=name)) from error
    return found


def _shards(index: Path) -> list[str]:
    """Names of the files that a sharded checkpoint is in; none leads out of its folder."""
    try:
        return sorted(parts_named_in(index))
    except ValueError as error:
        raise WeightsError(say("{name} is damaged; fetch it again.", name=index.name)) from error
