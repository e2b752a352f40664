"""Which messages go into review, with what, and what people decide."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from tongshi.conversations import review
from tongshi.conversations.review import ReviewQueue
from tongshi.errors import TongshiError
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Feedback, Message, Reading, Trace
from tongshi.storage.review import ReviewStore


@pytest.fixture
def conversations(database):
    return ConversationStore(database)


@pytest.fixture
def store(database):
    return ReviewStore(database)


@pytest.fixture
def queue(store, clock):
    return ReviewQueue(store, clock, lambda: {"order_status", "return_status"})


@pytest.fixture
def say(conversations, clock):
    def say(text, author="customer", sender="anna", language="en"):
        clock.forward(seconds=1)
        message = Message(sender=sender, channel="web", author=author, text=text, language=language, at=clock())
        conversations.add(message)
        return message

    return say


def read(store, message, intent="nlu_fallback", ranking=(("order_status", 0.2),), asked=None, confidence=0.8):
    reading = Reading(intent=intent, confidence=confidence, ranking=[list(one) for one in ranking], asked=asked)
    assert store.note(message.sender, message.text, reading)


def test_what_was_not_understood_is_reviewed_once_with_what_was_said_before(queue, store, say):
    say("hello, it's anna@mail.com")
    say("Hello!", "bot")
    read(store, say("wheres me thingy from MD-10234"))
    assert (queue.gather(), queue.gather()) == (1, 0)
    (found,) = store.reviews()
    assert (found.reason, found.intent, found.confidence, found.language) == ("fallback", "order_status", 0.2, "en")
    assert found.text == "wheres me thingy from MD-10000"
    assert found.context == [
        {"author": "customer", "text": "hello, it's name@example.com"},
        {"author": "bot", "text": "Hello!"},
    ]


def test_a_thumb_down_brings_in_the_message_whose_reply_was_no_help(queue, store, say, conversations, clock):
    asked = say("how long do i have to send it back")
    read(store, asked, "policy_question", [("policy_question", 0.7)])
    answer = say("Shipping is free.", "bot")
    say("right, thanks")
    conversations.rate(Feedback(sender="anna", message_id=answer.message_id, helpful=False, at=clock()))
    asked_too = say("ist das wasserdicht", sender="ben", language="de")
    say("Der Versand ist gratis.", "bot", "ben")
    say("das hab ich nicht gefragt", sender="ben", language="de")
    conversations.add(Feedback(sender="ben", helpful=False, reason="[]", at=clock()))
    assert queue.gather() == 2
    found = {one.message_id: one for one in store.reviews(reason="thumbs_down")}
    assert set(found) == {asked.message_id, asked_too.message_id}
    assert found[asked.message_id].intent == "policy_question"
    assert found[asked_too.message_id].intent == ""


def test_a_question_without_an_answer_comes_in_with_its_trace(queue, store, say, conversations, clock):
    say("do you sell gift wrap")
    for outcome in ("unknown", "quoted"):
        trace = Trace(sender="anna", question="do you sell gift wrap", outcome=outcome, seconds=0.1, at=clock())
        conversations.add(trace)
    assert queue.gather() == 1
    assert store.reviews()[0].reason == "unanswered" and store.reviews()[0].trace_id == 1


@pytest.mark.parametrize(
    ("text", "asked"), [("12 Baker Street, London", "address"), ("MD-10234 !!", None), ("👍", None), ("/return_item", None)]
)
def test_facts_about_the_person_and_what_teaches_nothing_stay_out(queue, store, say, text, asked):
    read(store, say(text), asked=asked)
    assert queue.gather() == (1 if text.startswith("MD") else 0)


def test_what_was_hardly_understood_comes_in_unless_it_answers_a_question(queue, store, say):
    for text, confidence, asked in (("my thing", 0.4, None), ("the black one", 0.4, "colour"), ("send it back", 0.6, None)):
        read(store, say(text), "return_item", [("return_item", confidence)], asked, confidence)
    assert queue.gather() == 1
    assert (store.reviews()[0].text, store.reviews()[0].reason) == ("my thing", "low_confidence")


@pytest.mark.parametrize(
    ("said", "intent", "asked", "taken_back"),
    [
        ("no, cancel it", "cancel_order", "order_number", True),
        ("stop", "stop", "confirm", True),
        ("no", "deny", "order_number", True),
        ("no", "deny", "confirm", False),
        ("MD-10234", "inform", "order_number", False),
        ("i said send it back", "return_item", "order_number", False),
        ("and when is my money back", "return_status", "confirm", False),
        ("cancel it", "cancel_order", None, False),
    ],
)
def test_a_wish_that_the_customer_takes_back_at_once_comes_in(queue, store, say, said, intent, asked, taken_back):
    read(store, say("i dont want it"), "return_item", [("return_item", 0.9)])
    say("What is the order's number?", "bot")
    say("hello", sender="ben")
    read(store, say(said), intent, [(intent, 0.9)], asked)
    assert queue.gather() == taken_back
    assert [(one.text, one.reason) for one in store.reviews()] == [("i dont want it", "corrected")] * taken_back


def test_what_is_refused_keeps_nothing_newer_out(queue, store, say, monkeypatch):
    monkeypatch.setattr(review, "_MOST", 2)
    for text, asked in (
        ("👍", None),
        ("🙏", None),
        ("12 Baker Street", "address"),
        ("5 Hill Road", "address"),
        ("wheres thing", None),
    ):
        read(store, say(text), asked=asked)
    assert queue.gather() == 1 and store.reviews()[0].text == "wheres thing"
    read(store, say("6 Hill Road"), asked="address")
    read(store, say("👍👍"))
    read(store, say("and the other thing"))
    assert queue.gather() == 1


def test_what_is_older_than_thirty_days_stays_out(queue, store, say, clock):
    read(store, say("wheres thing"))
    clock.forward(days=31)
    assert queue.gather() == 0


def test_what_is_in_review_is_not_looked_at_again(queue, store, say, conversations, clock, database):
    for number in range(5):
        read(store, say(f"wheres thing {number}"))
        read(store, say(f"do you wrap {number}"), "policy_question")
        conversations.add(Trace(sender="anna", question=f"do you wrap {number}", outcome="unknown", seconds=0.1, at=clock()))
        say(f"how long {number}")
        answer = say("Shipping is free.", "bot")
        conversations.rate(Feedback(sender="anna", message_id=answer.message_id, helpful=False, at=clock()))
    asked = []
    event.listen(database.engine, "after_cursor_execute", lambda *told: asked.append(told[2]))
    assert queue.gather() == 15
    asked.clear()
    assert queue.gather() == 0
    assert len(asked) <= 5


def test_what_people_decide_is_kept(queue, store, say):
    for text in ("where thing", "want back money for thing", "asdf"):
        read(store, say(text))
    queue.gather()
    third, second, first = (one.review_id for one in store.reviews())
    queue.accept(first, "mia")
    queue.correct(second, "return_status", "mia", "  i want my money back, call +49 171 2345678 ")
    queue.drop(third, "mia")
    assert store.reviews() == []
    accepted, corrected = store.review(first), store.review(second)
    assert (accepted.status, accepted.wanted, accepted.wording) == ("accepted", "order_status", "where thing")
    assert (corrected.status, corrected.wanted) == ("corrected", "return_status")
    assert corrected.wording == "i want my money back, call 000 000 000"
    store.set_learnt([first])
    with pytest.raises(TongshiError, match="has been trained on"):
        queue.drop(first, "mia")
    with pytest.raises(TongshiError, match="no intent 'refund'; there are order_status, return_status"):
        queue.correct(third, "refund", "mia")
    with pytest.raises(TongshiError, match="no message number 99"):
        queue.accept(99, "mia")


def test_without_a_guess_a_message_cannot_be_accepted(queue, store, say):
    read(store, say("hmm"), ranking=())
    queue.gather()
    with pytest.raises(TongshiError, match="no guess"):
        queue.accept(store.reviews()[0].review_id, "mia")


def test_a_review_goes_with_its_message(queue, store, say, database):
    read(store, say("wheres me thingy"))
    queue.gather()
    with database.session() as session:
        session.query(Message).delete()
    with database.session() as session:
        assert store.reviews() == [] and session.get(Reading, 1) is None
