"""The chat page's own words: every language has them all, with the same placeholders."""

import re

import pytest

from tongshi.settings import LANGUAGES, ROOT

SOURCE = (ROOT / "tongshi" / "desk" / "static" / "strings.js").read_text("utf-8")
BLOCKS = dict(re.findall(r"^  (\w\w): \{\n(.*?)^  \},$", SOURCE, re.DOTALL | re.MULTILINE))


def shape(language):
    return {key: sorted(re.findall(r"{\w+}", text)) for key, text in re.findall(r'^    (\w+): "(.*)",$', BLOCKS[language], re.M)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language):
    assert len(shape("en")) > 50
    assert shape(language) == shape("en")


def test_every_text_is_used():
    static = ROOT / "tongshi" / "desk" / "static"
    used = "\n".join(
        path.read_text("utf-8") for path in [*static.glob("*.js"), *static.glob("*.html")] if path.name != "strings.js"
    )
    assert [key for key in shape("en") if not re.search(rf"\b{key}\b", used)] == []
