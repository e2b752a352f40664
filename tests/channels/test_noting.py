"""What Rasa makes of messages is noted beside them when a conversation is kept."""

from __future__ import annotations

import pytest
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select

from tongshi.channels.noting import Noting
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Message, Reading
from tongshi.storage.review import ReviewStore


@pytest.fixture
def store(database, clock):
    for text in ("hello", "what about my thing", "/greet"):
        ConversationStore(database).add(Message(sender="anna", channel="web", author="customer", text=text, at=clock()))
    return ReviewStore(database)


def tracker(text, **parsed):
    parse_data = {
        "intent": {"name": "nlu_fallback", "confidence": 0.8},
        "intent_ranking": [
            {"name": name, "confidence": value} for name, value in (("nlu_fallback", 0.8), ("greet", 0.21234567), ("stop", 0.1))
        ],
        **parsed,
    }
    message = UserUttered(text, parse_data["intent"], parse_data=parse_data, message_id=f"id of {text}")
    events = [SlotSet("requested_slot", "address"), ActionExecuted("action_listen"), message, SlotSet("requested_slot", "email")]
    return DialogueStateTracker.from_events("anna", events)


def test_the_newest_message_is_noted_once(store, database):
    noting = Noting(store)
    for _ in range(2):
        noting.note(tracker("what about my thing", mood={"sentiment": -0.7, "urgency": 0.1}))
    noting.note(tracker("/greet"))
    noting.note(tracker("nobody said this"))
    noting.close()
    with database.session() as session:
        reading, *others = session.scalars(select(Reading)).all()
    assert (reading.intent, reading.confidence, reading.asked) == ("nlu_fallback", 0.8, "address")
    assert reading.ranking == [["greet", 0.2123], ["stop", 0.1]]
    assert (reading.sentiment, reading.urgency) == (-0.7, 0.1)
    assert reading.message_id == 2 and not others
