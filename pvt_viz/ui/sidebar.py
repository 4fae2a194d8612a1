"""The controls that every page shares. What they say lives in the session, and in the URL."""

import streamlit as st

from pvt_viz import devices, images
from pvt_viz.checkpoints import BUNDLED
from pvt_viz.config import Size
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import address, asked, opening, pagewords, reader, uploads, view, weights
from pvt_viz.ui.lab import choice as lab
from pvt_viz.ui.nearest import nearest
from pvt_viz.ui.selection import NETWORKS, SCENE, Choice, Selection, choose, is_ratio, label
from pvt_viz.ui.told import tell
from pvt_viz.ui.uploads import Picture
from pvt_viz.words import times

SOURCES = ("Scene", "Sample", "Upload", "Camera")
CROPS = {"square": "Centre square", "whole": "Whole picture"}
_LAST = "selection"


def show(*, turned: bool, pictured: bool) -> tuple[Selection, Picture]:
    """Draw the sidebar and return what is chosen in it.

    `turned` says that another page has just been opened, `pictured` whether the page shows the picture.
    """
    query = address.arrived(turned=turned)
    spoken = reader.adopt(query) if query is not None else []
    if query is not None and st.session_state.get("source") not in SOURCES[2:]:
        picture = nearest(query.get("picture", SCENE), (SCENE, *SAMPLES), SCENE)
        st.session_state["source"] = SOURCES[picture != SCENE]
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
        choice = choose(_words(query), lambda *of: _image_size(own, *of), devices.available(), brought)
        _tell_widgets(choice.selection)
        if pictured and own is None:
            if choice.selection.drawn:
                _scene(choice)
            else:
                st.selectbox(
                    "Sample",
                    [name for name in choice.options["picture"] if name != SCENE],
                    key="picture",
                    format_func=lambda name: SAMPLES[name].title,
                    on_change=address.touch,
                )
        if pictured:
            _framing(choice, drawn=own is None and choice.selection.drawn)
        _network(choice)
        _stages(choice, choice.selection.image_size if pictured else lab.size(choice.selection))
        st.button(
            "Back to the defaults",
            on_click=_reset,
            help="A drawn scene, the trained flexi_pvt with its own p and R at 128 px, and no pin.",
        )
    if replaced or choice.replaced:  # said once: the next action redraws the page without it
        st.info(" ".join([*replaced, *choice.replaced]), icon=":material/info:")
    st.session_state[_LAST] = choice.selection
    address.write({**choice.selection.query(), **view.query(), **lab.query(), **pagewords.query(), **reader.query()})
    return choice.selection, own or Picture.of(choice.selection)


def _words(query: dict[str, str] | None) -> dict[str, object]:
    """What is asked for: by a link that has just been opened, else by the widgets, over what was chosen before."""
    if query is not None:
        return query
    last: Selection = st.session_state[_LAST]
    wanted = asked.take()
    words = {name: wanted.get(name, st.session_state.get(name, word)) for name, word in last.words().items()}
    networks = NETWORKS | weights.networks()
    if words["model"] not in networks:  # its weights are gone
        words = {name: word for name, word in words.items() if name not in ("model", "size") and not is_ratio(name)}
        return words | wanted
    network, before = networks[words["model"]], last.network
    if network != before:  # who never chose a size, p or R is shown each network at its own
        words = {name: word for name, word in words.items() if before.home.get(name) != word}
    if (len(network.config.dims), network.config.pool) != (len(before.config.dims), before.config.pool):
        # p and R of a pyramid say nothing about a ViT or linear SRA, nor the other way round.
        words = {name: word for name, word in words.items() if not is_ratio(name)}
    if words["seed"] != last.seed:
        del words["cue"]  # another scene has other colours
    return words | wanted


def _image_size(own: Picture | None, sample: str, crop: str, size: int) -> Size:
    if crop == "square" or (own is None and sample == SCENE):
        return size, size
    return images.whole_size((own or Picture.sample(sample)).image, size, 32)


def _tell_widgets(selection: Selection) -> None:
    for name, word in selection.words().items():
        tell(name, word)


def _reset() -> None:
    last: Selection = st.session_state[_LAST]
    for name in last.words():
        st.session_state.pop(name, None)
    st.session_state["source"] = SOURCES[0]
    st.session_state[_LAST] = choose({}, lambda _picture, _crop, size: (size, size), devices.available()).selection
    uploads.forget()
    opening.forget()
    view.reset()
    lab.reset()
    pagewords.reset()
    address.touch()


def _picture_source() -> Picture | None:
    """The visitor's own picture, or None while a sample is shown."""
    st.subheader("Picture", anchor=False)
    _own_picture()
    source = st.segmented_control(
        "Where from",
        SOURCES,
        key="source",
        required=True,
        label_visibility="collapsed",
        width="stretch",
        on_change=_source_changed,
    )
    if source in SOURCES[:2]:
        return None
    if source == "Upload":
        file = st.file_uploader(
            "Upload a picture",
            key="file",
            max_upload_size=images.MAX_BYTES // 1024**2,
            help="JPEG, PNG, WebP, GIF, BMP or TIFF; up to 20 MB.",
            on_change=_receive,
            args=(source, "file"),
        )
    else:
        file = st.camera_input("Take a picture", key="camera", on_change=_receive, args=(source, "camera"))
    if problem := uploads.problem(source):
        before = "The picture before it is still shown." if uploads.kept(source) else "What was there is still shown."
        st.error(f"{problem} {before}")
    picture = uploads.kept(source)
    if picture is None:
        st.caption("Until then nothing changes. Your picture is kept in memory for this visit and is in no link.")
    elif file is None:
        st.text(f"Still shown: {picture.title}")
        st.button("Forget it", on_click=uploads.receive, args=(source, None, ""))
    return picture


def _own_picture() -> Picture | None:
    """The visitor's picture on a page without a chooser: the choice is kept all the same."""
    source = st.session_state.setdefault("source", SOURCES[0])
    st.session_state["source"] = source  # a widget that is not drawn would lose it
    return uploads.kept(source)


def _source_changed() -> None:
    address.touch()
    source, picture = st.session_state["source"], st.session_state.get("picture", SCENE)
    if source == "Scene":
        st.session_state["picture"] = SCENE
    elif source == "Sample" and picture == SCENE:
        st.session_state["picture"] = next(iter(SAMPLES))


def _scene(choice: Choice) -> None:
    """The controls of a drawn scene."""
    options = choice.options
    st.number_input(
        "Scene",
        options["seed"][0],
        options["seed"][-1],
        key="seed",
        step=1,
        on_change=address.touch,
        help="The seed that it is drawn from: the same number is the same scene. Training has seen none of these.",
    )
    _segments(
        "cue",
        "Cue's colour",
        options,
        help="The tag with the white rim. The right answer is the shape of its colour: change it and the answer moves.",
    )
    st.select_slider(
        "Clutter",
        options["clutter"],
        key="clutter",
        format_func=lambda percent: f"{percent} %",
        on_change=address.touch,
    )
    _segments(
        "outline",
        "Outline the answer",
        options,
        help="The true edge of the right shape, drawn over the picture. The network does not see it.",
    )


def _segments(
    name: str, words: str, options: dict[str, tuple], *, help: str | None = None, told=str.capitalize
) -> None:
    """A choice between a few, across the sidebar; `told` is how an option is written."""
    st.segmented_control(
        words,
        options[name],
        key=name,
        required=True,
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
        _segments("crop", "Framing", choice.options, told=CROPS.get)
    st.select_slider("Image size, px", choice.options["size"], key="size", on_change=address.touch)
    st.caption(f"The network sees {times(choice.selection.image_size)} pixels; tokens grow with the area.")


def _network(choice: Choice) -> None:
    st.subheader("Network", anchor=False)
    network = choice.selection.network
    yours = [name for name, brought in weights.networks().items() if brought.private]
    st.selectbox(
        "Model",
        choice.options["model"],
        key="model",
        format_func=lambda name: f"{name} (yours)" if name in yours else name,
        on_change=address.touch,
    )
    blocks = "-".join(str(depth) for depth in choice.selection.config.depths)
    st.caption(f"Blocks per stage: {blocks}.{'' if network.digest else ' A larger preset has more of them.'}")
    opening.show(choice.selection)
    st.selectbox(
        "Device",
        choice.options["device"],
        key="device",
        format_func=lambda device: "Automatic" if device == "auto" else devices.describe(device),
        on_change=address.touch,
    )
    st.caption(
        f"Runs on: {devices.describe(devices.resolve(choice.selection.device))}. What the network says is the same."
    )


def _stages(choice: Choice, image_size: Size) -> None:
    st.subheader("Patch sizes and reduction ratios", anchor=False)
    config = choice.selection.config
    for shape in config.shapes(image_size if min(image_size) >= config.least_side else None):
        i = shape.index
        st.markdown(f"**Stage {i}**")
        left, right = st.columns(2)
        with left:
            _slider(f"p{i}", choice)
        with right:
            if shape.pool is None:
                _slider(f"r{i}", choice)
            else:
                st.caption(f"No {label(f'r{i}')}: linear SRA pools to {times(shape.reduced_grid)}.")
        p, r = shape.patch_size, shape.reduction
        keys = f" R: {r}×{r} tokens make a key, {times(shape.reduced_grid)} in all." if shape.pool is None else ""
        st.caption(
            f"p: {p}×{p} {'pixels' if i == 1 else f'tokens of stage {i - 1}'} make a token, {times(shape.grid)} in all."
            f"{keys}"
        )
    if choice.selection.resized and (choice.selection.network.digest or choice.selection.model in BUNDLED):
        _segments(
            "kernels",
            "Resize kernels by",
            choice.options,
            help="These p and R are not those that the weights were kept at. The pseudo-inverse (FlexiViT) keeps what a"
            " kernel says; bilinear resizing, as of a picture, does not: switch, and see what that does.",
        )


def _slider(name: str, choice: Choice) -> None:
    options = choice.options[name]
    if len(options) > 1:
        st.select_slider(label(name), options, key=name, on_change=address.touch)
    else:
        st.caption(f"{label(name)} = {options[0]}: nothing else fits.")
