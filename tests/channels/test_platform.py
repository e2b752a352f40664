"""What all platforms share: the language of a profile, and messages that outlive the process that acknowledged them."""

from __future__ import annotations

import asyncio
import html
import sqlite3
import time
from dataclasses import asdict
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.channels.test_telegram import SECRET, pressed, send, update
from tongshi import clock
from tongshi.channels import platform
from tongshi.channels.telegram import TelegramChannel
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings
from tongshi.storage.inbox import InboxStore
from tongshi.storage.models import Received

ANNA = "telegram:77"
LEASE = timedelta(seconds=0.5)


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("zh-hans", "zh"), ("EN", "en"), ("nl", None), ("", None), (None, None)],
)
def test_the_language_of_a_profile_counts_where_it_is_one_of_ours(tag, code):
    assert platform.language_code(tag) == code


@pytest.fixture
async def begin(telegram, serve, stores, database, monkeypatch):
    """Starts the channel as another process would, with an inbox of its own."""
    monkeypatch.setattr(platform, "_LAST_WORDS", 0.01)
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)

    async def begin() -> tuple[TelegramChannel, httpx.AsyncClient]:
        channel = TelegramChannel.from_settings(settings, **{**stores, "inbox": InboxStore(database, LEASE)})
        return channel, await serve(channel)

    return begin


async def kill(channel):
    """End a channel in the middle of whatever it does."""
    tasks = [channel._delivery, channel._tending, *channel._turns._tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def waiting(database):
    with database.session() as session:
        return session.query(Received).count()


async def test_what_a_process_left_when_it_ended_another_one_answers(begin, telegram, bot, database):
    (first, client), bot.seconds = await begin(), 60
    await send(client, update(701, text="Wo ist meine Bestellung?"))
    await send(client, update(702, text="Hallo?"))
    await bot.hears()
    bot.seconds, bot.says = 0, [{"text": "Ja, hallo!"}]
    await kill(first)
    _, client = await begin()
    # The first may have done something already: it is to be said again. The second had not begun.
    trouble, answer = [html.unescape(one["text"]) for one in await telegram.until("sendMessage", 2)]
    assert is_reply("utter_trouble", "de", trouble) and answer == "Ja, hallo!"
    await send(client, update(702, text="Hallo?"))
    await send(client, update(703, text="Danke"))
    await telegram.until("sendMessage", 3)
    assert await bot.hears(3) == ["Wo ist meine Bestellung?", "Hallo?", "Danke"]
    await begin()
    await asyncio.sleep(0.8)
    assert len(telegram.of("sendMessage")) == 3 and waiting(database) == 0


async def test_what_a_process_has_in_hand_no_other_answers_however_long_it_takes(begin, telegram, bot, database):
    (_, client), bot.seconds = await begin(), 1.5
    _, other = await begin()
    await send(client, update(705, text="hello"))
    await bot.hears()
    await begin()
    await send(other, update(705, text="hello"))
    assert [one["text"] for one in await telegram.until("sendMessage")] == ["Hello!"]
    await asyncio.sleep(0.8)
    assert len(telegram.of("sendMessage")) == len(bot.heard) == 1 and waiting(database) == 0


async def test_a_process_that_stops_leaves_what_it_has_not_handled_to_the_others_at_once(begin, telegram, bot, stores, database):
    (first, client), bot.seconds = await begin(), 60
    await send(client, update(707, text="hello"))
    await bot.hears()
    await send(client, update(708, text="hello?"))
    bot.seconds = 0
    await first._turns.finish(0)
    assert InboxStore(database).claim("telegram", clock.now(), timedelta(days=1)) == []
    await first._stop()
    assert len(InboxStore(database).claim("telegram", clock.now(), timedelta(days=1))) == 2


async def test_while_a_person_has_the_conversation_nobody_excuses_the_bot(begin, telegram, bot, database, handovers):
    (first, client), bot.seconds = await begin(), 60
    await send(client, update(711, text="hello"))
    await bot.hears()
    handovers.take(ANNA)
    await kill(first)
    await begin()
    await asyncio.sleep(1)
    assert telegram.of("sendMessage") == [] and waiting(database) == 0


async def test_a_call_is_acknowledged_in_time_though_the_database_is_locked(begin, telegram, database):
    _, client = await begin()
    lock = sqlite3.connect(database.engine.url.database, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert (await send(client, update(731, text="hello"))).status_code == 200
    assert time.monotonic() - began < 2.5
    lock.execute("ROLLBACK")
    lock.close()
    assert [one["text"] for one in await telegram.until("sendMessage")] == ["Hello!"]


def rename(database, table, name):
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_who_presses_a_button_while_the_database_is_away_is_told_so_once(begin, telegram, bot, database):
    _, client = await begin()
    rename(database, "messages", "away")
    press = pressed("1.0")
    press["callback_query"]["from"]["language_code"] = "de"
    assert (await send(client, press)).status_code == 200
    (trouble,) = await telegram.until("sendMessage")
    assert is_reply("utter_trouble", "de", html.unescape(trouble["text"]))
    rename(database, "away", "messages")
    await asyncio.sleep(0.8)
    assert len(telegram.messages) == 1 and bot.heard == [] and waiting(database) == 0


async def test_what_was_said_to_be_sent_again_is_not_taken_up_once_the_database_is_back(begin, telegram, bot, database):
    (channel, client), tables = await begin(), ("messages", "inbox")
    keep = channel._inbox.keep

    def keep_and_go(*arguments):
        kept = keep(*arguments)
        for table in tables:
            rename(database, table, f"{table}_away")
        return kept

    channel._inbox.keep = keep_and_go
    await send(client, update(741, text="Wo ist meine Bestellung?"))
    (trouble,) = await telegram.until("sendMessage")
    assert is_reply("utter_trouble", "de", html.unescape(trouble["text"]))
    await asyncio.sleep(0.3)
    for table in tables:
        rename(database, f"{table}_away", table)
    await asyncio.sleep(0.8)
    assert len(telegram.messages) == 1 and bot.heard == [] and waiting(database) == 0


async def test_what_the_database_cannot_keep_is_answered_all_the_same(begin, telegram):
    channel, client = await begin()
    channel._inbox.keep = None
    await send(client, update(742, text="hello"))
    assert [one["text"] for one in await telegram.until("sendMessage")] == ["Hello!"]


async def test_a_message_that_another_version_kept_holds_up_nobody(begin, telegram, bot, database, stores):
    asked = asdict(platform.Incoming(ANNA, {"chat_id": 77}, "hello", ""))
    with database.session() as session:
        for name, more in (("update:1", {"colour": "blue"}), ("update:2", {})):
            content = {**asked, "client_id": name, **more}
            row = Received(
                channel="telegram",
                sender=ANNA,
                client_id=name,
                content=content,
                at=clock.now(),
                owner="gone",
                held_until=clock.now(),
            )
            session.add(row)
    await begin()
    assert [one["text"] for one in await telegram.until("sendMessage")] == ["Hello!"]
    async with asyncio.timeout(8):
        while waiting(database):
            await asyncio.sleep(0.1)
    assert len(bot.heard) == 1
