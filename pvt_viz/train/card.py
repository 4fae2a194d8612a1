"""The model card: what a network was trained on and how, what it can do at every setting, and what it is not."""

import math

from pvt_viz import cost
from pvt_viz.attribution import KINDS
from pvt_viz.report import MapScore, Report
from pvt_viz.scenes import CLASSES
from pvt_viz.scenes.layout import TAG
from pvt_viz.train.recipe import Phase, Recipe
from pvt_viz.words import si, times

ABOUT = {
    "flexi_pvt": (
        "A small Pyramid Vision Transformer whose one set of weights works at many patch sizes and reduction ratios:"
        " p_1 and every R_i were drawn anew for each batch of its training."
    ),
    "flexi_pvt_fixed": (
        "The same small Pyramid Vision Transformer as flexi_pvt, trained at one setting only. It is here for the"
        " contrast: away from that setting its weights are resized by the same rule, but nobody taught it what to do"
        " there."
    ),
    "scene_vit": "A plain Vision Transformer of about the cost of flexi_pvt: one grid of tokens, full attention, CLS.",
}

SCORED_BY = (
    "Pointing: whether the brightest place lies on it (of equal pixels, the part that does). Energy: the part of the"
    " map's sum that lies on it. Overlap: intersection over union with the map's brightest pixels, as many as the mask"
    " has. Chance is a flat map, the centre prior one that only knows the middle, and a ceiling is the mask itself"
    " drawn in the cells of that stage."
)
"""What the columns of `scores` are."""


def text(recipe: Recipe, report: Report) -> str:
    """The card, in Markdown."""
    config, training = recipe.config, report.training
    counted = cost.analyze(config, image_size=config.image_size)
    default = report.accuracy(config)
    parts = [
        f"# {recipe.name}",
        ABOUT[recipe.name],
        f"{counted.params:,} parameters and {si(counted.macs, 'MAC')} at {times(config.image_hw)} at its default"
        f" setting, p = {config.patch_sizes}, R = {config.reductions}. Answers **{default:.1%}** of"
        f" {report.scenes:,} held-out scenes there.",
        "## Data",
        "Scenes drawn by `pvt_viz.scenes`: three shapes of different colours on a busy ground, and three small tags"
        " in the same colours. The tag with the white rim is the cue; the answer is the shape of its colour, one of "
        f"{', '.join(CLASSES)}. Each picture is standardised by its own mean and deviation. No photograph was ever"
        f" used. {training.scenes:,} scenes were seen, each once; the {report.scenes:,} of the test set come from seeds"
        f" from {report.seed} on, which neither training nor the choice of anything ever used.",
        "## Recipe",
        f"{training.steps:,} steps: {'; then '.join(map(_phase, recipe.phases))}. Muon (lr {recipe.muon_lr}, weight"
        f" decay {recipe.muon_decay}) for the matrices of the stages, AdamW (lr {recipe.adam_lr}, betas"
        f" {recipe.adam_betas}) for the rest, {recipe.warm_up} steps of warm-up and a cosine, gradients clipped at"
        f" {recipe.clip}, label smoothing {recipe.smoothing}, weights averaged with {recipe.averaging}. **The masks"
        " supervised the features**: beside the answer, a light head over all stages (shipped in the same file)"
        " learnt which shape every token lies on and whether it is the answer. So that features and maps follow"
        " shapes is partly taught, not found.",
        f"Trained on {training.machine}, torch {training.torch}, in {training.seconds / 60:.0f} minutes,"
        f" {training.date}. `make train` does it again.",
    ]
    if len(report.accuracies) > 1:
        parts += ["## Accuracy at every setting", settings(report)]
    parts += ["## Other image sizes", sizes(report)]
    parts += ["## What matters: the attention of one stage changed", interventions(recipe, report)]
    parts += ["## What the maps are worth", f"Against the mask of the answer. {SCORED_BY}", scores(report.scores)]
    parts += [
        "## What it is not",
        "It has only ever seen drawn scenes. On a photograph it still names one of ten shapes, and that means"
        " nothing. It is far smaller than the networks of the PVT paper and says nothing about their accuracy."
        " Accuracies are of one training with one seed; from this many scenes, one near 97 % is known to about"
        f" ± {196 * math.sqrt(0.97 * 0.03 / report.scenes):.1f} points (95 % interval).",
    ]
    return "\n\n".join(parts) + "\n"


def _phase(phase: Phase) -> str:
    sizes = " or ".join(str(p) for p in sorted({course.patch_size for course in phase.courses if course.patch_size}))
    what = f"p_1 of {sizes}, R_i drawn" if sizes else "the default setting"
    clutter = f", clutter rising from {phase.clutter:g}" if phase.clutter < 1 else ""
    tags = f", tags shrinking from {phase.tag_size:g} to {TAG:g} of the side" if phase.tag_size > TAG else ""
    return f'{phase.steps:,} on the task "{phase.task}" ({what}{clutter}{tags})'


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def settings(report: Report) -> str:
    """One row for each p_1, R_1 and R_2; one column for each R_3 and R_4."""
    last = sorted({reductions[2:] for _, reductions in report.accuracies})
    rows: dict[tuple[int, int, int], dict] = {}
    for (patch_sizes, reductions), accuracy in report.accuracies.items():
        rows.setdefault((patch_sizes[0], *reductions[:2]), {})[reductions[2:]] = accuracy
    head = ("p_1", "R_1", "R_2", *(f"R_3 = {r3}, R_4 = {r4}" for r3, r4 in last))
    return table(
        head,
        [
            (*map(str, row), *(f"{cells[at]:.3f}" if at in cells else "" for at in last))
            for row, cells in sorted(rows.items())
        ],
    )


def sizes(report: Report) -> str:
    return table(("image", "accuracy"), [(times(size), f"{value:.3f}") for size, value in report.sizes.items()])


def interventions(recipe: Recipe, report: Report) -> str:
    default = report.accuracy(recipe.config)
    said = "\n".join(f"- **{kind}**: {words}" for kind, words in KINDS.items())
    found = {(row.stage, row.kind): row.accuracy for row in report.interventions}
    stages = sorted({stage for stage, _ in found})
    rows = table(
        ("stage", *KINDS), [(str(stage), *(f"{found[stage, kind]:.3f}" for kind in KINDS)) for stage in stages]
    )
    return f"{said}\n\nUntouched: {default:.3f}.\n\n{rows}"


def scores(rows: tuple[MapScore, ...]) -> str:
    """One row for each method and stage."""
    return table(
        ("map", "stage", "pointing", "energy", "overlap"),
        [
            (row.method, str(row.stage or ""), f"{row.pointing:.3f}", f"{row.energy:.3f}", f"{row.overlap:.3f}")
            for row in rows
        ],
    )
