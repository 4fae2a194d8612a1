"""What the Evidence page shows of a scene: maps of every method with their scores, and what interventions do."""

from dataclasses import dataclass

import streamlit as st
import torch

from pvt_viz import attribution, images
from pvt_viz.attribution import KINDS, METHODS, scores
from pvt_viz.config import PVTConfig
from pvt_viz.figures import encode, heat, truth
from pvt_viz.ui import calls
from pvt_viz.ui.calls import Scene
from pvt_viz.ui.uploads import Picture
from pvt_viz.walkthrough import prefix_words


@dataclass(frozen=True)
class MapView:
    """One method at one stage."""

    stage: int
    picture: bytes
    high: float
    """The greatest value, as a part of the map's sum."""
    scores: dict[str, float] | None
    """Against the truth, where it is known."""


@dataclass(frozen=True)
class Changed:
    """What the network answers with one stage changed."""

    stage: int
    kind: str
    answer: str
    chance: float
    """Of that answer."""


def about(method: str, config: PVTConfig) -> str:
    """What a method does with a network of this kind, and what it takes for granted."""
    if method == "gradient rollout":
        return "Rollout, following only attention that would raise the answer (gradient × attention above 0)."
    if method == "gradient × activation":
        return "Features times the gradient of the answer: no attention map in it, a check on the others."
    who = prefix_words(config.n_prefix if config.distilled else min(config.n_prefix, 1))
    if method == "raw":
        rows = f"What {who} looks at" if config.n_prefix else "The mean of what all tokens look at (their mean answers)"
        return f"{rows} in the last block. It takes the last look for the whole story."
    start = who or "all tokens alike (their mean answers)"
    path = [f"From {start} back through every block", "half attention and half residual"]
    if config.reduces:
        path.append(f"keys spread over the tokens they were {'pooled' if config.pool else 'folded'} from")
    if len(config.dims) > 1:
        path.append(
            "tokens over the windows they were made from" if config.version > 1 else "tokens over their p×p children"
        )
    overlap = " Where windows overlap, what several of them read gets from each: that is the plaid."
    return f"{', '.join(path)}. It leaves values, MLPs and signs out.{overlap if config.version > 1 else ''}"


@st.cache_resource(max_entries=8, show_spinner=False, scope="session")
def maps(key: tuple, method: str, _scene: Scene) -> list[MapView]:
    """The maps of a method, one for each stage that it has one for."""
    look = calls.look(_scene)
    drawn = _scene.picture.scenes
    image_size = _scene.selection.image_size
    views = []
    for stage, plane in zip(look.stages, METHODS[method](look), strict=True):
        if plane is None:
            continue
        shape = stage.shape
        covered = (shape.grid[0] * shape.stride, shape.grid[1] * shape.stride)
        total = float(plane[0].sum())
        picture = heat.over(_scene.bare, plane[0].numpy(), covered, image_size)
        if drawn is not None:
            picture = truth.outline(picture, drawn.masks[0].numpy())
        views.append(
            MapView(
                stage=shape.index,
                picture=encode.png(picture),
                high=float(plane[0].max()) / total if total > 0 else 0.0,
                scores=None if drawn is None else scores.score(plane, drawn.masks, shape.stride).means(),
            )
        )
    return views


@st.cache_resource(max_entries=8, show_spinner="Changing one stage after the other …", scope="session")
def interventions(key: tuple, other_seed: int, _scene: Scene) -> list[Changed]:
    """Every kind at every stage on this picture; swapped keys and values are those of the scene `other_seed`."""
    other = Picture.scene(_scene.selection.image_size, other_seed, _scene.selection.clutter, None)
    config = _scene.selection.config
    pair = torch.cat([images.to_tensor(other.image, config), _scene.trace.image])
    model = calls.model_of(_scene)
    found = []
    for stage in range(1, len(config.dims) + 1):
        for kind in KINDS:
            logits = calls.run(attribution.intervene(model, stage, kind), pair, _scene)[1]
            chances = logits.softmax(dim=0)
            best = int(chances.argmax())
            found.append(Changed(stage, kind, _scene.trace.weights.classes[best], float(chances[best])))
    return found
