"""Calls as Twilio makes them: its parameters, its signature, its TwiML."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from tongshi import clock
from tongshi.channels import phone, phone_calls
from tongshi.channels.phone import PhoneChannel
from tongshi.evaluation.running import is_reply
from tongshi.responses.catalog import get_replies
from tongshi.settings import LANGUAGES, Settings
from tongshi.speech.hearing import agrees
from tongshi.storage.calls import HUNG_UP, PUT_THROUGH, Line
from tongshi.storage.models import GIVEN_UP, SENT

TOKEN = "twilio-token"
PUBLIC = "https://help.example"
SID = "CA0123456789abcdef0123456789abcdef"


class Caller:
    """Rings, speaks and hears through Twilio.

    Attributes:
        heard: what was said to it last.
        twiml: the whole of the last answer.
    """

    def __init__(self, client, sid=SID):
        self._client = client
        self._sid = sid

    async def post(self, path, signed_with=TOKEN, **values):
        body = {
            "CallSid": self._sid, "AccountSid": "AC1", "From": "+4915112345678", "To": "+4930123456", "CallStatus": "in-progress",
            "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerName": "", **values,
        }  # fmt: skip
        signature = RequestValidator(signed_with).compute_signature(f"{PUBLIC}/webhooks/phone/{path}", body)
        return await self._client.post(f"/{path}", data=body, headers={"X-Twilio-Signature": signature})

    async def call(self, path, **values):
        answer = await self.post(path, **values)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/xml")
        self.twiml = ElementTree.fromstring(answer.text)
        self.heard = " ".join(say.text for say in self.twiml.iter("Say"))
        return self.heard

    async def rings(self):
        return await self.call("webhook")

    async def says(self, text, **values):
        return await self.call("said", SpeechResult=text, Confidence="0.91", **values)

    async def presses(self, key):
        return await self.call("said", Digits=key)

    async def is_silent(self):
        return await self.call("said")


@pytest.fixture
def opened(serve, stores, call_store):
    async def opened(**values):
        settings = Settings(phone_token=TOKEN, public_url=PUBLIC, **values)
        client = await serve(PhoneChannel.from_settings(settings, guard=stores["guard"], replies=get_replies(), calls=call_store))
        return Caller(client)

    return opened


@pytest.fixture
async def caller(opened):
    return await opened()


async def test_without_a_token_there_is_no_telephone(serve, stores):
    client = await serve(PhoneChannel.from_settings(Settings(), guard=stores["guard"], replies=get_replies()))
    assert (await client.post("/webhook")).status_code == 404


@pytest.mark.parametrize("path", ["webhook", "said", "reply", "dialled", "status"])
async def test_what_twilio_did_not_sign_is_refused(caller, bot, path):
    assert (await caller.post(path, signed_with="another", SpeechResult="hello")).status_code == 403
    assert (await caller._client.post(f"/{path}", data={"CallSid": SID})).status_code == 403
    assert (await caller._client.post(f"/{path}", content=b"\xff=\xff")).status_code == 403
    assert bot.heard == []


async def test_a_call_is_welcomed_and_listened_to(caller):
    assert is_reply("utter_phone_welcome", "en", await caller.rings())
    (gather,) = caller.twiml
    assert gather.attrib["input"] == "speech dtmf" and gather.attrib["language"] == "en-US"
    assert gather.attrib["action"] == f"{PUBLIC}/webhooks/phone/said" and gather.attrib["bargeIn"] == "true"


async def test_what_is_said_is_answered_as_it_can_be_spoken(caller, bot, store):
    bot.says = [{"text": "You have **30 days**, see https://shop.example/returns. It costs €4.90."}]
    await caller.rings()
    assert await caller.says("how long can I return it") == "You have 30 days, see. It costs 4 euros 90."
    assert [message.text for message in bot.heard] == ["how long can I return it"]
    assert store.messages(f"phone:{SID}")[0].channel == "phone"


async def test_an_order_number_is_read_back_and_counts_once_it_is_agreed_to(caller, bot):
    await caller.rings()
    assert (
        await caller.says("where is em dee one zero two three four")
        == "I understood M D, one zero two three four. Is that right?"
    )
    assert bot.heard == []
    await caller.says("Yes, that's right.")
    assert [message.text for message in bot.heard] == ["where is MD-10234"]


async def test_a_key_agrees_as_well(caller, bot):
    await caller.says("MD 10234")
    assert caller.twiml[0].attrib["numDigits"] == "1"
    await caller.presses("1")
    assert [message.text for message in bot.heard] == ["MD-10234"]


async def test_an_order_number_that_was_misheard_is_said_again(caller, bot):
    await caller.says("where is MD 10243")
    assert is_reply("utter_phone_again", "en", await caller.says("no, that is wrong"))
    assert "one zero two three four" in await caller.says("M D 1 0 2 3 4")
    assert "one zero two three five" in await caller.says("no, M D 1 0 2 3 5")
    await caller.says("correct")
    assert [message.text for message in bot.heard] == ["where is MD-10235"]


async def test_an_address_is_read_back(caller, bot):
    heard = await caller.says("anna dot meier at example dot com")
    assert heard == "I understood anna dot meier at example dot com. Is that right?"
    await caller.says("yep")
    assert [message.text for message in bot.heard] == ["anna.meier@example.com"]


async def test_an_amount_is_read_back(caller, bot):
    assert await caller.says("you took 49.90 euros twice") == "I understood 49 euros 90. Is that right?"
    await caller.says("no, 59.90 euros")
    await caller.says("yes")
    assert [message.text for message in bot.heard] == ["you took €59.90 twice"]


async def test_choices_are_said(caller, bot):
    bot.says = [
        {
            "text": "Why do you return it?",
            "buttons": [{"title": "It is broken", "payload": "/a"}, {"title": "Too late", "payload": "/b"}],
        }
    ]
    assert await caller.says("I want to return it") == "Why do you return it? It is broken and Too late"


async def test_a_silent_caller_is_asked_once_and_then_left_in_peace(caller, bot):
    await caller.rings()
    assert is_reply("utter_phone_silence", "en", await caller.is_silent())
    assert is_reply("utter_phone_goodbye", "en", await caller.is_silent())
    assert caller.twiml[-1].tag == "Hangup" and bot.heard == []


async def test_twilio_asks_again_while_an_answer_takes_long(caller, bot, monkeypatch):
    monkeypatch.setattr(phone, "_PATIENCE", 0.2)
    bot.seconds = 0.5
    assert is_reply("utter_phone_wait", "en", await caller.says("hello"))
    assert [verb.tag for verb in caller.twiml] == ["Say", "Pause", "Redirect"]
    assert caller.twiml[2].text == f"{PUBLIC}/webhooks/phone/reply"
    await asyncio.sleep(0.4)
    assert await caller.call("reply") == "Hello!"
    assert len(bot.heard) == 1


async def test_the_bots_language_is_spoken_from_then_on(caller, bot):
    bot.says = [{"text": "Natürlich, wir können auch auf Deutsch weitersprechen."}]
    await caller.says("can we speak German please")
    assert caller.twiml[0].attrib["language"] == "de-DE"
    assert await caller.says("em de eins null zwo drei vier") == "Verstanden habe ich M D, eins,null,zwei,drei,vier. Stimmt das?"


async def test_who_asks_for_a_person_is_put_through_where_there_is_a_number(opened, bot):
    caller = await opened(phone_person="+4930999")
    bot.says = [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    assert await caller.says("a person please") == "I'm passing you on."
    assert caller.twiml[-1].tag == "Dial" and caller.twiml[-1].text == "+4930999"
    assert caller.twiml[-1].attrib == {"action": f"{PUBLIC}/webhooks/phone/dialled", "method": "POST", "timeout": "20"}


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_where_nobody_picks_up_the_caller_is_told_and_waits_for_a_person(opened, bot, handovers, call_store, status):
    caller = await opened(phone_person="+4930999")
    bot.says = [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    await caller.says("a person please")
    handovers.request(f"phone:{SID}", "en", "a person please")
    assert is_reply("utter_phone_unanswered", "en", await caller.call("dialled", DialCallStatus=status))
    assert caller.twiml[-1].tag == "Gather" and call_store.line(f"phone:{SID}", clock.now()).end is None
    assert is_reply("utter_phone_wait", "en", await caller.says("it is about my refund")) and caller.twiml[-1].tag == "Gather"
    handovers.say(f"phone:{SID}", "Hello, this is Kim.", "phone", "en")
    assert await caller.is_silent() == "Hello, this is Kim." and len(bot.heard) == 1
    handovers.release(f"phone:{SID}", get_replies())
    await caller.says("a person please")
    assert caller.twiml[-1].tag == "Dial"


@pytest.mark.parametrize(
    ("values", "end"),
    [({"DialCallStatus": "completed"}, PUT_THROUGH), ({"DialCallStatus": "canceled", "CallStatus": "completed"}, HUNG_UP)],
)
async def test_after_the_person_or_the_caller_has_hung_up_the_call_is_over(opened, bot, call_store, values, end):
    caller = await opened(phone_person="+4930999")
    bot.says = [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    await caller.says("a person please")
    assert await caller.call("dialled", **values) == "" and [verb.tag for verb in caller.twiml] == ["Hangup"]
    assert call_store.line(f"phone:{SID}", clock.now()).end == end


async def test_a_call_goes_on_after_a_restart(opened, bot, handovers):
    caller = await opened()
    await caller.says("hello")
    handovers.say(f"phone:{SID}", "Kim here.", "phone", "en")
    assert await caller.is_silent() == "Kim here."
    handovers.release(f"phone:{SID}", get_replies())
    again = await opened()
    bot.says = [{"text": "Within 30 days."}]
    assert await again.says("how long may I return it?") == "Within 30 days."
    assert [message.text for message in bot.heard] == ["hello", "how long may I return it?"]


async def test_who_waits_for_a_person_hears_what_that_one_writes_and_is_not_forgotten(caller, bot, handovers, store, monkeypatch):
    bot.says = [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    await caller.says("a person please")
    handovers.request(f"phone:{SID}", "en", "a person please")
    assert is_reply("utter_phone_wait", "en", await caller.says("Is somebody there?"))
    assert store.messages(f"phone:{SID}")[-1].text == "Is somebody there?"
    assert [await caller.is_silent() for _ in range(5)] == [""] * 5 and is_reply(
        "utter_phone_wait", "en", await caller.is_silent()
    )
    handovers.say(f"phone:{SID}", "Hello, this is **Kim**.", "phone", "en")
    assert await caller.is_silent() == "Hello, this is Kim." and await caller.is_silent() == ""
    handovers.say(f"phone:{SID}", "It is on its way.", "phone", "en")
    handovers.release(f"phone:{SID}", get_replies())
    bot.says = [{"text": "You're welcome!"}]
    heard = await caller.says("thank you")
    assert heard.startswith("It is on its way. ") and heard.endswith("You're welcome!") and len(bot.heard) == 2
    handovers.take(f"phone:{SID}")
    monkeypatch.setattr(phone_calls, "_LONGEST_HOLD", 2)
    await caller.is_silent()
    assert is_reply("utter_phone_nobody", "en", await caller.is_silent()) and caller.twiml[-1].tag == "Hangup"


async def test_twilio_tells_who_has_hung_up_and_what_is_written_then_is_not_delivered(
    caller, handovers, store, outbox, call_store
):
    conversation = f"phone:{SID}"
    await caller.rings()
    await caller.says("hello")
    assert store.messages(conversation)[0].extras["address"] == {"to": "+4915112345678"}
    assert call_store.line(conversation, clock.now()).end is None
    heard = handovers.say(conversation, "Kim here.", "phone", "en")
    assert await caller.is_silent() == "Kim here."
    assert (await caller.post("status", CallStatus="in-progress")).status_code == 204
    assert call_store.line(conversation, clock.now()).end is None
    assert (await caller.post("status", CallStatus="completed")).status_code == 204
    assert call_store.line(conversation, clock.now()) == Line(HUNG_UP, None)
    unheard = handovers.say(conversation, "Are you there?", "phone", "en")
    assert [outbox.of_message(one.message_id).state for one in (heard, unheard)] == [SENT, GIVEN_UP]


async def test_who_is_put_through_or_sent_away_is_not_on_the_line(opened, bot, call_store):
    caller = await opened(phone_person="+4930999")
    bot.says = [{"text": "I'm passing you on.", "utter_action": "utter_handoff_queued"}]
    await caller.says("a person please")
    assert call_store.line(f"phone:{SID}", clock.now()).end == PUT_THROUGH
    other = Caller(caller._client, "CA2")
    bot.says = [{"text": "Hello!"}]
    await other.says("hello")
    await other.is_silent()
    assert call_store.line("phone:CA2", clock.now()).end is None
    await other.is_silent()
    assert call_store.line("phone:CA2", clock.now()).end == HUNG_UP


async def test_calls_do_not_know_of_each_other(caller, bot):
    other = Caller(caller._client, "CA2")
    await caller.says("MD 10234")
    await other.says("yes")
    assert [(message.sender_id, message.text) for message in bot.heard] == [("phone:CA2", "yes")]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_language_is_heard_spoken_and_agreed_in(opened, language):
    caller = await opened(language=language)
    await caller.rings()
    assert caller.heard
    assert await caller.says("MD-10234")
    yes, no = {
        "ar": ("نعم صحيح", "لا خطأ"), "de": ("Ja, genau", "Nein, falsch"), "en": ("Yes", "No, that's not right"), "es": ("Sí, eso es", "No, está mal"),
        "fr": ("Oui, c'est ça", "Non, c'est faux"), "it": ("Sì, esatto", "No, è sbagliato"), "ja": ("はい、そうです", "いいえ、違います"),
        "ko": ("네, 맞아요", "아니요, 틀려요"), "pt": ("Sim, está certo", "Não, está errado"), "ru": ("Да, верно", "Нет, неправильно"),
        "th": ("ใช่ค่ะ", "ไม่ใช่ค่ะ"), "zh": ("对的", "不对"),
    }[language]  # fmt: skip
    assert agrees(yes, language) is True and agrees(no, language) is False
    assert agrees("MD-10234", language) is None
