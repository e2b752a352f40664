"""One conversation on several channels: who is invited, or has proved whose order it is, goes on with it; nobody else does."""

from __future__ import annotations

import asyncio
import html
import re

import pytest
import yaml

from tests.channels.platforms import TelegramServer
from tests.channels.test_phone import TOKEN, Caller
from tests.channels.test_socket import Client
from tests.channels.test_telegram import SECRET, send, update
from tongshi.channels import messenger
from tongshi.channels.continuing import Switchboard, read_requests
from tongshi.channels.guard import Guard
from tongshi.channels.phone import PhoneChannel
from tongshi.channels.rest import RestChannel
from tongshi.channels.socket import SocketChannel
from tongshi.channels.telegram import TelegramChannel
from tongshi.commerce.identity import Identity
from tongshi.conversations.continuing import Continuations
from tongshi.conversations.tokens import signed
from tongshi.evaluation.running import is_reply
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, ROOT, Settings
from tongshi.speech.speakable import spell
from tongshi.storage.continuing import ContinuationStore
from tongshi.storage.mail import File

CODE = re.compile(r"[2-9A-Z]{5}-[2-9A-Z]{5}")
ANNA, PHONE, BEN = "web-anna", "telegram:77", "whatsapp:ben"
OPEN = Settings(
    public_url="https://help.example", telegram_token="1:x", telegram_secret=SECRET, telegram_name="meridian_bot",
    whatsapp_account="AC1", whatsapp_token="t", whatsapp_number="+1415", phone_token=TOKEN, phone_number="+49 30 1234567",
)  # fmt: skip


@pytest.fixture
def continuations(database, clock):
    return Continuations(ContinuationStore(database), "secret", clock)


@pytest.fixture
def switchboard(continuations, store, shop, clock):
    return Switchboard(continuations, store, Identity(shop, clock), get_replies(), OPEN)


@pytest.fixture
def guard(store, handovers, identify, switchboard):
    return Guard(store, handovers, get_replies(), identify, deadline=5, language="en", switchboard=switchboard)


@pytest.fixture
def says(guard, bot):
    """Somebody writes on a channel; gives the replies."""

    async def says(identity, text, channel="web", **options):
        return await guard.turn(bot.handle_message, sender=identity, text=text, channel=channel, **options)

    return says


@pytest.fixture
def pair(shop):
    """An order with its e-mail, and one of somebody else."""
    orders = [shop.order(f"MD-{number}") for number in (10234, 10237, 10241)]
    found = [(order.order_id, order.customer.email) for order in orders if order]
    return found[0], next(one for one in found if one[1] != found[0][1])


def is_named(reply, name: str) -> bool:
    return reply.extras["reply"] == name


async def invitation(says, identity=ANNA) -> tuple[str, str]:
    """Token and code of a new invitation."""
    (reply,) = await says(identity, "/continue")
    return re.search(r"#continue=(\w+)", reply.text)[1], CODE.search(reply.text)[0]


async def test_a_code_or_a_link_leads_into_the_conversation_and_back(says, bot, store, clock):
    await says(ANNA, "hi")
    (reply,) = await says(ANNA, "Go on elsewhere!")
    token = re.search(r"https://help\.example/#continue=(\w{48})", reply.text)[1]
    assert f"https://t.me/meridian_bot?start={token}" in reply.text and "wa.me/1415?text=" in reply.text
    (reply,) = await says(PHONE, f"/start {token}", "telegram", extras={"address": {"chat_id": 77}})
    assert is_named(reply, "utter_continued") and reply.sender == ANNA
    assert token not in "".join(message.text for message in store.messages(ANNA)[-1:])
    await says(PHONE, "and my order?", "telegram")
    assert [message.sender_id for message in bot.heard] == [ANNA, ANNA]
    told = [message for message in store.messages(ANNA) if is_reply("utter_continued_elsewhere", "en", message.text)]
    assert [message.channel for message in told] == ["web"]
    assert is_named((await says(PHONE, "/leave", "telegram"))[0], "utter_continue_left")
    await says(PHONE, "hello again", "telegram")
    assert bot.heard[-1].sender_id == PHONE


async def test_a_file_that_comes_with_a_code_goes_with_it(says, attachments, clock):
    await says(ANNA, "hi")
    _, code = await invitation(says)
    before, bill = (
        attachments.keep(PHONE, client_id, [File("bill.pdf", "application/pdf", b"%PDF")], clock()) for client_id in ("1", "2")
    )
    await says(PHONE, "my bill", "telegram", client_id="1", extras={"attachments": before})
    await says(PHONE, code, "telegram", client_id="2", extras={"attachments": bill})
    assert [attachments.get(one["id"]).sender for one in (*before, *bill)] == [PHONE, ANNA]
    # A platform that brings it twice.
    assert attachments.keep(ANNA, "2", [File("bill.pdf", "application/pdf", b"%PDF")], clock()) == bill


async def test_it_works_once_for_a_short_time_and_is_not_to_be_forged(says, clock, guard):
    await says(ANNA, "hi")
    token, code = await invitation(says)
    forged = [token[:-1] + ("0" if token[-1] != "0" else "1"), "0" * 48, f"{code[:-1]}{'2' if code[-1] != '2' else '3'}"]
    for word in forged:
        assert is_named((await says(BEN, word))[0], "utter_continue_failed") and guard.conversation(BEN) == BEN
    assert is_named((await says(PHONE, f"Hello,\n{code.lower()}\nBye"))[0], "utter_continued")
    assert is_named((await says(PHONE, code))[0], "utter_continued")  # a platform that brings it twice
    for word in (code, token, f"/start {token}"):
        assert is_named((await says(BEN, word))[0], "utter_continue_failed")
    first, _ = await invitation(says)
    second, _ = await invitation(says)
    assert is_named((await says(BEN, first))[0], "utter_continue_failed")
    clock.forward(minutes=16)
    assert is_named((await says(BEN, second))[0], "utter_continue_failed") and guard.conversation(BEN) == BEN


async def test_who_did_not_ask_for_it_ends_it(says, guard, store):
    await says(ANNA, "hi")
    _, code = await invitation(says)
    await says(BEN, code, "whatsapp", extras={"address": {}})
    _, another = await invitation(says)
    warning = next(message for message in store.messages(ANNA) if is_reply("utter_continued_elsewhere", "en", message.text))
    (button,) = warning.extras["buttons"]
    assert is_named((await says(ANNA, button["title"], payload=button["payload"]))[0], "utter_continue_parted")
    assert guard.conversation(BEN) == BEN and is_named((await says(BEN, another))[0], "utter_continue_failed")


async def test_order_number_and_e_mail_open_the_customers_own_conversation_and_no_others(says, guard, continuations, pair, clock):
    (number, email), (number_of_another, email_of_another) = pair
    await says(ANNA, "hi")
    ask = f"/continue {number}, {email.upper()}"
    assert is_named((await says(PHONE, ask))[0], "utter_continue_unproven")
    continuations.prove(ANNA, email)
    assert is_named((await says(BEN, f"/continue {number} {email_of_another}"))[0], "utter_identity_refused")
    assert is_named((await says(BEN, f"/continue {number_of_another} {email_of_another}"))[0], "utter_continue_unproven")
    assert guard.conversation(BEN) == BEN
    (reply,) = await says(PHONE, ask)
    assert is_named(reply, "utter_continued") and reply.sender == ANNA
    continuations.prove(ANNA, email_of_another)
    await says(PHONE, "/leave")
    assert is_named((await says(PHONE, ask))[0], "utter_continue_unproven")
    for _ in range(5):
        await says(BEN, f"/continue {number} wrong@example.com")
    assert is_named((await says(BEN, ask))[0], "utter_identity_locked")


async def test_a_person_who_has_the_conversation_keeps_it_and_writes_to_where_the_customer_is(
    says, bot, stores, store, outbox, handovers, guard, serve, clock
):
    telegram = TelegramServer()
    await telegram.start()
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
    client = await serve(TelegramChannel.from_settings(settings, **{**stores, "guard": guard}))
    await says(ANNA, "a person, please")
    handovers.take(ANNA)
    token, _ = await invitation(says)
    await send(client, update(text=f"/start {token}"))
    (joined,) = await telegram.until("sendMessage")
    assert is_reply("utter_continued", "en", html.unescape(joined["text"]))
    await send(client, update(text="Are you there?"))
    await asyncio.sleep(0.3)
    handovers.say(ANNA, "Yes, Anna.", "web", "en")
    assert [one["text"] for one in (await telegram.until("sendMessage", 2))[1:]] == ["Yes, Anna."] and len(bot.heard) == 1
    await says(ANNA, "back at my desk")
    assert handovers.say(ANNA, "Good.", "telegram", "en").channel == "web"
    handovers.release(ANNA, get_replies())
    assert store.messages(ANNA)[-1].channel == "web" and outbox.backlogs(clock()) == []
    await send(client, update(text="hello"))
    await bot.hears(2)
    assert bot.heard[-1].sender_id == ANNA
    await telegram.stop()


async def test_the_warning_goes_to_who_was_there_and_an_answer_to_who_asked(says, bot, stores, guard, serve):
    telegram = TelegramServer()
    await telegram.start()
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
    client = await serve(TelegramChannel.from_settings(settings, **{**stores, "guard": guard}))

    async def mallory(said):
        body = update(text=said)
        body["message"]["chat"]["id"] = body["message"]["from"]["id"] = 666
        await send(client, body)

    async def said(count):
        return [(one["chat_id"], html.unescape(one["text"])) for one in (await telegram.until("sendMessage", count))]

    await send(client, update(text="hello"))
    assert await said(1) == [(77, "Hello!")]
    (reply,) = await says(PHONE, "/continue", "telegram", extras={"address": {"chat_id": 77}})
    await said(2)
    await mallory(CODE.search(reply.text)[0])
    warning, welcome = (await said(4))[2:]
    assert warning[0] == 77 and is_reply("utter_continued_elsewhere", "en", warning[1])
    assert welcome[0] == 666 and is_reply("utter_continued", "en", welcome[1])
    bot.seconds = 0.5
    await send(client, update(text="where is my order?"))
    await bot.hears(2)
    await mallory("and mine?")
    assert sorted(chat for chat, _ in (await said(6))[4:]) == [77, 666]
    await telegram.stop()


async def test_a_customer_is_warned_in_the_characters_that_they_write(says, store, bot):
    bot.says = [{"text": "您好，请问有什么可以帮您？"}]
    await says(ANNA, "請問我的訂單什麼時候會到？")
    (reply,) = await says(ANNA, "/continue")
    assert to_traditional(reply.text) == reply.text
    await says(PHONE, CODE.search(reply.text)[0], "telegram", extras={"address": {"chat_id": 77}})
    (warning,) = [one for one in store.messages(ANNA) if is_reply("utter_continued_elsewhere", "zh", to_simplified(one.text))]
    assert to_traditional(warning.text) == warning.text != to_simplified(warning.text)


async def test_own_clients_over_rest_follow_too(says, serve, bot, store, guard):
    await says(ANNA, "hi")
    _, code = await invitation(says)
    client = await serve(RestChannel(guard, store))
    (answer,) = (await client.post("/webhook", json={"sender": "shop-app", "message": code})).json()
    assert answer["recipient_id"] == ANNA
    await client.post("/webhook", json={"sender": "shop-app", "message": "hi"})
    assert bot.heard[-1].sender_id == ANNA


async def test_a_client_over_socket_io_hears_the_conversation_that_it_went_on_with(says, serve, store, guard, handovers):
    await says(ANNA, "hi")
    _, code = await invitation(says)
    channel = SocketChannel.from_settings(Settings(client_key="k" * 40, socketio="on"), guard=guard, store=store)
    url = (await serve(channel)).base_url
    client = await Client(f"{url.scheme}://{url.host}:{url.port}").connect(signed("shop", "k" * 40, 60))
    await client.say(message=code)
    (joined,) = await client.texts(1)
    assert is_reply("utter_continued", "en", joined)
    await asyncio.to_thread(handovers.say, ANNA, "Anna here.", "web", "en")
    assert (await client.texts(2))[1:] == ["Anna here."]
    await client.say(message="/leave")
    assert is_reply("utter_continue_left", "en", (await client.texts(3))[-1])
    await asyncio.to_thread(handovers.say, ANNA, "For Anna only.", "web", "en")
    await asyncio.sleep(1)
    assert len(await client.texts(3)) == 3
    await client.close()


async def test_all_clients_of_a_customer_over_socket_io_follow_and_hear_nothing_after_not_me(
    says, serve, store, guard, handovers
):
    await says(ANNA, "hi")
    _, code = await invitation(says)
    channel = SocketChannel.from_settings(Settings(client_key="k" * 40, socketio="on"), guard=guard, store=store)
    url = (await serve(channel)).base_url
    one, other = [await Client(f"{url.scheme}://{url.host}:{url.port}").connect(signed("shop", "k" * 40, 60)) for _ in range(2)]
    await one.say(message=code)
    await one.texts(1)
    await asyncio.to_thread(handovers.say, ANNA, "Anna here.", "web", "en")
    assert (await one.texts(2))[1:] == await other.texts(1) == ["Anna here."]
    await says(ANNA, "/not_me")
    await asyncio.to_thread(handovers.say, ANNA, "For Anna only.", "web", "en")
    await asyncio.sleep(1)
    await asyncio.to_thread(handovers.say, "client-shop", "Who are you?", "socketio", "en")
    assert (await one.texts(3))[2:] == (await other.texts(2))[1:] == ["Who are you?"]
    await one.close()
    await other.close()


@pytest.fixture
async def calls(serve, guard, call_store):
    """A caller of a number."""
    client = await serve(PhoneChannel.from_settings(OPEN, guard=guard, replies=get_replies(), calls=call_store))
    return lambda number: Caller(client, number)


async def pin_of(says) -> str:
    (reply,) = await says(ANNA, "/continue")
    return re.search(r"☎ \+49 30 1234567: (\d{4} \d{4})$", reply.text)[1]


async def test_a_caller_goes_on_with_a_chat_by_the_figures_that_it_gave(says, calls, guard, bot, store, handovers):
    await says(ANNA, "hi")
    pin, caller = await pin_of(says), calls("CA1")
    await caller.rings()
    assert is_reply("utter_continued_phone", "en", await caller.presses(pin.replace(" ", "")))
    assert not any(pin in message.text for message in store.messages(ANNA)[-2:])
    assert is_reply("utter_continue_failed", "en", await calls("CA2").presses(pin.replace(" ", "")))
    await caller.says("and my order?")
    other, pin = calls("CA3"), await pin_of(says)
    assert is_reply("utter_continued_phone", "en", await other.says(", ".join(pin.replace(" ", "")) + "."))
    await other.says("is it on its way?")
    assert [(one.sender_id, one.text) for one in bot.heard[1:]] == [(ANNA, "and my order?"), (ANNA, "is it on its way?")]
    handovers.say(ANNA, "Kim here.", "web", "en")
    assert await other.is_silent() == "Kim here."
    warning, _, last = (await caller.is_silent()).rpartition(" Kim")
    assert is_reply("utter_continued_elsewhere", "en", warning) and last == " here."


async def test_the_figures_count_on_the_telephone_only_and_are_not_to_be_tried_through(says, calls, guard, bot, clock):
    await says(ANNA, "hi")
    pin = await pin_of(says)
    await says(BEN, pin, "whatsapp")
    assert bot.heard[-1].text == pin and guard.conversation(BEN) == BEN
    for number in range(30):
        wrong = f"{(int(pin.replace(' ', '')) + number + 1) % 10**8:08}"
        assert is_reply("utter_continue_failed", "en", await calls(f"CA{number}").presses(wrong))
    assert is_reply("utter_continue_failed", "en", await calls("CA").presses(pin.replace(" ", "")))
    clock.forward(minutes=16)
    pin = await pin_of(says)
    assert is_reply("utter_continued_phone", "en", await calls("CA").presses(pin.replace(" ", "")))


async def test_a_call_goes_on_in_a_chat_by_a_code_that_is_spelled_or_by_the_order(says, calls, guard, store, continuations, pair):
    caller = calls("CA1")
    heard = await caller.says("Continue elsewhere.")
    code = CODE.search(store.messages("phone:CA1")[-1].text)[0]
    assert heard.count(spell(code, "en")) == 2 and code not in heard
    assert is_named((await says(ANNA, code))[0], "utter_continued") and guard.conversation(ANNA) == "phone:CA1"
    (number, email), _ = pair
    continuations.prove("phone:CA1", email)
    assert is_named((await says(BEN, f"/continue {number} {email}"))[0], "utter_continued")
    assert guard.conversation(BEN) == "phone:CA1"
    other = calls("CA2")
    await other.says(f"Continue my conversation, {number}, {email}")
    assert is_reply("utter_continued_phone", "en", await other.says("Yes."))
    assert guard.conversation("phone:CA2") == "phone:CA1"


async def test_who_rings_again_and_is_recognised_hears_what_was_written_meanwhile(calls, bot, handovers, continuations, pair):
    (number, email), _ = pair
    bot.says = [{"text": "One moment, please.", "utter_action": "utter_handoff_queued"}]
    caller = calls("CA1")
    await caller.says("a person, please")
    continuations.prove("phone:CA1", email)
    handovers.request("phone:CA1", "en", "a person, please")
    await caller.post("status", CallStatus="completed")
    handovers.say("phone:CA1", "Your parcel is at the neighbour's.", "phone", "en")
    again = calls("CA2")
    assert "neighbour" not in await again.says("hello") + await again.is_silent()
    await again.says(f"Continue my conversation, {number}, {email}")
    assert (await again.says("Yes.")).endswith("Your parcel is at the neighbour's.")
    assert "neighbour" not in await again.is_silent()


@pytest.mark.parametrize("event", [{"referral": {"ref": "abc"}}, {"postback": {"payload": "begin", "referral": {"ref": "abc"}}}])
def test_a_link_into_messenger_brings_its_token(event):
    body = {
        "object": "page",
        "entry": [{"messaging": [{"sender": {"id": "U"}, "recipient": {"id": "P"}, "timestamp": 1, **event}]}],
    }
    assert [one.text for one in messenger._said(body)] == ["/start abc"]


@pytest.mark.parametrize(
    "text", ["BRAND-PARTS", "MD-10234", "continue", "I'd like to continue my return", "/start", "/continued"]
)
async def test_other_messages_go_to_the_bot(says, bot, text):
    await says(ANNA, text)
    assert len(bot.heard) == 1


def test_every_language_has_words_for_it():
    phrases = yaml.safe_load((ROOT / "data/continuing.yml").read_text("utf-8"))
    assert tuple(sorted(phrases)) == LANGUAGES and min(map(len, phrases.values())) >= 5
    assert "continue elsewhere" in read_requests(ROOT / "data/continuing.yml")
