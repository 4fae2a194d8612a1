"""What PVTv2 (Wang et al. 2022, arXiv 2106.13797, Section 3) puts in the place of v1's parts, under the same names.

Patches overlap and are padded, the MLP has a 3×3 convolution, and that zero padding tells a token where it is: position
embeddings and CLS are gone. Linear SRA pools where v1 folds. The rest of the network is v1's.
"""

from einops import rearrange
from torch import nn
from torch.nn import functional as F

from pvt_viz.config import PVTConfig, StageShape
from pvt_viz.models import v1
from pvt_viz.models.tap import Tap


class PatchEmbedding(nn.Module):
    """map below (batch, channel, H, W) -> tokens (batch, query, channel): every window of 2p−1, p apart, is a token.

    Paper: Section 3.2 (kernel 2S−1, stride S, padding S−1). A token's window is centred on the first pixel of the p×p
    square that v1 would have cut.
    """

    def __init__(self, shape: StageShape, config: PVTConfig):
        super().__init__()
        self.stride, self.window = shape.patch_size, shape.window
        self.project = nn.Linear(shape.window**2 * shape.in_channels, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=config.embed_norm_eps)

    def forward(self, below, _grid: tuple[int, int]):
        padded = F.pad(below, [self.window // 2] * 4)
        windows = padded.unfold(2, self.window, self.stride).unfold(3, self.window, self.stride)
        return self.norm(self.project(rearrange(windows, "b c h w k1 k2 -> b (h w) (k1 k2 c)")))


class MLP(v1.MLP):
    """Between the two linear layers each hidden channel is convolved, 3×3, with itself: tokens see their neighbours.

    Paper: Section 3.3. With linear SRA a ReLU stands before the convolution, as in the authors' code.
    """

    def __init__(self, shape: StageShape):
        super().__init__(shape)
        self.convolve = nn.Conv2d(shape.mlp_hidden, shape.mlp_hidden, 3, padding=1, groups=shape.mlp_hidden)
        self.rectify = nn.ReLU() if shape.pool else nn.Identity()

    def forward(self, tokens, grid: tuple[int, int]):
        hidden = rearrange(self.rectify(self.widen(tokens)), "b (h w) c -> b c h w", h=grid[0])
        return self.narrow(F.gelu(rearrange(self.convolve(hidden), "b c h w -> b (h w) c")))


class SpatialReduction(nn.Module):
    """SR(x) = GELU(Norm(Pool(x) W)): the tokens are averaged to a 7×7 plane, however many there are (Section 3.1).

    plane (batch, h, w, channel) -> (batch, 7, 7, channel).
    """

    def __init__(self, *, dim: int, pool: int, norm_eps: float):
        super().__init__()
        self.pool = pool
        self.project = nn.Linear(dim, dim)
        self.projected = Tap()  # (batch, h', w', channel)
        self.norm = nn.LayerNorm(dim, eps=norm_eps)

    def forward(self, plane):
        pooled = F.adaptive_avg_pool2d(rearrange(plane, "b h w c -> b c h w"), self.pool)
        return F.gelu(self.norm(self.projected(self.project(rearrange(pooled, "b c h w -> b h w c")))))
