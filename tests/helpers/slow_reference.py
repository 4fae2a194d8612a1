"""A PVT in plain loops over tokens, with numbers read straight from a model's parameters. Slow and independent.

No einops, no convolution, no batched attention, no call into the model's own code: every patch, fold, score and
interpolated position is written out, so that this file and the model can only agree by both being right.
"""

import math

import torch


def slow_forward(model, images):
    """images (batch, 3, H, W) -> logits, attention maps [stage][block] (batch, head, query, key), feature maps."""
    results = [_one(model, image.double()) for image in images]
    logits = torch.stack([r[0] for r in results])
    maps = [
        [torch.stack([r[1][s][b] for r in results]) for b in range(len(results[0][1][s]))]
        for s in range(len(results[0][1]))
    ]
    features = [torch.stack([r[2][s] for r in results]) for s in range(len(results[0][2]))]
    return logits.float(), [[m.float() for m in stage] for stage in maps], [f.float() for f in features]


@torch.no_grad()
def _one(model, image):
    config = model.config
    maps, features = [], []
    below = image
    for i, stage in enumerate(model.stages):
        last = i == len(model.stages) - 1
        p, r = config.patch_sizes[i], config.reductions[i]
        h, w = below.shape[1] // p, below.shape[2] // p
        tokens = []
        for row in range(h):
            for column in range(w):
                square = []
                for y in range(p):
                    for x in range(p):
                        square += list(below[:, row * p + y, column * p + x])
                token = _linear(stage.embed.project, torch.stack(square))
                if config.embed_norm:
                    token = _norm(stage.embed.norm, token, config.embed_norm_eps)
                tokens.append(token + _position(stage.embed.position[0].double(), row, column, h, w))
        if last:
            tokens.insert(0, stage.embed.prefix[0, 0].double() + stage.embed.prefix_position[0, 0].double())
        stage_maps = []
        for block in stage.blocks:
            normed = [_norm(block.attention_norm, t, config.block_norm_eps) for t in tokens]
            mixed, attention = _attend(block.attention, normed, h, w, int(last), r, config)
            stage_maps.append(attention)
            tokens = [t + m for t, m in zip(tokens, mixed, strict=True)]
            tokens = [t + _mlp(block.mlp, _norm(block.mlp_norm, t, config.block_norm_eps)) for t in tokens]
        maps.append(stage_maps)
        plane = tokens[int(last) :]
        below = torch.stack([torch.stack(plane[y * w : (y + 1) * w], dim=1) for y in range(h)], dim=1)
        features.append(below)
    cls = _norm(model.norm, tokens[0], config.block_norm_eps)
    return _linear(model.head, cls), maps, features


def _attend(module, tokens, h, w, n_prefix, r, config):
    context = list(tokens[:n_prefix])
    plane = tokens[n_prefix:]
    if r == 1:
        context += plane
    else:
        for row in range(h // r):
            for column in range(w // r):
                square = [plane[(row * r + y) * w + column * r + x] for y in range(r) for x in range(r)]
                token = _linear(module.reduce.project, torch.cat(square))
                context.append(_norm(module.reduce.norm, token, config.embed_norm_eps))
    queries = [_linear(module.query, t) for t in tokens]
    keys = [_linear(module.key, t) for t in context]
    values = [_linear(module.value, t) for t in context]
    d = len(queries[0]) // module.heads
    attention = torch.zeros(module.heads, len(queries), len(keys), dtype=torch.float64)
    outputs = []
    for n, query in enumerate(queries):
        heads = []
        for head in range(module.heads):
            part = slice(head * d, (head + 1) * d)
            exps = [math.exp(float((query[part] * key[part]).sum()) / math.sqrt(d)) for key in keys]
            weights = [e / sum(exps) for e in exps]
            attention[head, n] = torch.tensor(weights)
            heads.append(sum(weight * value[part] for weight, value in zip(weights, values, strict=True)))
        outputs.append(_linear(module.project, torch.cat(heads)))
    return outputs, attention


def _mlp(module, token):
    wide = _linear(module.widen, token)
    gelu = torch.tensor([0.5 * float(x) * (1 + math.erf(float(x) / math.sqrt(2))) for x in wide], dtype=torch.float64)
    return _linear(module.narrow, gelu)


def _linear(module, vector):
    out = (module.weight.double() * vector).sum(dim=1)
    return out if module.bias is None else out + module.bias.double()


def _norm(module, vector, eps):
    mean = vector.mean()
    variance = ((vector - mean) ** 2).mean()
    return (vector - mean) / torch.sqrt(variance + eps) * module.weight.double() + module.bias.double()


def _position(plane, row, column, h, w):
    """Bilinear reading of (channel, rows, columns) at the centre of cell (row, column) of an h×w grid."""

    def neighbours(i, n, size):
        at = min(max((i + 0.5) * size / n - 0.5, 0.0), size - 1.0)
        low = int(at)
        return low, min(low + 1, size - 1), at - low

    top, bottom, down = neighbours(row, h, plane.shape[1])
    left, right, across = neighbours(column, w, plane.shape[2])
    upper = plane[:, top, left] * (1 - across) + plane[:, top, right] * across
    lower = plane[:, bottom, left] * (1 - across) + plane[:, bottom, right] * across
    return upper * (1 - down) + lower * down
