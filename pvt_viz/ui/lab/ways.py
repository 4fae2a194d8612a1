"""Words for the two ways to fewer keys: folds of R×R tokens, and the pool of linear SRA."""

from pvt_viz.config import PVTConfig
from pvt_viz.words import factor, times


def noun(config: PVTConfig) -> str:
    """What makes the keys of the tokens."""
    return "pool" if config.pool else "fold"


def pooled(config: PVTConfig) -> str:
    """7×7, for a network with linear SRA."""
    return times((config.pool, config.pool))


def ratios(config: PVTConfig) -> str:
    """The reduction of every stage."""
    return f"keys pooled to {pooled(config)} (linear SRA)" if config.pool else f"R = {config.reductions}"


def compared(before: float, after: float, less: str = "less", more: str = "more") -> str:
    """64× less; or 1.2× more, since 49 keys can be more than a stage has tokens."""
    return f"{factor(before / after)} {less}" if before >= after else f"{factor(after / before)} {more}"
