"""From the names that a library gives its tensors to ours: one table per family of files, in `families`."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from torch import Tensor

BLOCK = "stages.{i}.blocks.{j}."
"""Where an encoder block of ours is."""
POSITIONS = "stages.{i}.positions"
"""A stage's position embeddings as the others keep them: (1, prefix + N, channel). Ours are a plane of their own."""
CLS, DISTILLATION, REGISTERS = "cls", "distillation", "registers"
"""The tokens before the grid, each (1, 1, channel) but for the registers, until they are put together."""
POOLED_NORM = "pooled_norm"
"""The last norm, where it is that of the mean."""

OUTSIDE = ("head", "distilled_head")
"""Of our tensors, those that stand beside a family's `body` and not in it."""
HEADS = ("head", "classifier", "fc")
"""What a head is called where somebody put one on a body."""
_LOOKED_AT = 1000
"""How many names tell what a file that lacks a mark comes nearest to."""

Table = Mapping[str, str | tuple[str, ...]]
"""Their name -> ours, without ".weight" and ".bias"; {i} is a stage, {j} a block. Several of ours lie end to end.

One of theirs that ends in "_" has the two words behind it without a dot ("in_proj_weight").
"""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Files of one library and one kind of network."""

    label: str
    """What the page calls it: a message, see `pvt_viz.language`."""
    network: str
    """pvt, pvt_v2 or vit."""
    marks: tuple[str, ...]
    """Tensors that every file of this family has, and no other family's together."""
    table: Table
    body: str = ""
    """What stands before the names of the network where the head stands beside it ("vit.")."""
    first_stage: int = 0
    """The number of the first stage in their names."""
    first_block: int = 0
    """The same of the first block of a stage."""
    unused: tuple[str, ...] = ()
    """Starts of names that such files may have and that no answer depends on."""
    beside: tuple[str, ...] = ()
    """Starts of names for what stands beside `body` and is another network's: a segmenter's head."""
    grid_alone: bool = False
    """Whether positions may be for the grid alone, where there is CLS too."""
    pools: bool = False
    """Whether the mean may answer although there is CLS, which no tensor tells."""
    mit: str = ""
    """What the page calls it where the network is SegFormer's MiT, which has the same names."""
    block_norm_eps: float = 1e-6
    embed_norm_eps: float = 1e-5
    """Of LayerNorm, where nothing beside the file says it."""

    @cached_property
    def rules(self) -> tuple["Rule", ...]:
        return tuple(
            Rule(theirs, ours if isinstance(ours, tuple) else (ours,), self.first_stage, self.first_block)
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

    def body_in(self, root: str, names: Iterable[str]) -> str:
        """`body` where a file has it behind its root, else nothing."""
        return self.body if any(name.startswith(f"{root}{self.body}") for name in names) else ""

    def marks_in(self, root: str, names: Collection[str]) -> list[str]:
        """The whole names that the marks have in such a file."""
        return [f"{root}{self.body_in(root, names)}{mark}" for mark in self.marks]

    def nearness(self, names: Collection[str]) -> tuple[float, str]:
        """What part of the names this family has a place for, and the root at which it has most."""
        some = list(names)[:_LOOKED_AT]
        shared = Counter(name[: dot.end()] for name in some for dot in list(re.finditer(r"\.", name))[:4])
        roots = ["", *(root for root, count in shared.items() if 2 * count > len(some))]
        best = max(roots, key=lambda root: self.places(root, some))
        return self.places(best, some) / max(1, len(some)), best

    def places(self, root: str, names: Iterable[str]) -> int:
        """How many of the names, behind this root, are of tensors of this family."""
        inner = (name.removeprefix(root).removeprefix(self.body) for name in names if name.startswith(root))
        return sum(any(rule.apply(name) for rule in self.rules) for name in inner)


@dataclass(frozen=True)
class Rule:
    """One line of a table."""

    theirs: str
    ours: tuple[str, ...]
    first_stage: int
    first_block: int

    @cached_property
    def _pattern(self) -> re.Pattern:
        return _pattern(self.theirs)

    def apply(self, name: str) -> tuple[str, ...]:
        """Our names for one of theirs; none where the rule is not about it."""
        found = self._pattern.fullmatch(name)
        if not found:
            return ()
        at = found.groupdict()
        i, j = (int(at.get(letter) or first) - first for letter, first in self._firsts)
        if i < 0 or j < 0:
            return ()
        kind = f".{at['kind'].removeprefix('.')}" if at["kind"] else ""
        return tuple(target.format(i=i, j=j) + kind for target in self.ours)

    @property
    def _firsts(self) -> tuple[tuple[str, int], ...]:
        return ("i", self.first_stage), ("j", self.first_block)

    def undo(self, name: str, last: int) -> str | None:
        """Their name for one of ours; what has no stage in its name is in the `last` one."""
        for target in self.ours:
            if found := _pattern(target).fullmatch(name):
                at = found.groupdict()
                i, j = int(at.get("i", last)) + self.first_stage, int(at.get("j", 0)) + self.first_block
                kind = at["kind"] or ""
                return self.theirs.format(i=i, j=j) + (kind.removeprefix(".") if self.theirs.endswith("_") else kind)
        return None


def _pattern(name: str) -> re.Pattern:
    text = re.escape(name)
    for letter in "ij":
        text = text.replace(rf"\{{{letter}\}}", rf"(?P<{letter}>0|[1-9][0-9]{{0,8}})")
    kind = "(?P<kind>weight|bias)" if name.endswith("_") else r"(?P<kind>\.weight|\.bias)?"
    return re.compile(text + kind)


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
    twice: tuple[str, ...]
    """Their names for what stands where another of their tensors stands already."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Of the tensors, our name -> theirs for a head that stands outside its body."""

    def outer_name(self, ours: str) -> str | None:
        """Their name for a tensor of such a head, be it there or missing."""
        if ours in self.outside:
            return self.outside[ours]
        stem = ours.rpartition(".")[0]
        beside = next((at for at in self.outside if at.rpartition(".")[0] == stem), None)
        return beside and self.outside[beside].removesuffix(beside.removeprefix(stem)) + ours.removeprefix(stem)


def rename(family: Family, root: str, theirs: Mapping[str, Tensor]) -> Renamed:
    """`theirs` under our names; `root` is one of `family.roots`."""
    tensors, unknown, unused, foreign, twice = {}, [], [], [], []
    for whole, values in theirs.items():
        name = whole.removeprefix(root)
        if not whole.startswith(root) or name.startswith(family.beside):
            foreign.append(whole)
            continue
        inner = name.removeprefix(family.body)
        targets = next((found for rule in family.rules if (found := rule.apply(inner))), ())
        if tensors.keys() & set(targets):
            twice.append(whole)
        elif targets:
            tensors.update(zip(targets, _parts(values, len(targets)), strict=True))
        elif inner.startswith(family.unused):
            unused.append(whole)
        else:
            unknown.append(whole)
    return Renamed(tensors, tuple(unknown), tuple(unused), tuple(foreign), tuple(twice))


def with_head(found: Renamed, family: Family, root: str, theirs: Mapping[str, Tensor]) -> Renamed:
    """The same with the head that a body under `root` has outside it: `backbone.…` beside `head.…`.

    It is taken where it fits the last tokens and no other matrix stands beside the body, which it might belong to.
    """
    outside: dict[str, str] = {}
    words = root.split(".")[:-1]
    for outer in ("".join(f"{word}." for word in words[:count]) for count in range(len(words))):
        for name in found.foreign:
            targets = _outer_targets(family, name.removeprefix(outer)) if name.startswith(outer) else ()
            if targets and not set(targets) & (found.tensors.keys() | outside.keys()):
                outside[targets[0]] = name
    tensors = found.tensors | {ours: theirs[name] for ours, name in outside.items()}
    rest = tuple(name for name in found.foreign if name not in outside.values())
    last = max((int(at.split(".")[1]) for at in found.tensors if at.startswith("stages.")), default=0)
    embed, head = tensors.get(f"stages.{last}.embed.project.weight"), tensors.get("head.weight")
    fits = head is not None and embed is not None and head.ndim == 2 and head.shape[1:] == embed.shape[:1]
    ends = ({"norm.weight"} | ({CLS} if family.network == "pvt" else set())) if family.network != "pvt_v2" else set()
    alone = not any(theirs[name].ndim > 1 and theirs[name].is_floating_point() for name in rest)
    if "head.weight" not in outside or not (fits and alone and ends <= tensors.keys()):
        return found
    return replace(found, tensors=tensors, foreign=rest, outside=outside)


def _outer_targets(family: Family, name: str) -> tuple[str, ...]:
    """Our names for one of theirs that may stand outside the body: of the head, and of the norm before it."""
    rules = (*family.rules, *(Rule(word, ("head",), 0, 0) for word in HEADS))
    targets = next((found for rule in rules if (found := rule.apply(name))), ())
    return targets if targets and targets[0].split(".")[0] in (*OUTSIDE, "norm") else ()


def _parts(values: Tensor, count: int) -> tuple[Tensor, ...]:
    """What lies end to end, each alone; where it is not so many equal ones, all of it each time, which fits nowhere."""
    return values.tensor_split(count) if values.ndim and len(values) % count == 0 else (values,) * count


def in_their_words(family: Family, root: str, names: Collection[str], last: int, ours: str) -> str:
    """What a file of this family, with these names in it, would call a tensor of ours; `last` is its last stage."""
    found = [name for rule in family.rules if (name := rule.undo(ours, last))]
    if not found:
        return ours
    at = root if ours.split(".")[0] in OUTSIDE else f"{root}{family.body_in(root, names)}"
    there = {name.rpartition(".")[0] for name in names}  # of two words for one thing, the one that its bias has
    return next((f"{at}{name}" for name in found if f"{at}{name}".rpartition(".")[0] in there), f"{at}{found[0]}")
