"""Copy the weights of `transformers` models into ours: only names and memory layout differ."""

import torch
from einops import rearrange

from pvt_viz import PVTConfig, ViTConfig
from pvt_viz.models import PVT


def _copy_linear(ours, theirs) -> None:
    weight = theirs.weight
    if weight.ndim == 4:  # a convolution whose kernel is its stride: a linear map of a flattened square
        weight = rearrange(weight, "o c k1 k2 -> o (k1 k2 c)")
    ours.weight.copy_(weight)
    if ours.bias is not None:
        ours.bias.copy_(theirs.bias)


def _copy_norm(ours, theirs) -> None:
    ours.weight.copy_(theirs.weight)
    ours.bias.copy_(theirs.bias)


def _copy_position(embed, position, prefix) -> None:
    n_prefix, (h, _) = embed.prefix.shape[1], embed.position.shape[-2:]
    embed.prefix_position.copy_(position[:, :n_prefix])
    embed.position.copy_(rearrange(position[:, n_prefix:], "b (h w) c -> b c h w", h=h))
    if n_prefix:
        embed.prefix.copy_(prefix)


@torch.no_grad()
def copy_pvt(ours: PVT, theirs) -> None:
    encoder = theirs.pvt.encoder
    for stage, embed, layers in zip(ours.stages, encoder.patch_embeddings, encoder.block, strict=True):
        _copy_linear(stage.embed.project, embed.projection)
        _copy_norm(stage.embed.norm, embed.layer_norm)
        _copy_position(stage.embed, embed.position_embeddings, embed.cls_token)
        for block, layer in zip(stage.blocks, layers, strict=True):
            attention, other = block.attention, layer.attention.self
            _copy_norm(block.attention_norm, layer.layer_norm_1)
            _copy_norm(block.mlp_norm, layer.layer_norm_2)
            for name in ("query", "key", "value"):
                _copy_linear(getattr(attention, name), getattr(other, name))
            _copy_linear(attention.project, layer.attention.output.dense)
            if hasattr(other, "sequence_reduction"):
                _copy_linear(attention.reduce.project, other.sequence_reduction)
                _copy_norm(attention.reduce.norm, other.layer_norm)
            _copy_linear(block.mlp.widen, layer.mlp.dense1)
            _copy_linear(block.mlp.narrow, layer.mlp.dense2)
    _copy_norm(ours.norm, encoder.layer_norm)
    _copy_linear(ours.head, theirs.classifier)


@torch.no_grad()
def copy_vit(ours: PVT, theirs) -> None:
    (stage,) = ours.stages
    embed = theirs.vit.embeddings
    _copy_linear(stage.embed.project, embed.patch_embeddings.projection)
    _copy_position(stage.embed, embed.position_embeddings, embed.cls_token)
    for block, layer in zip(stage.blocks, theirs.vit.layers, strict=True):
        _copy_norm(block.attention_norm, layer.layernorm_before)
        _copy_norm(block.mlp_norm, layer.layernorm_after)
        for name, other in (
            ("query", "q_proj"),
            ("key", "k_proj"),
            ("value", "v_proj"),
            ("project", "o_proj"),
        ):
            _copy_linear(getattr(block.attention, name), getattr(layer.attention, other))
        _copy_linear(block.mlp.widen, layer.mlp.fc1)
        _copy_linear(block.mlp.narrow, layer.mlp.fc2)
    _copy_norm(ours.norm, theirs.vit.layernorm)
    _copy_linear(ours.head, theirs.classifier)


def pvt_like(config: PVTConfig):
    """A `transformers` PVT of the same architecture (it takes square pictures of its configured size only)."""
    from transformers import PvtConfig, PvtForImageClassification

    return PvtForImageClassification(
        PvtConfig(
            image_size=config.image_size,
            depths=list(config.depths),
            hidden_sizes=list(config.dims),
            num_attention_heads=list(config.heads),
            mlp_ratios=list(config.mlp_ratios),
            sequence_reduction_ratios=list(config.reductions),
            layer_norm_eps=config.block_norm_eps,
            num_labels=config.num_classes,
        )
    ).eval()


def vit_like(config: ViTConfig):
    from transformers import ViTConfig as TheirConfig
    from transformers import ViTForImageClassification

    return ViTForImageClassification(
        TheirConfig(
            image_size=config.image_size,
            patch_size=config.patch_sizes[0],
            hidden_size=config.dims[0],
            num_hidden_layers=config.depths[0],
            num_attention_heads=config.heads[0],
            intermediate_size=int(config.dims[0] * config.mlp_ratios[0]),
            layer_norm_eps=config.block_norm_eps,
            qkv_bias=config.qkv_bias,
            num_labels=config.num_classes,
            attn_implementation="eager",
        )
    ).eval()
