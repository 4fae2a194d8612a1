"""The controls that every page shares. What they say lives in the session, and in the URL."""

import streamlit as st

from pvt_viz import devices, images
from pvt_viz.config import PRESETS, Size
from pvt_viz.samples import SAMPLES
from pvt_viz.ui import address, uploads, view
from pvt_viz.ui.selection import Choice, Selection, choose
from pvt_viz.ui.uploads import Picture

SOURCES = ("Sample", "Upload", "Camera")
SUBSCRIPTS = "₀₁₂₃₄"
CROPS = {"square": "Centre square", "whole": "Whole picture"}
_LAST = "selection"


def show(*, turned: bool) -> tuple[Selection, Picture]:
    """Draw the sidebar and return what is chosen in it; `turned` says that another page has just been opened."""
    with st.sidebar:
        picture = _picture_source()
        choice = _choose(picture, address.arrived(turned=turned))
        words = choice.selection.words()
        if picture is None:
            _sample_gallery(choice)
        _framing(choice)
        _network(choice)
        _stages(choice)
        st.button("Back to the defaults", on_click=_reset, help="The sample picture and the preset's own p and R.")
    _say_what_was_replaced()
    st.session_state[_LAST] = choice.selection
    address.write({**choice.selection.query(), **view.query()})
    return choice.selection, picture or Picture.sample(words["picture"])


def _choose(own: Picture | None, query: dict[str, str] | None) -> Choice:
    """The valid choice nearest to the URL when a link has just been opened, else to the widgets."""
    if query is None:
        words = {name: st.session_state[name] for name in _names() if name in st.session_state}
        last = st.session_state.get(_LAST)
        if last and len(PRESETS[words["model"]].dims) != len(last.patch_sizes):
            # p and R of a pyramid say nothing about a ViT, nor the other way round.
            words = {name: word for name, word in words.items() if not _is_ratio(name)}
    else:
        words = {name: query[name] for name in _names() if name in query}
    replaced = []
    if query is not None:
        replaced += view.adopt(query.get("view", ""))

    def size_of(picture: str, crop: str, size: int) -> Size:
        if crop == "square":
            return size, size
        image = (own or Picture.sample(picture)).image
        return images.whole_size(image, size, 32)

    choice = choose(words, size_of, devices.available())
    for name, word in choice.selection.words().items():
        if st.session_state.get(name) != word:
            st.session_state[name] = word
    replaced += choice.replaced
    if replaced:
        st.session_state["replaced"] = " ".join(replaced)
    return choice


def _names() -> list[str]:
    return ["picture", "model", "crop", "size", "device"] + [f"{letter}{i}" for i in range(1, 5) for letter in "pr"]


def _is_ratio(name: str) -> bool:
    return len(name) == 2 and name[0] in "pr" and name[1].isdigit()


def _reset() -> None:
    for name in _names():
        st.session_state.pop(name, None)
    st.session_state.pop(_LAST, None)
    st.session_state["source"] = SOURCES[0]
    view.reset()
    address.forget()


def _picture_source() -> Picture | None:
    """The visitor's own picture, or None while a sample is shown."""
    st.subheader("Picture", anchor=False)
    source = st.segmented_control(
        "Where from",
        SOURCES,
        default=SOURCES[0],
        key="source",
        required=True,
        label_visibility="collapsed",
        width="stretch",
    )
    if source == "Sample":
        return None
    if source == "Upload":
        file = st.file_uploader(
            "Upload a picture", type=None, key="file", help="JPEG, PNG, WebP, GIF, BMP or TIFF; up to 20 MB."
        )
        title = file.name if file else ""
    else:
        file = st.camera_input("Take a picture", key="camera")
        title = "from the camera"
    problem = uploads.receive(file.getvalue(), title) if file else None
    if problem:
        st.error(problem)
    picture = uploads.kept()
    if picture is None:
        st.caption("Until then the sample stays. Your picture is never stored and never part of a link.")
    return picture


def _sample_gallery(choice: Choice) -> None:
    st.selectbox("Sample", choice.options["picture"], key="picture", format_func=lambda name: SAMPLES[name].title)


def _framing(choice: Choice) -> None:
    st.segmented_control(
        "Framing", choice.options["crop"], key="crop", required=True, format_func=CROPS.get, width="stretch"
    )
    st.select_slider("Image size, px", choice.options["size"], key="size")
    h, w = choice.selection.image_size
    st.caption(f"The network sees {h}×{w} pixels; tokens grow with the area.")


def _network(choice: Choice) -> None:
    st.subheader("Network", anchor=False)
    st.selectbox("Model", choice.options["model"], key="model")
    blocks = "-".join(str(depth) for depth in choice.selection.config.depths)
    st.caption(f"Blocks per stage: {blocks}. A larger preset has more of them.")
    st.selectbox(
        "Device",
        choice.options["device"],
        key="device",
        format_func=lambda d: "Automatic" if d == "auto" else devices.describe(d),
    )
    st.caption(f"Runs on: {devices.describe(devices.resolve(choice.selection.device))}. The answer is the same.")


def _stages(choice: Choice) -> None:
    st.subheader("Patch sizes and reduction ratios", anchor=False)
    shapes = choice.selection.config.shapes()
    for shape in shapes:
        i = shape.index
        st.markdown(f"**Stage {i}**")
        left, right = st.columns(2)
        with left:
            _slider(f"p{SUBSCRIPTS[i]}", f"p{i}", choice)
        with right:
            if len(choice.options[f"r{i}"]) > 1:
                _slider(f"R{SUBSCRIPTS[i]}", f"r{i}", choice)
            else:
                st.caption(f"R{SUBSCRIPTS[i]} = 1: every token is a key.")
        (h, w), (rows, columns) = shape.grid, shape.reduced_grid
        st.caption(
            f"p: {shape.patch_size}×{shape.patch_size} cells below make a token, {h}×{w} in all."
            f" R: {shape.reduction}×{shape.reduction} tokens make a key, {rows}×{columns} in all."
        )


def _slider(label: str, name: str, choice: Choice) -> None:
    options = choice.options[name]
    if len(options) > 1:
        st.select_slider(label, options, key=name)
    else:
        st.caption(f"{label} = {options[0]}")


def _say_what_was_replaced() -> None:
    """One line, once: it goes away with the next action."""
    sentence = st.session_state.pop("replaced", None)
    if sentence:
        st.info(sentence, icon=":material/info:")
