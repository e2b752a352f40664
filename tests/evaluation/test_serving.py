"""How serving is measured: two ways to ask, side by side; the models themselves are stand-ins."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

from tongshi.errors import TongshiError, Unavailable
from tongshi.evaluation import serving
from tongshi.evaluation.serving import Timing
from tongshi.llm.client import ChatClient
from tongshi.settings import LANGUAGES, Settings


def test_both_are_asked_the_same_by_turns_and_each_language_once_before():
    asked = []

    def way(name, first):
        def ask(item):
            asked.append((name, item))
            return Timing(first, first, 2.0, first + 1.0, 11)

        return ask

    ways = {"ours": way("ours", 0.5), "raw": way("raw", 0.4)}
    report = serving.alone(ways, {"de": ["a", "b", "before"]})
    assert asked == [("ours", "before"), ("raw", "before"), ("ours", "a"), ("raw", "a"), ("raw", "b"), ("ours", "b")]
    assert report.rows[0] == {
        "language": "de",
        "first token s ours": 0.5,
        "first token s raw": 0.4,
        "shown s ours": 0.5,
        "shown s raw": 0.4,
        "tokens/s ours": pytest.approx(10),
        "tokens/s raw": pytest.approx(10),
    }
    together = serving.together(ways, {language: [language] for language in LANGUAGES}, 2)
    assert [row["customers"] for row in together.rows] == [1, 4, 8]


def test_a_bare_server_that_ends_says_why():
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit('no such model')"], stdout=said, stderr=said)
        process.wait()
        with pytest.raises(Unavailable, match="ended with 1; it said: no such model"):
            serving._wait_for(process, ChatClient("http://127.0.0.1:9/v1", "m"), said)


def test_a_model_that_is_served_elsewhere_is_not_measured():
    with pytest.raises(TongshiError, match="TONGSHI_LLM_URL"):
        serving.report(Settings(llm_url="http://127.0.0.1:9/v1"))


def test_questions_are_of_different_articles_with_figures_in_every_language():
    found = serving.questions(Settings(), 3)
    assert set(found) == set(LANGUAGES)
    assert all(len(items) == 3 and all(one.facts for one in items) for items in found.values())
