"""From a stranger's word in a link to the nearest thing that is possible, and the sentence that says so."""

import difflib
import re

from pvt_viz.language import Sentence, say


def nearest(word: object, options: tuple, default):
    """The option that is meant: equal, else nearest in value or in spelling, else the default (or what is left)."""
    by_text = {str(option): option for option in options}
    if str(word) in by_text:
        return by_text[str(word)]
    fallback = default if default in options else options[-1]
    if isinstance(options[0], int):
        try:
            wanted = float(str(word))
        except ValueError:
            return fallback
        if wanted != wanted:  # not a number, by name
            return fallback
        wanted = min(max(wanted, options[0]), options[-1])  # also what is infinitely far away
        return min(options, key=lambda option: abs(option - wanted))
    close = difflib.get_close_matches(str(word), list(by_text), n=1)
    return by_text[close[0]] if close else fallback


def replacement(label: str, word: object, value: object) -> Sentence:
    """What is said about it; `label` is a message, and so is `value` where it is a sentence."""
    return say(
        "{label}: {word} is not possible here; {value} is shown instead.",
        label=say(label),
        word=_short(word),
        value=value,
    )


def _short(word: object) -> str:
    """A stranger's word, safe to repeat on the page: short, and as code, where Markdown makes no link of it."""
    text = re.sub(r"[^\w.,+-]+", "…", str(word))
    return f"`{text[:24]}…`" if len(text) > 25 else f"`{text}`"
