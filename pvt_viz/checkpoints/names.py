"""From the names that a library gives its tensors to ours: one table per family of files, in `families`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

BLOCK = "stages.{i}.blocks.{j}."
"""Where an encoder block of ours is."""
POSITIONS = "stages.{i}.positions"
"""A stage's position embeddings as the others keep them: (1, prefix + N, channel). Ours are a plane of their own."""
CLS, DISTILLATION = "cls", "distillation"
"""The tokens before the grid, each (1, 1, channel), until they are put together."""

Table = Mapping[str, str | tuple[str, ...]]
"""Their name -> ours, without ".weight" and ".bias"; {i} is a stage, {j} a block. Several of ours lie end to end."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Files of one library and one kind of network."""

    label: str
    """What the page calls it."""
    network: str
    """pvt, pvt_v2 or vit."""
    marks: tuple[str, ...]
    """Tensors that every file of this family has, and no other family's together."""
    table: Table
    body: str = ""
    """What stands before the names of the network where the head stands beside it ("vit.")."""
    first_stage: int = 0
    """The number of the first stage in their names."""
    unused: tuple[str, ...] = ()
    """Starts of names that such files may have and that no answer depends on."""
    block_norm_eps: float = 1e-6
    embed_norm_eps: float = 1e-5
    """Of LayerNorm, where nothing beside the file says it."""

    @cached_property
    def rules(self) -> tuple["Rule", ...]:
        return tuple(
            Rule(theirs, ours if isinstance(ours, tuple) else (ours,), self.first_stage)
            for theirs, ours in self.table.items()
        )

    def roots(self, names: Iterable[str]) -> list[str]:
        """What stands before all of this family's names ("", "module.", "backbone."); empty where it is not one."""
        names = set(names)
        found = []
        for at in (f"{self.body}{self.marks[0]}", self.marks[0]):
            for name in sorted(names):
                root = name.removesuffix(at)
                if name.endswith(at) and (not root or root.endswith(".")) and root not in found:
                    body = at.removesuffix(self.marks[0])
                    if all(f"{root}{body}{mark}" in names for mark in self.marks):
                        found.append(root)
            if found:
                break
        return found


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    theirs: str
    ours: tuple[str, ...]
    first_stage: int

    @cached_property
    def _pattern(self) -> re.Pattern:
        return _pattern(self.theirs)

    def apply(self, name: str) -> tuple[str, ...]:
        """Our names for one of theirs; none where the rule is not about it."""
        found = self._pattern.fullmatch(name)
        if not found:
            return ()
        at = found.groupdict()
        numbers = {"i": int(at.get("i") or 0) - (self.first_stage if at.get("i") else 0), "j": at.get("j")}
        return tuple(target.format(**numbers) + (at["kind"] or "") for target in self.ours)

    def undo(self, name: str) -> str | None:
        """Their name for one of ours."""
        for target in self.ours:
            if found := _pattern(target).fullmatch(name):
                at = found.groupdict()
                numbers = {"i": int(at.get("i") or 0) + self.first_stage, "j": at.get("j")}
                return self.theirs.format(**numbers) + (at["kind"] or "")
        return None


def _pattern(name: str) -> re.Pattern:
    text = re.escape(name)
    for letter in "ij":
        text = text.replace(rf"\{{{letter}\}}", rf"(?P<{letter}>\d+)")
    return re.compile(rf"{text}(?P<kind>\.weight|\.bias)?")


@dataclass(frozen=True)
class Renamed:
    """A file's tensors under our names, and what is left."""

    tensors: dict[str, Tensor]
    """Kernels still (out, in, k, k), positions and tokens apart."""
    unknown: tuple[str, ...]
    """Their names for what stands in the network's place and is none of its tensors."""
    unused: tuple[str, ...]
    """Their names for what such a file may have and no answer depends on."""
    foreign: tuple[str, ...]
    """Their names for what belongs to something else: a neck, a detector's heads."""


def rename(family: Family, root: str, theirs: Mapping[str, Tensor]) -> Renamed:
    """`theirs` under our names; `root` is one of `family.roots`."""
    tensors, unknown, unused, foreign = {}, [], [], []
    for whole, values in theirs.items():
        if not whole.startswith(root):
            foreign.append(whole)
            continue
        name = whole.removeprefix(root)
        inner = name.removeprefix(family.body)
        targets = next((found for rule in family.rules if (found := rule.apply(inner))), ())
        if targets:
            parts = values.chunk(len(targets)) if len(targets) > 1 else (values,)
            tensors.update(zip(targets, parts, strict=False))
        elif inner.startswith(family.unused):
            unused.append(whole)
        else:
            unknown.append(whole)
    return Renamed(tensors, tuple(unknown), tuple(unused), tuple(foreign))


def in_their_words(family: Family, root: str, ours: str) -> str:
    """What a file of this family would call a tensor of ours."""
    found = next((name for rule in family.rules if (name := rule.undo(ours))), None)
    return f"{root}{found}" if found else ours
