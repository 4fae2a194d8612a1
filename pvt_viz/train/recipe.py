"""What is trained, on what and for how long: everything that decides the weights, as data."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from pvt_viz.config import PVTConfig, Size
from pvt_viz.presets import get_config
from pvt_viz.scenes.layout import TAG

SEEDS = 0
"""Scenes to train on have seeds from here, the test set's from `evaluate.HELD_OUT`, those in the app above both.

A generator tells apart no more than 2³² seeds: three ranges have to find room in that.
"""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One kind of batch: a p_1, the R_i and picture sizes drawn with it, and how often it comes."""

    share: float
    patch_size: int | None = None
    """p_1; None for the configuration's own."""
    reductions: tuple[tuple[int, ...], ...] | None = None
    """What every R_i is drawn from; None for the configuration's own."""
    sizes: tuple[int | Size, ...] = (128,)
    batch: int = 64


@dataclass(frozen=True, kw_only=True)
class Phase:
    """So many steps of one task; over them clutter rises from `clutter` to 1, and tags shrink from `tag_size`."""

    steps: int
    task: str
    courses: tuple[Course, ...]
    clutter: float = 1.0
    tag_size: float = TAG


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Trained with Muon for matrices and AdamW for the rest; a cosine from the warm-up to nothing."""

    name: str
    config: PVTConfig
    """The network at its default setting, which is also the one that its kernels are kept at."""
    phases: tuple[Phase, ...]
    seed: int = 0
    warm_up: int = 150
    muon_lr: float = 0.02
    muon_decay: float = 0.05
    adam_lr: float = 1.5e-3
    adam_betas: tuple[float, float] = (0.9, 0.98)
    adam_decay: float = 0.01
    clip: float = 1.0
    smoothing: float = 0.05
    averaging: float = 0.998
    moments: tuple[int, ...] = ()
    """Steps after which the weights are kept for the Learning page."""

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)

    @property
    def courses(self) -> list[Course]:
        return [course for phase in self.phases for course in phase.courses]

    @property
    def trained_patch_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Per stage, every p_i that some course has."""
        first = {course.patch_size or self.config.patch_sizes[0] for course in self.courses}
        return (tuple(sorted(first)), *((p,) for p in self.config.patch_sizes[1:]))

    @property
    def trained_reductions(self) -> tuple[tuple[int, ...], ...]:
        """Per stage, every R_i that some course draws."""
        own = tuple((r,) for r in self.config.reductions)
        drawn = [course.reductions or own for course in self.courses]
        return tuple(tuple(sorted({r for some in drawn for r in some[i]})) for i in range(len(own)))

    def pace(self, step: int) -> float:
        """What learning rates are multiplied with: up in a line, then down in a half cosine."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        return 0.5 + 0.5 * math.cos(math.pi * (step - self.warm_up) / max(1, self.steps - self.warm_up))

    def lesson(self, step: int) -> Lesson:
        """What step number `step` (from 0) is trained on; the same every time it is asked."""
        chance = random.Random(f"{self.name}:{self.seed}:{step}")
        done = step
        for phase in self.phases:
            if done < phase.steps:
                break
            done -= phase.steps
        course = chance.choices(phase.courses, [course.share for course in phase.courses])[0]
        size = chance.choice(course.sizes)
        fields = {"image_size": size}
        if course.reductions:
            fields["reductions"] = (1,) * len(self.config.dims)  # any R fits until its grid is known
        if course.patch_size:
            fields["patch_sizes"] = (course.patch_size, *self.config.patch_sizes[1:])
        config = replace(self.config, **fields)
        if course.reductions:
            grids = [shape.grid for shape in config.shapes()]
            config = replace(
                config,
                reductions=tuple(
                    chance.choice([r for r in some if r <= min(grid)])
                    for some, grid in zip(course.reductions, grids, strict=True)
                ),
            )
        return Lesson(
            config=config,
            task=phase.task,
            clutter=phase.clutter + (1 - phase.clutter) * done / phase.steps,
            tag_size=phase.tag_size + (TAG - phase.tag_size) * done / phase.steps,
            batch=course.batch,
            scenes_seed=SEEDS + self.seed * 1_000_000 + step,
        )


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One batch: the setting of the network and the scenes it is shown."""

    config: PVTConfig
    task: str
    clutter: float
    tag_size: float
    batch: int
    scenes_seed: int


_OWN = (Course(share=1.0),)


def _first(steps: int, tag_size: float) -> tuple[Phase, Phase]:
    """Shapes alone, then the cue alone, on tags that are large at first.

    A network that has not found the cue yet learns nothing from a small one, and stays at one answer in three.
    """
    return (
        Phase(steps=300, task="single", courses=_OWN, clutter=0.0),
        Phase(steps=steps, task="cue alone", courses=_OWN, tag_size=tag_size),
    )


# What is drawn more often is listed more often.
_R_2, _R_3, _R_4 = (1, 2, 4, 4), (1, 2, 2), (1,)
_ALL_R = ((1, 2, 4, 4, 8, 8, 16, 16), _R_2, _R_3, _R_4)
_HIGH_R = ((4, 8, 8, 16), _R_2, _R_3, _R_4)
_SIZES = (128, 128, 128, 128, 128, 96, 112, (128, 160))
_MIDDLE = Course(share=0.52, patch_size=4, reductions=_ALL_R, sizes=_SIZES)
_LARGE = Course(share=0.04, patch_size=4, reductions=_HIGH_R, sizes=(160,), batch=40)
_COARSE = Course(share=0.3, patch_size=8, reductions=_ALL_R, sizes=_SIZES)
_FINE = Course(share=0.14, patch_size=2, reductions=_HIGH_R, batch=20)
# The hardest: at R_1 = 16 a key has to say of 256 tokens what a tag of a dozen of them looks like.
_HARD_4 = ((1, 2, 4, 8, 8, 16, 16, 16, 16), _R_2, _R_3, _R_4)
_HARD_8 = ((1, 4, 8, 8, 8, 16, 16, 16, 16), _R_2, _R_3, _R_4)

FLEXI = Recipe(
    name="flexi_pvt",
    config=get_config("flexi_pvt"),
    phases=(
        *_first(500, 0.16),
        Phase(steps=400, task="cue", courses=(_MIDDLE,)),
        Phase(steps=2200, task="cue", courses=(_MIDDLE, _LARGE, _COARSE, _FINE)),
        Phase(
            steps=1800,
            task="cue",
            courses=(
                replace(_MIDDLE, share=0.4, reductions=_HARD_4),
                _LARGE,
                replace(_COARSE, share=0.5, reductions=_HARD_8, batch=96),
                replace(_FINE, share=0.06),
            ),
        ),
    ),
    moments=(150, 300, 500, 650, 800, 1500),
)
FIXED = Recipe(
    name="flexi_pvt_fixed",
    config=get_config("flexi_pvt_fixed"),
    phases=(*_first(700, 0.2), Phase(steps=1000, task="cue", courses=_OWN)),
)
VIT = Recipe(
    name="scene_vit",
    config=get_config("scene_vit"),
    phases=(*_first(700, 0.2), Phase(steps=1000, task="cue", courses=_OWN)),
)
RECIPES = {recipe.name: recipe for recipe in (FLEXI, FIXED, VIT)}
