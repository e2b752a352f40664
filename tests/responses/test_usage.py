"""No text that nothing says, and nothing said that has no text."""

import csv
import re

import pytest
import yaml

from tongshi.commerce.forms import IDENTITY
from tongshi.commerce.jobs import JOBS
from tongshi.settings import LANGUAGES, ROOT

NAME = re.compile(r"\butter_[a-z_]*[a-z]\b(?!_?{)")
BUILT = re.compile(r"\b(utter_[a-z_]+_){(\w+[\w.]*)}")


def sources():
    files = [*(ROOT / "actions").glob("*.py"), *(ROOT / "tongshi").rglob("*.py"), ROOT / "data/rules.yml", ROOT / "config.yml"]
    # Reports name replies that they look for, docstrings those that are no replies: neither says them.
    texts = (path.read_text("utf-8") for path in files if "evaluation" not in path.parts)
    return re.sub(r"`utter_\w*<\w+>`|``utter_\w+``|`utter_request_…`", "", "\n".join(texts))


def statuses():
    with (ROOT / "data/store/orders.csv").open(encoding="utf-8", newline="") as file:
        return {row["status"] for row in csv.DictReader(file)}


def said():
    """Names of replies in code and rules, those put together at run time included."""
    text = sources()
    parts = {"order.status": statuses(), "name": IDENTITY, "missed": IDENTITY}
    built = {prefix + part for prefix, variable in BUILT.findall(text) for part in parts[variable]}
    return (set(NAME.findall(text)) - {"utter_action", "utter_message"}) | built  # the two are words of Rasa


def document(language):
    return yaml.safe_load((ROOT / "data/responses" / f"{language}.yml").read_text("utf-8"))


def buttons():
    return yaml.safe_load((ROOT / "data/responses/buttons.yml").read_text("utf-8"))


def test_every_reply_is_said_and_every_reply_that_is_said_exists():
    assert said() == set(document("en")["replies"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts(language):
    here, english = document(language), document("en")
    for part in ("replies", "buttons", "card"):
        assert set(here[part]) == set(english[part])
    assert {kind: set(words) for kind, words in here["terms"].items()} == {
        kind: set(words) for kind, words in english["terms"].items()
    }


def test_every_button_stands_somewhere():
    offers = yaml.safe_load((ROOT / "data/knowledge/offers.yml").read_text("utf-8"))["offers"]
    shown = {name for names in buttons()["replies"].values() for name in names} | set(offers.values())
    assert set(document("en")["buttons"]) == {name for name in shown if not name.startswith("reason:")}
    assert set(buttons()["replies"]) <= set(document("en")["replies"])
    assert set(buttons()["payloads"]) <= shown


def test_every_job_has_a_name_that_it_is_put_aside_by():
    assert set(document("en")["terms"]["job"]) == set(JOBS)
