"""Words of a customer's own that pick one of the bot's buttons."""

import pytest

from actions.orders import ValidateLostForm
from actions.returns import ValidateReturnForm
from tongshi.responses.catalog import get_replies

OMAR = {"order_number": "MD-10251", "email": "omar.haddad@example.com"}
IRINA = {"order_number": "MD-10245", "email": "irina.petrova@example.com"}
ITEMS = {"Volt Power Bank 20000": '/inform{"product": "MER-PB-020"}', "Pico In-Ear Buds": '/inform{"product": "MER-HP-110"}'}
MONEY_OR_NEW = {"Geld zurück": '/inform{"resolution": "refund"}', "Neu schicken": '/inform{"resolution": "resend"}'}


def offer(talk, buttons):
    """Put titled buttons under the bot's last message, as Rasa's generator does."""
    talk.events[-1]["data"] = {"buttons": [{"title": title, "payload": payload} for title, payload in buttons.items()]}


@pytest.mark.parametrize(
    ("text", "intent", "sure", "picked"),
    [
        ("バッテリーのほう", "inform", 0.9, "MER-PB-020"),
        ("ตัวที่ใส่หู", "inform", 0.9, "MER-HP-110"),
        ("the heavier of the two", "inform", 0.9, None),
        ("what is the battery one?", "inform", 0.9, None),
        ("forget the battery one", "stop", 0.9, None),
    ],
)
def test_an_item_is_picked_by_what_comes_near_to_it(talk, text, intent, sure, picked):
    assert talk.run(ValidateReturnForm(), **OMAR) == ["utter_request_item"]
    offer(talk, ITEMS)
    talk.run(ValidateReturnForm(), text=text, intent=intent, sure=sure)
    assert talk.slots.get("product") == picked


@pytest.mark.parametrize(
    ("text", "intent", "sure", "picked"),
    [("lieber Kohle zurück", "inform", 0.6, "refund"), ("schickt das Zeug einfach neu", "return_item", 0.9, "resend")],
)
def test_what_is_to_become_of_a_lost_parcel_likewise(talk, text, intent, sure, picked):
    talk.slots["language"] = "de"
    assert talk.run(ValidateLostForm(), **IRINA) == ["utter_request_lost_resolution"]
    offer(talk, MONEY_OR_NEW)
    talk.run(ValidateLostForm(), text=text, intent=intent, sure=sure)
    assert talk.slots.get("resolution") == picked


@pytest.mark.parametrize(
    ("language", "text", "picked"),
    [("ar", "ابعتولي واحد تاني", "resend"), ("ar", "رجعولي فلوسي", "refund"), ("fr", "je préfère récupérer mes sous", "refund")],
)
def test_the_words_that_customers_have_for_it_are_known(talk, language, text, picked):
    talk.slots["language"] = language
    assert talk.run(ValidateLostForm(), **IRINA) == ["utter_request_lost_resolution"]
    offer(talk, {one["title"]: one["payload"] for one in get_replies().buttons(("refund", "resend"), language)})
    talk.run(ValidateLostForm(), text=text)
    assert talk.slots.get("resolution") == picked
