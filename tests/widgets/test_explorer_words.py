"""Every word of the explorer can be said in another language: what Babel finds, what is sent, what is looked up."""

import io
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from explored import picture, traced
from pvt_viz import language
from pvt_viz.widgets import babel_html
from pvt_viz.widgets.attention_explorer import payload, source

ROOT = Path(__file__).parents[2]


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def test_babel_finds_every_message_that_the_scripts_look_up():
    scripts = source.read(*source.SCRIPTS, "standalone.js")
    looked_up = re.findall(r"\bt\(\s*([^,)]*)", re.sub(r"function t\(.*", "", scripts))
    assert [what for what in looked_up if not what.startswith('"')] == ["english"], "the markup's words, and no others"
    quoted = re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', scripts)
    assert len(quoted) == len(looked_up) - 1 > 60
    assert {message.replace(r"\u00a0", "\u00a0") for message in quoted} <= set(source.messages())


def test_html_is_read_for_text_and_for_what_is_read_out():
    html = (
        "<p title='A title'>One\n  line <b aria-label='Read &amp; heard'> and more </b></p><template><i alt=''>In"
        " here</i></template><style>p { color: red }</style><script>let no</script>"
    )
    found = list(babel_html.extract(io.BytesIO(html.encode()), (), (), {}))
    assert [message for _, _, message, _ in found] == ["A title", "One line", "Read & heard", "and more", "In here"]
    assert [line for line, *_ in found] == [1, 1, 2, 2, 2]


def test_english_needs_no_words():
    assert source.words() == {}


def test_all_words_of_another_language_are_sent(marked):
    assert source.words() == {message: f"⟦{message}⟧" for message in source.messages()}


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_translated_words_keep_their_values(spoken):
    with language.speaking(spoken):
        for message, said in source.words().items():
            assert fields(said) == fields(message)


def test_what_the_packer_says_is_in_the_reader_s_language(marked):
    trace = traced("vit_tiny_16", (64, 64), n_prefix=2, distilled=True)
    alt = language.say("A scene of {count} shapes", count=3)
    header = payload.read_header(payload.pack(trace, picture((64, 64)), budget_bytes=100, alt=alt))
    assert header["language"] == "zh"
    assert header["alt"] == "⟦A scene of 3 shapes⟧"
    assert header["stages"][0]["prefix"] == ["⟦CLS⟧", "⟦distillation token⟧"]
    assert header["stages"][0]["note"] == ("⟦This map alone would weigh 324 B; choose a smaller image size to see it.⟧")
    assert header["words"]["Head"] == "⟦Head⟧"


def test_another_language_is_shown_anew():
    trace = traced("pvt_tiny", (64, 64))
    english = payload.read_header(payload.pack(trace, picture((64, 64))))
    with language.speaking("zh"):
        other = payload.read_header(payload.pack(trace, picture((64, 64)), words={"Head": "头"}))
    assert (english["language"], english["words"]) == ("en", {})
    assert (other["language"], other["words"]) == ("zh", {"Head": "头"})
    assert other["fingerprint"] != english["fingerprint"]


def test_a_page_of_its_own_has_the_colours_of_the_app():
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
    light, dark = source.read("standalone.css").split("@media (prefers-color-scheme: dark)")
    for part, colours in ((light, theme["light"]), (dark.split("body")[0], theme["dark"])):
        said = dict(re.findall(r"--st-([a-z-]+-color): (#\w+);", part))
        assert len(said) == 5
        assert said == {name: colours[re.sub("-(.)", lambda m: m[1].upper(), name)] for name in said}
    stages = re.search("--st-chart-categorical-colors: (.*);", light)[1].split(", ")
    assert stages == theme["chartCategoricalColors"][:4]
