"""The charts of the Cost page, described from numbers that were counted or measured elsewhere."""

from collections.abc import Mapping, Sequence

from pvt_viz.figures.chart import Chart, Series
from pvt_viz.language import Sentence, say

# Told apart on light and on dark, and with protanopia, deuteranopia and tritanopia (CIEDE2000 at least 14).
GRAY, OCHRE, AZURE = "#77818c", "#b08a1e", "#3a73d6"
VARIANT_LOOKS = {
    "full_explicit": {"colour": GRAY, "hatch": "/"},
    "full_fused": {"colour": OCHRE, "hatch": "x"},
    "sra": {"colour": AZURE, "hatch": ""},
    "sra_explicit": {"colour": AZURE, "hatch": "/"},
}
GROWTH_LOOKS = (
    {"colour": GRAY},
    {"colour": GRAY, "dash": "dash"},
    {"colour": AZURE},
    {"colour": OCHRE, "dash": "dot"},
    {"colour": "#b0417c"},
)
FOLD_OR_POOL_LOOKS = (
    {"colour": AZURE},
    {"colour": "#b0417c"},
    {"colour": AZURE, "dash": "dash"},
    {"colour": "#b0417c", "dash": "dash"},
)
SIDE_TICKS = (64, 128, 224, 512, 1024, 2048)


def bars(
    places: Sequence[str],
    values: Mapping[str, Sequence[float | None]],
    labels: Mapping[str, str],
    *,
    title: str,
    x_title: str,
    y_title: str,
    caption: str,
    unit: str,
    log: bool,
) -> Chart:
    """For every variant (by name) a bar at every place."""
    return Chart(
        title=title,
        caption=caption,
        x_title=x_title,
        y_title=y_title,
        unit=unit,
        log_y=log,
        series=tuple(
            Series(name=labels[name], x=tuple(places), y=tuple(heights), look="bar", **VARIANT_LOOKS[name])
            for name, heights in values.items()
        ),
    )


def growth(
    curves: Mapping[str, Sequence[float | None]], sides: Sequence[int], chosen: int, *, caption: str, unit: str
) -> Chart:
    """Lines over the image size, both axes logarithmic, the chosen size marked."""
    title = say("Cost of one forward over the image size")
    return _over_sides(curves, sides, chosen, GROWTH_LOOKS, title, say("one forward"), caption, unit)


def fold_or_pool(
    curves: Mapping[str, Sequence[float | None]], sides: Sequence[int], chosen: int, *, caption: str, unit: str
) -> Chart:
    """The same for attention layers with folds and with a pool: first whole layers of both, then a part of each."""
    title = say("Cost of attention over the image size, with folds and with linear SRA")
    return _over_sides(curves, sides, chosen, FOLD_OR_POOL_LOOKS, title, say("all attention layers"), caption, unit)


def _over_sides(
    curves: Mapping[str, Sequence[float | None]],
    sides: Sequence[int],
    chosen: int,
    looks: Sequence[Mapping[str, str]],
    title: str,
    y_title: str,
    caption: str,
    unit: str,
) -> Chart:
    return Chart(
        title=title,
        caption=caption,
        x_title=say("image side, pixels"),
        y_title=y_title,
        unit=unit,
        log_x=True,
        log_y=True,
        mark=chosen,
        mark_label=f"{chosen} px",
        ticks=SIDE_TICKS,
        series=tuple(
            Series(name=name, x=tuple(sides), y=tuple(heights), look="line", **look)
            for (name, heights), look in zip(curves.items(), looks, strict=False)
        ),
    )


def measured(
    lines: Mapping[str, Mapping[str, Sequence[float | None]]],
    points: Mapping[str, Mapping[str, Sequence[tuple[int, float, str]]]],
    labels: Mapping[str, str],
    sides: Sequence[int],
    *,
    title: str,
    caption: str,
    y_title: str,
    unit: str,
) -> Chart:
    """Lines over `sides`, and points (side, value, note) over them; either per source and variant.

    Lines of the first source are solid and its points filled; those of the others are dotted and hollow.
    """
    curves = [
        Series(
            name=_predicted(labels[name], source),
            x=tuple(sides),
            y=tuple(curve),
            look="line",
            colour=VARIANT_LOOKS[name]["colour"],
            dash="dot" if i else "solid",
            group=labels[name],
        )
        for i, (source, by_variant) in enumerate(lines.items())
        for name, curve in by_variant.items()
    ]
    dots = [
        Series(
            name=say("{attention}, {source}", attention=labels[name], source=source),
            x=tuple(side for side, _, _ in found),
            y=tuple(value for _, value, _ in found),
            notes=tuple(note for _, _, note in found),
            look="points",
            colour=VARIANT_LOOKS[name]["colour"],
            group=labels[name],
            hollow=i > 0,
        )
        for i, (source, by_variant) in enumerate(points.items())
        for name, found in by_variant.items()
        if found
    ]
    return Chart(
        title=title,
        caption=caption,
        x_title=say("image side, pixels"),
        y_title=y_title,
        unit=unit,
        log_x=True,
        log_y=True,
        ticks=SIDE_TICKS,
        series=(*curves, *dots),
    )


def _predicted(attention: str, source: str) -> Sentence:
    """A line's name; `source` is whose best rate it is drawn from, nothing where no measurement is needed."""
    if not source:
        return say("{attention}, predicted", attention=attention)
    return say("{attention}, lower bound ({source})", attention=attention, source=source)
