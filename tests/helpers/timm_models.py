"""timm's networks for the tests, and timm's own ways of keeping them.

timm imports torchvision as it is loaded, for pictures and data sets that no test touches. Where torchvision is not
installed, empty classes stand in for it until timm is there, and are gone afterwards.
"""

import sys
from argparse import Namespace
from contextlib import contextmanager
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch
from safetensors.torch import save_file
from torch import nn

from randomised import randomise

NEEDED = {
    "torchvision": (),
    "torchvision.datasets": ("CIFAR10", "CIFAR100", "MNIST", "KMNIST", "FashionMNIST", "ImageFolder"),
    "torchvision.ops": (),
    "torchvision.ops.misc": ("FrozenBatchNorm2d",),
    "torchvision.transforms": ("ToTensor", "PILToTensor"),
    "torchvision.transforms.functional": (),
}
"""What timm 1.0.31 takes from it on the way in. The rest it asks for with a fallback, or never here."""

PYRAMID = {"embed_dims": (8, 16, 20, 32), "depths": (1, 2, 1, 1)}
COLUMN = {"embed_dim": 128, "num_heads": 2, "depth": 2, "img_size": 64}
SMALL = {
    "pvt_v2_b0": PYRAMID,
    "pvt_v2_b2_li": PYRAMID,
    "vit_tiny_patch16_224": COLUMN,
    "deit_tiny_patch16_224": COLUMN,
    "deit_tiny_distilled_patch16_224": COLUMN,
}
"""Fields that make these networks run in milliseconds. Heads keep each family's rule (1-2-5-8, or 64 channels each):
a file of weights alone does not say how many there are."""


@contextmanager
def torchvision_stand_in():
    if find_spec("torchvision"):
        yield
        return
    modules = {name: ModuleType(name) for name in NEEDED}
    for name, module in modules.items():
        module.__path__ = []
        for each in NEEDED[name]:
            setattr(module, each, type(each, (), {}))
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    modes = "NEAREST BILINEAR BICUBIC BOX HAMMING LANCZOS"
    modules["torchvision.transforms.functional"].InterpolationMode = Enum("InterpolationMode", modes)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


@cache
def get_timm() -> ModuleType:
    with torchvision_stand_in():
        import timm
    return timm


def timm_model(name: str, *, small: bool = True, seed: int = 0, num_classes: int = 7, **fields) -> nn.Module:
    """One of `SMALL` (or, with small=False, any of timm's) with random weights that are far from trivial ones."""
    fields = {**(SMALL[name] if small else {}), **fields}
    model = get_timm().create_model(name, pretrained=False, num_classes=num_classes, **fields)
    randomise(model, seed)
    return model.eval()


def save_weights(model: nn.Module, path: Path, *, under: str | None = None) -> Path:
    """The state dict alone: .safetensors, else `torch.save`; `under` "state_dict" or "model" in a dictionary."""
    state = model.state_dict()
    if path.suffix == ".safetensors":
        save_file({name: values.contiguous() for name, values in state.items()}, path)
    else:
        torch.save(state if under is None else {under: state}, path)
    return path


def save_training(model: nn.Module, path: Path, name: str) -> Path:
    """As timm's train.py keeps it, with its arguments and the optimizer's state beside the weights."""
    kept = {
        "epoch": 299,
        "arch": name,
        "state_dict": model.state_dict(),
        "optimizer": torch.optim.AdamW(model.parameters()).state_dict(),
        "version": 2,
        "args": Namespace(model=name, num_classes=model.num_classes),
        "metric": 75.1,
    }
    torch.save(kept, path)
    return path


def save_folder(model: nn.Module, folder: Path, *, label_names=None, safe: bool = True, **model_config) -> Path:
    """A hub folder by timm's own writer: config.json, and model.safetensors (or pytorch_model.bin where not `safe`)."""
    if label_names is not None:
        model_config["label_names"] = list(label_names)
    get_timm().models.save_for_hf(model, folder, model_config=model_config, safe_serialization=safe)
    return folder
