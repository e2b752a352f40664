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


def test_what_a_customer_thinks_is_what_a_sure_part_says():
    quote, insult = ("« aujourd'hui » mon œil.", "nlu_fallback", 0.25), ("vous êtes nuls, mais nuls", "complaint", 0.85)
    assert taken("fr", ("praise", 0.58), quote, insult) == "complaint"
    assert taken("fr", ("praise", 0.9), quote, insult) is None


@pytest.mark.parametrize(
    ("intent", "entity", "likely", "read"),
    [
        ("inform", "address", 0.23, "change_address"),
        ("inform", "address", 0.05, "inform"),
        ("inform", "email", 0.23, "inform"),
        ("damaged_or_wrong_item", "address", 0.23, "damaged_or_wrong_item"),
    ],
)
def test_an_address_beside_number_and_email_is_where_the_order_is_to_go(intent, entity, likely, read):
    ranking = [{"name": intent, "confidence": 0.74}, {"name": "change_address", "confidence": likely}]
    message = Message({"text": "…", "intent": ranking[0], "intent_ranking": ranking, "entities": [{"entity": entity}]})
    parts.PartReader().process([message])
    assert message.get("intent")["name"] == message.get("intent_ranking")[0]["name"] == read
