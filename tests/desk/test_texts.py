"""The desk's own words: every language has them all, with the same placeholders, and every one is used."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from tongshi.desk.texts import languages, texts
from tongshi.settings import ROOT

OF_ONE_LANGUAGE = ("intent.",)
"""Words that one language takes from elsewhere: intents are told in English by tongshi.explanation."""

READ_WHOLE = {
    "languages", "state", "status", "author", "filter", "review_status", "review_reason", "problem", "who_answers", "nav",
    "line", "graph_ways", "graph_source", "relation", "relation_status", "proposer", "figure", "figure_name", "entity", "entity_of", "cue",
}  # fmt: skip
"""Groups of words that are looked up by names which come from elsewhere."""

TEMPLATES = [path for path in (ROOT / "tongshi" / "desk" / "templates").glob("*.html") if not path.name.startswith("help_")]
SOURCES = [*TEMPLATES, *(ROOT / "tongshi" / "desk").glob("*.py"), *(ROOT / "tongshi" / "desk" / "static").glob("desk-*.js")]


def shape(language):
    return {
        name: sorted(field for _, field, _, _ in Formatter().parse(text) if field)
        for name, text in texts(language).strings.items()
        if not name.startswith(OF_ONE_LANGUAGE)
    }


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_text(language):
    assert len(shape("en")) > 200
    assert shape(language) == shape("en")


def is_used(name, source):
    key = name.rpartition(".")[2]
    quoted = re.search(rf"""["']({re.escape(name)}|{re.escape(key)})["']""", source)
    return name.partition(".")[0] in READ_WHOLE or quoted or key.startswith("outcome_")


def test_every_text_is_used_and_every_one_used_is_there():
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    there = texts("en").strings
    assert [one for one in there if not is_used(one, source)] == []
    assert [one for one in re.findall(r"""\bt\(["'](\w+\.\w+)["'][,)]""", source) if one not in there] == []


def test_no_words_stand_in_the_templates():
    for path in TEMPLATES:
        source = path.read_text("utf-8").replace("<!doctype html>", "")
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<code>.*?</code>|<[^>]*>|/desk/\w+/", " ", source, flags=re.DOTALL)
        assert re.findall(r"[A-Za-z]{2,}", bare) == [], path.name
