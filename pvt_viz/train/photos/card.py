"""The model card of a network that knows photographs."""

from pvt_viz import cost
from pvt_viz.report import Report, Training
from pvt_viz.train import card
from pvt_viz.train.photos import teacher
from pvt_viz.train.photos.recipe import PhotoRecipe
from pvt_viz.words import si, times

ABOUT = {
    "photo_pvt": (
        "A small Pyramid Vision Transformer that names what is on a photograph, one of 200 everyday things. One set of"
        " weights works at several p_1 and at every R_i: they were drawn anew for each batch of its training."
    ),
}


def text(recipe: PhotoRecipe, report: Report) -> str:
    """The card, in Markdown."""
    config, training, sure = recipe.config, report.training, report.sureness
    counted = cost.analyze(config, image_size=config.image_size)
    parts = [
        f"# {recipe.name}",
        ABOUT[recipe.name],
        f"{counted.params:,} parameters and {si(counted.macs, 'MAC')} at {times(config.image_hw)} at its default"
        f" setting, p = {config.patch_sizes}, R = {config.reductions}. Of {report.scenes:,} held-out photographs it"
        f" names **{report.accuracy(config):.1%}** rightly there, and **{report.top5:.1%}** among its five strongest"
        " answers.",
        "## Data",
        "Tiny-ImageNet-200: 100,000 photographs of 200 classes for training and 10,000 to measure on, 64×64 pixels"
        " each, with a box round the object; a part of ImageNet, whose terms allow research and teaching, and so do"
        " those of weights made from it. None of its pictures comes with this project. Every picture that the network"
        f" is shown is first reduced to {config.detail} pixels of detail, which is all that training had, and then"
        " enlarged to its size.",
        "## Recipe",
        _early(recipe, report)
        + f"{training.steps:,} of the recipe's {recipe.steps:,} steps, {training.scenes:,} pictures, each time another"
        " crop, mirrored or not, in another light; mixed with another in some batches (mixup), pasted into another in"
        f" some (CutMix); label smoothing {recipe.smoothing}. Coarse grids come first, since they are cheap, then the"
        f" grid of the default setting. Muon (lr {recipe.muon_lr}, weight decay {recipe.muon_decay}) for the matrices"
        f" of the stages, AdamW (lr {recipe.adam_lr}, weight decay {recipe.adam_decay}) for the rest, a plateau that is"
        f" cooled down at the end, weights averaged with {recipe.averaging}.",
        *_taught(training),
        f"Trained on {training.machine}, torch {training.torch}, in {training.seconds / 3600:.1f} hours,"
        f' {training.date}. `make train ARGS="photos --data tiny-imagenet-200.zip"` does it again.',
        "## How sure it is",
        f"The head is divided by {sure.temperature:.3f}, fitted on half of the held-out photographs. On the other half,"
        f" {sure.pictures:,}, probability and accuracy of the strongest answer are {sure.error:.3f} apart in the mean"
        " (expected calibration error, ten bins).",
        card.table(
            ("probability of the strongest answer", "right", "photographs"),
            [(f"{low:.0%} to {high:.0%}", f"{right:.3f}", f"{count:,}") for low, high, right, count in sure.bins],
        ),
    ]
    said = f"On {report.in_settings:,} of the held-out photographs."
    if len(report.accuracies) > 1:
        parts += ["## Accuracy at every setting", said, card.settings(report)]
    parts += ["## Other image sizes", said, card.sizes(report)]
    parts += ["## What matters: the attention of one stage changed", said, card.interventions(recipe, report)]
    parts += [
        "## What the maps are worth",
        f"Against the box of the object, on {report.scored:,} held-out photographs. A box covers half of the picture in"
        f" the mean, and things stand in the middle: compare with chance and the centre prior. {card.SCORED_BY}",
        card.scores(report.scores),
        f"The same on {report.small_scored:,} photographs whose box is under a quarter of the picture:",
        card.scores(report.small_scores),
        "## What it is not",
        "It knows 200 things, and a person, a face, a street or a text are not among them: it names one of the 200 all"
        " the same. It sees 64 pixels of detail. It is far smaller than the networks of the PVT paper and says nothing"
        " about their accuracy. What photographs of the web show, whose they are and how they were labelled, it has"
        " learnt, too: do not decide anything about anybody with it.",
    ]
    return "\n\n".join(parts) + "\n"


def _taught(training: Training) -> list[str]:
    """Who helped."""
    if training.taught_from is None:
        return []
    return [
        f"From step {training.taught_from:,} on, {teacher.WEIGHT:.0%} of a target is what {teacher.NAME} says of the"
        f" whole picture at {teacher.SIDE} pixels, its logits divided by {teacher.SOFTNESS:g}; the rest is the label."
        " It was trained on ImageNet, whose photographs these are: it may know some of the held-out ones, which this"
        " network has never seen.",
    ]


def _early(recipe: PhotoRecipe, report: Report) -> str:
    """A word where the recipe has not been followed to its end."""
    return "**An early state: its training goes on.** " if report.training.steps < recipe.steps else ""
