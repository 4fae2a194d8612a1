"""What the Evidence page tells of a report: what maps are worth on held-out pictures, and what interventions leave."""

from collections.abc import Sequence
from dataclasses import dataclass

from pvt_viz.figures import evidence as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import say, spaced, tr
from pvt_viz.lesson import measured
from pvt_viz.lesson.evidence.maps import SCORES
from pvt_viz.lesson.table import Table
from pvt_viz.listed import in_turn
from pvt_viz.presets import PRESETS
from pvt_viz.report import CENTRE_PRIOR, PHOTOGRAPHS, YARDSTICKS, MapScore, Report
from pvt_viz.scene import Scene


@dataclass(frozen=True)
class HeldOut:
    """Scores of maps on many pictures."""

    title: str
    """Which pictures."""
    table: Table
    told: str
    """Whether any of them is better than the centre prior."""
    key: str
    """Of the widgets of its table."""


def scored(found: Report) -> list[HeldOut]:
    """The scores of a report; of photographs once more on those with a small object, where there are some."""
    if found.kind != PHOTOGRAPHS:
        title = tr("On {scenes:,} held-out scenes, at the default p and R", scenes=found.scored)
        return [HeldOut(title, worth(found, found.scores), beyond_centre(found.scores), "scores")]
    title = tr("On {count:,} held-out photographs, at the default p and R", count=found.scored)
    tables = [HeldOut(title, worth(found, found.scores), beyond_centre(found.scores), "scores")]
    if found.small_scores:
        title = tr(
            "On {count:,} held-out photographs whose box is under a quarter of the picture", count=found.small_scored
        )
        small = spaced(tr("There the centre prior has less to say."), beyond_centre(found.small_scores))
        tables.append(HeldOut(title, worth(found, found.small_scores), small, "scores_small"))
    return tables


def how_scored(kind: str) -> str:
    """How to read the scores on pictures of a kind."""
    if kind == PHOTOGRAPHS:
        return tr(
            "Against the box of the object. Of many equally bright pixels, the part in the box counts. **Chance** is a"
            " flat map, the **centre prior** knows only the middle, where most objects stand; a **ceiling** is the box"
            " drawn in the cells of that stage: coarse cells cannot do better."
        )
    return tr(
        "Of many equally bright pixels, the part on the shape counts. **Chance** is a flat map, the **centre"
        " prior** knows only the middle; a **ceiling** is the true shape drawn in the cells of that stage: coarse"
        " cells cannot do better."
    )


def worth(found: Report, rows: Sequence[MapScore]) -> Table:
    """Scores on many pictures, beside chance, the centre prior and what the grids allow."""
    alt = tr("Scores of every method and stage against the true shape, with chance, the centre prior and ceilings.")
    if found.kind == PHOTOGRAPHS:
        alt = tr(
            "Scores of every method and stage against the box of the object, with chance, the centre prior and"
            " ceilings."
        )
    return Table(
        alt,
        [
            {
                tr("map"): tr(row.method),
                tr("stage"): str(row.stage or "–"),
                **{tr(words): f"{getattr(row, name):.1%}" for name, words in SCORES.items()},
            }
            for row in rows
        ],
        numbers=[
            {"map": row.method, "stage": row.stage, **{name: getattr(row, name) for name in SCORES}} for row in rows
        ],
        setting={"model": found.name},
    )


def beyond_centre(rows: Sequence[MapScore]) -> str:
    """Whether any map is better than knowing only the middle, plainly; nothing where that was not measured."""
    maps_of = [row for row in rows if row.method not in YARDSTICKS]
    prior = next((row for row in rows if row.method == CENTRE_PRIOR), None)
    if prior is None or not maps_of:
        return ""
    told = []
    for score, words in SCORES.items():
        better = [row for row in maps_of if getattr(row, score) > getattr(prior, score)]
        if not better:
            told.append(say("none by “{score}”", score=say(words)))
            continue
        best = max(better, key=lambda row: getattr(row, score))
        told.append(
            say(
                "{better} of {all} by “{score}” (at best {method}, stage {stage}: {value:.1%} against {prior:.1%})",
                better=len(better),
                all=len(maps_of),
                score=say(words),
                method=say(best.method),
                stage=best.stage,
                value=getattr(best, score),
                prior=getattr(prior, score),
            )
        )
    if all(getattr(row, score) <= getattr(prior, score) for row in maps_of for score in SCORES):
        return tr(
            "**No map beats the centre prior, by any of the three scores**: who only ever says “the middle” does at"
            " least as well."
        )
    return tr("**Maps that beat the centre prior**: {told}.", told=in_turn(*told))


def truth(scene: Scene) -> str:
    """Whether it is known where the answer is."""
    if scene.picture.scenes is not None:
        return tr("With drawn scenes the truth is known, so both can be checked.")
    return tr("Nobody has marked the object in this photograph, so its maps get no scores here.")


def changed_on(found: Report) -> str:
    """On how many pictures interventions were measured, as a title."""
    if found.kind == PHOTOGRAPHS:
        return tr("On {count:,} held-out photographs", count=found.changed_on)
    return tr("On {scenes:,} held-out scenes", scenes=found.changed_on)


def about_another_kind(found: Report, scene: Scene) -> str:
    """What held-out numbers are about, where the picture is of another kind than theirs; else nothing."""
    if found.kind == measured.kind_of(scene.picture):
        return ""
    if found.kind == PHOTOGRAPHS:
        return tr(
            "Measured on photographs, which is what {network} knows: it says nothing about this drawn scene.",
            network=found.name,
        )
    return tr(
        "Measured on drawn scenes, which is what {network} knows: it says nothing about this photograph.",
        network=found.name,
    )


def accuracy(found: Report) -> Chart:
    """Bars: accuracy on held-out pictures with the attention of each stage changed, beside the untouched network."""
    untouched = found.accuracy(PRESETS[found.name])
    if found.kind == PHOTOGRAPHS:
        caption = say(
            "Accuracy of {model} at its default p and R with one stage's attention changed, on {count:,} held-out"
            " photographs. Untouched it is {accuracy:.1%}, on {all:,}; guessing would be right once in {classes:,}.",
            model=found.name,
            count=found.changed_on,
            accuracy=untouched,
            all=found.scenes,
            classes=PRESETS[found.name].num_classes,
        )
    else:
        caption = say(
            "Accuracy of {model} at its default p and R with one stage's attention changed, on {count:,} held-out"
            " scenes. Untouched it is {accuracy:.1%}; one answer in three is what knowing the shapes but not the cue"
            " would give.",
            model=found.name,
            count=found.changed_on,
            accuracy=untouched,
        )
    return figures.interventions(found.interventions, untouched, caption=caption)
