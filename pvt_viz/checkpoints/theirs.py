"""A file's tensors without what wrapped the network, and what the file itself calls them."""

from collections.abc import Iterable, Mapping

from torch import Tensor

from pvt_viz.checkpoints.sentences import listed

WRAPPERS = ("_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""What torch.compile, DataParallel, FSDP and activation checkpointing put into the names of what they wrap, be it the
whole network or one block."""


class Theirs:
    """`tensors`: by their names without the words of `WRAPPERS`."""

    def __init__(self, tensors: Mapping[str, Tensor]):
        plain = {name: ".".join(word for word in name.split(".") if word not in WRAPPERS) for name in tensors}
        if len(set(plain.values())) < len(plain):  # a network beside the same one wrapped: two are two
            plain = {name: name for name in tensors}
        self.tensors = {plain[name]: values for name, values in tensors.items()}
        self._original = {at: name for name, at in plain.items() if at != name}

    def original(self, name: str) -> str:
        """What the file calls a tensor; for one that is missing, what it would, by those that stand beside it."""
        if not self._original or name in self.tensors:
            return self._original.get(name, name)
        words = name.split(".")
        for count in range(len(words) - 1, -1, -1):
            before = "".join(f"{word}." for word in words[:count])
            for beside in (at for at in self.tensors if at.startswith(before)):
                whole, rest = self._original.get(beside, beside), beside.removeprefix(before)
                if whole.endswith(rest):
                    return whole.removesuffix(rest) + name.removeprefix(before)
        return name

    def listed(self, names: Iterable[str]) -> str:
        """The first few, as the file calls them, and how many more."""
        return listed(map(self.original, names))
