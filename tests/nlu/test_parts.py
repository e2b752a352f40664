"""A message of several parts: for which of them it is taken."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from tongshi.nlu import parts


def taken(language, whole, *its):
    """The intent that a message gets, of texts with intent and confidence; None where it keeps its own."""
    name, confidence = whole
    message = Message({"language": {"code": language}, "intent": {"name": name, "confidence": confidence}})
    found = parts._taken(message, [{"text": text, "intent": intent, "confidence": sure} for text, intent, sure in its])
    return found and found["intent"]


@pytest.mark.parametrize(
    ("language", "denied", "wished"),
    [
        ("ar", "ولا اقولك، بلاش ارجعه.", "هاتولي نفس الجهاز بس فضي"),
        ("de", "nein, nicht zurückschicken.", "ich nehm ihn in silber"),
        ("zh", "不退了", "给我换个银色的"),
    ],
)
def test_a_wish_that_is_taken_back_gives_way_to_the_one_beside_it(language, denied, wished):
    one, other = (denied, "return_item", 0.8), (wished, "exchange_item", 0.97)
    assert taken(language, ("return_item", 0.78), one, other) == "exchange_item"
    assert taken(language, ("return_item", 0.78), one, (wished, "exchange_item", 0.6)) == "return_item"


def test_what_is_denied_of_a_damaged_thing_takes_nothing_back():
    damaged, wish = ("it does not charge at all.", "damaged_or_wrong_item", 0.9), ("send it in black", "exchange_item", 0.95)
    assert taken("en", ("damaged_or_wrong_item", 0.95), damaged, wish) is None
