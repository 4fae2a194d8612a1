"""Raw attention of what answers: where CLS, or the mean token, looks in the last block."""

from einops import einsum
from torch import Tensor

from pvt_viz.attribution.look import Look
from pvt_viz.attribution.pyramid import to_tokens


def raw(look: Look) -> tuple[Tensor | None, ...]:
    """Per stage (batch, h, w), None but for the last: the mean over heads of CLS's row.

    Without CLS it is the mean row of all tokens, since their mean answers; in a distilled network that of the two that
    answer. Takes the last look for the whole story: what earlier blocks and stages had already mixed into those keys is
    left out.
    """
    stage = look.stages[-1]
    block = stage.blocks[-1]
    row = einsum(look.answering, block.attention.mean(dim=1), "query, b query key -> b key")
    return (*(None for _ in look.stages[:-1]), to_tokens(row[:, stage.shape.n_prefix :], block, stage.shape))
