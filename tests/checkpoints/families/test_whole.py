"""Every tensor of a file counts: none is dropped in silence, and one that is missing, or wrong, is named."""

import re

import pytest
import torch
from torch import Tensor

from pvt_viz.checkpoints import Checkpoint
from their_networks import EVERY_TABLE, KINDS, TINY, refused, source, tiny


def untouched(named: str, opened: Checkpoint) -> bool:
    """Whether the notes say that a tensor was left aside, by its name or by what it begins with."""
    return any(
        re.search(rf"\b{re.escape(word)}[ ,.)]", " ".join(opened.weights.notes))
        for word in (named, named.split(".")[0])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_the_file_is_used_once_or_its_tensor_is_named(kind):
    theirs = source(kind)
    start, numbered = 2, {}  # 0 and 1 stand for what a backbone does not have
    for name, values in theirs.tensors.items():
        numbered[name] = torch.arange(start, start + values.numel(), dtype=torch.float64).view(values.shape)
        start += values.numel()
    assert start < 2**24, "float32 would round"
    opened = theirs.open(numbered)
    kept = torch.cat([values.flatten() for values in opened.state.values()])
    assert kept.equal(kept.int().float())
    used = torch.bincount(kept.int(), minlength=start)
    assert len(used) == start
    for name, values in numbered.items():
        counts = set(used[values.flatten().int()].tolist())
        if counts != {1}:
            assert counts <= {0, 1}, name
            assert untouched(name, opened), name


def expendable(name: str) -> bool:
    """What another library's file may have and no answer depends on."""
    return name.startswith(("neck.", "pooler.")) or "_head." in name


ONE_OF_EACH = [
    *(kind for kind in TINY if kind not in ("authors v1 without biases", "transformers PvtModel")),
    "transformers vit",
    "transformers deit with teacher",
    "transformers deit with teacher, modules",
    "timm deit distilled",
]
"""For what is asked of the shapes and values alone."""


@pytest.mark.parametrize("kind", EVERY_TABLE)
def test_a_tensor_that_is_missing_is_named(kind):
    theirs = tiny(kind)
    theirs.open()
    for lost in theirs.tensors:
        rest = {name: values for name, values in theirs.tensors.items() if name != lost}
        if expendable(lost):
            theirs.open(rest)
        else:
            message = refused(lambda rest=rest: theirs.open(rest))
            assert re.search(rf"(?<![\w.]){re.escape(lost)}(?![\w.]*\w)", message), (lost, message)


@pytest.mark.parametrize("kind", ["authors v1", "transformers vit", "timm pvt_v2"])
def test_a_whole_block_that_is_missing_is_named(kind):
    theirs = source(kind)
    first = {"authors v1": "block2.0.", "transformers vit": "vit.encoder.layer.0.", "timm pvt_v2": "stages.1.blocks.0."}
    rest = {name: values for name, values in theirs.tensors.items() if not name.startswith(first[kind])}
    refused(lambda: theirs.open(rest), first[kind][:-3])


EXTRA = [
    "something",
    "norm_pre.weight",
    "fc_norm.bias",
    "reg_token",
    "blocks.0.ls1.gamma",
    "block1.0.attn.sr.scale",
    "block1.7.attn.q.weight",
    "block1.00.attn.q.weight",
    "patch_embed0.proj.weight",
    "patch_embed9.proj.weight",
    "patch_embed01.proj.weight",
    "mask_token",
    "head.weight_v",
]


@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("kind", ["authors v1", "authors v2", "transformers vit", "timm deit distilled"])
def test_a_tensor_too_many_is_named(kind, extra):
    theirs = source(kind)
    message = refused(lambda: theirs.open(theirs.tensors | {extra: torch.ones(8, 8)}))
    # A first tensor of a block that is not there looks like a block of which the rest is missing.
    assert extra in message or extra.split(".")[0] in message, message


@pytest.mark.parametrize(
    "kind, extra",
    [
        ("authors v1", "block4.0.attn.sr.weight"),
        ("authors v1", "block4.0.attn.norm.bias"),
        ("authors v1", "norm1.weight"),
        ("authors v2", "cls_token"),
        ("authors v2", "pos_embed1"),
        ("authors v2", "norm.weight"),
        ("authors v1 without biases", "block1.0.attn.q.bias"),
        ("transformers pvt", "pvt.encoder.block.3.0.attention.self.sequence_reduction.bias"),
        ("timm deit", "dist_token"),
        ("timm deit", "head_dist.bias"),
        ("timm pvt_v2", "stages.0.downsample.proj.weight"),
        ("transformers vit", "layernorm.weight"),
    ],
)
def test_a_tensor_that_only_some_have_is_not_taken_from_others(kind, extra):
    theirs = source(kind)
    assert extra not in theirs.tensors
    message = refused(lambda: theirs.open(theirs.tensors | {extra: torch.ones(8)}))
    stem = extra.rpartition(".")[0] or extra
    assert stem in message or (extra == "dist_token" and "pos_embed" in message), message


def reshaped(values: Tensor) -> list[Tensor]:
    """The same numbers or more of them, in shapes that fit nowhere."""
    return [values[None], torch.cat([values, values], dim=-1), values.flatten()[0]]


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_tensor_of_another_shape_is_named(kind):
    theirs = tiny(kind)
    for n, (wrong, values) in enumerate(theirs.tensors.items()):
        if n % 3 != len(kind) % 3 and not expendable(wrong):  # another third is left out of each kind
            other = reshaped(values)[n // 3 % 3]
            message = refused(lambda wrong=wrong, other=other: theirs.open(theirs.tensors | {wrong: other}))
            # The widths are read from these, so that the fault seems to be where they are asked for.
            assert wrong in message or re.search(r"patch_embed|projection|mlp|intermediate|classifier", wrong), message


@pytest.mark.parametrize("kind", ["authors v1", "authors v2"])
def test_a_kernel_of_another_form_with_as_many_numbers_is_named(kind):
    theirs = source(kind)
    name = "block2.1.attn.sr.weight"
    values = theirs.tensors[name]
    assert values.shape == (16, 16, 4, 4)
    for shape in ((16, 16, 2, 8), (16, 4, 8, 8), (16, 64, 2, 2), (16, 256, 1, 1)):
        refused(lambda shape=shape: theirs.open(theirs.tensors | {name: values.reshape(shape)}), name)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_what_is_no_number_is_named(kind):
    theirs = tiny(kind)
    for n, (name, values) in enumerate(theirs.tensors.items()):
        if n % 3 == len(kind) % 3 or values.ndim == 3 or expendable(name):
            spoilt = values.clone()
            spoilt.view(-1)[-1] = (float("nan"), float("-inf"))[n % 2]
            changed = theirs.tensors | {name: spoilt}
            if expendable(name):
                theirs.open(changed)
            else:
                assert name in refused(lambda changed=changed: theirs.open(changed), "not numbers")


def test_a_number_that_only_float64_can_hold_is_named():
    theirs = source("authors v1")
    large = torch.full((32,), 1e300, dtype=torch.float64)
    refused(lambda: theirs.open(theirs.tensors | {"norm.bias": large}), "norm.bias", "not numbers")


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool])
@pytest.mark.parametrize("kind", ["authors v1", "timm deit distilled", "transformers pvt_v2"])
def test_whole_numbers_are_no_weights(kind, dtype):
    theirs = tiny(kind)
    for name in list(theirs.tensors)[::5]:
        changed = theirs.tensors | {name: theirs.tensors[name].to(dtype)}
        refused(lambda changed=changed: theirs.open(changed), name, str(dtype).removeprefix("torch."))


def test_whole_numbers_that_are_not_the_networks_do_no_harm():
    theirs = source("authors v1 detector")
    theirs.open(theirs.tensors | {"neck.bn.num_batches_tracked": torch.tensor(7)})
