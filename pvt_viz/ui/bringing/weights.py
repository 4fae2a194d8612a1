"""Networks whose weights a visitor brings, as files or by a hub id: which there are, and what was wrong with the last.

Files are read in memory and belong to the visit alone; what came from the hub is the server's, for all who ask for it.
A file that cannot be used changes nothing.
"""

import contextlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from pvt_viz import switches
from pvt_viz.checkpoints import Checkpoint, WeightsError, hub
from pvt_viz.checkpoints.load import digest, open_files, open_folder
from pvt_viz.choices.selection import Network, is_ratio
from pvt_viz.language import tr
from pvt_viz.words import escaped

_OWN, _FETCHED, _PROBLEM = "own_weights", "fetched_weights", "weights_problem"
MOST_SETS = 3
"""Of one file: each is in memory for as long as the visit lasts."""
_opening = threading.BoundedSemaphore(1)  # while a file is opened it is in memory twice


@dataclass(frozen=True, eq=False)
class Opened:
    """A visitor's own weights."""

    checkpoint: Checkpoint
    digest: str
    sets: tuple[Checkpoint, ...] = ()
    """Every set of weights in the file that opens, where there are several."""


def uploads_allowed() -> bool:
    """Whether this server takes weights from visitors."""
    return switches.on("PVT_VIZ_WEIGHT_UPLOADS")


def largest_upload() -> int:
    """Megabytes."""
    return st.get_option("server.maxUploadSize")


def receive(files: dict[str, bytes]) -> str | None:
    """Open files by name that were chosen together; the name of the network, or None where they are of no use."""
    st.session_state.pop(_PROBLEM, None)
    try:
        with _opening:
            found = open_files(files, largest_upload() * 1024**2)
            others = _others(files, found)
    except WeightsError as error:
        st.session_state[_PROBLEM] = error.args[0]
        return None
    several = (found, *others) if others else ()
    st.session_state[_OWN] = Opened(found, digest(files), several)  # the one before it goes
    return found.config.name


def _others(files: dict[str, bytes], found: Checkpoint) -> list[Checkpoint]:
    """The other sets of weights in these files, as far as they open."""
    others = []
    for place in found.weights.others[: MOST_SETS - 1]:
        with contextlib.suppress(WeightsError):
            others.append(open_files(files, largest_upload() * 1024**2, place))
    return others


def take(place: str) -> None:
    """Of the sets of weights that this visitor uploaded in one file, the one that lay under this name."""
    opened = own()
    chosen = next(found for found in opened.sets if found.weights.place == place)
    st.session_state[_OWN] = replace(opened, checkpoint=chosen)


def problem() -> str | None:
    """What was wrong with the last files or hub id, in a sentence."""
    return st.session_state.get(_PROBLEM)


def own() -> Opened | None:
    """The weights that this visitor uploaded."""
    return st.session_state.get(_OWN)


def forget() -> None:
    """Let go of the uploaded weights."""
    st.session_state.pop(_OWN, None)
    st.session_state.pop(_PROBLEM, None)


def open_hub(id: str) -> str | None:
    """Take a hub id that is on this server among the networks; its name, or None where it is of no use."""
    st.session_state.pop(_PROBLEM, None)
    try:
        folder = hub.cached(id) if hub.allowed(id) else None
        if folder is None:
            return None
        with opening():
            found = hub_checkpoint(id, str(folder))
    except WeightsError as error:
        st.session_state[_PROBLEM] = error.args[0]
        return None
    network = Network(found.config, digest=folder.name)
    st.session_state.setdefault(_FETCHED, {})[id] = (network, str(folder))
    return id


def opening():
    """Within it a spinner says what takes so long."""
    return st.spinner(tr("Opening the weights …"))


@st.cache_resource(max_entries=3, show_spinner=False)
def hub_checkpoint(id: str, folder: str) -> Checkpoint:
    """The weights of a fetched hub id, shared by all visitors."""
    with _opening:
        return open_folder(Path(folder), id)


def networks() -> dict[str, Network]:
    """What can be chosen beside the presets, by name."""
    found = {id: network for id, (network, _) in st.session_state.get(_FETCHED, {}).items()}
    if (opened := own()) is not None:
        digest = f"{opened.digest} {opened.checkpoint.weights.place}".strip()
        found[opened.checkpoint.config.name] = Network(opened.checkpoint.config, digest, private=True)
    return found


def checkpoint(network: Network) -> Checkpoint | None:
    """The weights of a network that was brought; None for a preset.

    Raises WeightsError where they came from the hub, and what was fetched is no longer there.
    """
    if not network.digest:
        return None
    if network.private:
        return st.session_state[_OWN].checkpoint
    name = network.config.name
    return hub_checkpoint(name, st.session_state[_FETCHED][name][1])


def adopt(query: dict[str, str]) -> list[str]:
    """Open the hub id that a link names, if it is on this server; else leave it out, and say so.

    The sentence is translated: it is shown at once, and as Markdown, of which a stranger's words must be kept free.
    """
    id = query.get("model", "")
    if not hub.is_id(id):
        return []
    if open_hub(id) is not None:
        return []
    for name in [name for name in query if name in ("model", "size", "kernels") or is_ratio(name)]:
        del query[name]  # and what is said of it alone
    network = escaped(id)
    if not hub.enabled():
        return [tr("The link asks for the network {id}; this server opens no models from the hub.", id=network)]
    if not hub.allowed(id):
        return [tr("The link asks for the network {id}; it is not among those that this server opens.", id=network)]
    if why := st.session_state.pop(_PROBLEM, None):  # said here, and not again in the sidebar
        return [tr("The link asks for the network {id}; {why}", id=network, why=escaped(tr(why)))]
    return [
        tr(
            "The link asks for the network {id}; it is not on this server yet: it can be fetched in the sidebar, under"
            " Other weights.",
            id=network,
        )
    ]
