"""The sidebar's part on weights: what the chosen network's are, and how to open others."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pvt_viz.checkpoints import WeightsError, beside, hub
from pvt_viz.checkpoints.load import ENDINGS
from pvt_viz.config import PRESETS, PVTConfig
from pvt_viz.models import Weights
from pvt_viz.ui import address, asked, calls, fetching, weights
from pvt_viz.ui.selection import Selection
from pvt_viz.words import escaped, megabytes, times

SHAPE = ("patch_sizes", "dims", "depths", "heads", "mlp_ratios", "reductions")
EXAMPLES = "Xrenya/pvt-tiny-224, OpenGVLab/pvt_v2_b0, timm/pvt_v2_b2_li.in1k, facebook/deit-base-distilled-patch16-224"
"""Ids that `transformers` and `timm` name in their sources."""
_OFFER, _WRONG, _FILES = "hub_offer", "hub_problem", "weights_files"
POLL = 0.5  # seconds


def show(selection: Selection) -> None:
    """What the chosen weights are, where they were brought; then the ways to bring some."""
    try:
        if (found := weights.checkpoint(selection.network)) is not None:
            _about(found.weights, selection)
    except WeightsError as error:
        st.error(escaped(str(error)))
    if not weights.uploads_allowed() and not hub.enabled():
        return
    with st.expander("Other weights", icon=":material/upload_file:"):
        if weights.uploads_allowed():
            _upload()
        if hub.enabled():
            _hub()
        if wrong := weights.problem():
            st.error(f"{escaped(wrong)} What was there is still shown.")


def _about(said: Weights, selection: Selection) -> None:
    config = selection.network.config
    classes = f"{config.num_classes:,} classes" if config.num_classes else "a backbone, without a head"
    mean, std = (", ".join(f"{value:.3g}" for value in values) for values in (config.mean, config.std))
    trained = "" if config.version == 2 else f", trained at {times(config.image_hw)} px"
    alike = next((f", shaped like {name}" for name, preset in PRESETS.items() if _alike(preset, config)), "")
    st.caption(f":material/verified: {said.family}{alike}: {classes}{trained}.")
    cut = "all of the square" if config.crop == 1 else f"the middle {config.crop:.1%} of the square"
    if selection.config.crop != config.crop:
        cut = f"all of the picture here (in training {cut})"
    st.caption(
        f"Pictures are prepared as for its training: {cut}, then mean ({mean}) and deviation ({std}) of red, green and"
        " blue."
    )
    for note in said.notes:
        st.caption(f":material/info: {escaped(note)}")


def _alike(one: PVTConfig, other: PVTConfig) -> bool:
    return type(one) is type(other) and all(getattr(one, field) == getattr(other, field) for field in SHAPE)


def _upload() -> None:
    """Files in memory, for this visit; once read, the server keeps only what was made of them."""
    number = st.session_state.setdefault(_FILES, 0)
    files = st.file_uploader(
        "Upload weights",
        type=[*(ending.removeprefix(".") for ending in ENDINGS), "json"],
        accept_multiple_files=True,
        key=f"weights_{number}",
        max_upload_size=weights.largest_upload(),
        help=f"PVT, PVTv2, ViT or DeiT, as the authors, transformers or timm save them; choose its"
        f" {' and '.join(beside.NAMES)} with it, if there are any. Never written to disk; gone with your visit.",
    )
    if any(file.name.lower().endswith(ENDINGS) for file in files):
        with st.spinner("Opening the weights …"):
            name = weights.receive({file.name: file.getvalue() for file in files})
        if name is not None:
            calls.forget_own()  # what was made of those before
        _let_go(files)
        st.session_state[_FILES] = number + 1  # an empty uploader
        _choose(name)
    elif files:
        st.caption("And the file with the weights?")
    if (opened := weights.own()) is not None:
        st.text(f"Open: {opened.checkpoint.config.name}")
        st.button("Forget these weights", on_click=forget)


def _let_go(files: list) -> None:
    """Of what was uploaded, which the server would else hold for as long as the visit lasts."""
    context = get_script_run_ctx()
    for file in files:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _hub() -> None:
    """An id, its size, and only then the fetch."""
    allowed = hub.allowed_ids()
    if allowed:
        id = st.selectbox("From the hub", allowed, index=None, key="hub_id", placeholder="Choose a model")
    else:
        id = st.text_input(
            "From the hub", key="hub_id", placeholder="owner/name", max_chars=200, help=f"For example {EXAMPLES}."
        )
    # Never disabled: it would wake only after the click that ends the typing.
    if st.button("Look it up", help="Asks the hub what there is; nothing is fetched yet."):
        _look_up((id or "").strip())
    if wrong := st.session_state.get(_WRONG):
        st.error(escaped(wrong))
    offer: hub.Offer | None = st.session_state.get(_OFFER)
    fetch = fetching.current()
    if fetch is not None and not fetch.finished:
        _progress()
    elif fetch is not None and fetch.state == "done":
        if offer is not None and offer.id == fetch.id:
            del st.session_state[_OFFER]
        _choose(weights.open_hub(fetching.let_go().id))
    elif offer is not None:
        broken = fetch is not None and fetch.offer == offer  # or stopped
        here = f", {megabytes(offer.already)} of it here already" if offer.already else ""
        st.caption(f"{escaped(offer.id)}: {megabytes(offer.bytes)}{here}.")
        if broken:
            st.warning(escaped(fetch.sentence))
        left = megabytes(offer.bytes - offer.already)
        st.button("Go on fetching" if broken else f"Fetch {left}", on_click=_start, args=(offer,))


def _look_up(id: str) -> None:
    st.session_state.pop(_OFFER, None)
    st.session_state.pop(_WRONG, None)
    if (name := weights.open_hub(id)) is not None:  # it is on this server already
        _choose(name)
    if weights.problem():  # it is here, and of no use: fetched again it would be the same
        return
    try:
        with st.spinner("Asking the hub …"):
            st.session_state[_OFFER] = hub.offer(id)
    except WeightsError as error:
        st.session_state[_WRONG] = f"{error} The weights that come with the app need no network."


def _start(offer: hub.Offer) -> None:
    address.touch()
    fetching.start(offer)


@st.fragment(run_every=POLL)
def _progress() -> None:
    fetch = fetching.current()
    st.progress(fetch.fraction, escaped(fetch.sentence))
    st.button("Stop fetching", on_click=fetching.stop)
    if fetch.finished:
        st.rerun()


def _choose(name: str | None) -> None:
    """Draw the page anew, on this network where there is one, at its own size, p and R."""
    if name is not None:
        asked.ask({"model": name, **weights.networks()[name].home})
    st.rerun()


def forget() -> None:
    """Let go of the visitor's own weights, and of what was made of them."""
    address.touch()
    weights.forget()
    calls.forget_own()
