"""What all platforms share: the language of a profile, and messages that outlive the process that acknowledged them."""

from __future__ import annotations

import asyncio
import html
import sqlite3
import time
from datetime import timedelta

import pytest

from tests.channels.platforms import TelegramServer
from tests.channels.test_telegram import SECRET, send, update
from tongshi import clock
from tongshi.channels import platform
from tongshi.channels.telegram import TelegramChannel
from tongshi.evaluation.running import is_reply
from tongshi.settings import Settings

ANNA = "telegram:77"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("zh-hans", "zh"), ("EN", "en"), ("nl", None), ("", None), (None, None)],
)
def test_the_language_of_a_profile_counts_where_it_is_one_of_ours(tag, code):
    assert platform.language_code(tag) == code


@pytest.fixture
async def telegram():
    server = TelegramServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def begin(telegram, serve, stores, monkeypatch):
    """Starts the channel; the one before, if any, ends in the middle of whatever it does."""
    monkeypatch.setattr(platform, "_LAST_WORDS", 0.01)
    settings = Settings(telegram_token=telegram.token, telegram_secret=SECRET, telegram_url=telegram.address)
    channels = []

    async def begin():
        for channel in channels:
            tasks = [channel._delivery, *channel._turns._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        channels.append(TelegramChannel.from_settings(settings, **stores))
        return await serve(channels[-1])

    return begin


def waiting(inbox):
    return inbox.left("telegram", clock.now(), timedelta(days=1))


async def test_what_a_process_left_when_it_ended_the_next_one_answers(begin, telegram, bot, store, inbox):
    client, bot.seconds = await begin(), 60
    await send(client, update(701, text="Wo ist meine Bestellung?"))
    await send(client, update(702, text="Hallo?"))
    await bot.hears()
    bot.seconds, bot.says = 0, [{"text": "Ja, hallo!"}]
    client = await begin()
    # The first may have done something already: it is to be said again. The second had not begun.
    first, second = [html.unescape(one["text"]) for one in await telegram.until("sendMessage", 2)]
    assert is_reply("utter_trouble", "de", first) and second == "Ja, hallo!"
    await send(client, update(702, text="Hallo?"))
    await send(client, update(703, text="Danke"))
    await telegram.until("sendMessage", 3)
    assert await bot.hears(3) == ["Wo ist meine Bestellung?", "Hallo?", "Danke"]
    await begin()
    await asyncio.sleep(0.5)
    assert len(telegram.of("sendMessage")) == 3 and waiting(inbox) == []


async def test_while_a_person_has_the_conversation_nobody_excuses_the_bot(begin, telegram, bot, inbox, handovers):
    client, bot.seconds = await begin(), 60
    await send(client, update(711, text="hello"))
    await bot.hears()
    handovers.take(ANNA)
    await begin()
    await asyncio.sleep(0.5)
    assert telegram.of("sendMessage") == [] and waiting(inbox) == []


async def test_what_brings_processes_down_again_and_again_is_dropped_and_so_is_what_is_old(begin, bot, inbox):
    client, bot.seconds = await begin(), 60
    await send(client, update(721, text="hello"))
    await bot.hears()
    assert inbox.left("slack", clock.now(), timedelta(days=1)) == []
    assert [len(waiting(inbox)) for _ in range(4)] == [1, 1, 1, 0]
    await send(client, update(722, text="hello again"))
    assert inbox.left("telegram", clock.now() + timedelta(days=2), timedelta(days=1)) == []


async def test_a_call_is_acknowledged_in_time_though_the_database_is_locked(begin, telegram, database):
    client = await begin()
    lock = sqlite3.connect(database.engine.url.database, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert (await send(client, update(731, text="hello"))).status_code == 200
    assert time.monotonic() - began < 2.5
    lock.execute("ROLLBACK")
    lock.close()
    assert [one["text"] for one in await telegram.until("sendMessage")] == ["Hello!"]
