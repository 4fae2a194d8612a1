"""Two languages: sentences that can be said in either, and catalogues that say all of them."""

import copy
import pickle
import re
import string
from contextvars import copy_context
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from pvt_viz import language
from pvt_viz.language import LANGUAGES, SOURCE, joined, say, say_n, speaking, tr, tr_n

ROOT = Path(__file__).parents[1]
OTHERS = [name for name in LANGUAGES if name != SOURCE]


def extracted() -> dict:
    """Every message in the source as `make words` finds it, with where it stands."""
    words = re.search(r"^KEYWORDS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    keywords = parse_keywords(words.replace("-k", "").split())
    with (ROOT / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)
    return {
        message: f"{name}:{line}"
        for name, line, message, _, _ in extract_from_dir(ROOT, mapping, options, keywords)
        if message
    }


@pytest.fixture(scope="module")
def messages() -> dict:
    return extracted()


def catalogue(name: str):
    with (language.FOLDER / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=name)


@pytest.mark.parametrize("name", OTHERS)
def test_every_message_is_translated_and_none_is_left_over(name, messages):
    found = catalogue(name)
    kept = {message.id: message for message in found if message.id}
    assert {message: at for message, at in messages.items() if message not in kept} == {}, "run `make words`"
    assert [message for message in kept if message not in messages] == [], "no longer in the source: run `make words`"
    assert [message.id for message in kept.values() if message.fuzzy] == []
    assert [message.id for message in kept.values() if not all(_several(message.string))] == []


def _several(one_or_more) -> tuple[str, ...]:
    return one_or_more if isinstance(one_or_more, tuple) else (one_or_more,)


def _fields(text: str) -> set:
    """Names, conversions and formats of the placeholders."""
    return {(field, spec) for _, field, spec, _ in string.Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("name", OTHERS)
def test_translations_keep_placeholders_icons_and_code(name):
    wrong = []
    for message in catalogue(name):
        if not message.id:
            continue
        source = _several(message.id)[-1]
        for said in _several(message.string):
            try:
                same = _fields(said) == _fields(source)
            except ValueError:  # braces that are not those of a placeholder, in both
                same = said.count("{") == source.count("{")
            marks = [re.findall(r":material/\w+:|`[^`]*`|<[^>]+>", text) for text in (source, said)]
            if not same or sorted(marks[0]) != sorted(marks[1]) or source.count("**") != said.count("**"):
                wrong.append((source, said))
    assert wrong == []


def test_the_technical_terms_are_those_of_the_literature():
    said = "\n".join("".join(_several(message.string)) for message in catalogue("zh") if message.id)
    for term in ("空间缩减注意力", "补丁嵌入", "注意力热图", "乘加", "查询", "金字塔", "位置嵌入"):
        assert term in said


def test_the_core_says_english_whatever_is_spoken():
    with speaking("zh"):
        assert say("{count:,} tokens", count=1234) == "1,234 tokens"
        assert tr(ValueError("nobody translated this")) == "nobody translated this"


class Loud(language.gettext.NullTranslations):
    """A language in which everything is shouted, for tests that should not depend on a translation."""

    def gettext(self, message):
        return message.replace("tokens", "TOKENS").replace("stage", "STAGE")

    def ngettext(self, one, many, count):
        return self.gettext(one if count == 1 else many)


@pytest.fixture
def loud(monkeypatch):
    monkeypatch.setattr(language, "catalogue", lambda _name: Loud())


def test_a_sentence_is_said_again_in_another_language(loud):
    inner = say("stage {i}", i=2)
    outer = say("{n:,} tokens in {where}", n=1024, where=inner)
    assert outer == "1,024 tokens in stage 2"
    assert tr(outer) == "1,024 TOKENS in STAGE 2"
    assert tr(joined(outer, "", inner)) == "1,024 TOKENS in STAGE 2 STAGE 2"
    assert tr(ValueError(outer)) == tr(outer)
    assert tr("{what}", what=inner) == "STAGE 2"
    assert [tr(say_n("{count} stage", "{count} stages", n)) for n in (1, 2)] == ["1 STAGE", "2 STAGEs"]
    assert tr_n("{count} stage of {k}", "{count} stages of {k}", 1, k=4) == "1 STAGE of 4"
    for copied in (copy.deepcopy(outer), pickle.loads(pickle.dumps(outer))):
        assert tr(copied) == tr(outer)


def test_a_language_lasts_as_long_as_its_block():
    assert language.current() == SOURCE
    with speaking("zh"):
        assert language.current() == "zh"
        assert copy_context().run(language.current) == "zh"
    assert language.current() == SOURCE
    with pytest.raises(ValueError, match="language='fr' is not spoken here"), speaking("fr"):
        pass
