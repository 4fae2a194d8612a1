"""A training that is on its way, on a page: how far it is, and the network as it is now."""

from dataclasses import replace

import streamlit as st

import pvt_viz
from pvt_viz import images
from pvt_viz.choices.selection import Network
from pvt_viz.figures import learning as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import say, tr
from pvt_viz.models.flexible import PSEUDO_INVERSE
from pvt_viz.picture import Picture
from pvt_viz.scene import Fitted, Scene, enlarged
from pvt_viz.train.live import SIDE
from pvt_viz.ui import calls
from pvt_viz.ui.looking import answer, charts, explorer
from pvt_viz.ui.running import training


@st.cache_data(show_spinner=False)
def parameters() -> int:
    return pvt_viz.cost.analyze(training.TINY.config, image_size=SIDE).params


def show(polling: bool) -> None:
    """Redrawn by itself while a training is on its way."""
    running = training.current()
    if running is None:
        st.progress(0.0, text=tr("Nothing is being trained."))
        return
    st.progress(running.fraction, text=running.outcome() if running.finished else running.look())
    if running.progress is not None:
        scene = _scene(running)
        answer.show(scene, worth=False)
        explorer.show(scene, key="training_explorer", wall=False)
    if len(running.history) > 1:
        curves(
            figures.curves(running.history, None, caption=say("Of this training, as it goes.")),
            key="live",
            setting={"model": training.TINY.name, "seed": str(running.seed)},
        )
    if polling and running.finished:
        st.rerun()  # the whole page once more, which then no longer polls


def curves(found: tuple[Chart, Chart], *, key: str, setting: dict[str, str]) -> None:
    """Loss and accuracy side by side, on a phone one under the other."""
    with st.container(key=f"wide_{key}"):
        for column, chart in zip(st.columns(2), found, strict=True):
            with column:
                charts.show(
                    chart,
                    key=f"{key}_{chart.y_title}",
                    alt=tr("Line: {quantity} over the steps of the training.", quantity=chart.y_title),
                    setting=setting,
                )


def _scene(running: training.Training) -> Scene:
    """The visitor's scene number as the easier task draws it, seen by the network as it is now."""
    chosen = st.session_state["scene_of"][0]
    picture = Picture.scene((SIDE, SIDE), chosen.seed, chosen.clutter, None, task="single")
    config = training.TINY.config
    traced = pvt_viz.trace(training.network(running.progress), images.to_tensor(picture.image, config))
    shown = enlarged(picture.image, config.image_hw)
    shape = {"patch_sizes": config.patch_sizes, "reductions": config.reductions, "image_size": config.image_hw}
    seen = replace(chosen, model=config.name, network=Network(config), size=SIDE, **shape)
    key = ("training", running.seed, running.progress.step, picture.digest)
    return Scene(seen, picture, shown, shown, traced, key, Fitted(config, PSEUDO_INVERSE, "", None), calls.studio)
