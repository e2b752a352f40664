"""Telegram's Bot API over real HTTP."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time

import pytest
from aiohttp import web

from tongshi import clock
from tongshi.channels.telegram import TelegramChannel
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings

SECRET = "a-secret_token"
ANNA = "telegram:77"


@pytest.fixture
async def client(telegram, serve, stores):
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
    return await serve(TelegramChannel.from_settings(settings, **stores))


_numbers = itertools.count(1)


def update(number: int | None = None, kind: str = "message", language: str = "en", chat: str = "private", **values) -> dict:
    message = {
        "message_id": 5, "date": 1700000000, "chat": {"id": 77, "type": chat},
        "from": {"id": 77, "is_bot": False, "first_name": "Anna", "language_code": language}, **values,
    }  # fmt: skip
    return {"update_id": number or next(_numbers), kind: message}


def pressed(data: str) -> dict:
    message = {"message_id": 6, "chat": {"id": 77, "type": "private"}, "from": {"id": 1, "is_bot": True}}
    return {
        "update_id": next(_numbers),
        "callback_query": {"id": "q1", "from": {"id": 77, "is_bot": False}, "message": message, "data": data},
    }


async def send(client, body, secret: str = SECRET):
    return await client.post("/webhook", json=body, headers={"X-Telegram-Bot-Api-Secret-Token": secret})


async def test_without_secrets_there_is_no_channel(serve, stores):
    client = await serve(TelegramChannel.from_settings(Settings(), **stores))
    assert (await send(client, update(text="hello"))).status_code == 404


@pytest.mark.parametrize("secret", [None, b"wrong", b"", "é".encode(), b"\xff"])
async def test_who_does_not_know_the_secret_is_refused(client, telegram, bot, secret):
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    answer = await client.post("/webhook", json=update(text="hello"), headers=headers)
    assert answer.status_code == 401 and bot.heard == [] and telegram.calls == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"update_id": 1}', b'{"update_id": 1, "message": 5}', b"\xff"])
async def test_what_is_no_update_does_no_harm(client, bot, body):
    answer = await client.post("/webhook", content=body, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert answer.status_code == 200 and bot.heard == []


async def test_a_message_is_answered_with_telegrams_own_formatting(client, telegram, bot, store):
    bot.says = [{"text": "Within **30 days**, see [the rules](https://shop.example/r) & <more>."}]
    assert (await send(client, update(text="how long may I return it?", language="pt-br"))).status_code == 200
    (message,) = await telegram.until("sendMessage")
    assert (message["chat_id"], message["parse_mode"]) == (77, "HTML")
    assert message["text"] == 'Within <b>30 days</b>, see <a href="https://shop.example/r">the rules</a> &amp; &lt;more&gt;.'
    assert bot.heard[0].metadata == {"language": "pt"}
    assert telegram.of("getMe") == [] and telegram.of("setWebhook") == []
    assert telegram.of("sendChatAction") == [{"chat_id": 77, "action": "typing"}]
    assert [one.author for one in store.messages(ANNA)] == ["customer", "bot"]


async def test_an_update_brought_again_is_answered_once(client, telegram, bot):
    bot.seconds = 0.3
    for _ in range(3):
        await send(client, update(900, text="hello"))
    await send(client, update(901, text="and now?"))
    assert await bot.hears(2) == ["hello", "and now?"]
    await telegram.until("sendMessage", 2)
    await asyncio.sleep(1.2)
    assert len(telegram.messages) == 2


async def test_a_button_is_shown_however_long_its_payload_and_counts_when_it_is_pressed(client, telegram, bot, store):
    payload = '/inform{"reason": "' + "x" * 100 + '"}'
    bot.says = [{"text": "Why?", "buttons": [{"title": "It is broken", "payload": payload}]}]
    await send(client, update(text="return it"))
    (message,) = await telegram.until("sendMessage")
    ((button,),) = message["reply_markup"]["inline_keyboard"]
    assert button["text"] == "It is broken" and len(button["callback_data"].encode()) <= 64
    await send(client, pressed(button["callback_data"]))
    assert (await bot.hears(2))[-1] == payload
    assert telegram.of("answerCallbackQuery") == [{"callback_query_id": "q1"}]
    assert store.messages(ANNA)[2].text == "It is broken"


async def test_a_payload_that_was_not_offered_does_not_count(client, telegram, bot):
    await send(client, pressed("/restart"))
    await send(client, update(text="/restart"))
    await telegram.until("sendMessage", 2)
    assert [message.text for message in bot.heard] == ["restart"]


@pytest.mark.parametrize("before", ["/\n/", "\n/", "/ \t /", "/\u00a0/", "\u2003/", "/\u3000//", "/\x1f/", "/\x85/", "/\u2028/"])
async def test_white_space_of_no_kind_makes_a_payload_count(client, telegram, bot, before):
    await send(client, update(text=f'{before}restart{{"reason": "x"}}'))
    await telegram.until("sendMessage")
    assert [message.text for message in bot.heard] == ["restart"]


async def test_what_stands_behind_a_stroke_is_heard_as_it_was_written(client, telegram, bot):
    await send(client, update(text="/ where is my order, MD-10234 and/or MD-10235?"))
    await telegram.until("sendMessage")
    assert [message.text for message in bot.heard] == ["where is my order, MD-10234 and/or MD-10235?"]


@pytest.mark.parametrize(
    "values",
    [
        {"text": "hello", "chat": "group"},
        {"text": "hello", "chat": "supergroup"},
        {"text": "hello", "kind": "channel_post", "chat": "channel"},
        {"text": "hello", "from": {"id": 1, "is_bot": True}},
        {"pinned_message": {"text": "hello"}},
        {"kind": "my_chat_member", "new_chat_member": {"status": "kicked"}},
        {"kind": "edited_message", "location": {"latitude": 52.52, "longitude": 13.4, "live_period": 900}},
    ],
)
async def test_groups_bots_and_notices_are_not_answered(client, telegram, bot, values):
    assert (await send(client, update(**values))).status_code == 200
    await asyncio.sleep(0.3)
    assert bot.heard == [] and telegram.messages == []


@pytest.mark.parametrize(
    ("values", "reply", "kept"),
    [
        ({"photo": [{"file_id": "a"}]}, "utter_file_refused", "🖼"),
        ({"voice": {"file_id": "a"}}, "utter_file_refused", "🎤"),
        ({"video_note": {"file_id": "a"}}, "utter_file_refused", "🎬"),
        ({"location": {"latitude": 52.52, "longitude": 13.4}}, "utter_only_text", "📍 52.52, 13.4"),
        (
            {
                "venue": {"location": {"latitude": 1.5, "longitude": -2.0}, "title": "Der Laden"},
                "location": {"latitude": 1.5, "longitude": -2.0},
            },
            "utter_only_text",
            "📍 1.5, -2.0",
        ),
        ({"contact": {"phone_number": "+493012345", "first_name": "Ben"}}, "utter_only_text", "👤 +493012345"),
        ({"poll": {"question": "Which one?"}}, "utter_only_text", "📎"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "utter_only_text", "📎"),
        (
            {"kind": "edited_message", "photo": [{"file_id": "a"}], "caption": "明日お願いします"},
            "utter_edited_message",
            "明日お願いします",
        ),
        ({"sticker": {"file_id": "a", "emoji": "👍"}}, "utter_only_text", "👍"),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}}, "utter_file_refused", "🎬"),
        ({"kind": "edited_message", "text": "明日お願いします"}, "utter_edited_message", "明日お願いします"),
        ({"text": "/start"}, "utter_capabilities", "/start"),
        ({"text": "/help@meridian_bot me"}, "utter_capabilities", "/help@meridian_bot me"),
    ],
)
async def test_what_is_no_question_gets_a_word_in_the_profiles_language(client, telegram, bot, store, values, reply, kept):
    await send(client, update(language="ja", **values))
    (message,) = await telegram.until("sendMessage")
    assert is_reply(reply, "ja", message["text"]) and bot.heard == []
    assert store.messages(ANNA)[0].text == kept


async def test_what_is_written_under_a_photo_is_read(client, bot):
    await send(client, update(photo=[{"file_id": "a"}], caption="My parcel came damaged"))
    assert await bot.hears() == ["My parcel came damaged"]


async def test_a_long_answer_comes_in_pieces(client, telegram, bot):
    bot.says = [{"text": "\n\n".join("退货说明&<>。" * 100 for _ in range(12)), "buttons": [{"title": "好", "payload": "/ok"}]}]
    await send(client, update(text="告诉我全部"))
    messages = await telegram.until("sendMessage", 3)
    assert ["reply_markup" in message for message in messages] == [False, False, True]


async def test_formatting_that_telegram_does_not_take_is_left_out(client, telegram):
    telegram.troubles = [web.json_response({"ok": False, "description": "Bad Request: can't parse entities"}, status=400)]
    await send(client, update(text="hello"))
    messages = await telegram.until("sendMessage", 2)
    assert "parse_mode" not in messages[1] and messages[1]["text"] == "Hello!"


@pytest.mark.parametrize("seconds", [2, "2"])
async def test_telegram_is_given_the_time_it_asks_for(client, telegram, seconds):
    telegram.troubles = [web.json_response({"ok": False, "parameters": {"retry_after": seconds}}, status=429)]
    began = time.monotonic()
    await send(client, update(text="hello"))
    await telegram.until("sendMessage", 2)
    assert time.monotonic() - began > 1.9 and len(telegram.messages) == 1


async def test_a_telegram_that_is_down_is_asked_again_and_order_is_kept(client, telegram, bot):
    telegram.troubles = [web.Response(status=502), web.json_response({"ok": False, "description": "Unauthorized"}, status=401)]
    bot.says = [{"text": "first"}, {"text": "second"}]
    await send(client, update(text="hello"))
    await telegram.until("sendMessage", 4)
    assert [message["text"] for message in telegram.messages] == ["first", "second"]


async def test_who_has_blocked_the_bot_is_given_up(client, telegram, outbox):
    blocked = {"ok": False, "description": "Forbidden: bot was blocked by the user"}
    telegram.troubles = [web.json_response(blocked, status=403)]
    began = clock.now()
    await send(client, update(text="hello"))
    async with asyncio.timeout(5):
        while not (backlogs := outbox.backlogs(began)) or backlogs[0].waiting:
            await asyncio.sleep(0.05)
    assert (backlogs[0].given_up, backlogs[0].error) == (1, blocked["description"])


async def test_the_token_stands_in_no_log(client, telegram, caplog):
    caplog.set_level(logging.INFO)
    telegram.troubles = [web.Response(status=502)]
    await send(client, update(text="hello"))
    await telegram.until("sendMessage", 2)
    assert telegram.token not in caplog.text
