"""ViTs with other parts than the first one had: LayerScale, registers, a norm of the mean, positions for the grid."""

import json

import pytest
import torch
from safetensors.torch import load_file

from pvt_viz import cost, trace
from pvt_viz.attribution.look import look
from pvt_viz.checkpoints import foreign
from pvt_viz.models.build import tensor_shapes
from randomised import randomise
from source_models import quieten
from their_networks import TOLERANCE, gap, logits_of, refused, same
from timm_models import timm_model

COLUMN = {"embed_dim": 128, "num_heads": 2, "depth": 2, "img_size": 64, "patch_size": 16, "small": False}
POOLED = {"global_pool": "avg"}
CLASSIFIERS = {
    "positions for the grid alone": ("vit_tiny_patch16_224", {"no_embed_class": True}),
    "registers": ("vit_tiny_patch16_224", {"reg_tokens": 4}),
    "registers, positions for the grid alone": ("vit_tiny_patch16_224", {"reg_tokens": 4, "no_embed_class": True}),
    "LayerScale": ("vit_tiny_patch16_224", {"init_values": 1e-5}),
    "DeiT-III": ("deit3_small_patch16_224", {}),
    "DINOv2": ("vit_small_patch14_dinov2", {"patch_size": 14, "img_size": 70}),
    "DINOv2 with registers": ("vit_small_patch14_reg4_dinov2", {"patch_size": 14, "img_size": 70}),
    "patch 14": ("vit_tiny_patch16_224", {"patch_size": 14, "img_size": 70}),
    "fc_norm": ("vit_tiny_patch16_224", POOLED),
    "fc_norm without CLS": ("vit_tiny_patch16_224", {**POOLED, "class_token": False}),
    "fc_norm and registers": ("vit_tiny_patch16_224", {**POOLED, "reg_tokens": 3, "no_embed_class": True}),
    "registers without CLS": ("vit_tiny_patch16_224", {**POOLED, "class_token": False, "reg_tokens": 4}),
    "the mean with CLS": ("vit_tiny_patch16_224", {**POOLED, "fc_norm": False}),
    "fc_norm of CLS": ("vit_tiny_patch16_224", {"fc_norm": True}),
}
SAID = ("the mean with CLS", "fc_norm of CLS")
"""What config.json alone can tell."""


def made(kind: str):
    name, fields = CLASSIFIERS[kind]
    model = timm_model(name, **{**COLUMN, **fields})
    quieten(model)
    randomise_scales(model)
    return model


@torch.no_grad()
def randomise_scales(model) -> None:
    """`quieten` made them small."""
    generator = torch.Generator().manual_seed(3)
    for name, values in model.named_parameters():
        if name.endswith("gamma"):
            values.copy_(1 + 0.3 * torch.randn(values.shape, generator=generator))


def opened(model, **config):
    said = {"config.json": json.dumps({"num_attention_heads": 2, **config}).encode()}
    return foreign.checkpoint(model.state_dict(), said, "net")


def pictures(config) -> torch.Tensor:
    return torch.randn(2, 3, *config.image_hw, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_it_answers_as_in_timm(kind):
    model = made(kind)
    said = {"architecture": "vit", "model_args": {"num_heads": 2}, "global_pool": model.global_pool}
    found = opened(model, **said)
    config = found.config
    same(found.model(), model, pictures(config))
    assert found.state.keys() == tensor_shapes(config).keys()
    assert not [note for note in found.weights.notes if "CLS is taken" in note]
    alone = opened(model)
    if kind not in SAID:
        assert alone.config == config
        unsure = "fc_norm" not in kind and "without CLS" not in kind
        assert len([note for note in alone.weights.notes if "CLS is taken" in note]) == unsure


def test_what_the_tensors_do_not_tell_is_said():
    found = opened(made("the mean with CLS"))
    assert "Nothing says whether the answer is read from CLS or from the mean of all tokens; CLS is taken." in (
        found.weights.notes
    )
    assert not found.config.by_mean
    assert opened(made("the mean with CLS"), architecture="vit", global_pool="avg").config.pooled
    for pool in ("avgmax", "max", "map"):
        refused(lambda pool=pool: opened(made("LayerScale"), architecture="vit", global_pool=pool), pool, "cls_token")


@pytest.mark.parametrize(
    "kind", ["registers, positions for the grid alone", "LayerScale", "fc_norm", "fc_norm without CLS"]
)
def test_everything_else_is_true_of_them_too(kind):
    found = opened(made(kind))
    model, images = found.model(), pictures(found.config)
    seen = trace(model, images)
    assert gap(seen.logits, logits_of(model, images)) < TOLERANCE
    assert sum(row.params for row in cost.analyze(found.config).rows) == sum(p.numel() for p in model.parameters())
    looked = look(model, images)
    assert looked.answering.sum() == pytest.approx(1)
    assert (looked.answering > 0).sum() == (16 if "fc_norm" in kind else 1)
    smaller = found.model(found.with_fields({"image_size": 96, "patch_sizes": (8,)}))
    assert logits_of(smaller, torch.randn(1, 3, 96, 96)).isfinite().all()


def test_the_grid_alone_has_positions_for_pictures_that_are_not_square():
    model = timm_model("vit_tiny_patch16_224", **{**COLUMN, "img_size": (48, 80), "no_embed_class": True})
    found = opened(model, image_size=[48, 80])
    assert found.config.image_size == (48, 80)
    same(found.model(), model, pictures(found.config))
    refused(lambda: opened(model), "positions for", "pos_embed")


def test_a_tensor_of_these_parts_that_is_missing_or_wrong_is_named():
    model = made("DINOv2 with registers")
    state = model.state_dict()

    def tried(change):
        return refused(lambda: foreign.checkpoint(state | change, {}, "net"))

    for lost in ("blocks.1.ls1.gamma", "blocks.0.ls2.gamma", "cls_token"):
        rest = {name: values for name, values in state.items() if name != lost}
        assert lost in refused(lambda rest=rest: foreign.checkpoint(rest, {}, "net"))
    assert "reg_token" in tried({"reg_token": torch.ones(4)})
    assert "reg_token" in tried({"reg_token": torch.ones(1, 4, 64)})
    assert "blocks.0.ls1.gamma" in tried({"blocks.0.ls1.gamma": torch.ones(3)})
    assert "fc_norm.weight" in tried({"fc_norm.weight": torch.ones(128)})
    plain = timm_model("vit_tiny_patch16_224").state_dict()
    one = {"blocks.0.ls1.gamma": torch.ones(128), "blocks.0.ls2.gamma": torch.ones(128)}
    assert "blocks.1.ls1.gamma" in refused(lambda: foreign.checkpoint(plain | one, {}, "net"))


def test_deit_iii_by_its_authors_names():
    model = made("DeiT-III")
    state = {
        name.replace("ls1.gamma", "gamma_1").replace("ls2.gamma", "gamma_2"): values
        for name, values in model.state_dict().items()
    }
    assert "blocks.0.gamma_1" in state
    found = foreign.checkpoint({"module." + name: values for name, values in state.items()}, {}, "net")
    same(found.model(), model, pictures(found.config))


@pytest.mark.parametrize("registers", [False, True])
@torch.no_grad()
def test_dinov2_by_its_authors_names(registers):
    """Theirs have a position for CLS, where timm has added it to the token."""
    model = timm_model(
        "vit_small_patch14_reg4_dinov2" if registers else "vit_small_patch14_dinov2",
        **{**COLUMN, "patch_size": 14, "img_size": 70, "num_classes": 0},
    )
    state = model.state_dict()
    theirs = {name.replace("reg_token", "register_tokens"): values for name, values in state.items()}
    theirs |= {"mask_token": torch.ones(1, 128)}
    if registers:
        of_cls = torch.randn(1, 1, 128, generator=torch.Generator().manual_seed(2))
        theirs |= {"cls_token": state["cls_token"] - of_cls, "pos_embed": torch.cat([of_cls, state["pos_embed"]], 1)}
    found = foreign.checkpoint(theirs, {}, "net")
    assert found.weights.family == "DINOv2, the authors' file"
    assert any("mask_token" in note for note in found.weights.notes)
    images, ours = pictures(found.config), found.model()
    tokens = ours.norm(ours.encode(images)[0])
    assert gap(tokens, model.forward_features(images)) < TOLERANCE


@pytest.mark.parametrize("modules", [False, True])
@pytest.mark.parametrize("kind", ["Dinov2", "Dinov2WithRegisters"])
@torch.no_grad()
def test_dinov2_of_transformers(kind, modules, tmp_path):
    import transformers

    small = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 70, "patch_size": 14}
    model = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**small)).eval()
    randomise(model)
    model.save_pretrained(tmp_path)
    files = {"config.json": (tmp_path / "config.json").read_bytes()}
    tensors = dict(model.state_dict()) if modules else load_file(tmp_path / "model.safetensors")
    found = foreign.checkpoint(tensors, files, "net")
    assert found.config.registers == (4 if "Registers" in kind else 0)
    images, ours = pictures(found.config), found.model()
    expected = model(images).last_hidden_state
    assert expected.std() > 0.1
    assert gap(ours.norm(ours.encode(images)[0]), expected) < TOLERANCE
    headed = {
        f"{'dinov2_with_registers' if 'Registers' in kind else 'dinov2'}.{name}": v for name, v in tensors.items()
    }
    assert foreign.checkpoint(headed, files, "net").config == found.config
    wide = headed | {"classifier.weight": torch.ones(7, 256), "classifier.bias": torch.ones(7)}
    refused(lambda: foreign.checkpoint(wide, files, "net"), "classifier.weight")
