"""What small files beside the weights say: config.json (of `transformers` or `timm`), preprocessor_config.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.sentences import enumerated, label
from pvt_viz.config import Size
from pvt_viz.images import CHANNELS
from pvt_viz.language import say

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
NAMES = (CONFIG, PREPROCESSOR)
LARGEST = 8 * 1024**2
"""Bytes of such a file; the names of 21,000 classes are one megabyte."""
LARGEST_NUMBER = 1e6
"""No side, scale or count in such a file is larger; one that is says nothing."""
MOST_STAGES = 16
"""As many numbers as a list of them may hold; a longer one says nothing."""
PYRAMID_HEADS = [1, 2, 5, 8]
"""Of every PVTv2 in timm."""
NETWORKS = {
    "pvt": "pvt",
    "pvt_v2": "pvt_v2",
    "segformer": "pvt_v2",
    "vit": "vit",
    "deit": "vit",
    "dinov2": "vit",
    "dinov2_with_registers": "vit",
}
"""Values of `model_type` that open here, and the network that each is."""
UNLIKE = ("act_layer", "block_fn", "embed_layer", "mlp_layer", "norm_layer")
"""What a maker may have asked timm for that changes the answer and leaves the tensors' names and shapes as they are."""


@dataclass(frozen=True)
class Beside:
    """None where nothing is said."""

    network: str | None = None
    dims: tuple[int, ...] | None = None
    strides: tuple[int, ...] | None = None
    heads: tuple[int, ...] | None = None
    pool: str | None = None
    """What answers: "token" is CLS, "avg" the mean."""
    norm_eps: float | None = None
    image_size: int | Size | None = None
    classes: tuple[str, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    crop: float | None = None
    """What part of the shorter side the centre crop keeps."""


def read(files: Mapping[str, bytes]) -> Beside:
    """Of files by name, those of `NAMES`. Raises WeightsError for one that is no JSON, or of a network unknown here."""
    config, preprocessor = (_json(name, files.get(name)) for name in NAMES)
    found = Beside()
    if "pretrained_cfg" in config or "architecture" in config:
        found = _timm(config)
    elif config:
        found = _transformers(config)
    if preprocessor:
        found = _preprocessed(found, preprocessor)
    return found


def _json(name: str, data: bytes | None) -> dict:
    if data is None:
        return {}
    if len(data) > LARGEST:
        raise WeightsError(
            say(
                "{name} holds {size:,} bytes; a configuration is smaller than {limit:,}.",
                name=name,
                size=len(data),
                limit=LARGEST,
            )
        )
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WeightsError(say("{name} is not JSON; fetch it again, or leave it out.", name=name)) from error
    if not isinstance(found, dict):
        raise WeightsError(say("{name} is not a configuration; fetch it again, or leave it out.", name=name))
    return found


def _transformers(config: dict) -> Beside:
    kind = config.get("model_type")
    if kind is not None and (not isinstance(kind, str) or kind not in NETWORKS):
        raise WeightsError(
            say(
                "{name} is of a network of the type {kind}; {known} open here.",
                name=CONFIG,
                kind=label(str(kind)),
                known=enumerated(NETWORKS),
            )
        )
    activation = config.get("hidden_act", "gelu")
    if activation != "gelu":
        raise WeightsError(
            say(
                "{name} asks for {activation} between the layers of the MLP; only gelu is known here.",
                name=CONFIG,
                activation=label(str(activation)),
            )
        )
    return Beside(
        network=None if kind is None else NETWORKS[kind],
        dims=_per_stage(config.get("hidden_sizes", config.get("hidden_size"))),
        strides=_per_stage(config.get("strides")),
        heads=_per_stage(config.get("num_attention_heads")),
        # A SegFormer's says 1e-6, which its code never reads.
        norm_eps=None if kind == "segformer" else _number(config.get("layer_norm_eps")),
        image_size=_size(config.get("image_size")),
        classes=_labels(config.get("id2label")),
    )


def _timm(config: dict) -> Beside:
    told = config.get("pretrained_cfg")
    told = told if isinstance(told, dict) else {}
    asked = config.get("model_args")  # what its maker passed; without it, all is as the architecture's name says
    asked = asked if isinstance(asked, dict) else {}
    name, pool, size = config.get("architecture"), config.get("global_pool"), told.get("input_size")
    pyramid = isinstance(name, str) and name.startswith("pvt_v2_")
    if odd := [field for field in UNLIKE if asked.get(field) is not None]:
        raise WeightsError(
            say("{name} sets {field} to something of its own, which is not known here.", name=CONFIG, field=odd[0])
        )
    if isinstance(name, str) and "_rpn_" in name:
        raise WeightsError(
            say(
                "{name} is of {network}, whose norms come after attention; that is not known here.",
                name=CONFIG,
                network=label(name),
            )
        )
    names = config.get("label_names")
    described = config.get("label_descriptions")
    if isinstance(names, list) and isinstance(described, dict):
        names = [described.get(name, name) if isinstance(name, str) else name for name in names]
    return Beside(
        network="pvt_v2" if pyramid else None,
        dims=_per_stage(asked.get("embed_dims", asked.get("embed_dim"))),
        heads=_per_stage(asked.get("num_heads", PYRAMID_HEADS if pyramid else None)),
        pool=pool if isinstance(pool, str) and pool else None,
        image_size=_size(asked.get("img_size")) or _size(size[1:] if isinstance(size, list) else None),
        classes=_texts(names),
        mean=_per_channel(told.get("mean")),
        std=_per_channel(told.get("std")),
        crop=_fraction(told.get("crop_pct")),
    )


def _preprocessed(found: Beside, said: dict) -> Beside:
    if said.get("do_normalize", True):
        mean, std = _per_channel(said.get("image_mean")), _per_channel(said.get("image_std"))
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    whole, cut = _side(said.get("size")), _side(said.get("crop_size"))
    crop = _fraction(said.get("crop_pct"))
    cuts = said.get("do_center_crop", False)
    if cuts and whole and cut and cut <= whole:
        crop = cut / whole
    elif crop is None and not cuts:
        crop = 1.0
    seen = _seen(said.get("crop_size" if cuts else "size"))
    return replace(
        found,
        image_size=found.image_size or seen,
        mean=mean or found.mean,
        std=std or found.std,
        crop=crop or found.crop,
    )


def _number(value) -> float | None:
    """A number above 0 that a float can hold."""
    valid = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LARGEST_NUMBER
    return float(value) if valid else None


def _fraction(value) -> float | None:
    found = _number(value)
    return found if found is not None and found <= 1 else None


def _whole_numbers(values) -> tuple[int, ...] | None:
    valid = isinstance(values, list) and len(values) <= MOST_STAGES
    valid = valid and all(isinstance(v, int) and not isinstance(v, bool) and 0 < v <= LARGEST_NUMBER for v in values)
    return tuple(values) if valid and values else None


def _per_stage(value) -> tuple[int, ...] | None:
    """One whole number stands for itself."""
    return _whole_numbers(value if isinstance(value, list) else [value])


def _size(value) -> int | Size | None:
    sides = _whole_numbers(value if isinstance(value, list) else [value, value])
    if sides is None or len(sides) != 2:
        return None
    return sides[0] if len(set(sides)) == 1 else sides


def _side(value) -> int | None:
    """The shorter side, of the forms that image processors write."""
    if isinstance(value, dict):
        value = [side for name in ("shortest_edge", "height", "width") if (side := value.get(name)) is not None]
    sides = _whole_numbers(value if isinstance(value, list) else [value])
    return min(sides) if sides else None


def _seen(value) -> int | Size | None:
    """(height, width) where both are said, else the shorter side."""
    if isinstance(value, dict) and (size := _size([value.get("height"), value.get("width")])):
        return size
    return _side(value)


def _per_channel(value) -> tuple[float, ...] | None:
    valid = isinstance(value, list) and len(value) in CHANNELS
    valid = valid and all(isinstance(v, int | float) and abs(v) <= LARGEST_NUMBER for v in value)
    return tuple(float(v) for v in value) if valid else None


def _texts(value) -> tuple[str, ...] | None:
    valid = isinstance(value, list) and value and all(isinstance(v, str) for v in value)
    return tuple(value) if valid else None


def _labels(value) -> tuple[str, ...] | None:
    """id2label by its numbers; None where they are not 0, 1, 2, … or only say LABEL_0."""
    if not isinstance(value, dict):
        return None
    names = _texts([value.get(str(i)) for i in range(len(value))])
    return None if names is None or names[0] == "LABEL_0" else names
