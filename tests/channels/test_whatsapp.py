"""WhatsApp through Twilio over real HTTP, signed as Twilio's own library does."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.channels.platforms import TwilioServer
from tongshi import clock
from tongshi.channels.whatsapp import WhatsAppChannel
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings
from tongshi.storage.models import GIVEN_UP, SENT

PUBLIC = "https://help.example"
OURS = "+14155238886"
_numbers = itertools.count(1)


@pytest.fixture
async def twilio():
    server = TwilioServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(twilio, serve, stores):
    settings = Settings(
        whatsapp_account=twilio.account, whatsapp_token=twilio.token, whatsapp_number=OURS, whatsapp_url=twilio.address,
        public_url=f"{PUBLIC}/",
    )  # fmt: skip
    return await serve(WhatsAppChannel.from_settings(settings, **stores))


def message(text: str, **values: str) -> dict[str, str]:
    sid = values.pop("sid", f"SM{next(_numbers)}")
    return {"From": "whatsapp:+491701", "To": f"whatsapp:{OURS}", "Body": text, "MessageSid": sid, "NumMedia": "0", **values}


async def send(client, values: dict[str, str], path: str = "/webhook", token: str = TwilioServer.token):
    signature = RequestValidator(token).compute_signature(f"{PUBLIC}/webhooks/whatsapp{path}", values)
    return await client.post(path, data=values, headers={"X-Twilio-Signature": signature})


async def test_without_secrets_there_is_no_channel(serve, stores):
    client = await serve(WhatsAppChannel.from_settings(Settings(), **stores))
    assert (await send(client, message("hello"))).status_code == 404


async def test_what_twilio_did_not_sign_is_refused(client, twilio, bot):
    assert (await send(client, message("hello"), token="another")).status_code == 401
    assert (await client.post("/webhook", data=message("hello"))).status_code == 401
    assert (await client.post("/webhook", content=b"\xff", headers={"X-Twilio-Signature": "é".encode()})).status_code == 401
    assert (await send(client, {"MessageStatus": "failed"}, "/status?message=1-0", token="another")).status_code == 401
    assert bot.heard == [] and twilio.calls == []


async def test_a_message_is_answered_and_a_number_is_the_button_of_that_number(client, twilio, bot, store):
    bot.says = [
        {"text": "Is it **broken**?", "buttons": [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": "/deny"}]}
    ]
    answer = await send(client, message("return it"))
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    (sent,) = await twilio.until("Messages.json")
    assert (sent["From"], sent["To"]) == (f"whatsapp:{OURS}", "whatsapp:+491701")
    assert sent["Body"] == "Is it *broken*?\n\n1. Yes\n2. No"
    await send(client, message("2"))
    await send(client, message("7"))
    assert await bot.hears(3) == ["return it", "/deny", "7"]
    ((kept, _),) = store.recent()
    assert store.messages(kept.sender)[2].text == "No" and "491701" not in kept.sender


async def test_a_message_brought_again_is_answered_once(client, twilio, bot):
    for _ in range(3):
        await send(client, message("hello", sid="SMsame"))
    await send(client, message("and now?"))
    assert await bot.hears(2) == ["hello", "and now?"]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"NumMedia": "2", "MediaContentType0": "image/jpeg", "MediaContentType1": "audio/ogg"}, "🖼🎤"),
        ({"Latitude": "1.0", "Longitude": "2.0"}, "📍 1.0, 2.0"),
        ({"NumMedia": "1", "MediaContentType0": "text/vcard"}, "👤"),
    ],
)
async def test_what_cannot_be_read_gets_a_polite_word(client, twilio, bot, store, values, kept):
    bot.says = [{"text": "Guten Tag! Wie lautet Ihre Bestellnummer?"}]
    await send(client, message("Guten Tag, wo ist denn meine Bestellung?"))
    await send(client, message("", **values))
    sent = await twilio.until("Messages.json", 2)
    reply = "utter_file_refused" if "NumMedia" in values else "utter_only_text"
    assert is_reply(reply, "de", sent[1]["Body"]) and len(bot.heard) == 1
    ((last, _),) = store.recent()
    assert store.messages(last.sender)[2].text == kept


async def test_what_we_wrote_or_what_is_for_another_number_is_not_answered(client, bot):
    await send(client, message("hello", From=f"whatsapp:{OURS}", To="whatsapp:+491701"))
    await send(client, message("hello", To="whatsapp:+1000"))
    await send(client, message("hello", From="+491701"))
    await asyncio.sleep(0.3)
    assert bot.heard == []


async def test_a_long_answer_comes_in_pieces(client, twilio, bot):
    bot.says = [{"text": "\n\n".join("All of it matters. " * 40 for _ in range(6))}]
    await send(client, message("tell me everything"))
    assert all(len(sent["Body"]) <= 1600 for sent in await twilio.until("Messages.json", 3))


async def test_a_twilio_in_trouble_is_asked_again_and_a_refusal_is_the_end(client, twilio, outbox):
    twilio.troubles = [web.Response(status=503), web.json_response({"code": 63016, "message": "window"}, status=400)]
    began = clock.now()
    await send(client, message("hello"))
    async with asyncio.timeout(8):
        while not (backlogs := outbox.backlogs(began)) or backlogs[0].waiting:
            await asyncio.sleep(0.05)
    assert (backlogs[0].given_up, backlogs[0].error) == (1, "63016 window")


async def test_a_message_that_whatsapp_did_not_deliver_is_reported(client, twilio, store, outbox):
    await send(client, message("hello"))
    (sent,) = await twilio.until("Messages.json")
    ((last, _),) = store.recent()
    async with asyncio.timeout(5):
        while outbox.of_message(last.message_id).state != SENT:
            await asyncio.sleep(0.05)
    path = sent["StatusCallback"].removeprefix(f"{PUBLIC}/webhooks/whatsapp")
    assert (await send(client, {"MessageStatus": "delivered", "ErrorCode": ""}, path)).status_code == 204
    assert outbox.of_message(last.message_id).state == SENT
    await send(client, {"MessageStatus": "undelivered", "ErrorCode": "63024"}, path)
    assert outbox.of_message(last.message_id).state == GIVEN_UP and "63024" in outbox.of_message(last.message_id).error
