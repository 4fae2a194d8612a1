"""Small checkpoints as people bring them: files by the library that made them, and what that library answers."""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from authors_pvt import AuthorsPVT, AuthorsPVTv2
from randomised import randomise
from source_models import hf_model, save_hf, save_preprocessor
from timm_models import save_folder, save_weights, timm_model

# Widths of presets, where no config.json says how many heads there are.
V1 = {"dims": (24, 48, 96, 160), "heads": (1, 2, 4, 5), "depths": (1, 1, 1, 2), "img_size": 64, "num_classes": 12}
V2 = {"dims": (32, 64, 160, 256), "depths": (1, 1, 1, 2), "num_classes": 1000}
TIMM_V2 = {"depths": V2["depths"], "num_classes": 9, "pretrained_cfg_overlay": {"input_size": (3, 64, 64)}}


@dataclass(frozen=True, eq=False)
class Brought:
    """Files to choose together, and the network that they were made from."""

    files: dict[str, bytes]
    model: nn.Module

    @property
    def name(self) -> str:
        """Of the file with the weights."""
        return next(name for name in self.files if not name.endswith(".json"))

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """What the library that it is from answers, (batch, class)."""
        answer = self.model(images)
        return getattr(answer, "logits", answer)


def authors(version: int, name: str = "mine.pth", seed: int = 0, **fields) -> Brought:
    model = AuthorsPVT(**{**V1, **fields}) if version == 1 else AuthorsPVTv2(**{**V2, **fields})
    randomise(model, seed)
    out = io.BytesIO()
    torch.save({"model": model.eval().state_dict()}, out)
    return Brought({name: out.getvalue()}, model)


def transformers(kind: str, seed: int = 0, **fields) -> Brought:
    model = hf_model(kind, seed=seed, **fields)
    with TemporaryDirectory() as folder:
        save_hf(model, Path(folder))
        save_preprocessor(model, Path(folder))
        return Brought(_files(folder), model)


def timm(name: str, *, alone: bool = False, **fields) -> Brought:
    """A hub folder by timm's own writer, or the state dict `alone`."""
    model = timm_model(name, **fields)
    with TemporaryDirectory() as folder:
        if alone:
            save_weights(model, Path(folder) / f"{name}.pth")
        else:
            save_folder(model, Path(folder))
        return Brought(_files(folder), model)


def _files(folder: str) -> dict[str, bytes]:
    kept = (".json", ".safetensors", ".pth")
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name.endswith(kept)}


FAMILIES = {
    "authors' PVT": lambda: authors(1),
    "authors' PVTv2": lambda: authors(2),
    "transformers' PVT": lambda: transformers("pvt"),
    "transformers' PVTv2": lambda: transformers("pvt_v2"),
    "transformers' linear PVTv2": lambda: transformers("pvt_v2_linear"),
    "transformers' ViT": lambda: transformers("vit"),
    "transformers' DeiT": lambda: transformers("deit"),
    "transformers' distilled DeiT": lambda: transformers("deit_with_teacher"),
    "timm's PVTv2": lambda: timm("pvt_v2_b0", **TIMM_V2),
    "timm's linear PVTv2": lambda: timm("pvt_v2_b2_li", num_classes=9),
    "timm's ViT": lambda: timm("vit_tiny_patch16_224", alone=True),
    "timm's distilled DeiT": lambda: timm("deit_tiny_distilled_patch16_224"),
    "a PVT without a head": lambda: transformers("headless_pvt"),
    "a ViT without a head": lambda: transformers("headless_vit"),
}


@cache
def family(name: str) -> Brought:
    return FAMILIES[name]()
