"""What a click on a measured point does."""

from pvt_viz.choices.selection import ratio_words
from pvt_viz.figures.tradeoff import by_series
from pvt_viz.lesson.tradeoff import points
from pvt_viz.ui.choosing import asked, pagewords


def go_to(kind: str, series: str, at: int) -> None:
    """Choose the setting of a point that was clicked: the sidebar takes it over."""
    point = by_series(points(kind))[series][at]
    pagewords.forget("points")  # the points of this network's kind are shown by themselves
    asked.ask({"model": point.network, **ratio_words(point.patch_sizes, point.reductions)})
