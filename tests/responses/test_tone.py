"""Customers who are clearly upset are spoken to more softly, and offered a person where they stay so; nobody else is."""

import asyncio

import pytest
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tongshi.responses.catalog import get_replies
from tongshi.responses.nlg import OFFER, MultilingualNaturalLanguageGenerator
from tongshi.responses.tone import is_upset, wants_a_person
from tongshi.settings import LANGUAGES


@pytest.mark.parametrize(
    ("sentiments", "upset", "person"),
    [
        ([], False, False),
        ([0.0, 0.1], False, False),
        ([-0.5, -0.75], False, False),  # not sure enough
        ([-0.95], True, False),
        ([-0.95, 0.0, 0.0], True, False),  # an order number and an e-mail follow
        ([-0.95, 0.0, 0.0, 0.0], False, False),
        ([-0.95, 0.9], False, False),
        ([-0.9, 0.0, -0.8], True, True),
        ([-0.9, -0.9, 0.0], True, False),  # the newest message does not ask for it
    ],
)
def test_only_what_is_sure_and_recent_counts(sentiments, upset, person):
    assert (is_upset(sentiments), wants_a_person(sentiments)) == (upset, person)


def tracker(language, *sentiments, replies=()):
    events = [SlotSet("language", language)]
    for sentiment in sentiments:
        events.append(
            UserUttered("…", parse_data={"mood": {"sentiment": sentiment, "urgency": 0.5}, "entities": [], "intent": {}})
        )
        events.append(BotUttered("…"))
    events += replies
    if sentiments:
        events.append(
            UserUttered("…", parse_data={"mood": {"sentiment": sentiments[-1], "urgency": 0.5}, "entities": [], "intent": {}})
        )
    one = DialogueStateTracker("someone", None)
    for event in events:
        one.update(event)
    return one


def said(conversation, reply, **values):
    return asyncio.run(MultilingualNaturalLanguageGenerator().generate(reply, conversation, "rest", **values))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_upset_customer_hears_the_softer_wording_and_then_of_a_person(language):
    replies = get_replies()
    usual, softer = (which("utter_request_order_number", language) for which in (replies.variations, replies.softer))
    calm = said(tracker(language, 0.1), "utter_request_order_number")
    assert calm["text"] in usual and "buttons" not in calm
    upset = said(tracker(language, -0.95), "utter_request_order_number")
    offer = replies.variations(OFFER, language)[0]
    # The newest message says it again: a person is offered with the softer question.
    assert upset["text"].startswith(softer[0]) and upset["text"].endswith(offer)
    assert [button["payload"] for button in upset["buttons"]] == ["/request_human"]


def test_a_person_is_not_offered_twice_nor_between_yes_and_no():
    offered = BotUttered("…", data={"buttons": [{"title": "…", "payload": "/request_human"}]})
    assert "buttons" not in said(tracker("en", -0.95, replies=[offered]), "utter_request_order_number")
    cancel = {"order_number": "MD-10249", "items": [{"name": "Tactile Keyboard 87", "quantity": 1}]}
    asked = said(tracker("en", -0.95), "utter_request_cancel_confirm", **cancel)
    assert [button["payload"] for button in asked["buttons"]] == ["/affirm", "/deny"]
