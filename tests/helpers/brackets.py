"""A language of brackets: what stands outside of them was not translated."""

import gettext

import pytest

from pvt_viz import language


class Marked(gettext.NullTranslations):
    """Another language: English in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setattr(language, "catalogue", lambda _: Marked())
    with language.speaking("zh"):
        yield
