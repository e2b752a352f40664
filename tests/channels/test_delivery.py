"""What happens to a message on its way, with a platform that does what the test wants."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from aiohttp import web

from tests.channels.platforms import TelegramServer
from tongshi.channels import delivery
from tongshi.channels.delivery import GIVE_UP_AFTER, Postman, Postponed, Undeliverable, post, wait_of
from tongshi.errors import Unavailable
from tongshi.storage.models import GIVEN_UP, SENT, WAITING_OUT, Message


class Platform:
    """Sends each word of a message as a part; raises what `troubles` holds next, None for none; refuses the words of `refused`.

    Attributes:
        sent: words that arrived.
        asked: whether each try was said to be uncertain.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.asked: list[bool] = []
        self.troubles: list[Exception | None] = []
        self.refused: set[str] = set()

    def parts(self, message: Message) -> list[str]:
        return message.text.split()

    async def send(self, address, part, name, *, uncertain) -> None:
        self.asked.append(uncertain)
        if trouble := self.troubles.pop(0) if self.troubles else None:
            raise trouble
        if part in self.refused:
            raise Undeliverable("blocked")
        self.sent.append(part)

    async def close(self) -> None:
        pass


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def postman(platform, outbox, clock) -> Postman:
    return Postman("slack", platform, outbox, clock)


@pytest.fixture
def say(store, clock):
    """A message to a customer who wrote before; gives its id."""

    def say(text: str, sender: str = "slack:T:anna") -> int:
        address = {"address": {"channel": "D1"}}
        store.add(Message(sender=sender, channel="slack", author="customer", text="hi", at=clock(), extras=address))
        message = Message(sender=sender, channel="slack", author="bot", text=text, at=clock())
        store.add(message)
        return message.message_id

    return say


async def test_a_message_in_parts_goes_on_where_it_stopped(platform, postman, outbox, clock, say):
    number = say("one two three")
    platform.troubles = [None, Postponed("trouble", uncertain=True)]
    await postman.round()
    assert platform.sent == ["one"] and not await postman.round()
    clock.forward(seconds=2)
    await postman.round()
    assert platform.sent == ["one", "two", "three"]
    assert platform.asked == [False, False, True, False]
    assert outbox.of_message(number).state == SENT


async def test_pauses_grow_and_a_day_is_the_end(platform, postman, outbox, clock, say):
    number = say("hello")
    platform.troubles = [Postponed("down")] * 10_000
    pauses = []
    while outbox.of_message(number).state == WAITING_OUT:
        before = clock()
        while not await postman.round():
            clock.forward(seconds=0.5 if len(pauses) < 4 else 30)
        pauses.append((clock() - before).total_seconds())
    assert pauses[0] == 0 and pauses[1] <= 2 < pauses[3] and max(pauses) <= 780
    assert clock() - outbox.of_message(number).created_at > GIVE_UP_AFTER
    assert (outbox.of_message(number).state, outbox.of_message(number).error) == (GIVEN_UP, "down")


async def test_a_customer_who_cannot_be_reached_holds_up_nobody(platform, postman, outbox, say):
    refused, later = say("hello"), say("again")
    other = say("other", sender="slack:T:bert")
    platform.refused = {"hello"}
    while await postman.round():
        pass
    assert sorted(platform.sent) == ["again", "other"]
    assert [outbox.of_message(one).state for one in (refused, later, other)] == [GIVEN_UP, SENT, SENT]


async def test_a_platform_that_asks_for_time_gets_it_from_all_conversations(platform, postman, clock, say):
    say("hello")
    platform.troubles = [Postponed("too many", after=30, everything=True)]
    await postman.round()
    say("other", sender="slack:T:bert")
    clock.forward(seconds=29)
    assert not await postman.round()
    clock.forward(seconds=1)
    assert await postman.round() and sorted(platform.sent) == ["hello", "other"]


async def test_a_fault_of_our_own_is_tried_again(platform, postman, outbox, clock, say):
    number = say("hello")
    platform.troubles = [ZeroDivisionError()]
    await postman.round()
    assert outbox.of_message(number).state == WAITING_OUT
    clock.forward(seconds=2)
    await postman.round()
    assert platform.sent == ["hello"]


async def test_who_never_wrote_has_no_address(platform, postman, outbox, store, clock):
    store.add(Message(sender="slack:T:x", channel="slack", author="agent", text="hello", at=clock()))
    await postman.round()
    assert platform.sent == [] and outbox.of_message(1).state == GIVEN_UP


@pytest.mark.parametrize(
    ("status", "headers", "after", "uncertain"), [(429, {"Retry-After": "7"}, 7, False), (503, {}, None, True)]
)
async def test_a_platform_in_trouble_is_asked_later(status, headers, after, uncertain):
    server = TelegramServer()
    server.troubles = [web.Response(status=status, headers=headers)]
    await server.start()
    async with httpx.AsyncClient(base_url=server.address) as client:
        with pytest.raises(Postponed) as raised:
            await post(client, "sendMessage")
    await server.stop()
    assert (raised.value.after, raised.value.uncertain) == (after, uncertain)


async def test_a_call_that_never_left_is_certain_not_to_have_arrived():
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as client:
        with pytest.raises(Postponed) as raised:
            await post(client, "send")
    assert not raised.value.uncertain


async def test_delivery_goes_on_whatever_goes_wrong_in_a_round(platform, postman, outbox, say, monkeypatch):
    say("hello")
    claim, troubles = outbox.claim, [Unavailable("no database"), ZeroDivisionError(), OverflowError()]
    monkeypatch.setattr(delivery, "_LOOK", 0.01)

    def claim_at_last(*arguments):
        if troubles:
            raise troubles.pop()
        return claim(*arguments)

    monkeypatch.setattr(outbox, "claim", claim_at_last)
    delivering = asyncio.create_task(postman.run())
    async with asyncio.timeout(5):
        while not platform.sent:
            await asyncio.sleep(0.01)
    delivering.cancel()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("", None), ("999999999999999", 3600),
        ("9" * 400, 3600), ("-5", None), ("nan", None), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)  # fmt: skip
def test_the_wait_is_read_as_seconds_or_date(header, seconds):
    assert wait_of({"Retry-After": header}) == seconds
