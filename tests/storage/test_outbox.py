from datetime import timedelta

import pytest

from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import GIVEN_UP, SENT, Message
from tongshi.storage.outbox import OutboxStore

LEASE = timedelta(seconds=60)
DAY = timedelta(days=1)


@pytest.fixture
def store(database):
    return ConversationStore(database)


@pytest.fixture
def outbox(database):
    return OutboxStore(database)


@pytest.fixture
def say(store, clock):
    def say(text, sender="slack:T:anna", channel="slack", author="bot", **values) -> int:
        message = Message(sender=sender, channel=channel, author=author, text=text, at=clock(), **values)
        store.add(message)
        return message.message_id

    return say


@pytest.fixture
def claim(outbox, clock):
    return lambda channel="slack", most=10: outbox.claim(channel, clock(), LEASE, most)


def texts(claims):
    return [claim.outgoing.message.text for claim in claims]


def test_what_is_said_on_a_platform_waits_there_and_nowhere_else(say, claim):
    say("the customer's", author="customer")
    say("on the page", sender="web-1", channel="web")
    say("for Telegram", sender="telegram:1", channel="telegram")
    say("the bot's")
    say("an agent's", sender="slack:T:bert", author="agent")
    assert texts(claim()) == ["the bot's", "an agent's"]


def test_a_conversations_messages_leave_one_after_the_other(say, claim, outbox, clock):
    say("first")
    say("second")
    (first,) = claim()
    assert texts([first]) == ["first"] and claim() == []
    outbox.sent(first.outgoing.outgoing_id, clock())
    assert texts(claim()) == ["second"]


def test_a_message_belongs_to_one_process_until_its_lease_ends_and_may_have_arrived_then(say, claim, clock):
    say("hello")
    (first,) = claim()
    assert not first.uncertain and claim() == []
    clock.forward(seconds=61)
    (again,) = claim()
    assert again.uncertain and again.outgoing.attempts == 1


def test_of_two_processes_that_saw_the_same_message_one_gets_it(say, outbox, clock):
    say("hello")
    (seen,) = outbox.claim("slack", clock(), LEASE, 10)
    assert not outbox._take(seen.outgoing, clock() + LEASE)


def test_what_is_postponed_comes_again_when_it_is_due_and_goes_on_after_its_last_part(say, claim, outbox, clock):
    number = say("hello")
    (first,) = claim()
    outbox.part_sent(first.outgoing.outgoing_id, 2, clock() + LEASE)
    outbox.postpone(first.outgoing.outgoing_id, clock() + timedelta(seconds=30), "ratelimited", uncertain=False)
    assert claim() == []
    clock.forward(seconds=30)
    (again,) = claim()
    assert (again.outgoing.parts_sent, again.uncertain, outbox.of_message(number).error) == (2, False, "ratelimited")


def test_the_backlog_counts_what_waits_and_what_was_given_up(say, claim, outbox, clock):
    began = clock()
    for name in ("anna", "bert", "cleo"):
        say("hello", sender=f"slack:T:{name}")
    sent, given_up, _ = (one.outgoing.outgoing_id for one in claim())
    outbox.sent(sent, clock())
    outbox.give_up(given_up, clock(), "account_inactive")
    (backlog,) = outbox.backlogs(clock() - DAY)
    assert (backlog.channel, backlog.waiting, backlog.oldest, backlog.given_up) == ("slack", 1, began, 1)
    assert backlog.error == "account_inactive"
    assert outbox.backlogs(clock() + DAY)[0].given_up == 0
    assert {outbox.of_message(number).state for number in (1, 2)} == {SENT, GIVEN_UP}


def test_a_message_goes_to_where_the_customer_had_written_from_whoever_writes_before_it_leaves(say, outbox):
    assert outbox.of_message(say("hello")).address is None
    say("hi", author="customer", extras={"address": {"channel": "D1"}})
    before = say("hello")
    say("in a thread", author="customer", extras={"address": {"channel": "D1", "thread_ts": "1.2"}})
    after = say("hello again")
    assert outbox.of_message(before).address == {"channel": "D1"}
    assert outbox.of_message(after).address == {"channel": "D1", "thread_ts": "1.2"}


def test_an_answer_goes_to_where_the_question_came_from(store, outbox, clock):
    def message(author, address=None):
        extras = {"address": address} if address else {}
        return Message(sender="email:1", channel="email", author=author, text="hi", at=clock(), extras=extras)

    anna, ben = (message("customer", {"to": one}) for one in ("anna@mail.example", "ben@mail.example"))
    store.add(anna)
    store.add(ben)
    answer = message("bot")
    store.add(answer, anna)
    assert outbox.of_message(answer.message_id).address == {"to": "anna@mail.example"}
