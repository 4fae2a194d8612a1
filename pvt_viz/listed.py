"""What stands in a row, as one sentence that can be said in either language; empty ones are left out."""

from pvt_viz.language import N_, Sentence, say


def listed(*sentences: str) -> Sentence:
    """a, b, c: for phrases."""
    return _folded(N_("{first}, {rest}"), sentences)


def enumerated(*words: str) -> Sentence:
    """a, b, c: for names and numbers, which Chinese parts by a comma of their own."""
    return _folded(N_("{some}, {last}"), words, "some", "last")


def in_turn(*sentences: str) -> Sentence:
    """a; b; c: for sentences with commas in them."""
    return _folded(N_("{first}; {rest}"), sentences)


def both(*sentences: str) -> Sentence:
    """a and b; or a alone."""
    return _folded(N_("{first} and {rest}"), sentences)


def either(*sentences: str) -> Sentence:
    """a or b; or a alone."""
    return _folded(N_("{first} or {rest}"), sentences)


def _folded(template: str, sentences: tuple[str, ...], one: str = "first", others: str = "rest") -> Sentence:
    *before, rest = list(filter(None, sentences)) or [""]
    for first in reversed(before):
        rest = say(template, **{one: first, others: rest})
    return rest if isinstance(rest, Sentence) else say(rest)
