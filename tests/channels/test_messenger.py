"""Facebook Messenger over real HTTP: signed calls in, the Send API out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import logging

import pytest

from tests.channels.platforms import MessengerServer
from tongshi import clock
from tongshi.channels.messenger import MessengerChannel
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings

ANNA = "messenger:P1:A1"
_numbers = itertools.count(1)


@pytest.fixture
async def facebook():
    server = MessengerServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(facebook, serve, stores):
    settings = Settings(
        messenger_token=facebook.token, messenger_secret=facebook.secret, messenger_verify="open sesame",
        messenger_url=f"{facebook.address}/v21.0",
    )  # fmt: skip
    return await serve(MessengerChannel.from_settings(settings, **stores))


def event(mid: str | None = None, user: str = "A1", **message) -> dict:
    message = {"mid": mid or f"m_{next(_numbers)}", **message}
    return {"sender": {"id": user}, "recipient": {"id": "P1"}, "timestamp": 1700000000000, "message": message}


async def send(client, *events: dict, secret: str = MessengerServer.secret, **headers: str):
    body = json.dumps({"object": "page", "entry": [{"id": "P1", "time": 1, "messaging": list(events)}]})
    signature = "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    return await client.post("/webhook", content=body, headers={"X-Hub-Signature-256": signature, **headers})


async def test_without_secrets_there_is_no_channel(serve, stores):
    client = await serve(MessengerChannel.from_settings(Settings(), **stores))
    assert (await send(client, event(text="hello"))).status_code == 404


@pytest.mark.parametrize(("word", "status", "text"), [("open sesame", 200, "1158201444"), ("guess", 403, None), ("", 403, None)])
async def test_the_address_is_verified_by_the_word_agreed_upon(client, word, status, text):
    params = {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": "1158201444"}
    answer = await client.get("/webhook", params=params)
    assert answer.status_code == status and text in (None, answer.text)


async def test_what_facebook_did_not_sign_is_refused(client, facebook, bot):
    assert (await send(client, event(text="hello"), secret="another")).status_code == 401
    assert (await client.post("/webhook", content=b"{}")).status_code == 401
    assert (await send(client, event(text="a"), **{"X-Hub-Signature-256": "sha256=00"})).status_code == 401
    assert bot.heard == [] and facebook.calls == []


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"object": "page", "entry": [{"messaging": [{}]}]}', b"\xff"])
async def test_what_is_no_event_does_no_harm(client, bot, body):
    signature = "sha256=" + hmac.new(MessengerServer.secret.encode(), body, hashlib.sha256).hexdigest()
    answer = await client.post("/webhook", content=body, headers={"X-Hub-Signature-256": signature})
    assert answer.status_code == 200 and bot.heard == []


async def test_an_event_that_cannot_be_read_does_not_keep_others_from_being_answered(client, bot):
    strange = [
        {"sender": {"id": "A1"}},
        "no event",
        event(text="hi", attachments=["none"]),
        {**event(), "message": {"text": "a"}},
    ]
    await send(client, event(text="hello"), *strange, event(text="hello", user="B1"))
    assert await bot.hears(2) == ["hello", "hello"]


async def test_a_request_larger_than_any_message_is_refused_whoever_sent_it(client, bot):
    assert (await send(client, event(text="x" * 900_000))).status_code == 200
    assert (await send(client, event(text="x" * 1_100_000))).status_code == 413
    assert (await client.post("/webhook", content=b"x" * 1_100_000)).status_code == 413


async def test_a_message_is_answered_with_buttons_and_the_profiles_language(client, facebook, bot, store):
    facebook.locales["A1"] = "pt_BR"
    bot.says = [{"text": "Within **30 days**.", "buttons": [{"title": "I would like to return it", "payload": "/return"}]}]
    await send(client, event(text="MD-10234"))
    (message,) = await facebook.until_sent()
    assert message["recipient"] == {"id": "A1"} and message["message"]["text"] == "Within 30 days."
    (button,) = message["message"]["quick_replies"]
    assert button["title"] == "I would like to ret…" and len(button["title"]) == 20
    assert bot.heard[0].metadata == {"language": "pt"}
    await send(client, event(text=button["title"], quick_reply={"payload": button["payload"]}))
    assert (await bot.hears(2))[1] == "/return"
    assert store.messages(ANNA)[2].text == "I would like to return it"
    assert len(facebook.of("A1")) == 1


async def test_a_message_brought_again_is_answered_once(client, facebook, bot):
    for _ in range(3):
        await send(client, event("m_same", text="hello"), event("m_same", text="hello"))
    await send(client, event(text="and now?"))
    assert await bot.hears(2) == ["hello", "and now?"]
    await facebook.until_sent(2)
    await asyncio.sleep(0.3)
    assert len(facebook.messages) == 2


async def test_what_the_page_says_itself_and_notices_are_not_answered(client, facebook, bot):
    notice = {"sender": {"id": "A1"}, "recipient": {"id": "P1"}, "timestamp": 1}
    events = [event(text="hello", is_echo=True, user="P1"), {**notice, "delivery": {"mids": []}}, {**notice, "read": {}}]
    await send(client, *events, {**notice, "reaction": {"reaction": "love"}})
    await asyncio.sleep(0.3)
    assert bot.heard == [] and facebook.messages == []


@pytest.mark.parametrize(
    ("values", "reply", "kept"),
    [
        (
            {"message": {"mid": "m_a", "attachments": [{"type": "image", "payload": {"url": "https://x"}}]}},
            "utter_file_refused",
            "🖼",
        ),
        ({"message": {"mid": "m_c", "is_unsupported": True}}, "utter_only_text", "📎"),
        (
            {"message": None, "message_edit": {"mid": "m_d", "text": "明日お願いします", "num_edit": 1}},
            "utter_edited_message",
            "明日お願いします",
        ),
        (
            {
                "message": {
                    "mid": "m_e",
                    "attachments": [{"type": "location", "payload": {"coordinates": {"lat": 1.5, "long": 2.5}}}],
                }
            },
            "utter_only_text",
            "📍 1.5, 2.5",
        ),
        ({"message": None, "postback": {"mid": "m_b", "title": "", "payload": "GET_STARTED"}}, "utter_capabilities", ""),
    ],
)
async def test_what_is_no_question_gets_a_word_in_the_profiles_language(client, facebook, bot, store, values, reply, kept):
    facebook.locales["A1"] = "ja_JP"
    await send(client, {**event(), **values})
    (message,) = await facebook.until_sent()
    assert is_reply(reply, "ja", message["message"]["text"]) and bot.heard == []
    assert store.messages(ANNA)[0].text == kept


async def test_a_long_answer_comes_in_pieces(client, facebook, bot):
    bot.says = [{"text": "\n\n".join("All of it matters. " * 40 for _ in range(6))}]
    await send(client, event(text="tell me everything"))
    messages = await facebook.until_sent(3)
    assert all(len(one["message"]["text"]) <= 2000 for one in messages)


async def test_a_facebook_that_is_down_or_busy_is_asked_again(client, facebook):
    facebook.troubles = [facebook.error(2, "Temporary", status=500), facebook.error(613, "Calls exceeded")]
    await send(client, event(text="hello"))
    async with asyncio.timeout(8):
        while facebook.troubles:
            await asyncio.sleep(0.05)
    await send(client, event(text="hello", user="B1"))
    await asyncio.sleep(1.2)
    assert facebook.messages == []  # too many calls: the whole page waits


async def test_who_cannot_be_written_to_any_more_is_given_up(client, facebook, outbox):
    facebook.troubles = [facebook.error(10, "outside of allowed window", error_subcode=2018278)]
    began = clock.now()
    await send(client, event(text="hello"))
    async with asyncio.timeout(5):
        while not (backlogs := outbox.backlogs(began)) or backlogs[0].waiting:
            await asyncio.sleep(0.05)
    assert (backlogs[0].given_up, backlogs[0].error) == (1, "outside of allowed window")


async def test_the_token_stands_in_no_log(client, facebook, caplog):
    caplog.set_level(logging.INFO)
    facebook.troubles = [facebook.error(2, status=500)]
    await send(client, event(text="hello"))
    await facebook.until_sent()
    assert facebook.token not in caplog.text
