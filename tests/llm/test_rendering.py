"""Passages in other languages on real vectors: right translations are given, those that say something else are not, in every language."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import yaml

from tests.llm.test_translation import Engine
from tongshi.knowledge.base import Passage
from tongshi.llm.checks import make_checker
from tongshi.llm.rendering import render
from tongshi.llm.translation import Translator
from tongshi.settings import LANGUAGES, ROOT

TOLD = yaml.safe_load((ROOT / "tests" / "evaluation" / "rendering" / "translations.yml").read_text("utf-8"))
ENGLISH = Passage("returns", "en", "Returns", 0.9, "")


@pytest.fixture(scope="module")
def checker(identify):
    return make_checker(identify)


@pytest.fixture
def rendered(checker, identify):
    """The texts that a passage is given as where these are the translations of its sentences; None for one that is left out."""

    def render_as(passage, language, *translations, seconds=30.0, **options):
        translator = Translator([Engine(*translations)], identify)
        found = render(passage, language, translator, checker, time.monotonic() + seconds, **options)
        return [sentence and sentence.text for _, sentence in found]

    return render_as


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_translations_are_given_and_none_that_says_something_else(rendered, language):
    """One slips through: in Thai a name is not told from other words, and a short one sounds like some part of any sentence."""
    source = "de" if language == "en" else "en"
    stopped, slipped = [], []
    for name, (right, wrong) in TOLD[language].items():
        passage = replace(ENGLISH, language=source, text=TOLD[source][name][0])
        stopped += [] if rendered(passage, language, right) == [right] else [name]
        slipped += [] if rendered(passage, language, wrong) == [None] else [name]
    assert stopped == []
    assert slipped == (["visit"] if language == "th" else [])


def test_each_sentence_stands_for_its_own_and_one_that_is_wrong_costs_no_other(rendered, checker, identify):
    passage = replace(ENGLISH, text="You cannot return these items. Every item can be exchanged in our shops.")
    right = TOLD["de"]["exchange"][0]
    assert rendered(passage, "de", TOLD["de"]["items"][1], right) == [None, right]
    translator = Translator([Engine(TOLD["de"]["items"][0], right)], identify)
    found = list(render(passage, "de", translator, checker, time.monotonic() + 30))
    assert [(original, one.citation.quote) for original, one in found] == [
        ("You cannot return these items.",) * 2,
        ("Every item can be exchanged in our shops.",) * 2,
    ]


def test_what_is_said_instead_of_a_translation_is_none(rendered):
    passage = replace(ENGLISH, text="Please ask at the desk about it.")
    assert rendered(passage, "de", "Leider kann ich Ihnen dazu nichts sagen.") == [None]


def test_what_there_is_no_time_for_is_left_out_and_who_has_gone_gets_no_more(rendered):
    passage = replace(ENGLISH, text="You cannot return these items. Every item can be exchanged in our shops.")
    assert rendered(passage, "de", seconds=-1.0) == [None, None]
    gone = threading.Event()
    gone.set()
    assert rendered(passage, "de", TOLD["de"]["items"][0], gone=gone) == []
