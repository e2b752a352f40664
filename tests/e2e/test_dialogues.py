"""Customers of twelve languages get helped: the scripted conversations of tests/dialogues, over REST."""

import pytest
import yaml

from tongshi.evaluation.running import play
from tongshi.settings import LANGUAGES, ROOT


@pytest.mark.parametrize("language", LANGUAGES)
def test_customers_get_helped(system, language):
    system.forget_cases()
    document = yaml.safe_load((ROOT / "tests" / "dialogues" / f"{language}.yml").read_text("utf-8"))
    played = [turn for dialogue in document["dialogues"] for turn in play(system, dialogue, language)]
    problems = [turn for turn in played if not turn.right]
    assert not problems, "\n".join(map(str, problems))
