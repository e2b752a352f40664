"""Who is on the telephone, and what agents wrote that no caller has heard."""

from datetime import timedelta

import pytest

from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.storage.calls import HUNG_UP, PUT_THROUGH, CallStore, Line
from tongshi.storage.continuing import ContinuationStore
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import GIVEN_UP, SENT, WAITING_OUT, Message
from tongshi.storage.outbox import OutboxStore

CALL = "phone:CA1"


@pytest.fixture
def calls(database):
    return CallStore(database)


@pytest.fixture
def outbox(database):
    return OutboxStore(database)


@pytest.fixture
def customer_says(database, clock):
    def says(channel, sender=CALL):
        extras = {"address": {"chat_id": 77}} if channel == "telegram" else {}
        ConversationStore(database).add(
            Message(sender=sender, channel=channel, author="customer", text="hi", at=clock(), extras=extras)
        )

    return says


@pytest.fixture
def agent_says(database, clock, calls):
    handovers = Handovers(ConversationStore(database), SupportHours("always"), clock, calls)
    return lambda text="hello", sender=CALL: handovers.say(sender, text, "phone", "en")


def test_a_caller_is_on_the_line_until_the_call_ends_or_stirs_no_more(calls, clock, customer_says):
    customer_says("phone")
    calls.stirs(CALL, clock())
    assert calls.line(CALL, clock()) == Line(None, None)
    assert calls.line(CALL, clock() + timedelta(minutes=3)) == Line(HUNG_UP, None)
    calls.ended(CALL, PUT_THROUGH, clock())
    calls.ended(CALL, HUNG_UP, clock())
    assert calls.line(CALL, clock()) == Line(PUT_THROUGH, None)
    calls.stirs(CALL, clock())
    assert calls.line(CALL, clock()) == Line(None, None)
    customer_says("web", "web-1")
    assert calls.line("web-1", clock()) is None and calls.line("nobody", clock()) is None


def test_what_an_agent_writes_to_a_caller_has_not_arrived_before_it_was_said(calls, outbox, clock, customer_says, agent_says):
    customer_says("phone")
    calls.stirs(CALL, clock())
    first, second = agent_says("one"), agent_says("two")
    assert [one.text for one in calls.unheard(CALL)] == ["one", "two"]
    assert outbox.of_message(first.message_id).state == GIVEN_UP and outbox.claim("phone", clock(), timedelta(minutes=1), 9) == []
    calls.said([first.message_id], clock())
    calls.ended(CALL, HUNG_UP, clock())
    found = outbox.of_messages([first.message_id, second.message_id, 99])
    assert [found[one.message_id].state for one in (first, second)] == [SENT, GIVEN_UP] and len(found) == 2
    assert [one.text for one in calls.unheard(CALL)] == ["two"]


@pytest.mark.parametrize("before", ["telegram", "web"])
def test_who_hangs_up_gets_it_where_they_wrote_before(calls, outbox, database, clock, customer_says, agent_says, before):
    written = f"{before}:77"
    ContinuationStore(database).join(CALL, written, clock())
    customer_says(before, written)
    customer_says("phone", written)
    calls.stirs(CALL, clock())
    said, unheard = agent_says("said", written), agent_says("unheard", written)
    assert (said.channel, unheard.channel) == ("phone", "phone")
    calls.said([said.message_id], clock())
    calls.ended(CALL, HUNG_UP, clock())
    assert calls.line(written, clock()) == Line(HUNG_UP, before)
    after = agent_says("after", written)
    messages = {one.text: one.channel for one in ConversationStore(database).messages(written) if one.author == "agent"}
    assert messages == {"said": "phone", "unheard": before, "after": before}
    waiting = outbox.of_messages([unheard.message_id, after.message_id])
    assert all(one.address == {"chat_id": 77} for one in waiting.values())
    states = [(one.channel, one.state) for one in waiting.values()]
    assert states == ([("telegram", WAITING_OUT)] * 2 if before == "telegram" else [])
