"""The sidebar's part on weights: what the chosen network's are, and how to open others."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pvt_viz.checkpoints import WeightsError, beside, hub
from pvt_viz.checkpoints.load import ENDINGS
from pvt_viz.checkpoints.sentences import label
from pvt_viz.choices.selection import Selection
from pvt_viz.config import PVTConfig
from pvt_viz.language import N_, joined, say, spaced, tr
from pvt_viz.listed import enumerated
from pvt_viz.models import Weights
from pvt_viz.presets import PRESETS
from pvt_viz.ui import address, calls, parts
from pvt_viz.ui.bringing import fetching, weights
from pvt_viz.ui.choosing import asked
from pvt_viz.words import escaped, megabytes, times

SHAPE = ("patch_sizes", "dims", "depths", "heads", "mlp_ratios", "reductions")
EXAMPLES = "Xrenya/pvt-tiny-224, OpenGVLab/pvt_v2_b0, timm/pvt_v2_b2_li.in1k, facebook/deit-base-distilled-patch16-224"
"""Ids that `transformers` and `timm` name in their sources."""
_OFFER, _WRONG, _FILES = "hub_offer", "hub_problem", "weights_files"
POLL = 0.5  # seconds


def show(selection: Selection) -> None:
    """What the chosen weights are, where they were brought; then the ways to bring some."""
    try:
        if selection.network.digest:
            with weights.opening():
                found = weights.checkpoint(selection.network)
            _about(found.weights, selection)
            if selection.network.private:
                _sets()
    except WeightsError as error:
        st.error(escaped(tr(error)))
    if not weights.uploads_allowed() and not hub.enabled():
        return
    with st.expander(tr("Other weights"), icon=":material/upload_file:"):
        if weights.uploads_allowed():
            _upload()
        if hub.enabled():
            _hub()
        if wrong := weights.problem():
            st.error(spaced(escaped(tr(wrong)), tr("What was there is still shown.")))


def _about(said: Weights, selection: Selection) -> None:
    config = selection.network.config
    what = tr("{network}: {makeup}.", network=_network(said, config), makeup=_makeup(config))
    st.caption(f":material/verified: {what}")
    if config.crop == 1:
        cut = tr("all of the square")
    else:
        cut = tr("the middle {part:.1%} of the square", part=config.crop)
    if selection.config.crop != config.crop:
        cut = tr("all of the picture here (in training {cut})", cut=cut)
    mean, std = (enumerated(*(f"{value:.3g}" for value in values[:3])) for values in (config.mean, config.std))
    prepared = N_(
        "Pictures are prepared as for its training: {cut}, then mean ({mean}) and deviation ({std}) of red, green"
        " and blue."
    )
    if config.in_channels == 1:
        prepared = N_(
            "Pictures are prepared as for its training: {cut}, then mean ({mean}) and deviation ({std}) of grey."
        )
    st.caption(tr(prepared, cut=cut, mean=mean, std=std))
    for note in said.notes:
        st.caption(f":material/info: {escaped(tr(note))}")


def _sets() -> None:
    """Which set of weights in the file is looked at, where there are several."""
    opened = weights.own()
    places = [found.weights.place for found in opened.sets]
    if places:
        st.selectbox(
            tr("Weights in the file"),
            places,
            index=places.index(opened.checkpoint.weights.place),
            format_func=label,
            key=f"weights_set_{opened.digest}",
            on_change=_take,
            args=(f"weights_set_{opened.digest}",),
            help=tr("Which of the sets of weights in the file is looked at; by default the average over training."),
        )


def _take(key: str) -> None:
    """The set that was chosen, at its own size, p and R."""
    weights.take(st.session_state[key])
    calls.studio.forget_own()
    name = weights.own().checkpoint.config.name
    asked.ask({"model": name, **weights.networks()[name].home})


def _network(said: Weights, config: PVTConfig) -> str:
    family = tr(said.family)
    for name, preset in PRESETS.items():
        if _alike(preset, config):
            return tr("{family}, shaped like {preset}", family=family, preset=name)
    return family


def _makeup(config: PVTConfig) -> str:
    """Its classes, and the size that it was trained at, where that is known."""
    count, size = config.num_classes, times(config.image_hw)
    if config.version == 2:
        return tr("{count:,} classes", count=count) if count else tr("a backbone, without a head")
    if count:
        return tr("{count:,} classes, trained at {size} px", count=count, size=size)
    return tr("a backbone, without a head, trained at {size} px", size=size)


def _alike(one: PVTConfig, other: PVTConfig) -> bool:
    return type(one) is type(other) and all(getattr(one, field) == getattr(other, field) for field in SHAPE)


def _upload() -> None:
    """Files in memory, for this visit; once read, the server keeps only what was made of them."""
    parts.uploads_withheld()
    number = st.session_state.setdefault(_FILES, 0)
    files = st.file_uploader(
        tr("Upload weights"),
        type=[*(ending.removeprefix(".") for ending in ENDINGS), "json"],
        accept_multiple_files=True,
        key=f"weights_{number}",
        max_upload_size=weights.largest_upload(),
        help=tr(
            "PVT, PVTv2, MiT, ViT or DeiT, as the authors, transformers, timm or mmdetection save them; choose its"
            " {config} and {preprocessor} with it, if there are any. Never written to disk; gone with your visit.",
            config=beside.CONFIG,
            preprocessor=beside.PREPROCESSOR,
        ),
    )
    if any(file.name.lower().endswith(ENDINGS) for file in files):
        with weights.opening():
            name = weights.receive({file.name: file.getvalue() for file in files})
        if name is not None:
            calls.studio.forget_own()  # what was made of those before
        _let_go(files)
        st.session_state[_FILES] = number + 1  # an empty uploader
        _choose(name)
    elif files:
        st.caption(tr("And the file with the weights?"))
    if (opened := weights.own()) is not None:
        st.text(tr("Open: {name}", name=opened.checkpoint.config.name))
        st.button(tr("Forget these weights"), on_click=forget)


def _let_go(files: list) -> None:
    """Of what was uploaded, which the server would else hold for as long as the visit lasts."""
    context = get_script_run_ctx()
    for file in files:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _hub() -> None:
    """An id, its size, and only then the fetch."""
    allowed = hub.allowed_ids()
    if allowed:
        id = st.selectbox(tr("From the hub"), allowed, index=None, key="hub_id", placeholder=tr("Choose a model"))
    else:
        id = st.text_input(
            tr("From the hub"),
            key="hub_id",
            placeholder=tr("owner/name"),
            max_chars=200,
            help=tr("For example {examples}.", examples=EXAMPLES),
        )
    # Never disabled: it would wake only after the click that ends the typing.
    if st.button(tr("Look it up"), help=tr("Asks the hub what there is; nothing is fetched yet.")):
        _look_up((id or "").strip())
    if wrong := st.session_state.get(_WRONG):
        st.error(escaped(tr(wrong)))
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
        name, size, here = escaped(offer.id), megabytes(offer.bytes), megabytes(offer.already)
        if offer.already:
            st.caption(tr("{id}: {size}, {here} of it here already.", id=name, size=size, here=here))
        else:
            st.caption(tr("{id}: {size}.", id=name, size=size))
        if broken:
            st.warning(escaped(tr(fetch.sentence)))
        left = megabytes(offer.bytes - offer.already)
        words = tr("Go on fetching") if broken else tr("Fetch {size}", size=left)
        st.button(words, on_click=_start, args=(offer,))


def _look_up(id: str) -> None:
    st.session_state.pop(_OFFER, None)
    st.session_state.pop(_WRONG, None)
    if (name := weights.open_hub(id)) is not None:  # it is on this server already
        _choose(name)
    if weights.problem():  # it is here, and of no use: fetched again it would be the same
        return
    try:
        with st.spinner(tr("Asking the hub …")):
            st.session_state[_OFFER] = hub.offer(id)
    except WeightsError as error:
        st.session_state[_WRONG] = joined(error.args[0], say("The weights that come with the app need no network."))


def _start(offer: hub.Offer) -> None:
    address.touch()
    fetching.start(offer)


@st.fragment(run_every=POLL)
def _progress() -> None:
    fetch = fetching.current()
    st.progress(fetch.fraction, escaped(tr(fetch.sentence)))
    st.button(tr("Stop fetching"), on_click=fetching.stop)
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
    calls.studio.forget_own()
