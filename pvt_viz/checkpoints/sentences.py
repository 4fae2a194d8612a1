"""What is said of weights that cannot be used: strangers' words made plain, and the errors that recur."""

from collections.abc import Iterable
from functools import reduce

from torch import Tensor

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.language import Sentence, say
from pvt_viz.words import times

NAMED = 3
"""How many tensors a sentence names."""
LONGEST = 96
"""Letters of a stranger's word; the longest names of tensors have some 85."""
ADVICE = say("choose a .safetensors file, or one that torch.save wrote")


def damaged(name: str) -> WeightsError:
    return WeightsError(say("{name} is damaged or cut short; fetch it again.", name=name))


def label(text: str) -> str:
    """A stranger's word as it may stand in a sentence: short, and without what a page could take for markup."""
    known = (letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "?" for letter in text[:LONGEST])
    return "".join(known) + "…" * (len(text) > LONGEST)


def missing(name: str, theirs: Iterable[str]) -> WeightsError:
    """That tensors, by their names in the file, are not there."""
    return WeightsError(say("{name} is not complete: {tensors} missing.", name=name, tensors=listed(theirs)))


def misfit(name: str, theirs: str, values: Tensor) -> WeightsError:
    """That a tensor, by its name in the file, is of a shape of its own."""
    shape = times(tuple(values.shape)) or say("a single number")
    return WeightsError(
        say(
            "{name} does not fit together: {tensor} is {shape}, unlike the rest of the file.",
            name=name,
            tensor=listed([theirs]),
            shape=shape,
        )
    )


def listed(names: Iterable[str]) -> str:
    """The first few, and how many more."""
    return shortened([label(name) for name in dict.fromkeys(names)])


def enumerated(words: Iterable[str]) -> str:
    """All of them, at least one: a, b, c."""
    return reduce(lambda some, last: say("{some}, {last}", some=some, last=last), words)


def shortened(words: list[str], named: int = NAMED) -> str:
    first = enumerated(words[:named]) if words else ""
    more = len(words) - named
    return first if more <= 0 else say("{first} and {more:,} more", first=first, more=more)


def amount(size: int) -> Sentence:
    """Of bytes, where it is a limit."""
    if size >= 1024**3:
        return say("{size:g} GB", size=size / 1024**3)
    return say("{size:,} bytes", size=size)
