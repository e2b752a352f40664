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
