"""Engines that are busy hold up nobody who needs none of them."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.channels.test_telegram_voice import SECOND, Engines
from tongshi import threads
from tongshi.channels.listening import Listener
from tongshi.errors import Unavailable
from tongshi.responses.catalog import get_replies
from tongshi.settings import Settings
from tongshi.speech.voice import Voice
from tongshi.storage.conversations import ConversationStore
from tongshi.threads import beside


class Busy(Engines):
    """Hears nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def recognise(self, sound, language=None, *, likely=None):
        self.may.wait(20)
        return super().recognise(sound, language, likely=likely)


@pytest.fixture
async def few_threads():
    """The event loop has as many threads as on a machine with two cores."""
    threads = ThreadPoolExecutor(6)
    asyncio.get_running_loop().set_default_executor(threads)
    yield
    threads.shutdown()


async def test_the_database_answers_while_six_voice_messages_wait(few_threads, database):
    voice, engines = Voice(Settings(voice="on")), Busy()
    voice.recogniser = engines
    listener, store = Listener(voice, get_replies()), ConversationStore(database)

    async def fetch() -> bytes:
        return SECOND.wav()

    messages = [asyncio.create_task(listener.hear(fetch, "en")) for _ in range(6)]
    await asyncio.sleep(0.3)
    try:
        async with asyncio.timeout(2):
            assert await asyncio.to_thread(store.messages, "anna") == []
            assert await beside("reading", lambda: "also read") == "also read"
    finally:
        engines.may.set()
    assert [one.text for one in await asyncio.gather(*messages)] == ["where is MD-10234"] * 6


async def test_nobody_waits_for_good_for_what_does_not_end(monkeypatch):
    monkeypatch.setitem(threads._PATIENCE, "hearing", 0.2)
    may = threading.Event()
    with pytest.raises(Unavailable, match="hearing took longer"):
        await beside("hearing", may.wait, 20)
    may.set()
    with pytest.raises(TimeoutError, match="its own"):
        await beside("hearing", _late)


def _late() -> None:
    raise TimeoutError("its own")
