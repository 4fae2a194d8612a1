"""Everything about one network, from nothing to its files: what each process of `python -m pvt_viz.train` does."""

from pathlib import Path

from pvt_viz import devices
from pvt_viz.train import export
from pvt_viz.train.recipe import RECIPES
from pvt_viz.train.run import train


def make(job: tuple[int, str], *, folder: Path, device: str, scenes: int, measure_only: bool) -> str:
    """Train, write, measure on so many held-out `scenes`; `job` is the line of the progress bar and the recipe's
    name."""
    position, name = job
    devices.one_thread_per_forward()
    recipe, own = RECIPES[name], folder / name
    if not measure_only:
        trainer = train(recipe, own, device=device, position=position)
        export.weights(recipe, trainer.average)
        export.recorded(recipe, own)
    found = export.measured(recipe, own, scenes, device)
    return f"{name}: {found.accuracy(recipe.config):.1%} of {scenes:,} held-out scenes at its default setting"
