"""pvt-viz: see what the Pyramid Vision Transformer does with a picture, and what it costs.

model = pvt_viz.load_model("flexi_pvt", reductions=(4, 4, 2, 1))  # trained; build_model("pvt_tiny"): random
image = pvt_viz.scenes.generate(1).images  # or pvt_viz.images.read(open("cat.jpg", "rb").read())
trace = pvt_viz.trace(model, pvt_viz.images.to_tensor(image, model.config))
trace.stages[0].blocks[-1].attention  # (batch, head, n_prefix + N, n_prefix + M)
trace  # at the end of a notebook's cell: the attention explorer
"""

from pvt_viz import attribution, cost, images, notebook, scenes
from pvt_viz.checkpoints import load_model
from pvt_viz.config import PVTConfig, PVTv2Config, ViTConfig
from pvt_viz.models import build_model
from pvt_viz.presets import PRESETS, get_config
from pvt_viz.tracing import Trace, trace

__all__ = [
    "PRESETS",
    "PVTConfig",
    "PVTv2Config",
    "Trace",
    "ViTConfig",
    "attribution",
    "build_model",
    "cost",
    "get_config",
    "images",
    "load_model",
    "notebook",
    "scenes",
    "trace",
]
