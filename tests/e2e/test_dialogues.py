"""Customers of twelve languages get helped: the scripted conversations of tests/dialogues, over REST."""

import pytest
import yaml

from tongshi.evaluation.running import is_reply
from tongshi.settings import LANGUAGES, ROOT


@pytest.mark.parametrize("language", LANGUAGES)
def test_customers_get_helped(system, sender, language):
    system.forget_cases()
    document = yaml.safe_load((ROOT / "tests" / "dialogues" / f"{language}.yml").read_text("utf-8"))
    problems = []
    for number, dialogue in enumerate(document["dialogues"]):
        for turn in dialogue["turns"]:
            texts = system.texts(f"{sender}-{number}", turn["say"], language)
            named = len(texts) == len(turn["expect"]) and all(
                is_reply(name, language, text) for name, text in zip(turn["expect"], texts)
            )
            if not named or not all(part in "\n".join(texts) for part in turn.get("contains", [])):
                problems.append((dialogue["name"], turn["say"], turn["expect"], texts))
    assert not problems, "\n".join(map(str, problems))
