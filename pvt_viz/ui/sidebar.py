"""The controls that every page shares. What they say lives in the session, and in the URL."""

import streamlit as st

from pvt_viz import devices, images
from pvt_viz.config import PRESETS, Size
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import address, uploads, view
from pvt_viz.ui.lab import choice as lab
from pvt_viz.ui.selection import Choice, Selection, choose, is_ratio, label
from pvt_viz.ui.told import tell
from pvt_viz.ui.uploads import Picture
from pvt_viz.words import times

SOURCES = ("Sample", "Upload", "Camera")
CROPS = {"square": "Centre square", "whole": "Whole picture"}
_LAST = "selection"


def show(*, turned: bool, pictured: bool) -> tuple[Selection, Picture]:
    """Draw the sidebar and return what is chosen in it.

    `turned` says that another page has just been opened, `pictured` whether the page shows the picture.
    """
    query = address.arrived(turned=turned)
    with st.sidebar:
        own = _picture_source() if pictured else _own_picture()
        replaced = [*view.adopt(query.get("view", "")), *lab.adopt(query)] if query is not None else []
        choice = choose(_words(query), lambda *of: _image_size(own, *of), devices.available())
        _tell_widgets(choice.selection)
        if pictured and own is None:
            st.selectbox(
                "Sample",
                choice.options["picture"],
                key="picture",
                format_func=lambda name: SAMPLES[name].title,
                on_change=address.touch,
            )
        if pictured:
            _framing(choice)
        _network(choice)
        _stages(choice, choice.selection.image_size if pictured else lab.size(choice.selection))
        st.button(
            "Back to the defaults",
            on_click=_reset,
            help="The cat, pvt_tiny with its own p and R at 224 px, and no pin.",
        )
    if replaced or choice.replaced:  # said once: the next action redraws the page without it
        st.info(" ".join([*replaced, *choice.replaced]), icon=":material/info:")
    st.session_state[_LAST] = choice.selection
    address.write({**choice.selection.query(), **view.query(), **lab.query()})
    return choice.selection, own or Picture.sample(choice.selection.picture)


def _words(query: dict[str, str] | None) -> dict[str, object]:
    """What is asked for: by a link that has just been opened, else by the widgets, over what was chosen before."""
    if query is not None:
        return query
    last: Selection = st.session_state[_LAST]
    words = {name: st.session_state.get(name, word) for name, word in last.words().items()}
    if len(PRESETS[words["model"]].dims) != len(last.patch_sizes):
        # p and R of a pyramid say nothing about a ViT, nor the other way round.
        words = {name: word for name, word in words.items() if not is_ratio(name)}
    return words


def _image_size(own: Picture | None, sample: str, crop: str, size: int) -> Size:
    if crop == "square":
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
    view.reset()
    lab.reset()
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
        on_change=address.touch,
    )
    if source == "Sample":
        return None
    if source == "Upload":
        file = st.file_uploader(
            "Upload a picture",
            key="file",
            help="JPEG, PNG, WebP, GIF, BMP or TIFF; up to 20 MB.",
            on_change=_receive,
            args=(source, "file"),
        )
    else:
        file = st.camera_input("Take a picture", key="camera", on_change=_receive, args=(source, "camera"))
    if problem := uploads.problem(source):
        before = "The picture before it is still shown." if uploads.kept(source) else "The sample is still shown."
        st.error(f"{problem} {before}")
    picture = uploads.kept(source)
    if picture is None:
        st.caption("Until then the sample stays. Your picture is kept in memory for this visit and is in no link.")
    elif file is None:
        st.text(f"Still shown: {picture.title}")
        st.button("Forget it", on_click=uploads.receive, args=(source, None, ""))
    return picture


def _own_picture() -> Picture | None:
    """The visitor's picture on a page without a chooser: the choice is kept all the same."""
    source = st.session_state.setdefault("source", SOURCES[0])
    st.session_state["source"] = source  # a widget that is not drawn would lose it
    return uploads.kept(source)


def _receive(source: str, key: str) -> None:
    address.touch()
    file = st.session_state[key]
    uploads.receive(source, file.getvalue() if file else None, file.name if file else "")


def _framing(choice: Choice) -> None:
    st.segmented_control(
        "Framing",
        choice.options["crop"],
        key="crop",
        required=True,
        format_func=CROPS.get,
        width="stretch",
        on_change=address.touch,
    )
    st.select_slider("Image size, px", choice.options["size"], key="size", on_change=address.touch)
    st.caption(f"The network sees {times(choice.selection.image_size)} pixels; tokens grow with the area.")


def _network(choice: Choice) -> None:
    st.subheader("Network", anchor=False)
    st.selectbox("Model", choice.options["model"], key="model", on_change=address.touch)
    blocks = "-".join(str(depth) for depth in choice.selection.config.depths)
    st.caption(f"Blocks per stage: {blocks}. A larger preset has more of them.")
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
            _slider(f"r{i}", choice)
        p, r = shape.patch_size, shape.reduction
        st.caption(
            f"p: {p}×{p} {'pixels' if i == 1 else f'tokens of stage {i - 1}'} make a token, {times(shape.grid)} in all."
            f" R: {r}×{r} tokens make a key, {times(shape.reduced_grid)} in all."
        )


def _slider(name: str, choice: Choice) -> None:
    options = choice.options[name]
    if len(options) > 1:
        st.select_slider(label(name), options, key=name, on_change=address.touch)
    else:
        st.caption(f"{label(name)} = {options[0]}: nothing else fits.")
