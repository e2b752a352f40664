"""Slack, as its own client signs and speaks, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.channels.platforms import SlackServer
from tongshi import clock
from tongshi.channels.slack import SlackChannel
from tongshi.evaluation.running import is_reply
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.storage.models import GIVEN_UP

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ANNA = "slack:T1:UANNA"


@pytest.fixture
async def slack():
    server = SlackServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(slack, serve, stores):
    settings = Settings(slack_token=slack.token, slack_signing_secret=SECRET, slack_url=f"{slack.address}/api/")
    return await serve(SlackChannel.from_settings(settings, **stores))


def signed(body: str, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}


def said(text: str, ts: str = "1700000000.000100", **values) -> dict:
    event = {"type": "message", "channel_type": "im", "channel": "D1", "user": "UANNA", "text": text, "ts": ts, **values}
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{ts}", "event": event}


async def send(client, body: dict, **headers: str):
    text = json.dumps(body)
    return await client.post("/webhook", content=text, headers={"Content-Type": "application/json", **signed(text), **headers})


async def press(client, value: str, title: str = "Return it", channel: str = "D1"):
    action = {
        "type": "button", "action_id": value, "value": value, "action_ts": str(time.time()),
        "text": {"type": "plain_text", "text": title},
    }  # fmt: skip
    payload = {
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "UANNA"}, "channel": {"id": channel}, "actions": [action],
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(payload)})
    return await client.post(
        "/webhook", content=body, headers={"Content-Type": "application/x-www-form-urlencoded", **signed(body)}
    )


async def test_without_secrets_there_is_no_channel(serve, stores):
    client = await serve(SlackChannel.from_settings(Settings(), **stores))
    assert (await client.get("/")).status_code == 404
    assert (await send(client, said("hello"))).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "1700000000"},
        signed("{}", secret="another"),
        signed('{"type": "another body"}'),
        signed("{}", at=time.time() - 301),
        signed("{}", at=time.time() + 900),
        {**signed("{}"), "X-Slack-Signature": "v0=é".encode()},
    ],
)
async def test_what_slack_did_not_sign_within_five_minutes_is_refused(client, bot, headers):
    answer = await client.post("/webhook", content="{}", headers={"Content-Type": "application/json", **headers})
    assert answer.status_code == 401 and bot.heard == []


async def test_the_address_is_verified_by_its_challenge(client):
    answer = await send(client, {"type": "url_verification", "challenge": "3eZbrw1aB"})
    assert answer.json() == {"challenge": "3eZbrw1aB"}


async def test_a_message_is_answered_in_its_conversation_with_slacks_own_formatting(client, slack, bot, store):
    bot.says = [{"text": "Within **30 days**, see [the rules](https://shop.example/r) & <more>."}]
    began = time.monotonic()
    assert (await send(client, said("how long may I &lt;return&gt; to <mailto:a@b.example|a@b.example>?"))).status_code == 200
    assert time.monotonic() - began < 3
    (message,) = await slack.until("chat.postMessage")
    assert message["channel"] == "D1"
    assert message["text"] == "Within *30 days*, see <https://shop.example/r|the rules> &amp; &lt;more&gt;."
    assert await bot.hears() == ["how long may I <return> to a@b.example?"]
    assert [one.author for one in store.messages(ANNA)] == ["customer", "bot"]


async def test_the_answer_does_not_keep_slack_waiting(client, slack, bot):
    bot.seconds = 1.5
    began = time.monotonic()
    await send(client, said("a slow one"))
    assert time.monotonic() - began < 0.5
    await slack.until("chat.postMessage")


async def test_a_message_brought_again_is_answered_once(client, slack, bot):
    for again in range(3):
        headers = {"X-Slack-Retry-Num": str(again), "X-Slack-Retry-Reason": "http_timeout"} if again else {}
        assert (await send(client, said("hello"), **headers)).status_code == 200
    mention = said("<@UBOT> hello", type="app_mention")
    await send(client, mention)
    await send(client, said("and now?", ts="1700000001.000100"))
    assert await bot.hears(2) == ["hello", "and now?"]
    await slack.until("chat.postMessage", 2)
    await asyncio.sleep(1.2)
    assert len(slack.of("chat.postMessage")) == 2


async def test_messages_of_a_conversation_are_handled_in_order_and_of_several_at_once(client, slack, bot):
    bot.seconds = 0.3
    for number in range(3):
        await send(client, said(f"message {number}", ts=f"170000000{number}.0"))
    await send(client, said("somebody else", user="UBERT", channel="D2"))
    heard = await bot.hears(4)
    assert [text for text in heard if text.startswith("message")] == ["message 0", "message 1", "message 2"]
    assert heard.index("somebody else") <= 1
    await slack.until("chat.postMessage", 4)


async def test_a_button_is_shown_and_counts_when_it_is_pressed(client, slack, bot, store):
    bot.says = [{"text": "You can return it.", "buttons": [{"title": "Return it", "payload": "/return_item"}]}]
    await send(client, said("how do I return it?"))
    (message,) = await slack.until("chat.postMessage")
    section, actions = message["blocks"]
    assert section["text"]["text"] == message["text"] == "You can return it."
    button = actions["elements"][0]
    assert button["text"]["text"] == "Return it"
    await press(client, button["value"])
    assert (await bot.hears(2))[-1] == "/return_item"
    assert store.messages(ANNA)[2].text == "Return it"


@pytest.mark.parametrize("value", ["/restart", "1.0", "999.0", "2.7", "x", ""])
async def test_a_button_that_never_was_counts_as_its_title(client, bot, store, value):
    await send(client, said("hello"))
    await bot.hears()
    await press(client, value, title="Reset everything")
    assert (await bot.hears(2))[-1] == "Reset everything"


async def test_the_language_of_the_profile_is_a_first_guess(client, slack, bot):
    slack.locales["UANNA"] = "pt-BR"
    await send(client, said("12345"))
    await send(client, said("67890", ts="1700000001.0"))
    await bot.hears(2)
    assert [message.metadata for message in bot.heard] == [{"language": "pt"}] * 2
    assert len(slack.of("users.info")) == 1


async def test_a_mention_is_answered_in_a_direct_message(client, slack):
    await send(client, said("<@UBOT> where is MD-10234?", type="app_mention", channel_type="channel", channel="C1"))
    (message,) = await slack.until("chat.postMessage")
    assert message["channel"] == "UANNA"


async def test_a_thread_is_answered_in_the_thread(client, slack):
    await send(client, said("hello", thread_ts="1699999999.0"))
    (message,) = await slack.until("chat.postMessage")
    assert message["thread_ts"] == "1699999999.0"


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B1"},
        {"user": None},
        {"user": "USLACKBOT"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"channel_type": "channel", "channel": "C1"},
        {"type": "reaction_added"},
        {"subtype": "message_changed", "message": {"user": "UANNA", "text": "a"}, "previous_message": {"text": "a"}},
        {"subtype": "message_changed", "message": {"bot_id": "B1", "text": "a"}, "previous_message": {"text": "b"}},
    ],
)
async def test_what_no_person_said_to_us_is_not_answered(client, slack, bot, event):
    await send(client, said("hello", **event))
    await asyncio.sleep(0.3)
    assert bot.heard == [] and slack.of("chat.postMessage") == []


@pytest.mark.parametrize(
    ("event", "reply", "kept"),
    [
        ({"subtype": "file_share", "files": [{"mimetype": "image/png"}, {"mimetype": "audio/mp4"}]}, "utter_file_refused", "🖼🎤"),
        (
            {
                "subtype": "message_changed",
                "message": {"user": "UANNA", "text": "nein, morgen bitte", "ts": "1.0", "edited": {"ts": "2.0"}},
                "previous_message": {"text": "heute bitte"},
            },
            "utter_edited_message",
            "nein, morgen bitte",
        ),
    ],
)
async def test_what_cannot_be_read_gets_a_polite_word_in_the_customers_language(client, slack, bot, store, event, reply, kept):
    bot.says = [{"text": "Guten Tag! Wie lautet Ihre Bestellnummer?"}]
    await send(client, said("Guten Tag, wo ist denn meine Bestellung?"))
    await slack.until("chat.postMessage")
    await send(client, said("", ts="1700000009.0", **event))
    messages = await slack.until("chat.postMessage", 2)
    assert is_reply(reply, "de", messages[1]["text"]) and len(bot.heard) == 1
    assert store.messages(ANNA)[2].text == kept


async def test_what_a_customer_passes_on_is_read_and_what_slack_tells_of_a_link_is_not(client, slack, bot):
    passed_on = {"is_share": True, "text": "Order <mailto:a@b.example|a@b.example> &amp; MD-10234", "author_name": "Ben"}
    await send(client, said("", ts="1.0", attachments=[passed_on]))
    await send(client, said("is this so?", ts="2.0", subtype="message_share", attachments=[passed_on]))
    await send(
        client, said("see <https://x.example>", ts="3.0", attachments=[{"text": "A page", "from_url": "https://x.example"}])
    )
    theirs = "Order a@b.example & MD-10234"
    assert await bot.hears(3) == [theirs, f"is this so?\n\n{theirs}", "see https://x.example"]
    await send(client, said("", ts="4.0", attachments=[{"is_share": True, "text": "", "files": [{"mimetype": "image/png"}]}]))
    messages = await slack.until("chat.postMessage", 4)
    assert is_reply("utter_file_refused", "en", messages[3]["text"]) and len(bot.heard) == 3


async def test_a_long_answer_comes_in_pieces_in_order(client, slack, bot):
    paragraphs = [f"Paragraph {number}. " + "All of it matters. " * 30 for number in range(12)]
    bot.says = [{"text": "\n\n".join(paragraphs), "buttons": [{"title": "More", "payload": "/more"}]}]
    await send(client, said("tell me everything"))
    messages = await slack.until("chat.postMessage", 3)
    assert all(len(message["text"]) <= 3000 for message in messages)
    assert " ".join(" ".join(message["text"] for message in messages).split()) == " ".join(" ".join(paragraphs).split())
    assert ["blocks" in message for message in messages] == [False, False, True]


async def test_while_a_person_has_the_conversation_the_bot_is_silent_and_the_persons_words_arrive(client, slack, bot, handovers):
    await send(client, said("Ich will bitte mit einem Menschen sprechen"))
    await slack.until("chat.postMessage")
    handovers.take(ANNA)
    await send(client, said("Hallo?", ts="1700000001.0"))
    await asyncio.sleep(0.3)
    handovers.say(ANNA, "Guten Tag, hier ist Eva.", "slack", "de")
    messages = await slack.until("chat.postMessage", 2)
    assert messages[1]["text"] == "Guten Tag, hier ist Eva." and len(bot.heard) == 1
    handovers.release(ANNA, get_replies())
    messages = await slack.until("chat.postMessage", 3)
    assert messages[2]["channel"] == "D1" and len(messages) == 3


async def test_slack_is_given_the_time_it_asks_for(client, slack):
    slack.troubles = [web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "2"})]
    began = time.monotonic()
    await send(client, said("hello"))
    await slack.until("chat.postMessage", 1)
    await send(client, said("hello", user="UBERT", channel="D2"))
    await slack.until("chat.postMessage", 3)
    assert time.monotonic() - began > 1.9 and len(slack.messages) == 2


@pytest.mark.parametrize(
    "trouble", [web.Response(status=503, text="down"), web.Response(text="<html>", content_type="text/html")]
)
async def test_a_slack_that_is_down_is_asked_again(client, slack, trouble):
    slack.troubles = [trouble, web.json_response({"ok": False, "error": "internal_error"})]
    await send(client, said("hello"))
    await slack.until("chat.postMessage", 3)
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("thread", "asked"), [({}, "conversations.history"), ({"thread_ts": "1699999999.0"}, "conversations.replies")]
)
async def test_a_message_that_arrived_though_no_answer_came_is_not_sent_again(client, slack, outbox, thread, asked):
    slack.troubles = ["drop"]
    await send(client, said("hello", **thread))
    await slack.until(asked)
    async with asyncio.timeout(5):
        while outbox.backlogs(clock.now()):
            await asyncio.sleep(0.05)
    assert len(slack.of("chat.postMessage")) == len(slack.messages) == 1


async def test_who_can_never_be_reached_is_given_up_and_reported(client, slack, store, outbox):
    slack.troubles = [web.json_response({"ok": False, "error": "user_disabled"})]
    await send(client, said("hello"))
    await slack.until("chat.postMessage")
    async with asyncio.timeout(5):
        while not (backlogs := outbox.backlogs(clock.now() - timedelta(days=1))) or backlogs[0].waiting:
            await asyncio.sleep(0.05)
    assert (backlogs[0].given_up, backlogs[0].error) == (1, "user_disabled")
    assert outbox.of_message(store.messages(ANNA)[-1].message_id).state == GIVEN_UP
