"""Files that are no weights, or none that can be used: damaged, foreign, or meant to do harm."""

import io
import json
import pickle
import zipfile

import torch
from safetensors.torch import save

from brought import family


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def pickled(what) -> bytes:
    out = io.BytesIO()
    torch.save(what, out)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}))
        archive.writestr("x/data/0", bytes(64 * 1024**2))
    return out.getvalue()


def spoilt(value: float) -> dict[str, bytes]:
    state = {name: values.clone() for name, values in family("authors' PVT").model.state_dict().items()}
    state["block2.0.attn.q.weight"][0, 0] = value
    return {"nan.safetensors": save(state)}


BROKEN = {
    "a malicious pickle": lambda at: {"evil.pth": pickled({"model": Malicious(at / "marker")})},
    "a bare malicious pickle": lambda at: {"evil.bin": pickle.dumps(Malicious(at / "marker"))},
    "a truncated pickle": lambda _: {"cut.pth": family("authors' PVT").files["mine.pth"][:-5000]},
    "truncated safetensors": lambda _: {"cut.safetensors": family("transformers' ViT").files["model.safetensors"][:-9]},
    "another architecture": lambda _: {"resnet.pth": pickled({"layer1.0.conv1.weight": torch.zeros(4, 3, 3, 3)})},
    "half a network": lambda _: {
        "half.safetensors": save(
            {k: v for k, v in family("authors' PVT").model.state_dict().items() if not k.startswith("block3")}
        )
    },
    "not a number": lambda _: spoilt(float("nan")),
    "infinite": lambda _: spoilt(float("inf")),
    "a zip bomb": lambda _: {"bomb.pth": bomb()},
    "nothing at all": lambda _: {"empty.pth": b""},
    "a web page": lambda _: {"page.bin": b"<!DOCTYPE html><html>Log in</html>"},
    "two networks": lambda _: {**family("authors' PVT").files, "other.pth": b"x"},
    "a broken configuration": lambda _: {**family("transformers' ViT").files, "config.json": b"{"},
    "an endless configuration": lambda _: {**family("transformers' ViT").files, "config.json": b"[" * 9_000_000},
    "a wrong configuration": lambda _: {
        **family("transformers' ViT").files,
        "config.json": json.dumps({"model_type": "bert"}).encode(),
    },
}
