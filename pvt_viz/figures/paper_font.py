"""The font of everything that matplotlib draws: DejaVu Sans, and for Chinese one that this machine has, if any."""

import logging
import re
from functools import lru_cache

import matplotlib
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path

CHINESE = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
)
"""Those that are widely had, the better ones first."""
_INSTALLED = {font.name for font in fontManager.ttflist}
_FOUND = [name for name in CHINESE if name in _INSTALLED][:1]
FAMILY = ["DejaVu Sans", *_FOUND, "sans-serif"]
"""A letter comes from the first that has it; the last is for whoever opens an SVG and has none of the others."""
PIECES = re.compile(
    r"\s+|[“‘《（]*(?:[\u3400-\u9fff]|[^\s\u3400-\u9fff，。；：、！？》）”’“‘《（]+)[，。；：、！？》）”’]*|."
)
"""What a line may be broken before: blanks, words, Chinese characters with the punctuation that belongs to them."""

matplotlib.rcParams["font.family"] = FAMILY  # for the whole process, as all that `chart_paper` sets
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a font without bold letters is no trouble


def can_write(language: str) -> bool:
    """Whether a picture in this language would have all its letters."""
    return language != "zh" or bool(_FOUND)


@lru_cache(maxsize=8192)
def points(words: str, font: FontProperties) -> float:
    """How wide the words are, in points."""
    return text_to_path.get_text_width_height_descent(words, font, ismath=False)[0]


def wrapped(words: str, font: FontProperties, room: float) -> list[str]:
    """In lines of at most so many points, broken at blanks and between Chinese characters."""
    lines = [""]
    for piece in PIECES.findall(words):
        if lines[-1] and points(f"{lines[-1]}{piece}".strip(), font) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]}{piece}".lstrip()
    return [line.rstrip() for line in lines if line.strip()]
