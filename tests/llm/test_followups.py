"""How follow-up questions sound in twelve languages, against those of the invented businesses."""

from __future__ import annotations

from statistics import fmean

import pytest
import yaml

from tongshi.llm.followups import hangs_on_before
from tongshi.settings import LANGUAGES, ROOT


@pytest.fixture(scope="module")
def asked():
    """Questions by language and by whether something was said before them."""
    found = {}
    for path in (ROOT / "data" / "finetune" / "businesses").glob("*.yml"):
        for language, questions in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["questions"].items():
            for one in questions:
                if one["kind"] in ("followup", "plain"):
                    found.setdefault((language, one["kind"] == "followup"), []).append(one["ask"])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_follow_ups_are_told_from_questions_of_their_own(language, asked):
    assert fmean(hangs_on_before(one, language) for one in asked[language, True]) >= 0.55
    assert fmean(hangs_on_before(one, language) for one in asked[language, False]) <= 0.1


@pytest.mark.parametrize(
    ("language", "bare", "whole"),
    [
        ("en", "how long does it take?", "how much is shipping?"),
        ("ko", "며칠 걸려요?", "배송은 며칠 걸려요?"),
        ("zh", "要多久啊？", "退款要多久？"),
        ("fr", "à partir de combien ?", "à partir de combien la livraison est gratuite ?"),
    ],
)
def test_what_asks_but_for_how_long_or_how_much_hangs_on_what_was_said(language, bare, whole):
    assert hangs_on_before(bare, language) and not hangs_on_before(whole, language)
