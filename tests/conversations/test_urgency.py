"""In which order cases are shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tongshi.conversations.urgency import in_order
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Handover, Message, Reading
from tongshi.storage.review import ReviewStore


@pytest.fixture
def store(database):
    return ConversationStore(database)


@pytest.fixture
def wait(store, database, clock):
    """Has a customer write messages of given moods, minutes ago, and then ask for a person."""

    def wait(sender, *moods, ago=0):
        for number, (sentiment, urgency) in enumerate(moods):
            text = f"{sender} {number}"
            store.add(Message(sender=sender, channel="web", author="customer", text=text, at=clock() - timedelta(minutes=ago)))
            ReviewStore(database).note(sender, text, Reading(intent="x", confidence=1, sentiment=sentiment, urgency=urgency))
        clock.forward(minutes=1)
        store.set_handover(Handover(sender=sender, state="waiting", since=clock()))

    return wait


def test_what_presses_comes_first_then_who_is_upset(store, wait):
    wait("calm", (0.1, 0.1))
    wait("unread")
    wait("upset", (0.2, 0.1), (-0.9, 0.2), (0.5, 0.0))
    wait("urgent", (0.1, 0.9))
    wait("urgent and upset", (-0.8, 0.7))
    wait("urgent yesterday", (0.1, 0.9), ago=24 * 60)
    cases = in_order(store.handovers(), store.mood)
    assert [case.handover.sender for case in cases] == [
        "urgent and upset", "urgent", "upset", "calm", "unread", "urgent yesterday",
    ]  # fmt: skip
    assert [(case.urgent, case.upset) for case in cases[:4]] == [(True, True), (True, False), (False, True), (False, False)]
