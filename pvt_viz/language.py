"""What readers are told, in their language: gettext catalogues, extracted and checked with Babel.

The core says English and remembers how it came about; what shows it to a reader translates it:

    raise ValueError(say("R_{i} = {r} does not fit.", i=1, r=9))   # in the core: a str, in English
    st.warning(tr(error))                                          # on a page: in the reader's language
    st.caption(tr("{count:,} tokens", count=n))                    # words that a page itself has
    LABELS = {"side": N_("Image size")}; tr(LABELS["side"])        # words in a table

The catalogues are `pvt_viz/locale/<language>/LC_MESSAGES/messages.po`; `make words` brings them up to date.
"""

import gettext
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "English", "zh": "简体中文"}
TAGS = {"en": "en", "zh": "zh-Hans"}
"""As browsers know them (BCP 47)."""
SOURCE = "en"
"""The language that the source is written in: it needs no catalogue."""
FOLDER = Path(__file__).parent / "locale"

_spoken: ContextVar[str | None] = ContextVar("language", default=None)


def _nobody() -> None:
    """Nobody is there to be asked."""


_of_reader: Callable[[], str | None] = _nobody


class Sentence(str):
    """An English sentence that knows its template and what was put into it, so that `tr` can say it otherwise."""

    def __new__(cls, text: str, template: str = "", values: dict | None = None, many: str = "", parts: tuple = ()):
        self = super().__new__(cls, text)
        self.template, self.values, self.many, self.parts = template or text, values or {}, many, parts
        return self

    def __getnewargs__(self):  # for pickle and copy
        return str(self), self.template, self.values, self.many, self.parts


def N_(message: str) -> str:
    """Mark a message that stands in a table for extraction; `tr` translates it where it is shown."""
    return message


def say(message: str, /, **values) -> Sentence:
    """A sentence in English, with `values` formatted into it; values may be sentences, too."""
    return Sentence(_filled(message, values), message, values)


def say_n(one: str, many: str, count: int, /, **values) -> Sentence:
    """The same for a count, which is among the values as `count`."""
    values = {"count": count, **values}
    return Sentence(_filled(one if count == 1 else many, values), one, values, many)


def joined(*sentences: str) -> Sentence:
    """Sentences one after the other; empty ones are left out."""
    parts = tuple(filter(None, sentences))
    return Sentence(" ".join(parts), parts=parts)


def tr(message: str | Exception, /, **values) -> str:
    """In the reader's language: a message with its values, a sentence that the core said, or an error's sentence."""
    if isinstance(message, Exception):
        message = message.args[0] if message.args and isinstance(message.args[0], str) else str(message)
    if not isinstance(message, Sentence):
        return _filled(catalogue(current()).gettext(message), _spoken_values(values)) if message else ""
    if message.parts:
        return spaced(*map(tr, message.parts))
    if message.many:
        return tr_n(message.template, message.many, message.values["count"], **message.values)
    return tr(message.template, **message.values)


def tr_n(one: str, many: str, count: int, /, **values) -> str:
    """The same for a count, which is among the values as `count`."""
    return _filled(catalogue(current()).ngettext(one, many, count), {"count": count, **_spoken_values(values)})


def spaced(*sentences: str) -> str:
    """Sentences that are translated already, one after the other: Chinese has no blank between them."""
    return ("" if current() == "zh" else " ").join(filter(None, sentences))


def current() -> str:
    """The language that is spoken here: that of `speaking`, else the reader's, else English."""
    return _spoken.get() or _of_reader() or SOURCE


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it `tr` speaks this language. Raises ValueError for one that there is no catalogue for."""
    if language not in LANGUAGES:
        raise ValueError(f"language={language!r} is not spoken here; there is {', '.join(LANGUAGES)}.")
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def ask_reader(of_reader: Callable[[], str | None]) -> None:
    """Tell how to find out which language the reader of this moment has chosen (None: nobody is there)."""
    global _of_reader
    _of_reader = of_reader


def _spoken_values(values: dict) -> dict:
    return {name: tr(value) if isinstance(value, Sentence) else value for name, value in values.items()}


def _filled(message: str, values: dict) -> str:
    return message.format(**values) if values else message


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """All messages in a language."""
    if language == SOURCE:
        return gettext.NullTranslations()
    # Compiled here and not kept: a compiled file beside its source is one that may be out of date.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        messages = read_po(source, locale=TAGS[language].replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
