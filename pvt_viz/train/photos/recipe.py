"""What the networks that know photographs are trained on, and for how long.

A course's size is that of the pixels that the network gets: pictures have 64 of them and are not enlarged in training.
At 224 pixels a p_1 of 4 makes 56×56 tokens, and so does a p_1 of 1 at 56 pixels; by the rule that kernels are resized
by, the two say nearly the same, and the second needs no enlarged picture. Coarse grids come first: they are cheap.
"""

from dataclasses import dataclass, replace

from pvt_viz.presets import get_config
from pvt_viz.train.recipe import Course, Phase, Recipe

TASK = "photographs"
MIXED = "photographs, some of them mixed"
"""Later on: a network that is no better at pictures it has seen than at others learns more from them alone."""


@dataclass(frozen=True, kw_only=True)
class PhotoRecipe(Recipe):
    """A plateau that is cooled down at the end, so that its length need not be known at the beginning."""

    first_patch_sizes: tuple[int, ...]
    """Of p_1 at home, those whose grids were trained."""
    cool_down: int
    """Steps over which learning rates go down to nothing, in a line."""

    @property
    def trained_patch_sizes(self) -> tuple[tuple[int, ...], ...]:
        return (self.first_patch_sizes, *((p,) for p in self.config.patch_sizes[1:]))

    def pace(self, step: int) -> float:
        """Up in a line, level, and down in a line over the last steps."""
        return min(1.0, (step + 1) / self.warm_up, (self.steps - step) / self.cool_down)


_R = {
    16: ((1, 2, 4, 4, 4, 8, 8, 16), (1, 2, 2, 4), (1, 2), (1,)),
    32: ((4, 8, 8, 16), (2, 4, 4), (1, 2), (1,)),
    56: ((8, 8, 8, 8, 16), (4, 4, 4, 2), (2, 2, 1), (1,)),
}
"""Rows of stage 1's grid -> what every R_i is drawn from there; what is drawn more often is listed more often."""
_NEAR = Course(share=0.1, patch_size=4, reductions=_R[16], sizes=(56, 72, 80, (56, 72)), batch=112)
_COARSE = Course(share=0.74, patch_size=4, reductions=_R[16], sizes=(64,), batch=128)
_MIDDLE = Course(share=0.16, patch_size=2, reductions=_R[32], sizes=(64,), batch=48)
_MIDDLES = Course(share=0.45, patch_size=2, reductions=_R[32], sizes=(64, 64, 64, 56, 80, (56, 80)), batch=64)
_FINER = (replace(_COARSE, share=0.45), _NEAR, _MIDDLES)
_FINE = Course(share=0.2, patch_size=1, reductions=_R[56], sizes=(56, 56, 56, 48, 64, (40, 56)), batch=24)

PHOTO_PVT = PhotoRecipe(
    name="photo_pvt",
    config=get_config("photo_pvt"),
    phases=(
        Phase(steps=7_500, task=TASK, courses=(_COARSE, _NEAR, _MIDDLE)),
        Phase(steps=17_500, task=TASK, courses=_FINER),
        Phase(steps=38_000, task=MIXED, courses=_FINER),
        Phase(steps=30_000, task=MIXED, courses=(replace(_COARSE, share=0.35), _MIDDLES, _FINE)),
    ),
    first_patch_sizes=(4, 8),
    warm_up=200,
    cool_down=10_000,
    muon_lr=0.006,
    adam_lr=6e-4,
    smoothing=0.1,
    averaging=0.999,
    adam_decay=0.02,
    moments=(100, 300, 800, 2_000, 5_000, 20_000),
)
RECIPES = {recipe.name: recipe for recipe in (PHOTO_PVT,)}
