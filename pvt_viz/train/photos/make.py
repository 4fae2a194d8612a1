"""Everything about one network that knows photographs, from nothing to its files."""

from pathlib import Path

from pvt_viz import report
from pvt_viz.checkpoints import own as weights_file
from pvt_viz.train.export import recorded
from pvt_viz.train.photos import archive, export, teacher
from pvt_viz.train.photos.export import Counts
from pvt_viz.train.photos.recipe import RECIPES
from pvt_viz.train.photos.trainer import PhotoTrainer
from pvt_viz.train.run import begun, go_on_from, to_the_end


def make(
    name: str,
    data: Path,
    *,
    folder: Path,
    device: str,
    measure_only: bool,
    seconds: float,
    shipped: bool,
    taught: bool = False,
    counts: Counts = Counts(),  # noqa: B008  (frozen)
) -> str:
    """Train for at most so many `seconds`, write, measure; `taught` learns from a teacher's answers beside the labels.

    `shipped` goes on from the weights and the report that are there, where no earlier run has left a checkpoint.
    """
    recipe, own = RECIPES[name], folder / name
    held_out = archive.read(data, "val")
    if not measure_only:
        photos = archive.read(data, "train")
        answers = teacher.answers(photos, folder) if taught else None
        trainer = PhotoTrainer(recipe, photos, device, answers)
        if shipped and not begun(own) and (known := report.load(name)):
            trainer.start_from(weights_file.read(name).state, known.training)
            go_on_from(trainer, known.training, own)
        trainer = to_the_end(trainer, own, until=seconds)
        export.weights(recipe, trainer.average, held_out, counts.whole // 2)
        recorded(recipe, own)
    found = export.measured(recipe, own, held_out, counts)
    return (
        f"{name}: {found.accuracy(recipe.config):.1%} of {counts.whole:,} held-out photographs at its default setting"
    )
