"""Raw CLS attention: what the answer's own token looks at in the last block."""

from torch import Tensor

from pvt_viz.attribution.look import Look
from pvt_viz.attribution.pyramid import to_tokens


def raw(look: Look) -> tuple[Tensor | None, ...]:
    """Per stage (batch, h, w), None but for the last: the mean over heads of CLS's row.

    Takes the last look for the whole story: what earlier blocks and stages had already mixed into those keys is left
    out.
    """
    stage = look.stages[-1]
    block = stage.blocks[-1]
    row = block.attention[:, :, 0].mean(dim=1)  # (batch, n_prefix + M)
    return (*(None for _ in look.stages[:-1]), to_tokens(row[:, stage.shape.n_prefix :], block, stage.shape))
