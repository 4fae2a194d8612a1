"""A named place to listen at, and a twin of a model to hang the listeners on."""

import copy
from collections import OrderedDict

from torch import nn


class Tap(nn.Identity):
    """Passes its input on unchanged; a forward hook registered here sees it. Its attribute name says what it is."""

    @property
    def listened(self) -> bool:
        return bool(self._forward_hooks)


def twin(module: nn.Module) -> nn.Module:
    """The same module and parameters, with a tree and hooks of its own (hooks that were there still run).

    The module itself is never touched, nothing has to be removed afterwards, and many threads may watch one shared
    model at once.
    """
    copied = copy.copy(module)
    copied._forward_hooks = OrderedDict(module._forward_hooks)
    copied._modules = {name: twin(child) for name, child in module._modules.items()}
    return copied
