"""Where a visitor looks: the pinned place, stage, blocks and heads; one short string in the URL and in the explorer.

"0.412,0.538~s1~b2.2.2.2~hm.m.1.3~c0~dq~xs": pin x,y as fractions of the picture (or "-") ~ stage ~ block per stage ~
head per stage (m: mean) ~ CLS as the query ~ direction ~ scale. `view.js` of the explorer speaks the same grammar.
"""

import re
from dataclasses import dataclass, replace

from pvt_viz.config import StageShape

LAST = 999
_GRAMMAR = re.compile(
    r"(?P<pin>-|[01](\.\d{1,6})?,[01](\.\d{1,6})?)~s(?P<stage>[1-4])~b(?P<blocks>\d{1,3}(\.\d{1,3}){0,3})"
    r"~h(?P<heads>(m|\d{1,3})(\.(m|\d{1,3})){0,3})~c(?P<cls>[01])~d(?P<direction>[qk])~x(?P<scale>[so])"
)


@dataclass(frozen=True)
class View:
    """Blocks and heads are counted from 1, one per stage; a head of None is the mean, a block of `LAST` the last."""

    pin: tuple[float, float] | None = None
    stage: int = 1
    blocks: tuple[int, ...] = ()
    heads: tuple[int | None, ...] = ()
    cls_query: bool = False
    direction: str = "q"
    scale: str = "o"

    @classmethod
    def parse(cls, text: str) -> "View | None":
        """None for a text that is not of the grammar."""
        found = _GRAMMAR.fullmatch(text)
        if not found:
            return None
        x, _, y = found["pin"].partition(",")
        return cls(
            pin=(min(float(x), 1.0), min(float(y), 1.0)) if y else None,
            stage=int(found["stage"]),
            blocks=_without_tail(tuple(int(block) for block in found["blocks"].split(".")), LAST),
            heads=_without_tail(tuple(None if h == "m" else int(h) for h in found["heads"].split(".")), None),
            cls_query=found["cls"] == "1",
            direction=found["direction"],
            scale=found["scale"],
        )

    def text(self) -> str:
        pin = "-" if self.pin is None else f"{self.pin[0]:.3f},{self.pin[1]:.3f}"
        blocks = ".".join(str(block) for block in self.blocks) or str(LAST)
        heads = ".".join("m" if head is None else str(head) for head in self.heads) or "m"
        return f"{pin}~s{self.stage}~b{blocks}~h{heads}~c{int(self.cls_query)}~d{self.direction}~x{self.scale}"

    def block(self, shape: StageShape) -> int:
        """The block to show of this stage, from 1; the last unless another was chosen."""
        return min(max(_at(self.blocks, shape.index, LAST), 1), shape.depth)

    def head(self, shape: StageShape) -> int | None:
        """The head to show of this stage, from 1; None for the mean."""
        chosen = _at(self.heads, shape.index, None)
        return None if chosen is None else min(max(chosen, 1), shape.heads)

    def only(self, shape: StageShape) -> "View":
        """The same view for an explorer that shows this stage alone; with a head, since a mean has no q, K or V."""
        block = _at(self.blocks, shape.index, LAST)
        return replace(self, stage=shape.index, blocks=(block,), heads=(self.head(shape) or 1,), direction="q")

    def merge(self, alone: "View", stages: int) -> "View":
        """This view of so many stages, with what an explorer of one stage changed."""
        blocks = [_at(self.blocks, i, LAST) for i in range(1, stages + 1)]
        heads = [_at(self.heads, i, None) for i in range(1, stages + 1)]
        blocks[alone.stage - 1] = _at(alone.blocks, 1, LAST)
        heads[alone.stage - 1] = _at(alone.heads, 1, None)
        blocks, heads = _without_tail(tuple(blocks), LAST), _without_tail(tuple(heads), None)
        return replace(alone, blocks=blocks, heads=heads)


def _at(values: tuple, index: int, default):
    """The value of a stage, counted from 1."""
    return values[index - 1] if index <= len(values) else default


def _without_tail(values: tuple, default) -> tuple:
    """Equal views are written equally: defaults at the end are left out."""
    while values and values[-1] == default:
        values = values[:-1]
    return values
