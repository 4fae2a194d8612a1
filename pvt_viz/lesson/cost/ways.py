"""Words for the two ways to fewer keys, folds of R×R tokens and the pool of linear SRA, and for what they save."""

from pvt_viz.config import PVTConfig
from pvt_viz.language import Sentence, say
from pvt_viz.words import factor, times


def pooled(config: PVTConfig) -> str:
    """7×7, for a network with linear SRA."""
    return times((config.pool, config.pool))


def compared(before: float, after: float, less: str, more: str, /, **values) -> Sentence:
    """The sentence that holds, with its `factor`: the second one where 49 keys are more than a stage has tokens."""
    if before >= after:
        return say(less, factor=factor(before / after), **values)
    return say(more, factor=factor(after / before), **values)
