"""A named place to listen at."""

from torch import nn


class Tap(nn.Identity):
    """Passes its input on unchanged; a forward hook registered here sees it. Its attribute name says what it is."""

    @property
    def listened(self) -> bool:
        return bool(self._forward_hooks)
