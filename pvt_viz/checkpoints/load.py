"""From a name, a file, a folder or a hub id to weights, and to the network with them."""

import contextlib
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from pvt_viz.checkpoints import beside, foreign, hub, own, sets
from pvt_viz.checkpoints.checkpoint import Checkpoint, WeightsError
from pvt_viz.checkpoints.hub import INDEX, PICKLED, SAFETENSORS
from pvt_viz.checkpoints.sentences import enumerated, label, listed
from pvt_viz.checkpoints.shards import parts_named_in
from pvt_viz.checkpoints.tensors import LIMIT, WeightSet, read_set, read_tensors
from pvt_viz.language import Sentence, say
from pvt_viz.models.flexible import PSEUDO_INVERSE, RESIZINGS, Resizing
from pvt_viz.models.pvt import PVT
from pvt_viz.presets import PRESETS

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
IN_FOLDER = (SAFETENSORS, PICKLED)


def load_model(
    source: str | Path, /, *, resize: Resizing = PSEUDO_INVERSE, under: str | None = None, **overrides
) -> PVT:
    """The network of `source` with its weights, in eval mode on the CPU; `model.config` says what it is.

    `source` is a bundled name; a .safetensors, .pth or .pt file of PVT, PVTv2, MiT, ViT, DeiT or DINOv2 as their
    authors, `transformers`, `timm` or mmdetection name its tensors; a folder in the format of `transformers`; or an
    `owner/name` on the hub, which is fetched once. `overrides` are image_size, patch_sizes and reductions: kernels are
    resized with the pseudo-inverse ("bilinear" shows what the naive way does), position embeddings bilinearly. Where a
    file holds more than one set of weights ("model" and "model_ema"), `under` says which one to take, by default the
    average; `model.weights.others` are the others. Raises WeightsError, a ValueError, with one sentence where the
    weights cannot be used, and ValueError for an override that is not valid.
    """
    if resize not in RESIZINGS:
        raise ValueError(
            say("resize={resize!r} is no way to resize; there are {known}.", resize=resize, known=", ".join(RESIZINGS))
        )
    found = open_checkpoint(source, under)
    return found.model(found.with_fields(overrides), resize)


def open_checkpoint(source: str | Path, under: str | None = None) -> Checkpoint:
    """The weights of `source`, as for `load_model`, whole; raises WeightsError."""
    if source in own.BUNDLED or source in PRESETS:
        return _alone(own.read(source), under)
    path = Path(source)
    if _is(Path.is_dir, path):
        return open_folder(path, path.name, under)
    if _is(Path.is_file, path):
        if own.is_ours(path):
            return _alone(own.read(path), under)
        return _of_file(path, _near(path.parent), path.name, under=under)
    if isinstance(source, str) and hub.is_id(source):
        return open_folder(hub.cached(source) or _fetched(source), source, under)
    raise WeightsError(
        say(
            "The weights {file} are not there: no such file or folder; names that come with weights are {known}.",
            file=path.name,
            known=", ".join(own.BUNDLED),
        )
    )


def _of_file(
    source: bytes | Path, files: Mapping[str, bytes], name: str, limit: int = LIMIT, under: str | None = None
) -> Checkpoint:
    """The weights in one file, of several sets those that are `under` a name, else the first that is of use."""
    found = read_set(source, source.name if isinstance(source, Path) else name, limit, under)
    try:
        return _taken(foreign.checkpoint(found.tensors, files, name), found)
    except WeightsError as error:
        if under is None:
            why = say("Those under {place} are of no use here: {why}", place=label(found.place), why=error.args[0])
            for place in found.others:  # a teacher may be another kind of network than its student
                with contextlib.suppress(WeightsError):
                    return _noted(_of_file(source, files, name, limit, place), why)
        raise


def _taken(opened: Checkpoint, found: WeightSet) -> Checkpoint:
    """The same, saying which of several sets it is."""
    if not found.others:
        return opened
    opened = replace(opened, weights=replace(opened.weights, place=found.place, others=found.others))
    taken, others = label(found.place), enumerated(map(label, found.others))
    if sets.is_averaged(tuple(found.place.split("."))):
        return _noted(
            opened,
            say(
                "The file holds several sets of weights; taken are those under {taken}, the average over training, and"
                " not those under {others}.",
                taken=taken,
                others=others,
            ),
        )
    return _noted(
        opened,
        say(
            "The file holds several sets of weights; taken are those under {taken}, and not those under {others}.",
            taken=taken,
            others=others,
        ),
    )


def _noted(opened: Checkpoint, note: Sentence) -> Checkpoint:
    """The same with one more note."""
    return replace(opened, weights=replace(opened.weights, notes=(note, *opened.weights.notes)))


def _alone(opened: Checkpoint, under: str | None) -> Checkpoint:
    """Weights that are the only ones in their file."""
    if under:
        raise sets.none_under(opened.weights.source, under, {})
    return opened


def _fetched(id: str) -> Path:
    """The folder of a hub id, fetched with a bar that says how much there is."""
    offer = hub.offer(id)
    with tqdm(total=offer.bytes, initial=offer.already, desc=id, unit="B", unit_scale=True) as bar:
        return hub.fetch(offer, lambda done, _total: bar.update(done - bar.n))


def open_folder(folder: Path, name: str, under: str | None = None) -> Checkpoint:
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
        return _alone(foreign.checkpoint(tensors, near, name), under)
    for file in IN_FOLDER:
        if (folder / file).is_file():
            return _of_file(folder / file, near, name, under=under)
    raise WeightsError(
        say(
            "The folder {name} holds no weights; one of {files} should be in it.",
            name=name,
            files=enumerated(IN_FOLDER),
        )
    )


def digest(files: Mapping[str, bytes]) -> str:
    """By which files that were chosen together are told from others."""
    found = hashlib.sha256()
    for name in sorted(files):
        found.update(files[name])
    return found.hexdigest()[:16]


def open_files(files: Mapping[str, bytes], limit: int = LIMIT, under: str | None = None) -> Checkpoint:
    """Files that somebody chose together: one with weights, and what lay beside it; raises WeightsError.

    `under` is as in `load_model`.

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
    said = own.said_in(files[file])
    if said.get("format") == own.FORMAT:
        return _alone(own.received(read_tensors(files[file], name, limit), said, name), under)
    return _of_file(files[file], files, name, limit, under)


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
