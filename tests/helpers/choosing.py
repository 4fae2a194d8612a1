"""What a visitor does in the sidebar, without a browser."""

from streamlit.testing.v1 import AppTest

from pvt_viz.presets import PRESETS
from visits import healthy, photograph


def from_source(app: AppTest, source: str) -> AppTest:
    return healthy(app.segmented_control(key="source").set_value(source).run())


def upload(app: AppTest, data: bytes | None = None) -> AppTest:
    from_source(app, "Upload")
    data = photograph(320, 200) if data is None else data
    return healthy(app.file_uploader(key="file").set_value(("holiday.jpg", data, "image/jpeg")).run())


def network(app: AppTest) -> str:
    """The one that is shown, which the widget says too; at its own size, p and R."""
    name = app.session_state["selection"].model
    assert app.selectbox(key="model").value == name
    assert app.session_state["selection"].config == PRESETS[name]
    return name
