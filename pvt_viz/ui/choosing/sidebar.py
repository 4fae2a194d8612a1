"""The controls that every page shares. What they say lives in the session, and in the URL."""

import streamlit as st

from pvt_viz import devices, images
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.choices.nearest import nearest
from pvt_viz.choices.selection import NETWORKS, SCENE, Choice, Selection, choose, first_picture, is_ratio, label, native
from pvt_viz.config import Size, StageShape
from pvt_viz.language import N_, spaced, tr
from pvt_viz.picture import Picture, size_of
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import address, controls, parts
from pvt_viz.ui.bringing import opening, weights
from pvt_viz.ui.choosing import asked, following, pagewords, reader, uploads, view
from pvt_viz.ui.lab import choice as lab
from pvt_viz.ui.told import tell
from pvt_viz.words import times

SOURCES = (N_("Sample"), N_("Scene"), N_("Upload"), N_("Camera"))
CROPS = {"square": N_("Centre square"), "whole": N_("Whole picture")}
_LAST = "selection"


def show(*, turned: bool, pictured: bool) -> tuple[Selection, Picture]:
    """Draw the sidebar and return what is chosen in it.

    `turned` says that another page has just been opened, `pictured` whether the page shows the picture.
    """
    query = address.arrived(turned=turned)
    wanted = asked.take()
    spoken = reader.adopt(query) if query is not None else []
    if query is not None and st.session_state.get("source") not in SOURCES[2:]:
        first = first_picture(query)
        _come_from(nearest(query.get("picture", first), (SCENE, *SAMPLES), first))
    elif query is None and "picture" in wanted:
        _come_from(wanted["picture"])
    with st.sidebar:
        reader.choose()
        own = _picture_source() if pictured else _own_picture()
        replaced = []
        if query is not None:
            replaced = [
                *spoken,
                *weights.adopt(query),
                *view.adopt(query.get("view", "")),
                *lab.adopt(query),
                *pagewords.adopt(query),
            ]
        brought = weights.networks()
        words = _words(query, wanted, own)
        choice = choose(words, size_of(own), devices.available(), brought, own=own is not None)
        _tell_widgets(choice.selection)
        if pictured and own is None:
            if choice.selection.drawn:
                _scene(choice)
            else:
                controls.selectbox(
                    tr("Sample"),
                    [name for name in choice.options["picture"] if name != SCENE],
                    key="picture",
                    format_func=lambda name: tr(SAMPLES[name].title),
                    on_change=address.touch,
                )
        if pictured:
            _framing(choice, drawn=own is None and choice.selection.drawn)
        _network(choice)
        _stages(choice, choice.selection.image_size if pictured else lab.size(choice.selection))
        st.button(
            tr("Back to the defaults"),
            on_click=_reset,
            help=tr("The sample cat, with the network that knows photographs at its own size, p and R, and no pin."),
        )
    if replaced or choice.replaced:  # said once: the next action redraws the page without it
        st.info(spaced(*map(tr, [*replaced, *choice.replaced])), icon=":material/info:")
    st.session_state[_LAST] = choice.selection
    address.write({**choice.selection.query(), **view.query(), **lab.query(), **pagewords.query(), **reader.query()})
    return choice.selection, own or Picture.of(choice.selection)


def _words(query: dict[str, str] | None, wanted: dict[str, object], own: Picture | None) -> dict[str, object]:
    """What is asked for: by a link that has just been opened, else by the widgets, over what was chosen before.

    `wanted` is what a page asks for. A network that nobody chose follows the picture.
    """
    if query is not None:
        (following.stop if "model" in query else following.follow)()
        return query
    last: Selection = st.session_state[_LAST]
    if "model" in wanted:
        following.stop()
    words = {name: wanted.get(name, _shown(name, word)) for name, word in last.words().items()}
    networks = NETWORKS | weights.networks()
    if not following.stopped():
        words["model"] = native(str(words["picture"]), own=own is not None)
    if words["model"] not in networks:  # its weights are gone
        following.follow()
        words = {name: word for name, word in words.items() if name not in ("model", "size") and not is_ratio(name)}
        return words | wanted
    network, before = networks[words["model"]], last.network
    if network != before:  # who never chose a size, p or R is shown each network at its own
        words = {name: word for name, word in words.items() if before.home.get(name) != word}
    if (len(network.config.dims), network.config.pool) != (len(before.config.dims), before.config.pool):
        # p and R of a pyramid say nothing about a ViT or linear SRA, nor the other way round.
        words = {name: word for name, word in words.items() if not is_ratio(name)}
    if words["seed"] != last.seed:
        words.pop("cue", None)  # another scene has other colours
    return words | wanted


def _shown(name: str, word: object) -> object:
    """What the control of this name says; `word` where there is none on this page, or one that says nothing."""
    shown = st.session_state.get(name)
    return word if shown is None else shown


def _tell_widgets(selection: Selection) -> None:
    for name, word in selection.words().items():
        tell(name, word)


def _reset() -> None:
    last: Selection = st.session_state[_LAST]
    for name in last.words():
        st.session_state.pop(name, None)
    following.follow()
    st.session_state["source"] = SOURCES[0]
    st.session_state[_LAST] = choose({}, lambda _picture, _crop, size: (size, size), devices.available()).selection
    uploads.forget()
    opening.forget()
    view.reset()
    lab.reset()
    pagewords.reset()
    address.touch()


def _come_from(picture: object) -> None:
    """Have the chooser of sources say where this sample or scene comes from."""
    st.session_state["source"] = "Scene" if picture == SCENE else "Sample"


def _picture_source() -> Picture | None:
    """The visitor's own picture, or None while a sample or a scene is shown."""
    st.subheader(tr("Picture"), anchor=False)
    _own_picture()
    source = controls.segmented_control(
        tr("Where from"),
        SOURCES,
        key="source",
        format_func=tr,
        label_visibility="collapsed",
        width="stretch",
        on_change=_source_changed,
    )
    if source in SOURCES[:2]:
        return None
    parts.uploads_withheld()
    if source == "Upload":
        file = st.file_uploader(
            tr("Upload a picture"),
            key="file",
            max_upload_size=images.MAX_BYTES // 1024**2,
            help=tr(
                "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF; up to {size} MB.", size=images.MAX_BYTES // 1024**2
            ),
            on_change=_receive,
            args=(source, "file"),
        )
    else:
        file = st.camera_input(tr("Take a picture"), key="camera", on_change=_receive, args=(source, "camera"))
    if problem := uploads.problem(source):
        if uploads.kept(source):
            before = tr("The picture before it is still shown.")
        else:
            before = tr("What was there is still shown.")
        st.error(spaced(tr(problem), before))
    picture = uploads.kept(source)
    if picture is None:
        st.caption(tr("Until then nothing changes. Your picture is kept in memory for this visit and is in no link."))
        return None
    if file is None:
        st.text(tr("Still shown: {title}", title=picture.title))
        st.button(tr("Forget it"), on_click=uploads.receive, args=(source, None, ""))
    parts.notes(picture)
    return picture


def _own_picture() -> Picture | None:
    """The visitor's picture on a page without a chooser: the choice is kept all the same."""
    source = st.session_state.setdefault("source", SOURCES[0])
    st.session_state["source"] = source  # a widget that is not drawn would lose it
    return uploads.kept(source)


def _source_changed() -> None:
    address.touch()
    source, picture = st.session_state["source"], st.session_state.get("picture")
    if source == "Scene":
        st.session_state["picture"] = SCENE
    elif source == "Sample" and picture == SCENE:
        st.session_state["picture"] = next(iter(SAMPLES))


def _scene(choice: Choice) -> None:
    """The controls of a drawn scene."""
    options = choice.options
    controls.number_input(
        tr("Scene"),
        options["seed"][0],
        options["seed"][-1],
        key="seed",
        step=1,
        on_change=address.touch,
        help=tr("The seed that it is drawn from: the same number is the same scene. Training has seen none of these."),
    )
    _segments(
        "cue",
        tr("Cue's colour"),
        options,
        help=tr(
            "The tag with the white rim. The right answer is the shape of its colour: change it and the answer moves."
        ),
    )
    controls.select_slider(
        tr("Clutter"),
        options["clutter"],
        key="clutter",
        format_func=lambda percent: f"{percent} %",
        on_change=address.touch,
    )
    _segments(
        "outline",
        tr("Outline the answer"),
        options,
        help=tr("The true edge of the right shape, drawn over the picture. The network does not see it."),
    )


def _capitalised(word: str) -> str:
    said = tr(word)
    return said[:1].upper() + said[1:]


def _segments(name: str, words: str, options: dict[str, tuple], *, help: str | None = None, told=_capitalised) -> None:
    """A choice between a few, across the sidebar; `told` is how an option is written."""
    controls.segmented_control(
        words,
        options[name],
        key=name,
        format_func=told,
        width="stretch",
        on_change=address.touch,
        help=help or None,
    )


def _receive(source: str, key: str) -> None:
    address.touch()
    file = st.session_state[key]
    uploads.receive(source, file.getvalue() if file else None, file.name if file else "")


def _framing(choice: Choice, *, drawn: bool) -> None:
    if not drawn:
        _segments("crop", tr("Framing"), choice.options, told=lambda crop: tr(CROPS[crop]))
    controls.select_slider(tr("Image size, px"), choice.options["size"], key="size", on_change=address.touch)
    size = times(choice.selection.image_size)
    st.caption(tr("The network sees {size} pixels; tokens grow with the area.", size=size))


def _network(choice: Choice) -> None:
    st.subheader(tr("Network"), anchor=False)
    network = choice.selection.network
    yours = [name for name, brought in weights.networks().items() if brought.private]
    controls.selectbox(
        tr("Model"),
        choice.options["model"],
        key="model",
        format_func=lambda name: tr("{name} (yours)", name=name) if name in yours else name,
        on_change=_network_chosen,
    )
    blocks = "-".join(str(depth) for depth in choice.selection.config.depths)
    larger = "" if network.digest else tr("A larger preset has more of them.")
    st.caption(spaced(tr("Blocks per stage: {blocks}.", blocks=blocks), larger))
    opening.show(choice.selection)
    controls.selectbox(
        tr("Device"),
        choice.options["device"],
        key="device",
        format_func=lambda device: tr("Automatic") if device == "auto" else devices.describe(device),
        on_change=address.touch,
    )
    device = devices.describe(devices.resolve(choice.selection.device))
    st.caption(tr("Runs on: {device}. What the network says is the same.", device=device))


def _network_chosen() -> None:
    address.touch()
    following.stop()


def _stages(choice: Choice, image_size: Size) -> None:
    st.subheader(tr("Patch sizes and reduction ratios"), anchor=False)
    config = choice.selection.config
    for shape in config.shapes(image_size if min(image_size) >= config.least_side else None):
        i = shape.index
        stage = tr("Stage {i}", i=i)
        st.markdown(f"**{stage}**")
        left, right = st.columns(2)
        with left:
            _slider(f"p{i}", choice)
        with right:
            if shape.pool is None:
                _slider(f"r{i}", choice)
            else:
                ratio, keys = label(f"r{i}"), times(shape.reduced_grid)
                st.caption(tr("No {ratio}: linear SRA pools to {keys}.", ratio=ratio, keys=keys))
        st.caption(spaced(_tokens(shape), _keys(shape)))
    if choice.selection.resized and (choice.selection.network.digest or choice.selection.model in BUNDLED):
        _segments(
            "kernels",
            tr("Resize kernels by"),
            choice.options,
            help=tr(
                "These p and R are not those that the weights were kept at. The pseudo-inverse (FlexiViT) keeps what a"
                " kernel says; bilinear resizing, as of a picture, does not: switch, and see what that does."
            ),
        )


def _tokens(shape: StageShape) -> str:
    p, grid = shape.patch_size, times(shape.grid)
    if shape.index == 1:
        return tr("p: {p}×{p} pixels make a token, {grid} in all.", p=p, grid=grid)
    below = shape.index - 1
    return tr("p: {p}×{p} tokens of stage {below} make a token, {grid} in all.", p=p, below=below, grid=grid)


def _keys(shape: StageShape) -> str:
    """Nothing where they are pooled."""
    if shape.pool is not None:
        return ""
    r, grid = shape.reduction, times(shape.reduced_grid)
    return tr("R: {r}×{r} tokens make a key, {grid} in all.", r=r, grid=grid)


def _slider(name: str, choice: Choice) -> None:
    options = choice.options[name]
    if len(options) > 1:
        controls.select_slider(label(name), options, key=name, on_change=address.touch)
    else:
        st.caption(tr("{ratio} = {value}: nothing else fits.", ratio=label(name), value=options[0]))
