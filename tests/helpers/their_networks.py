"""Small networks of other libraries, their tensors as a file of them has them, and how ours are compared with them."""

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from authors_pvt import SMALL, AuthorsPVT, AuthorsPVTv2, backbone_state, detector_state
from openmmlab_pvt import OpenMMLabPVT, OpenMMLabPVTv2, in_a_detector
from pvt_viz.checkpoints import Checkpoint, WeightsError, foreign
from pvt_viz.models import PVT
from randomised import randomise
from source_models import hf_model, hub_names, quieten
from timm_models import timm_model

TOLERANCE = 1e-4  # absolute
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
WIDE = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))


HEADS = [1, 2, 5, 8]
HEADS_ONLY = {"config.json": b'{"num_attention_heads": [1, 2, 5, 8]}'}
"""What must lie beside the authors' small networks, whose widths no preset has."""


@dataclass(frozen=True)
class Source:
    """A network of another library, its tensors as a file of it has them, and what lies beside that file."""

    model: nn.Module
    tensors: dict[str, Tensor]
    files: dict[str, bytes] = field(default_factory=dict)
    family: str = ""

    def open(self, tensors=None, files=None) -> Checkpoint:
        return foreign.checkpoint(
            self.tensors if tensors is None else tensors, self.files if files is None else files, "net"
        )


def beside(config=None, preprocessor=None) -> dict[str, bytes]:
    files = {"config.json": config, "preprocessor_config.json": preprocessor}
    return {
        name: said if isinstance(said, bytes) else json.dumps(said).encode()
        for name, said in files.items()
        if said is not None
    }


def authors(network, **fields) -> Source:
    model = network(**{**SMALL, **fields})
    randomise(model)
    quieten(model)
    files = beside({"num_attention_heads": HEADS[: len(model.depths)]})
    return Source(model, dict(model.state_dict()), files, "the authors' file")


def hf(kind: str, *, modules: bool = False, **fields) -> Source:
    model = hf_model(kind, **fields)
    quieten(model)
    state = model.state_dict()
    config = json.dumps(model.config.to_dict()).encode()
    return Source(model, dict(state if modules else hub_names(state)), {"config.json": config}, "transformers")


SEGFORMER = {"depths": [1, 2, 1, 1], "hidden_sizes": [8, 16, 40, 64], "mlp_ratios": [4, 3, 2, 4]}
TO_SEGFORMERS_HUB = (
    (r"(^|\.)stages\.(\d+)\.patch_embeddings\.", r"\1encoder.patch_embeddings.\2."),
    (r"(^|\.)stages\.(\d+)\.blocks\.(\d+)\.", r"\1encoder.block.\2.\3."),
    (r"(^|\.)stages\.(\d+)\.layer_norm\.", r"\1encoder.layer_norm.\2."),
    (r"\.layernorm_before\.", ".layer_norm_1."),
    (r"\.layernorm_after\.", ".layer_norm_2."),
    (r"\.attention\.q_proj\.", ".attention.self.query."),
    (r"\.attention\.k_proj\.", ".attention.self.key."),
    (r"\.attention\.v_proj\.", ".attention.self.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"\.sequence_reduction\.sequence_reduction\.", ".self.sr."),
    (r"\.sequence_reduction\.layer_norm\.", ".self.layer_norm."),
    (r"\.mlp\.fc", ".mlp.dense"),
    (r"\.linear_projections\.", ".linear_c."),
)


def segformer(role: str, *, modules: bool = False, **fields) -> Source:
    """A SegFormer of transformers: `role` is Model, ForImageClassification or ForSemanticSegmentation."""
    import transformers

    model = getattr(transformers, f"Segformer{role}")(
        transformers.SegformerConfig(**{**SEGFORMER, "num_labels": 7, "decoder_hidden_size": 12, **fields})
    ).eval()
    randomise(model)
    quieten(model)
    state = dict(model.state_dict())
    if not modules:
        for pattern, by in TO_SEGFORMERS_HUB:
            state = {re.sub(pattern, by, name): values for name, values in state.items()}
    config = json.dumps(model.config.to_dict()).encode()
    return Source(model, state, {"config.json": config}, "SegFormer's MiT, transformers")


def timm(name: str, **fields) -> Source:
    model = timm_model(name, **fields)
    quieten(model)
    heads = fields.get("num_heads", HEADS if name.startswith("pvt") else [2])
    config = {"architecture": name, "model_args": {"num_heads": heads}}
    return Source(model, dict(model.state_dict()), {"config.json": json.dumps(config).encode()}, "timm")


CLASSIFIERS = {
    "authors v1": lambda: authors(AuthorsPVT),
    "authors v1 without biases": lambda: authors(AuthorsPVT, qkv_bias=False, mlp_ratios=(2.7, 1, 3, 0.5)),
    "authors v1, other folds": lambda: authors(AuthorsPVT, sr_ratios=(4, 1, 2, 1)),
    "authors v1 for other pictures": lambda: authors(AuthorsPVT, img_size=96),
    "authors v2": lambda: authors(AuthorsPVTv2),
    "authors v2 without biases": lambda: authors(AuthorsPVTv2, qkv_bias=False, mlp_ratios=(1.3, 2, 0.9, 4)),
    "authors v2 linear": lambda: authors(AuthorsPVTv2, linear=True),
    "transformers pvt": lambda: hf("pvt"),
    "transformers pvt, its own": lambda: hf(
        "pvt", mlp_ratios=[2, 1, 3, 1], sequence_reduction_ratios=[5, 3, 2, 1], qkv_bias=False, layer_norm_eps=1e-4
    ),
    "transformers pvt_v2": lambda: hf("pvt_v2"),
    "transformers pvt_v2, its own": lambda: hf(
        "pvt_v2", patch_sizes=[5, 3, 7, 3], strides=[3, 2, 4, 2], sr_ratios=[3, 2, 1, 1], layer_norm_eps=1e-4
    ),
    "transformers pvt_v2 linear": lambda: hf("pvt_v2_linear"),
    "transformers segformer": lambda: segformer("ForImageClassification"),
    "transformers segformer, modules": lambda: segformer("ForImageClassification", modules=True),
    "transformers vit": lambda: hf("vit"),
    "transformers vit, modules": lambda: hf("vit", modules=True),
    "transformers vit, its own": lambda: hf("vit", patch_size=8, intermediate_size=77, qkv_bias=False),
    "transformers vit, eps": lambda: hf("vit", layer_norm_eps=1e-5),
    "transformers deit": lambda: hf("deit"),
    "transformers deit, modules": lambda: hf("deit", modules=True),
    "transformers deit with teacher": lambda: hf("deit_with_teacher"),
    "transformers deit with teacher, modules": lambda: hf("deit_with_teacher", modules=True),
    "timm pvt_v2": lambda: timm("pvt_v2_b0"),
    "timm pvt_v2 linear": lambda: timm("pvt_v2_b2_li"),
    "timm vit": lambda: timm("vit_tiny_patch16_224"),
    "timm vit, its own": lambda: timm("vit_tiny_patch16_224", patch_size=8, mlp_ratio=2.3, qkv_bias=False),
    "timm vit without cls": lambda: timm("vit_tiny_patch16_224", class_token=False, global_pool="avg", fc_norm=False),
    "timm deit": lambda: timm("deit_tiny_patch16_224"),
    "timm deit distilled": lambda: timm("deit_tiny_distilled_patch16_224"),
}


def headless(network, **fields) -> Source:
    whole = authors(network, **fields)
    return replace(whole, tensors=backbone_state(whole.model))


def detector(network, **fields) -> Source:
    whole = authors(network, **fields)
    return replace(whole, tensors=detector_state(whole.model))


def openmmlab(network, *, within=False, **fields) -> Source:
    model = network(**fields)
    randomise(model)
    quieten(model)
    with torch.no_grad():  # these have 1×1 convolutions, which `quieten` took for folds
        for name, values in model.named_parameters():
            if "ffn.layers" in name:
                values.div_(0.003 if (values.ndim == 4 and values.shape[-1] == 1) or ".bias" in name else 1)
    tensors = in_a_detector(model) if within else dict(model.state_dict())
    return Source(model, tensors, beside({"num_attention_heads": HEADS[: len(model.depths)]}), "mmdetection")


BACKBONES = {
    "authors v1 backbone": lambda: headless(AuthorsPVT),
    "authors v2 backbone": lambda: headless(AuthorsPVTv2),
    "authors v2 linear backbone": lambda: headless(AuthorsPVTv2, linear=True),
    "authors v1 detector": lambda: detector(AuthorsPVT),
    "authors v2 detector": lambda: detector(AuthorsPVTv2),
    "mmdetection v1": lambda: openmmlab(OpenMMLabPVT),
    "mmdetection v1 detector": lambda: openmmlab(OpenMMLabPVT, within=True),
    "mmdetection v2": lambda: openmmlab(OpenMMLabPVTv2),
    "mmdetection v2 detector": lambda: openmmlab(OpenMMLabPVTv2, within=True),
    "transformers PvtModel": lambda: hf("headless_pvt"),
    "transformers PvtV2Model": lambda: hf("headless_pvt_v2"),
    "transformers PvtV2Backbone": lambda: hf("pvt_v2_backbone"),
    "transformers SegformerModel": lambda: segformer("Model"),
    "transformers SegformerModel, modules": lambda: segformer("Model", modules=True),
    "transformers ViTModel": lambda: hf("headless_vit"),
    "transformers DeiTModel": lambda: hf("headless_deit"),
}
KINDS = {**CLASSIFIERS, **BACKBONES}


@cache
def source(kind: str) -> Source:
    return KINDS[kind]()


TWO_STAGES = {"depths": (2, 1), "dims": (8, 16), "sr_ratios": (4, 1), "mlp_ratios": (2, 1)}
HF_STAGES = {
    "num_encoder_blocks": 2,
    "depths": [2, 1],
    "hidden_sizes": [8, 16],
    "num_attention_heads": [1, 2],
    "patch_sizes": [4, 2],
    "strides": [4, 2],
    "mlp_ratios": [2, 1],
}
SEGFORMER_STAGES = {**HF_STAGES, "patch_sizes": [7, 3], "sr_ratios": [4, 1]}
MM_STAGES = {**TWO_STAGES, "heads": (1, 2)}
TIMM_STAGES = {"depths": (2, 1), "embed_dims": (8, 16), "num_heads": (1, 2), "sr_ratios": (4, 1), "mlp_ratios": (2, 1)}


def tiny_detector() -> Source:
    """What is beside the backbone is that of the larger one."""
    whole, larger = authors(AuthorsPVT, **TWO_STAGES), source("authors v1 detector")
    others = {name: values for name, values in larger.tensors.items() if not name.startswith("backbone.")}
    backbone = {f"backbone.{name}": values for name, values in backbone_state(whole.model).items()}
    return replace(whole, tensors=backbone | others)


TINY = {
    "authors v1": lambda: authors(AuthorsPVT, **TWO_STAGES),
    "authors v1 without biases": lambda: authors(AuthorsPVT, **TWO_STAGES, qkv_bias=False),
    "authors v1 detector": tiny_detector,
    "authors v2 linear": lambda: authors(AuthorsPVTv2, **TWO_STAGES, linear=True),
    "authors v2 backbone": lambda: headless(AuthorsPVTv2, **TWO_STAGES),
    "mmdetection v1": lambda: openmmlab(OpenMMLabPVT, **MM_STAGES),
    "mmdetection v1 detector": lambda: openmmlab(OpenMMLabPVT, within=True, **MM_STAGES),
    "mmdetection v2": lambda: openmmlab(OpenMMLabPVTv2, **MM_STAGES),
    "transformers pvt": lambda: hf("pvt", **HF_STAGES, sequence_reduction_ratios=[4, 1]),
    "transformers PvtModel": lambda: hf("headless_pvt", **HF_STAGES, sequence_reduction_ratios=[4, 1]),
    "transformers pvt_v2": lambda: hf("pvt_v2", **{**HF_STAGES, "patch_sizes": [7, 3]}, sr_ratios=[4, 1]),
    "transformers segformer": lambda: segformer("ForImageClassification", **SEGFORMER_STAGES),
    "transformers segformer, modules": lambda: segformer("ForImageClassification", modules=True, **SEGFORMER_STAGES),
    "timm pvt_v2": lambda: timm("pvt_v2_b0", **TIMM_STAGES),
}
COLUMNS = [
    "transformers vit",
    "transformers vit, modules",
    "transformers ViTModel",
    "transformers deit",
    "transformers deit with teacher",
    "transformers deit with teacher, modules",
    "transformers DeiTModel",
    "timm vit",
    "timm vit without cls",
    "timm deit distilled",
]
EVERY_TABLE = [*TINY, *COLUMNS]
"""Of each table of names a network, and of those whose tensors are found in other ways: for what is asked of every
tensor. Pyramids have two stages: one with a fold and two blocks, and the last."""


@cache
def tiny(kind: str) -> Source:
    return TINY[kind]() if kind in TINY else source(kind)


@torch.no_grad()
def logits_of(model, images=IMAGES) -> Tensor:
    answer = model(images)
    return getattr(answer, "logits", answer)


def gap(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return (one - other).abs().max().item()


def same(ours: PVT, theirs: nn.Module, images: Tensor = IMAGES) -> None:
    expected = logits_of(theirs, images)
    assert expected.std() > 0.1, "a test on zeros would prove nothing"
    assert gap(logits_of(ours, images), expected) < TOLERANCE


def refused(action, *words: str, error=WeightsError) -> str:
    """The one sentence of `error` itself that `action` ends with; it has all of the words."""
    with pytest.raises(error) as caught:
        action()
    message = str(caught.value)
    assert type(caught.value) is error
    assert "\n" not in message
    assert message.endswith("."), message
    for word in words:
        assert word in message, message
    return message
