"""Words for the two ways to fewer keys, folds of R×R tokens and the pool of linear SRA, and for what they save."""

from pvt_viz.config import PVTConfig
from pvt_viz.language import N_, Sentence, say
from pvt_viz.words import factor, times

LESS, FEWER, MORE = N_("{factor} less"), N_("{factor} fewer"), N_("{factor} more")
TIMES = "{factor}"


def pooled(config: PVTConfig) -> str:
    """7×7, for a network with linear SRA."""
    return times((config.pool, config.pool))


def compared(before: float, after: float, less: str = LESS) -> Sentence:
    """64× less; or 1.2× more, since 49 keys can be more than a stage has tokens."""
    if before >= after:
        return say(less, factor=factor(before / after))
    return say(MORE, factor=factor(after / before))
