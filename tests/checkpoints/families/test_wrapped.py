"""What wraps a network, and heads that stand outside their body: neither changes the answer, or a tensor's name."""

import pytest
import torch
from torch import nn

from authors_pvt import AuthorsPVT
from pvt_viz.checkpoints import foreign
from their_networks import HEADS_ONLY, WIDE, authors, logits_of, refused, same, source
from timm_models import timm_model

WHOLE = ["authors v1", "authors v2", "timm vit", "timm deit distilled", "timm pvt_v2"]
HEADS = ("head.", "head_dist.")


def beneath(kind: str, prefix: str, outside=HEADS) -> dict[str, torch.Tensor]:
    tensors = source(kind).tensors
    return {(name if name.startswith(outside) else f"{prefix}{name}"): values for name, values in tensors.items()}


@pytest.mark.parametrize("prefix", ["_orig_mod.", "backbone.", "module.", "module.backbone.", "encoder.vit."])
@pytest.mark.parametrize("kind", WHOLE)
def test_a_head_outside_its_body_is_kept(kind, prefix):
    theirs = source(kind)
    opened = theirs.open(beneath(kind, prefix))
    same(opened.model(), theirs.model)
    said = [note for note in opened.weights.notes if "outside its body" in note]
    assert len(said) == (prefix not in ("_orig_mod.", "module."))
    assert all("head.weight, head.bias" in note for note in said)
    assert not any("left aside" in note for note in opened.weights.notes)


@pytest.mark.parametrize("kind", ["authors v1", "timm vit"])
def test_a_norm_and_a_head_outside_the_body(kind):
    theirs = source(kind)
    same(theirs.open(beneath(kind, "body.", ("head.", "norm."))).model(), theirs.model)


@pytest.mark.parametrize("word", ["classifier", "fc"])
def test_a_head_of_another_name(word):
    theirs = source("timm vit")
    tensors = {name.replace("head.", f"{word}."): values for name, values in beneath("timm vit", "backbone.").items()}
    same(theirs.open(tensors).model(), theirs.model)


def test_a_head_in_the_middle():
    theirs = source("timm vit")
    tensors = {f"net.{name}": values for name, values in beneath("timm vit", "module.backbone.").items()}
    same(theirs.open(tensors).model(), theirs.model)


def test_what_does_not_fit_the_body_is_no_head_of_it():
    theirs = source("timm vit")
    bare = {name: values for name, values in beneath("timm vit", "backbone.").items() if "head." not in name}
    for beside in (
        {"head.weight": torch.ones(5, 64), "head.bias": torch.ones(5)},
        {"head.weight": torch.ones(5, 128, 1, 1), "head.bias": torch.ones(5)},
        {"head.weight": torch.ones(5, 128), "head.bias": torch.ones(5), "neck.weight": torch.ones(128, 128)},
        {"head.mlp.0.weight": torch.ones(5, 128)},
        {"head.bias": torch.ones(5)},
    ):
        opened = theirs.open(bare | beside)
        assert opened.config.num_classes == 0
        assert any("left aside" in note and "head" in note for note in opened.weights.notes)
    detector = source("authors v1 detector")
    opened = detector.open(
        {name: values for name, values in detector.tensors.items() if name.startswith("backbone.")}
        | {"head.weight": torch.ones(5, 32), "head.bias": torch.ones(5)}
    )
    assert opened.config.num_classes == 0  # without CLS there is nothing that it could read


def test_tensors_of_a_head_outside_are_named_as_the_file_names_them():
    theirs = source("timm vit")
    tensors = beneath("timm vit", "backbone.")
    lost = {name: values for name, values in tensors.items() if name != "head.bias"}
    assert "missing" in refused(lambda: theirs.open(lost), " head.bias")
    spoilt = tensors | {"head.weight": tensors["head.weight"] * float("nan")}
    refused(lambda: theirs.open(spoilt), " head.weight ")
    refused(lambda: theirs.open(tensors | {"head.bias": torch.ones(3)}), " head.bias ")


WRAPPERS = ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"]
PARTS = {
    "authors v1": ["block2.1.", "block1.", "patch_embed1.", "block2.0.attn.", "head."],
    "timm vit": ["blocks.1.", "blocks.", "patch_embed.", "norm.", "blocks.0.mlp."],
    "timm pvt_v2": ["stages.1.", "stages.0.blocks.0."],
    "transformers vit": ["vit.encoder.layer.1.", "vit.", "classifier."],
    "mmdetection v1": ["layers.1.1.2."],
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("kind, part", [(kind, part) for kind, parts in PARTS.items() for part in parts])
def test_one_compiled_part_inside_a_plain_model(kind, part, wrapper):
    theirs = source(kind)
    tensors = {name.replace(part, f"{part}{wrapper}.", 1): values for name, values in theirs.tensors.items()}
    assert tensors.keys() != theirs.tensors.keys()
    opened, plain = theirs.open(tensors), theirs.open()
    assert opened.config == plain.config
    assert all(torch.equal(values, plain.state[name]) for name, values in opened.state.items())


def test_torch_compile_itself():
    theirs = authors(AuthorsPVT)
    theirs.model.block2[1] = torch.compile(theirs.model.block2[1])
    state = theirs.model.state_dict()
    assert "block2.1._orig_mod.norm1.weight" in state
    opened = theirs.open(dict(state))
    assert torch.equal(
        opened.state["stages.1.blocks.1.attention_norm.weight"], state["block2.1._orig_mod.norm1.weight"]
    )


def test_tensors_of_what_is_wrapped_are_named_as_the_file_names_them():
    theirs = source("authors v1")
    part = "block2.1."
    tensors = {name.replace(part, f"{part}_orig_mod."): values for name, values in theirs.tensors.items()}
    name = "block2.1._orig_mod.attn.q.weight"
    refused(lambda: theirs.open({at: values for at, values in tensors.items() if at != name}), name)
    refused(lambda: theirs.open(tensors | {name: tensors[name] * float("inf")}), name)
    refused(lambda: theirs.open(tensors | {name: torch.ones(3, 3)}), name)
    refused(lambda: theirs.open(tensors | {"block2.1._orig_mod.scale": torch.ones(3)}), "block2.1._orig_mod.scale")
    whole = {f"_orig_mod.{name}": values for name, values in theirs.tensors.items() if name != "norm.bias"}
    refused(lambda: theirs.open(whole), "_orig_mod.norm.bias")


def test_a_network_and_the_same_one_compiled_are_two():
    theirs = source("authors v1")
    both = theirs.tensors | {f"_orig_mod.{name}": values for name, values in theirs.tensors.items()}
    refused(lambda: theirs.open(both), "several networks")


@pytest.mark.parametrize("size, p", [((128, 288), 16), ((64, 144), 8), ((32, 128), 16)])
def test_positions_that_happen_to_be_a_square_are_said_to_be_taken_for_one(size, p):
    model = timm_model("vit_tiny_patch16_224", img_size=size, patch_size=p, num_heads=2)
    count = (size[0] // p) * (size[1] // p)
    side = int(count**0.5) * p
    opened = foreign.checkpoint(model.state_dict(), {"config.json": b'{"num_attention_heads": 2}'}, "net")
    assert opened.config.image_size == side
    note = f"positions are for; a square is taken, of {side}×{side} pixels."
    assert [said for said in opened.weights.notes if note in said]
    files = {"config.json": b'{"num_attention_heads": 2, "image_size": [%d, %d]}' % size}
    opened = foreign.checkpoint(model.state_dict(), files, "net")
    assert opened.config.image_size == size
    assert not [said for said in opened.weights.notes if "square" in said]
    same(opened.model(), model, torch.randn(1, 3, *size))
    files = {"config.json": b'{"num_attention_heads": 2, "image_size": 224}'}
    opened = foreign.checkpoint(model.state_dict(), files, "net")
    assert [said for said in opened.weights.notes if note in said]


def test_a_pyramids_positions_too():
    opened = foreign.checkpoint(source("authors v1").tensors, HEADS_ONLY, "net")
    assert [said for said in opened.weights.notes if "its 256 positions are for; a square" in said]
    assert not [said for said in source("authors v2").open().weights.notes if "square" in said]


def test_a_model_and_its_head_as_somebody_writes_them():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = timm_model("vit_tiny_patch16_224", num_classes=0)
            self.head = nn.Linear(128, 5)

        def forward(self, images):
            return self.head(self.backbone(images))

    model = Own()
    opened = foreign.checkpoint(model.state_dict(), {"config.json": b'{"num_attention_heads": 2}'}, "net")
    same(opened.model(), model)
    assert logits_of(opened.model(), WIDE).shape == (1, 5)
