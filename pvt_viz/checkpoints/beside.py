"""What small files beside the weights say: config.json (of `transformers` or `timm`), preprocessor_config.json."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.config import Size

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
NAMES = (CONFIG, PREPROCESSOR)
LARGEST = 8 * 1024**2
"""Bytes of such a file; the names of 21,000 classes are one megabyte."""
NETWORKS = ("pvt", "pvt_v2", "vit", "deit")
"""Values of `model_type` that open here."""


@dataclass(frozen=True)
class Beside:
    """None where nothing is said."""

    heads: tuple[int, ...] | None = None
    norm_eps: float | None = None
    image_size: int | Size | None = None
    classes: tuple[str, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    crop: float | None = None
    """What part of the shorter side the centre crop keeps."""

    @property
    def says_normalisation(self) -> bool:
        return self.mean is not None and self.std is not None


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
        raise WeightsError(f"{name} holds {len(data):,} bytes; a configuration is smaller than {LARGEST:,}.")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{name} is not JSON; fetch it again, or leave it out.") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{name} is not a configuration; fetch it again, or leave it out.")
    return found


def _transformers(config: dict) -> Beside:
    kind = config.get("model_type")
    if kind is not None and kind not in NETWORKS:
        raise WeightsError(f"{CONFIG} is of a network of the type {kind!r}; {', '.join(NETWORKS)} open here.")
    activation = config.get("hidden_act", "gelu")
    if activation != "gelu":
        raise WeightsError(
            f"{CONFIG} asks for {activation!r} between the layers of the MLP; only 'gelu' is known here."
        )
    heads = config.get("num_attention_heads")
    return Beside(
        heads=_whole_numbers(heads if isinstance(heads, list) else [heads]),
        norm_eps=_number(config.get("layer_norm_eps")),
        image_size=_size(config.get("image_size")),
        classes=_labels(config.get("id2label")),
    )


def _timm(config: dict) -> Beside:
    told = config.get("pretrained_cfg")
    told = told if isinstance(told, dict) else {}
    asked = config.get("model_args")  # what its maker passed; without it, all is as the architecture's name says
    heads = asked.get("num_heads") if isinstance(asked, dict) else None
    size = told.get("input_size")
    names = config.get("label_names")
    described = config.get("label_descriptions")
    if isinstance(names, list) and isinstance(described, dict):
        names = [described.get(name, name) if isinstance(name, str) else name for name in names]
    return Beside(
        heads=_whole_numbers(heads if isinstance(heads, list) else [heads]),
        image_size=_size(size[1:] if isinstance(size, list) else None),
        classes=_texts(names),
        mean=_three(told.get("mean")),
        std=_three(told.get("std")),
        crop=_fraction(told.get("crop_pct")),
    )


def _preprocessed(found: Beside, said: dict) -> Beside:
    if said.get("do_normalize", True):
        mean, std = _three(said.get("image_mean")), _three(said.get("image_std"))
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    whole, cut = _side(said.get("size")), _side(said.get("crop_size"))
    crop = _fraction(said.get("crop_pct"))
    cuts = said.get("do_center_crop", False)
    if cuts and whole and cut and cut <= whole:
        crop = cut / whole
    elif crop is None and not cuts:
        crop = 1.0
    seen = cut if cuts else whole
    return replace(
        found,
        image_size=found.image_size or seen,
        mean=mean or found.mean,
        std=std or found.std,
        crop=crop or found.crop,
    )


def _number(value) -> float | None:
    valid = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    return float(value) if valid else None


def _fraction(value) -> float | None:
    found = _number(value)
    return found if found is not None and found <= 1 else None


def _whole_numbers(values) -> tuple[int, ...] | None:
    valid = isinstance(values, list) and all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in values)
    return tuple(values) if valid and values else None


def _size(value) -> int | Size | None:
    sides = _whole_numbers(value if isinstance(value, list) else [value])
    if sides is None or len(sides) > 2:
        return None
    return sides[0] if len(set(sides)) == 1 else sides


def _side(value) -> int | None:
    """The shorter side, of the forms that image processors write."""
    if isinstance(value, dict):
        value = [side for name in ("shortest_edge", "height", "width") if (side := value.get(name)) is not None]
    sides = _whole_numbers(value if isinstance(value, list) else [value])
    return min(sides) if sides else None


def _three(value) -> tuple[float, ...] | None:
    valid = isinstance(value, list) and len(value) == 3
    valid = valid and all(isinstance(v, int | float) and math.isfinite(v) for v in value)
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
