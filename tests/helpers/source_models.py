"""Small `transformers` networks with random weights, and the folders that people keep them in."""

import json
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from authors_pvt import SMALL
from randomised import randomise

LABELS = ("tench", "goldfish", "great white shark", "tiger shark", "hammerhead", "electric ray", "stingray")

PYRAMID = {"depths": list(SMALL["depths"]), "hidden_sizes": list(SMALL["dims"]), "image_size": SMALL["img_size"]}
COLUMN = {
    "hidden_size": 128,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 512,
    "image_size": 64,
    "patch_size": 16,
}
NETWORKS = {
    "pvt": ("Pvt", "ForImageClassification", PYRAMID),
    "pvt_v2": ("PvtV2", "ForImageClassification", PYRAMID),
    "pvt_v2_linear": ("PvtV2", "ForImageClassification", {**PYRAMID, "linear_attention": True}),
    "vit": ("ViT", "ForImageClassification", COLUMN),
    "deit": ("DeiT", "ForImageClassification", COLUMN),
    "deit_with_teacher": ("DeiT", "ForImageClassificationWithTeacher", COLUMN),
    "headless_pvt": ("Pvt", "Model", PYRAMID),
    "headless_pvt_v2": ("PvtV2", "Model", PYRAMID),
    "pvt_v2_backbone": ("PvtV2", "Backbone", {**PYRAMID, "out_features": ["stage1", "stage2", "stage3", "stage4"]}),
    "headless_vit": ("ViT", "Model", COLUMN),
    "headless_deit": ("DeiT", "Model", COLUMN),
}


def hf_model(kind: str, *, labels: tuple[str, ...] = LABELS, seed: int = 0, **fields) -> nn.Module:
    """One of `NETWORKS` with random weights; `fields` replace some of its configuration."""
    import transformers

    family, role, small = NETWORKS[kind]
    if role.startswith("For"):
        # A PvtConfig keeps to its 1000 classes unless all three are said.
        fields = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {label: index for index, label in enumerate(labels)},
            **fields,
        }
    config = getattr(transformers, f"{family}Config")(**{**small, **fields})
    model = getattr(transformers, f"{family}{role}")(config).eval()
    randomise(model, seed)
    return model


def save_hf(model: nn.Module, folder: Path, *, weights: str = "safetensors", max_shard_size: str = "5GB") -> Path:
    """A folder by `save_pretrained`; or with `weights` "bin" config.json and pytorch_model.bin, as older releases kept
    it, under the hub's names; or with "bin_in_memory" the same under the names that the library's modules have today.
    """
    if weights == "safetensors":
        model.save_pretrained(folder, max_shard_size=max_shard_size)
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    state = model.state_dict()
    torch.save(hub_names(state) if weights == "bin" else state, folder / "pytorch_model.bin")
    return folder


TO_HUB = (
    (r"(^|\.)layers\.(\d+)\.(?=attention|mlp|layernorm_)", r"\1encoder.layer.\2."),
    (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."),
    (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"(encoder\.layer\.\d+)\.mlp\.fc1\.", r"\1.intermediate.dense."),
    (r"(encoder\.layer\.\d+)\.mlp\.fc2\.", r"\1.output.dense."),
)


def hub_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a ViT or DeiT under the names that checkpoints on the hub have; those of PVT are left as they are.

    `save_pretrained` writes these too: only `state_dict()` of transformers 5 has other ones.
    """
    renamed = {}
    for name, values in state.items():
        for pattern, by in TO_HUB:
            name = re.sub(pattern, by, name)
        renamed[name] = values
    return renamed


def save_preprocessor(model: nn.Module, folder: Path, **fields) -> Path:
    """preprocessor_config.json as the library writes it today: the model's own size, unless `fields` say otherwise."""
    from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
    from transformers.models.pvt.image_processing_pil_pvt import PvtImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    kinds = {"vit": ViTImageProcessorPil, "deit": DeiTImageProcessorPil}
    side = model.config.image_size
    side = side if isinstance(side, int) else side[0]
    square = {"height": side, "width": side}
    if model.config.model_type == "deit":  # resizes to 8/7 of what the centre crop keeps
        margin = {"height": side * 8 // 7, "width": side * 8 // 7}
        fields = {"size": margin, "crop_size": square, **fields}
    kinds.get(model.config.model_type, PvtImageProcessorPil)(**{"size": square, **fields}).save_pretrained(folder)
    return folder


OLD_PREPROCESSORS = {
    "vit": {
        "do_normalize": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": 224,
    },
    "deit": {
        "crop_size": 224,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "DeiTFeatureExtractor",
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
        "resample": 3,
        "size": 256,
    },
}
"""The same file as releases before 4.26 wrote it, which is what the oldest repositories on the hub still hold."""


def save_old_preprocessor(kind: str, folder: Path) -> Path:
    (folder / "preprocessor_config.json").write_text(json.dumps(OLD_PREPROCESSORS[kind], indent=2))
    return folder


@torch.no_grad()
def quieten(model: nn.Module, factor: float = 0.003) -> None:
    """Make the eps of a LayerNorm count: let what comes into the first ones vary as little as eps itself.

    Any library's model will do. Patch projections, folds, positions and CLS are scaled down, and so is what the norm
    of a patch embedding gives. Otherwise a wrong eps moves the logits less than a tolerance of 1e-4 would notice.
    """
    for name, module in model.named_modules():
        folds = isinstance(module, nn.Conv2d) and module.groups == 1
        embeds = isinstance(module, nn.LayerNorm) and ("patch_embed" in name or "downsample" in name)
        if folds or embeds:
            for parameter in module.parameters():
                parameter.mul_(factor)
    for name, parameter in model.named_parameters():
        if not name.endswith(("weight", "bias")):
            parameter.mul_(factor)
