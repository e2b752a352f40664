from datetime import UTC, datetime

import pytest

from tongshi.conversations.handover import AFTER_HOURS, RELEASED, TAKEN, WAITING, Handovers, SupportHours
from tongshi.errors import TongshiError
from tongshi.responses.catalog import get_replies
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import Message

HOURS = "Mon-Sat 08:00-20:00 Europe/Berlin"


def at(day, hour, minute=0):
    """A moment of November 2026 in UTC; the 16th is a Monday, and Berlin is an hour ahead."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (at(16, 6, 59), False),
        (at(16, 7, 0), True),
        (at(16, 18, 59), True),
        (at(16, 19, 0), False),
        (at(21, 18, 59), True),
        (at(21, 19, 0), False),
        (at(22, 12, 0), False),
        (at(22, 23, 30), False),
        (at(23, 7, 0), True),
    ],
)
def test_people_answer_from_the_first_minute_to_before_the_last_and_not_on_sundays(moment, is_open):
    assert SupportHours(HOURS).open_at(moment) is is_open


def test_hours_follow_summer_time():
    assert SupportHours(HOURS).open_at(datetime(2026, 7, 20, 6, 0, tzinfo=UTC))
    assert not SupportHours(HOURS).open_at(datetime(2026, 12, 21, 6, 0, tzinfo=UTC))


def test_days_may_run_over_the_weekend():
    hours = SupportHours("Fri-Mon 09:00-17:00 UTC")
    assert [hours.open_at(at(day, 12)) for day in range(16, 23)] == [True, False, False, False, True, True, True]


def test_a_single_day_and_the_two_extremes_are_understood():
    assert SupportHours("Sun 10:00-12:00 Asia/Tokyo").open_at(at(22, 2))
    assert not SupportHours("Sun 10:00-12:00 Asia/Tokyo").open_at(at(23, 2))
    assert SupportHours("always").open_at(at(22, 3))
    assert not SupportHours("never").open_at(at(16, 12))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nine to five",
        "Mo-Fr 08:00-20:00 Europe/Berlin",
        "Mon-Fri 8-20 Europe/Berlin",
        "Mon-Fri 08:00-25:00 Europe/Berlin",
        "Mon-Fri 08:00-20:00 Europe/Nowhere",
        "Mon-Fri 08:00-20:00",
        "Mon-Fri 08:00-20:00 ../etc",
        "Mon-Fri 20:00-08:00 UTC",
        "Mon-Fri 08:60-20:00 UTC",
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_an_example(text):
    with pytest.raises(TongshiError, match=r"TONGSHI_SUPPORT_HOURS.*Mon-Sat 08:00-20:00 Europe/Berlin"):
        SupportHours(text)


@pytest.fixture
def store(database):
    return ConversationStore(database)


@pytest.fixture
def handovers(store, clock):
    """The clock stands within support hours."""
    return Handovers(store, SupportHours(HOURS), clock)


def test_a_conversation_belongs_to_the_bot_until_a_person_is_asked_for(handovers):
    assert not handovers.is_silent("anna")


def test_within_hours_the_conversation_waits_and_the_bot_is_silent(handovers, clock):
    handover = handovers.request("anna", "de", "Ich will einen Menschen")
    assert (handover.state, handover.language, handover.reason, handover.since) == (
        WAITING,
        "de",
        "Ich will einen Menschen",
        clock(),
    )
    assert handover.case.number == "CL-10001"
    assert handovers.is_silent("anna")
    assert not handovers.is_silent("someone else")


def test_asking_twice_changes_nothing(handovers, clock, store):
    first = handovers.request("anna", "de", "first")
    clock.forward(minutes=5)
    again = handovers.request("anna", "en", "again")
    assert (again.case_id, again.since, again.reason) == (first.case_id, first.since, "first")
    assert len(store.handovers()) == 1


def test_outside_hours_a_case_is_kept_and_the_bot_goes_on(handovers, clock):
    clock.forward(hours=10)
    handover = handovers.request("anna", "de", "help")
    assert handover.state == AFTER_HOURS
    assert not handovers.is_silent("anna")
    clock.forward(minutes=1)
    assert handovers.request("anna", "de", "help!").case.number == handover.case.number


def test_who_asked_at_night_and_asks_again_by_day_is_queued(handovers, clock):
    clock.forward(hours=10)
    handovers.request("anna", "de", "help")
    clock.forward(hours=12)
    assert handovers.request("anna", "de", "still there?").state == WAITING
    assert handovers.is_silent("anna")


def test_a_person_takes_the_conversation_keeps_its_case_and_gives_it_back(handovers):
    case = handovers.request("anna", "de", "help").case_id
    assert handovers.take("anna").state == TAKEN
    assert handovers.is_silent("anna")
    released = handovers.release("anna", get_replies())
    assert (released.state, released.case_id, released.reason) == (RELEASED, case, "help")
    assert not handovers.is_silent("anna")


def test_a_person_may_take_a_conversation_that_did_not_ask(handovers):
    assert handovers.take("anna").state == TAKEN
    assert handovers.is_silent("anna")


def test_asking_while_a_person_has_it_leaves_it_with_them(handovers):
    handovers.take("anna")
    assert handovers.request("anna", "de", "hello?").state == TAKEN


def test_after_release_a_new_request_is_a_new_case(handovers):
    first = handovers.request("anna", "de", "help").case_id
    handovers.release("anna", get_replies())
    assert handovers.request("anna", "de", "again").case_id != first


@pytest.mark.parametrize("times", [0, 1])
def test_releasing_what_nobody_has_is_an_error(handovers, times):
    for _ in range(times):
        handovers.take("anna")
        handovers.release("anna", get_replies())
    with pytest.raises(TongshiError, match="anna"):
        handovers.release("anna", get_replies())


@pytest.mark.parametrize(("language", "asked", "told"), [("de", "Hilfe", "Assistent"), ("zh", "請轉人工客服", "還有什麼")])
def test_who_was_with_a_person_is_told_that_the_bot_is_back(handovers, store, clock, language, asked, told):
    store.add(Message(sender="anna", channel="web", author="customer", text=asked, language=language, at=clock(), extras={}))
    handovers.request("anna", language, asked)
    handovers.release("anna", get_replies())
    last = store.messages("anna")[-1]
    assert (last.author, last.channel, last.language) == ("bot", "web", language)
    assert told in last.text


def test_what_an_agent_says_is_kept_and_silences_the_bot(handovers, store):
    handovers.say("anna", "Guten Tag, hier ist Tom.", "web", "de")
    (message,) = store.messages("anna")
    assert (message.author, message.text) == ("agent", "Guten Tag, hier ist Tom.")
    assert handovers.is_silent("anna")


def test_released_conversations_leave_the_queue(handovers, store, clock):
    for sender in ("anna", "li"):
        handovers.request(sender, "en", "help")
        clock.forward(minutes=1)
    assert [handover.sender for handover in store.handovers()] == ["anna", "li"]
    handovers.release("anna", get_replies())
    assert [handover.sender for handover in store.handovers()] == ["li"]


def test_the_state_outlives_the_process(handovers, database, clock):
    handovers.request("anna", "de", "help")
    assert Handovers(ConversationStore(database), SupportHours(HOURS), clock).is_silent("anna")
